package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// speaking is a connection of a client that speaks an encoding.
func speaking(t *testing.T, dsn, encoding string) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["client_encoding"] = encoding
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	return c, err
}

// said is all that an answer says, bytes as they are.
func said(results []*pgconn.Result, err error) string {
	var out strings.Builder
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(&out, "%q ", f.Name)
		}
		fmt.Fprintf(&out, "%q %s\n", r.Rows, r.CommandTag)
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		fmt.Fprintf(&out, "%s: %q %q %d", e.Code, e.Message, e.Detail, e.Position)
	} else if err != nil {
		out.WriteString(err.Error())
	}
	return out.String()
}

// TestEncodings: a client that speaks another encoding gets the bytes that it gets from PostgreSQL.
func TestEncodings(t *testing.T) {
	ctx := t.Context()
	dsn := [2]string{ownDSN(local(t)), pgoracle.DSN(t)}
	for _, bad := range []string{"klingon", "", "UTF-7"} {
		_, ours := speaking(t, dsn[0], bad)
		_, theirs := speaking(t, dsn[1], bad)
		if have, want := said(nil, ours), said(nil, theirs); have != want {
			t.Errorf("client_encoding %q: %s, PostgreSQL %s", bad, have, want)
		}
	}
	for _, c := range []struct{ encoding, word string }{
		{"LATIN1", "gr\xfc\xdfe"}, {"iso-8859-1", "\xe9t\xe9"}, {"WIN1252", "10 \x80"}, {"LATIN9", "10 \xa4"}, {"EUC_JP", "\xc6\xfc\xcb\xdc"}, {"SJIS", "\x93\xfa\x83\x5c"},
		{"GBK", "\xd6\xd0"}, {"BIG5", "\xa4\xa4"}, {"UHC", "\xc7\xd1"}, {"WIN1251", "\xcf\xf0"}, {"GB18030", "\x81\x30\x81\x30\xd6\xd0"}, {"SQL_ASCII", "\xc3\xa9"}, {"UTF8", "\xc3\xa9"},
	} {
		var pair [2]*pgconn.PgConn
		for i := range dsn {
			var err error
			if pair[i], err = speaking(t, dsn[i], c.encoding); err != nil {
				t.Fatal(err)
			}
		}
		both := func(what string, do func(*pgconn.PgConn) string) {
			t.Helper()
			if have, want := do(pair[0]), do(pair[1]); have != want {
				t.Errorf("%s, %q: %s\nPostgreSQL: %s", c.encoding, what, have, want)
			}
		}
		w := c.word
		for _, sql := range []string{
			"SHOW client_encoding", "CREATE TEMP TABLE t (id int, w text, ws text[])", "INSERT INTO t VALUES (1, '" + w + "', ARRAY['" + w + "', 'x'])",
			"SELECT w, length(w), octet_length(w), upper(w), w AS \"" + w + "\" FROM t", "SELECT '" + w + "' AS a, nothing", "SELECT '" + w + "'::int", "SELECT '\xff\xfe'", "SELECT '\xe5'",
			"SELECT 'ascii', E'\\u20ac'", "SELECT chr(12371) || 'x'", "SELECT chr(233)", "SELECT 'a' AS \"" + w + "\", nothing", "SET client_encoding = 'LATIN1'", "SELECT w FROM t",
			"SET client_encoding TO DEFAULT", "SHOW client_encoding", "BEGIN; SET LOCAL client_encoding = 'UTF8'", "SELECT w FROM t", "ROLLBACK", "SELECT w FROM t",
			"SET client_encoding = nonsense", "SELECT pg_client_encoding()", "COPY t (w) TO STDOUT (ENCODING 'nonsense')", "RESET client_encoding",
		} {
			both(sql, func(c *pgconn.PgConn) string { return said(c.Exec(ctx, sql).ReadAll()) })
		}
		for _, format := range []int16{0, 1} {
			for _, sql := range []string{"SELECT $1::text, length($1::text)", "SELECT w, ws FROM t WHERE w = $1", "SELECT to_json($1::text), to_jsonb($1::text), array[$1::text]"} {
				both(sql, func(c *pgconn.PgConn) string {
					r := c.ExecParams(ctx, sql, [][]byte{[]byte(w)}, nil, []int16{format}, []int16{format}).Read()
					return said([]*pgconn.Result{r}, r.Err)
				})
			}
		}
		both("COPY", func(c *pgconn.PgConn) string {
			_, err := c.CopyFrom(ctx, strings.NewReader(strings.Repeat("7\t"+w+"\t{"+"a}\n", 3000)+"8\t\\N\t\\N\n"), "COPY t FROM STDIN")
			var out strings.Builder
			if err == nil {
				_, err = c.CopyTo(ctx, &out, "COPY (SELECT * FROM t WHERE id = 7 LIMIT 2) TO STDOUT (FORMAT csv)")
			}
			return out.String() + said(nil, err) + said(c.Exec(ctx, "SELECT count(*), count(DISTINCT w) FROM t").ReadAll())
		})
		if c.encoding == "SQL_ASCII" { // the bytes are looked at before the line is
			continue
		}
		both("COPY of half a character", func(c *pgconn.PgConn) string {
			_, err := c.CopyFrom(ctx, strings.NewReader("7\t\xe5"), "COPY t FROM STDIN")
			var e *pgconn.PgError
			if errors.As(err, &e) {
				return e.Code
			}
			return fmt.Sprint(err)
		})
	}
}
