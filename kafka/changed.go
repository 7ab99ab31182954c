package kafka

import "log/slog"

// asker is who asks for a change.
type asker struct {
	role string
	host string // address without port
}

func (r *request) asker() asker { return asker{r.user(), r.conn.host} }

// changed tells the log that a client changed a topic, as SQL's DDL does.
func (r *request) changed(statement, topic string) { r.conn.s.changed(r.asker(), statement, topic) }

func (s *Server) changed(a asker, statement, topic string) {
	s.cfg.Logger.Info("ddl", slog.String("statement", statement), slog.String("object", topic), slog.String("role", a.role),
		slog.String("client", a.host))
}
