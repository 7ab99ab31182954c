package parse

import (
	"errors"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// dialects are statements of other streaming databases, by words that stand in them, with the
// form that means the same here. at 0: at the statement's begin; anywhere: in any place.
var dialects = []struct {
	anywhere bool
	words    []string
	hint     string
}{
	{false, []string{"create", "source"}, "CREATE STREAM name (column type, …) WITH (topic = '…', format = 'json') reads a topic."},
	{false, []string{"create", "or", "replace", "stream"}, "DROP STREAM, then CREATE STREAM: a stream's definition does not change."},
	{false, []string{"create", "or", "replace", "table"}, "DROP TABLE, then CREATE TABLE."},
	{false, []string{"create", "connector"}, "Producers write to the topic by the Kafka protocol; a connector of Kafka Connect can, too."},
	{false, []string{"print"}, "SELECT * FROM stream shows a topic's rows, kcat -C -t topic its records."},
	{false, []string{"list"}, "SHOW STREAMS, SHOW TABLES, SHOW MATERIALIZED VIEWS, SHOW SINKS and SHOW TOPICS list what exists."},
	{false, []string{"flush"}, "There is nothing to flush: a read sees everything that was acknowledged before it."},
	{false, []string{"subscribe"}, "SUBSCRIBE TO name, or SUBSCRIBE TO (SELECT …)."},
	{false, []string{"terminate"}, "DROP ends a query that keeps running."},
	{true, []string{"window", "tumbling"}, "GROUP BY TUMBLE(time_column, INTERVAL '1 minute') makes windows."},
	{true, []string{"window", "hopping"}, "GROUP BY HOP(time_column, INTERVAL 'slide', INTERVAL 'size') makes windows."},
	{true, []string{"window", "session"}, "GROUP BY SESSION(time_column, INTERVAL '5 minutes') makes windows."},
	{true, []string{"format", "plain"}, "The format is an option: WITH (topic = '…', format = 'json')."},
	{true, []string{"encode", "json"}, "The format is an option: WITH (topic = '…', format = 'json')."},
}

// dialectHint puts the form of this database into the syntax error of a statement that another
// one understands. The statement is the one the error stands in.
func dialectHint(sql string, err error) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Code != sqlerr.SyntaxError || e.Hint != "" || len(sql) > 1<<16 {
		return err
	}
	for _, seg := range split(sql) {
		if e.Location > 0 && (int(e.Location-1) < seg.start() || int(e.Location-1) > seg.end()) {
			continue
		}
		for _, d := range dialects {
			if d.anywhere && seg.find(d.words...) >= 0 || !d.anywhere && seg.is(0, d.words...) {
				return e.WithHint("%s", d.hint)
			}
		}
	}
	return err
}
