package kafka

import "log/slog"

// changed tells the log that a client changed a topic, as SQL's DDL does.
func (r *request) changed(statement, topic string) {
	role := ""
	if r.who != nil {
		role = r.who.Name
	}
	r.conn.s.cfg.Logger.Info("ddl", slog.String("statement", statement), slog.String("object", topic), slog.String("role", role),
		slog.String("client", r.conn.host))
}
