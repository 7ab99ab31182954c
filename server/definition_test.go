package server_test

import (
	"strings"
	"testing"
)

// TestViewDefinition: what pg_get_viewdef says, run under an empty search path, gives the view's rows and names, whatever its relations were renamed to.
func TestViewDefinition(t *testing.T) {
	ctx := t.Context()
	c := connect(t, ctx, local(t))
	exec := func(sql string) {
		t.Helper()
		if _, err := c.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`CREATE SCHEMA s; CREATE SCHEMA "S 2"`)
	exec("CREATE TYPE s.mood AS ENUM ('a', 'b')")
	exec("CREATE FUNCTION s.one(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1'")
	exec("CREATE FUNCTION s.rows(i int) RETURNS SETOF int LANGUAGE sql IMMUTABLE AS 'SELECT generate_series(1, i)'")
	exec(`CREATE TABLE s.t (id int PRIMARY KEY, "from" text, m s.mood); CREATE TABLE "S 2".t (id int PRIMARY KEY, x int)`)
	exec(`INSERT INTO s.t VALUES (1, 'x', 'a'), (2, 'y', 'b'); INSERT INTO "S 2".t VALUES (1, 10), (3, 30)`)
	exec(`SET search_path = s, "S 2", public`)
	views := []string{
		"v1 AS SELECT * FROM t",
		"v2 (a, b, c, d, e) AS SELECT * FROM s.t, \"S 2\".t AS t2",
		"v3 (a, b, c) AS SELECT id, \"from\" IS DISTINCT FROM 'x', m -- the end\n FROM t",
		"v4 (a) AS SELECT one(id) FROM t UNION ALL SELECT g FROM rows(2) g",
		"v5 (a, b) AS VALUES (1, 'a'::mood), (2, 'b')",
		"v6 AS SELECT * FROM s.t NATURAL JOIN (SELECT id FROM \"S 2\".t) y",
		"v7 (k) AS SELECT t.* FROM s.t WHERE m = mood 'a' AND EXISTS (TABLE t)",
		"v8 AS WITH t AS (SELECT * FROM t), u AS (SELECT * FROM t) SELECT u.id AS \"ID\", '{a}'::mood[] AS ms FROM u",
		"v9 AS SELECT 't'::regclass::text AS t, count(*) FROM t GROUP BY 1",
		"v10 (p, q, r, u) AS SELECT x.*, \"S 2\".t.* FROM \"S 2\".t JOIN (SELECT id, \"from\" FROM t) x ON x.id = t.id",
		"v11 AS SELECT a.id, b.* FROM t a LEFT JOIN LATERAL (SELECT x FROM \"S 2\".t WHERE t.id = a.id) b ON true",
		"v12 AS SELECT v1.*, row_number() OVER (PARTITION BY m ORDER BY id) FROM v1",
	}
	for _, v := range views {
		exec("CREATE VIEW " + v)
	}
	check := func() {
		t.Helper()
		for _, v := range views {
			name, _, _ := strings.Cut(v, " ")
			exec("SET search_path = ''")
			var def string
			if err := c.QueryRow(ctx, "SELECT pg_get_viewdef('s."+name+"'::regclass)").Scan(&def); err != nil {
				t.Fatal(err)
			}
			if name == "v9" { // it says the name
				continue
			}
			def = strings.TrimSuffix(def, ";")
			if got, want := answerOf(ctx, c, "SELECT * FROM ("+def+") q ORDER BY 1"), answerOf(ctx, c, "SELECT * FROM s."+name+" ORDER BY 1"); got != want {
				t.Errorf("%s\nis %s\n%s\nnot %s", v, def, got, want)
			}
		}
		exec(`SET search_path = s, "S 2", public`)
	}
	check()
	exec(`ALTER TABLE s.t RENAME TO "T new"`)
	check()
	exec(`ALTER TABLE s."T new" RENAME COLUMN id TO number`)
	exec(`ALTER TABLE s."T new" ADD COLUMN later int`)
	check()
}
