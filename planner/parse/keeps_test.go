package parse

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// postgresStatements are PostgreSQL's own, some with the words of the streaming forms as names.
var postgresStatements = []string{
	"SELECT * FROM emit changes", "SELECT emit AS changes FROM stream AS sink", "SELECT a emit FROM t",
	"CREATE TABLE stream (watermark int, sink text)", "SELECT watermark, topic FROM subscribe",
	"DROP TABLE stream", "DROP VIEW sink", "INSERT INTO topic VALUES (1)", "SHOW streams", "SHOW server_version",
	"CREATE VIEW sink AS SELECT 1 AS topic", "COPY (SELECT 1) TO STDOUT", "SELECT 'CREATE STREAM x; EMIT CHANGES'",
	"SELECT $$ ; SUBSCRIBE TO x $$", `SELECT 1 AS "EMIT CHANGES"`, "/* CREATE STREAM y */ SELECT 1 -- EMIT FINAL",
	"UPDATE stream SET sink = 1 WHERE emit", "SELECT 1 FROM a JOIN emit ON final", "TABLE emit",
	"SELECT count(*) FROM emit final", "SELECT (SELECT 1 FROM emit changes)", "DECLARE c CURSOR FOR SELECT 1",
}

var streamingStatements = []string{
	"CREATE STREAM s (a int, WATERMARK FOR a AS a) WITH (topic = 'x')", "CREATE STREAM s AS SELECT 1", "CREATE STREAM s",
	"CREATE SINK k TO TOPIC 't' AS SELECT 1", "CREATE TOPIC t", "DROP STREAM a", "DROP SINK a, b", "DROP TOPIC t",
	"SUBSCRIBE TO v", "SELECT 1 EMIT CHANGES", "SHOW MATERIALIZED VIEWS", "COPY (SUBSCRIBE TO v) TO STDOUT",
	"CREATE MATERIALIZED VIEW v AS SELECT 1 EMIT ON WINDOW CLOSE",
}

// TestKeepsPostgres: whatever stands beside it, a statement that PostgreSQL takes keeps its
// meaning, and so does each streaming one.
func TestKeepsPostgres(t *testing.T) {
	alone := map[string]string{}
	for _, sql := range append(append([]string(nil), postgresStatements...), streamingStatements...) {
		stmts, err := Parse(sql)
		if err != nil || len(stmts) != 1 {
			t.Fatalf("%s: %d statements, %v", sql, len(stmts), err)
		}
		alone[sql] = withoutPlaces(stmts[0].Body)
	}
	all := append(append([]string(nil), postgresStatements...), streamingStatements...)
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.SampledFrom(all), 1, 6).Draw(r, "statements")
		sep := rapid.SampledFrom([]string{";\n", " ; ", "\n;;"}).Draw(r, "separator")
		stmts, err := Parse(strings.Join(list, "\n"+sep))
		if err != nil || len(stmts) != len(list) {
			r.Fatalf("%q: %d statements, %v", list, len(stmts), err)
		}
		for i, s := range stmts {
			if got := withoutPlaces(s.Body); got != alone[list[i]] {
				r.Fatalf("%q means\n%s\nnot\n%s", list[i], got, alone[list[i]])
			}
		}
	})
}

func withoutPlaces(b Body) string {
	text := dump(b)
	for _, field := range []string{"Pos:", "EmitAt:", "ExprAt:"} {
		for {
			i := strings.Index(text, " "+field)
			if i < 0 {
				break
			}
			end := i + 1 + len(field)
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
			text = text[:i] + text[end:]
		}
	}
	return text
}
