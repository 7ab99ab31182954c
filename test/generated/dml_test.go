package generated

import (
	"fmt"
	"strings"
)

func (g *grammar) dml() string {
	g.scope = nil
	if len(g.tables) == 0 {
		return "SELECT 1"
	}
	r := g.tables[g.IntN(len(g.tables))]
	set := func() string {
		c := r.columns[g.IntN(len(r.columns))]
		return c.name + " = " + g.one(g.expr(c.kind, 3), g.expr(c.kind, 3), "DEFAULT")
	}
	back := g.maybe(" RETURNING *")
	switch g.IntN(8) {
	case 0, 1, 2:
		row := func() string {
			out := make([]string, len(r.columns))
			for i, c := range r.columns {
				out[i] = g.one(g.value(c.kind), g.value(c.kind), g.constantly(c.kind), "DEFAULT")
			}
			return "(" + strings.Join(out, ", ") + ")"
		}
		return "INSERT INTO " + r.name + " VALUES " + g.some(4, ", ", row) + g.one("", "", " ON CONFLICT DO NOTHING", " ON CONFLICT (id) DO UPDATE SET "+set()) + back
	case 3:
		return "INSERT INTO " + r.name + " (" + r.columns[0].name + ") " + g.query(r.columns[0].kind) + back
	case 4, 5:
		g.scope = append(g.scope, r.columns...)
		return "UPDATE " + r.name + " SET " + g.some(2, ", ", set) + g.where() + back
	case 6:
		g.scope = append(g.scope, r.columns...)
		return "DELETE FROM " + r.name + " WHERE " + g.expr("boolean", 3) + back
	}
	c := r.columns[0]
	source := g.query(c.kind)
	g.scope = append(g.scope, column{"src.x", c.kind})
	return fmt.Sprintf("MERGE INTO %s USING (%s) AS src (x) ON %s.%s = src.x WHEN MATCHED AND %s THEN %s WHEN NOT MATCHED THEN INSERT (%s) VALUES (src.x)",
		r.name, source, r.name, c.name, g.expr("boolean", 2), g.one("DELETE", "UPDATE SET "+set(), "DO NOTHING"), c.name)
}

// control is of transactions, cursors, prepared statements and settings.
func (g *grammar) control() string {
	g.scope = nil
	return g.one("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN READ ONLY",
		"DECLARE c SCROLL CURSOR WITH HOLD FOR "+g.query(""), "FETCH "+g.one("ALL", "BACKWARD 2", "ABSOLUTE -1", "9223372036854775807")+" FROM c", "CLOSE ALL", "MOVE LAST FROM c",
		"PREPARE p (int, text) AS SELECT $1 + 1, $2 || 'x', "+g.expr("integer", 2), "EXECUTE p ("+g.expr("integer", 2)+", "+g.expr("text", 2)+")", "DEALLOCATE ALL", "DISCARD TEMP",
		"SET enable_hashjoin = "+g.one("on", "off"), "SET "+g.one("TimeZone = 'America/New_York'", "DateStyle = 'SQL, DMY'", "IntervalStyle = 'iso_8601'", "extra_float_digits = -15", "bytea_output = 'escape'"),
		"RESET ALL", "TRUNCATE "+g.target()+g.maybe(" CASCADE"), "LOCK TABLE "+g.target()+" NOWAIT", "COPY ("+g.query("")+") TO STDOUT"+g.maybe(" (FORMAT csv, HEADER)"),
		"EXPLAIN "+g.one("", "ANALYZE ", "(FORMAT json) ", "(ANALYZE, VERBOSE, FORMAT yaml) ")+g.query(""), "EXPLAIN "+g.dml(), "VALUES (1), ("+g.expr("integer", 2)+")")
}
