package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/pgoracle"
	"github.com/tributary-db/tributary/test/pgscript"
)

// TestLimitedExecuteEnds: statement_timeout reaches a query under a row limit, and the
// connection goes on.
func TestLimitedExecuteEnds(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int)")
	var rows []string
	for i := range 2000 {
		rows = append(rows, fmt.Sprintf("(%d)", i))
	}
	exec(t, ctx, db, "INSERT INTO t VALUES "+strings.Join(rows, ", "))
	nc := pgscript.Dial(t, "tcp", s.PGAddr.String(), "tributary", "tributary")
	got := pgscript.Run(t, nc, `
Query "set statement_timeout = '50ms'"
until Z
Parse "" "select count(*) from t a, t b, t c where a.id + b.id + c.id < 0"
Bind "" ""
Execute "" 10
Sync
until Z
Query "set statement_timeout = 0"
until Z
Query "begin"
until Z
Parse "" "select id from t union all select id from t"
Bind "p" ""
Execute "p" 2
Execute "p" 1
Close P p
Sync
until Z
Query "commit"
until Z
`)
	for _, want := range []string{"ERROR 57014 canceling statement due to statement timeout", "CommandComplete COMMIT"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n, m := strings.Count(got, "DataRow"), strings.Count(got, "PortalSuspended"); n != 3 || m != 2 {
		t.Errorf("%d rows, %d suspended:\n%s", n, m, got)
	}
}

// TestPlansFollowTheCatalog: a text that was planned before sees what DDL has made of its tables.
func TestPlansFollowTheCatalog(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	for i := range 4 {
		typ := []string{"int", "text"}[i%2]
		exec(t, ctx, db, fmt.Sprintf("CREATE TABLE t (v %s)", typ))
		exec(t, ctx, db, "INSERT INTO t VALUES ('7')")
		for range 3 {
			res, err := db.PgConn().Exec(ctx, "SELECT v FROM t").ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if oid, want := res[0].FieldDescriptions[0].DataTypeOID, []uint32{23, 25}[i%2]; oid != want || string(res[0].Rows[0][0]) != "7" {
				t.Fatalf("type %d, want %d", oid, want)
			}
			var v string
			if err := db.QueryRow(ctx, "SELECT v::text FROM t WHERE v IS NOT NULL", pgx.QueryExecModeExec).Scan(&v); err != nil || v != "7" {
				t.Fatal(v, err)
			}
		}
		exec(t, ctx, db, "DROP TABLE t")
		_, err := db.Exec(ctx, "SELECT v::text FROM t WHERE v IS NOT NULL")
		if !strings.HasPrefix(outcome(err), "42P01") {
			t.Fatal(err)
		}
	}
}

// TestSettingsAgainstPostgres: values and errors of SET, SHOW and RESET.
func TestSettingsAgainstPostgres(t *testing.T) {
	pg := pgoracle.Start(t)
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	run := func(c *pgx.Conn, sql string) string {
		res, err := c.PgConn().Exec(ctx, sql).ReadAll()
		out := outcome(err)
		for _, r := range res {
			for _, row := range r.Rows {
				out += fmt.Sprintf(" %q", row)
			}
			out += " " + r.CommandTag.String()
		}
		return out
	}
	for _, sql := range []string{
		"SHOW nonsense", "SET nonsense = 1", "RESET nonsense", "SHOW TimeZone", "SET TimeZone = 'Nowhere/Land'",
		"RESET statement_timeout; SHOW statement_timeout", "SET lock_timeout = 1500; SHOW lock_timeout", "SET lock_timeout = '90s'; SHOW lock_timeout", "SET lock_timeout = 60000; SHOW lock_timeout", "RESET lock_timeout",
		"SET extra_float_digits = 0; SHOW extra_float_digits", "RESET extra_float_digits",
		"SET DateStyle = 'nope'", "RESET DateStyle", "SET IntervalStyle = iso_8601; SHOW IntervalStyle", "RESET IntervalStyle",
		"SET search_path = a, b; SHOW search_path", "RESET search_path; SHOW search_path", "SET application_name = 'x y'; SHOW application_name",
		"SET client_encoding = 'UTF8'; SHOW client_encoding", "SET client_encoding = 'nope'", "SET standard_conforming_strings = on", "SET bytea_output = escape; SHOW bytea_output", "RESET bytea_output",
		"SHOW transaction_isolation", "SET server_version = '1'", "SET LOCAL lock_timeout = 1",
		"BEGIN; SET LOCAL application_name = 'l'; SHOW application_name; COMMIT; SHOW application_name", "BEGIN; SET application_name = 'r'; ROLLBACK; SHOW application_name",
		"BEGIN; SET LOCAL application_name = 'l'; SET application_name = 'c'; COMMIT; SHOW application_name", "BEGIN READ ONLY; SHOW transaction_read_only; COMMIT", "BEGIN ISOLATION LEVEL REPEATABLE READ; SHOW transaction_isolation; COMMIT",
	} {
		if got, want := run(db, sql), run(pg, sql); got != want {
			t.Errorf("%s:\n got %s\nwant %s", sql, got, want)
		}
	}
}
