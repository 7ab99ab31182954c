package server_test

import (
	"context"
	"slices"
	"testing"
	"time"
)

// TestSchemasOverRestart: schemas, what is in them and what they were renamed to are there after a start, from the commits and from a
// snapshot of the fold; that public is another one too.
func TestSchemasOverRestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	s := start(t, ctx, cfg)
	c := connect(t, ctx, s)
	for _, sql := range []string{
		"CREATE SCHEMA a", "CREATE TABLE a.t (id serial PRIMARY KEY, n int)", "CREATE TABLE t (id int)",
		"DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "CREATE TABLE t (id int)", "ALTER SCHEMA a RENAME TO b",
		"INSERT INTO b.t (n) VALUES (1), (2)", "SET search_path = b", "CREATE MATERIALIZED VIEW v AS SELECT sum(n) AS n FROM t",
		"CREATE VIEW w AS SELECT n + 1 AS m FROM v", "COMMENT ON COLUMN t.n IS 'counted'", "COMMENT ON DATABASE tributary IS 'ours'",
		"COMMENT ON MATERIALIZED VIEW v IS 'kept'", "CREATE TOPIC told", "COMMENT ON TOPIC told IS 'a topic'", "CREATE STREAM st (a int) WITH (topic = 'told')",
		"COMMENT ON STREAM st IS 'it''s a stream'", "CREATE SINK si TO TOPIC out AS SELECT a FROM st", "COMMENT ON SINK si IS 'a sink'",
	} {
		exec(t, ctx, c, sql)
	}
	check := func(total int) {
		t.Helper()
		c := connect(t, ctx, s)
		var m, count int
		var schemas string
		var first bool
		err := c.QueryRow(ctx, `SELECT (SELECT m FROM b.w), (SELECT count(*) FROM public.t),
			(SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_|information'),
			(SELECT oid = 2200 FROM pg_namespace WHERE nspname = 'public')`).Scan(&m, &count, &schemas, &first)
		if err != nil || m != total || count != 0 || schemas != "b public tributary" || first {
			t.Errorf("%d, %d, %q, %v, %v", m, count, schemas, first, err)
		}
		var said string
		if err := c.QueryRow(ctx, `SELECT concat_ws('|', col_description('b.t'::regclass, 2), shobj_description(5, 'pg_database'),
			obj_description('b.v'::regclass, 'pg_class'), obj_description('b.st'::regclass, 'pg_class'),
			(SELECT description FROM pg_description WHERE description = 'a sink'))`).Scan(&said); err != nil ||
			said != "counted|ours|kept|it's a stream|a sink" {
			t.Errorf("comments: %q, %v", said, err)
		}
		results, err := c.PgConn().Exec(ctx, "SHOW TOPICS").ReadAll()
		if err != nil || !slices.ContainsFunc(results[0].Rows, func(r [][]byte) bool { return string(r[0]) == "told" && string(r[3]) == "a topic" }) {
			t.Errorf("topics: %q, %v", results[0].Rows, err)
		}
		for _, sql := range []string{"SELECT * FROM a.t", "SELECT n FROM public.t"} {
			if _, err := c.Exec(ctx, sql); err == nil {
				t.Errorf("%s finds something", sql)
			}
		}
	}
	check(4)
	for i := range 2 {
		stop(t, s)
		s = start(t, ctx, cfg)
		exec(t, ctx, connect(t, ctx, s), "INSERT INTO b.t (n) VALUES (10)")
		check(14 + 10*i)
	}
	stop(t, s)
}

// TestSchemaIsHeld: who makes something in a schema keeps it from being dropped, and the other way round.
func TestSchemaIsHeld(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := local(t)
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, b, "SET lock_timeout = '50ms'")
	exec(t, ctx, a, "CREATE SCHEMA h")
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "CREATE TABLE h.t (n int)")
	if _, err := b.Exec(ctx, "DROP SCHEMA h"); stateOf(err) != "55P03" {
		t.Errorf("DROP beside a CREATE: %v", err)
	}
	exec(t, ctx, b, "CREATE TABLE h.other (n int)")
	exec(t, ctx, a, "COMMIT")
	if _, err := b.Exec(ctx, "DROP SCHEMA h"); stateOf(err) != "2BP01" {
		t.Errorf("DROP of what is not empty: %v", err)
	}
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "DROP SCHEMA h CASCADE")
	if _, err := b.Exec(ctx, "CREATE TABLE h.late (n int)"); stateOf(err) != "55P03" {
		t.Errorf("CREATE beside a DROP: %v", err)
	}
	exec(t, ctx, a, "COMMIT")
	if _, err := b.Exec(ctx, "CREATE TABLE h.late (n int)"); stateOf(err) != "3F000" {
		t.Errorf("CREATE after a DROP: %v", err)
	}
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "CREATE SCHEMA h")
	if _, err := b.Exec(ctx, "CREATE SCHEMA h"); stateOf(err) != "55P03" {
		t.Errorf("two make one schema: %v", err)
	}
	exec(t, ctx, a, "ROLLBACK")
	exec(t, ctx, b, "CREATE SCHEMA h")
}
