package server_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestCopyForce: FORCE_QUOTE, FORCE_NOT_NULL and FORCE_NULL do what they do in PostgreSQL.
func TestCopyForce(t *testing.T) {
	ctx := t.Context()
	ours, theirs := connect(t, ctx, local(t)).PgConn(), pgoracle.Start(t).PgConn()
	outcome := func(c *pgconn.PgConn, sql, data string) string {
		var out strings.Builder
		var err error
		if data == "" {
			_, err = c.CopyTo(ctx, &out, sql)
		} else {
			_, err = c.CopyFrom(ctx, strings.NewReader(data), sql)
		}
		var e *pgconn.PgError
		if errors.As(err, &e) {
			return e.Code + " " + e.Message
		}
		return out.String()
	}
	for _, c := range []*pgconn.PgConn{ours, theirs} {
		if _, err := c.Exec(ctx, "CREATE TABLE forced (a int, b text, c text)").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range [][2]string{
		{"COPY forced FROM STDIN (FORMAT csv, FORCE_NOT_NULL (b))", "1,,x\n2,\"\",\n"},
		{"COPY forced FROM STDIN (FORMAT csv, FORCE_NULL (b, c), NULL 'nix')", "3,\"nix\",nix\n4,\"x\",\"\"\n"},
		{"COPY forced (c, b) FROM STDIN (FORMAT csv, FORCE_NULL (b), FORCE_NOT_NULL (b))", ",\"\"\n,\n"},
		{"COPY forced TO STDOUT (FORMAT csv, FORCE_QUOTE *)", ""},
		{"COPY forced TO STDOUT (FORMAT csv, FORCE_QUOTE (c, a), NULL 'n', HEADER)", ""},
		{"COPY (SELECT a, b AS x FROM forced) TO STDOUT WITH CSV FORCE QUOTE x", ""},
		{"COPY forced TO STDOUT (FORCE_QUOTE *)", ""},
		{"COPY forced TO STDOUT (FORMAT csv, FORCE_NULL (a))", ""},
		{"COPY forced TO STDOUT (FORMAT csv, FORCE_QUOTE (nothing))", ""},
		{"COPY forced (a) TO STDOUT (FORMAT csv, FORCE_QUOTE (b))", ""},
		{"COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv, FORCE_QUOTE (b))", ""},
		{"COPY forced FROM STDIN (FORMAT csv, FORCE_QUOTE (b))", "1,2,3\n"},
		{"COPY forced FROM STDIN (FORMAT csv, FORCE_NULL 'b')", "1,2,3\n"},
		{"COPY forced FROM STDIN (FORMAT csv, FORCE_NOT_NULL (z))", "1,2,3\n"},
		{"COPY forced (a) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (b))", "1\n"},
		{"COPY forced TO STDOUT", ""},
	} {
		if have, want := outcome(ours, step[0], step[1]), outcome(theirs, step[0], step[1]); have != want {
			t.Errorf("%s\n%s\nwant\n%s", step[0], have, want)
		}
	}
}
