package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/typetest"
	"github.com/tributary-db/tributary/server"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// local starts a server on a directory of its own.
func local(t *testing.T) *server.Server {
	t.Helper()
	cfg := settings(t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	s := start(t, ctx, cfg)
	t.Cleanup(func() { stop(t, s) })
	return s
}

// chunks cuts data into CopyData messages of random sizes.
type chunks struct {
	data []byte
	r    *rand.Rand
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1+c.r.IntN(40))], c.data)
	c.data = c.data[n:]
	return n, nil
}

// copyTypes are the types of both servers' tables.
func copyTypes() (types []sqltype.Type, columns string) {
	var ddl []string
	for i, t := range typetest.Types() {
		if t.Type.OID == sqltype.OIDType || t.Type.OID == sqltype.Name || t.Type.OID == sqltype.Char || t.Type.OID == sqltype.Time || t.Type.OID == sqltype.JSON {
			continue
		}
		types = append(types, t.Type)
		ddl = append(ddl, fmt.Sprintf("c%d %s", i, t.SQL))
	}
	return types, strings.Join(ddl, ", ")
}

// TestCopyAgainstPostgres: what PostgreSQL's COPY TO writes our COPY FROM reads, in chunks of
// any size, and our COPY TO writes the same bytes again.
func TestCopyAgainstPostgres(t *testing.T) {
	pg := pgoracle.Start(t)
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	types, columns := copyTypes()
	r := rand.New(rand.NewPCG(7, 7))
	_, texts, err := typetest.Rows(r, types, 150)
	if err != nil {
		t.Fatal(err)
	}
	ddl := "CREATE TABLE r (n int, " + columns + ")"
	exec(t, ctx, pg, ddl)
	exec(t, ctx, db, ddl)
	for n, row := range texts {
		var b strings.Builder
		fmt.Fprintf(&b, "INSERT INTO r VALUES (%d", n)
		for _, v := range row {
			if v == nil {
				b.WriteString(", NULL")
			} else {
				b.WriteString(", '" + strings.ReplaceAll(*v, "'", "''") + "'")
			}
		}
		exec(t, ctx, pg, b.String()+")")
	}
	for i, options := range []string{"", "DELIMITER '|'", "NULL 'NULL'", "DELIMITER E'\\x01', NULL ''", "HEADER", "FORMAT csv", "FORMAT csv, HEADER",
		"FORMAT csv, QUOTE '''', DELIMITER ';'", `FORMAT csv, ESCAPE '\'`, "FORMAT csv, NULL 'null'", `FORMAT csv, NULL '\N', QUOTE 'B'`, "FORMAT csv, DELIMITER E'\\t', ESCAPE 'a'"} {
		with := ""
		if options != "" {
			with = " WITH (" + options + ")"
		}
		var want, got bytes.Buffer
		if _, err := pg.PgConn().CopyTo(ctx, &want, "COPY (SELECT * FROM r ORDER BY n) TO STDOUT"+with); err != nil {
			t.Fatal(err)
		}
		exec(t, ctx, db, "DELETE FROM r")
		tag, err := db.PgConn().CopyFrom(ctx, &chunks{want.Bytes(), rand.New(rand.NewPCG(uint64(i), 8))}, "COPY r FROM STDIN"+with)
		if err != nil {
			t.Fatalf("%s: %v", options, err)
		}
		if tag.RowsAffected() != int64(len(texts)) {
			t.Fatalf("%s: %d rows", options, tag.RowsAffected())
		}
		if _, err := db.PgConn().CopyTo(ctx, &got, "COPY (SELECT * FROM r ORDER BY n) TO STDOUT"+with); err != nil {
			t.Fatalf("%s: %v", options, err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			g, w := strings.Split(got.String(), "\n"), strings.Split(want.String(), "\n")
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Fatalf("%s, line %d:\n got %q\nwant %q", options, i, g[i], w[i])
				}
			}
		}
	}
}

// outcome is what a statement did, for comparison.
func outcome(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return fmt.Sprintf("%s %s (%s)", e.Code, e.Message, e.Where[:0])
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func TestCopyErrorsAgainstPostgres(t *testing.T) {
	pg := pgoracle.Start(t)
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	for _, c := range []*pgx.Conn{pg, db} {
		exec(t, ctx, c, "CREATE TABLE t (a int, b text)")
	}
	for _, options := range []string{"FORMAT nonsense", "FORMAT csv, FORMAT text", "nonsense 1", "DELIMITER 'ab'", "DELIMITER ''", "DELIMITER E'\\n'", "DELIMITER 'a'", `DELIMITER '\'`,
		"DELIMITER '.'", "NULL E'a\\n'", "QUOTE '|'", "ESCAPE '|'", "FORMAT csv, QUOTE 'ab'", "FORMAT csv, ESCAPE 'ab'", "FORMAT csv, DELIMITER '\"'",
		"FORMAT csv, NULL 'a,b'", "NULL E'a\\tb'", "FORMAT csv, NULL 'a\"'", "HEADER maybe", "HEADER 3", "NULL 'x', NULL 'y'", "DELIMITER 'A'", "FORMAT 'CSV'"} {
		for _, in := range []string{"", "1\tx\n"} {
			run := func(c *pgx.Conn) string {
				_, err := c.PgConn().CopyFrom(ctx, strings.NewReader(in), "COPY t FROM STDIN WITH ("+options+")")
				return outcome(err)
			}
			if got, want := run(db), run(pg); got != want {
				t.Errorf("%s, %q: %s, want %s", options, in, got, want)
			}
		}
	}
	for _, c := range []struct{ options, in string }{
		{"", "1\n"}, {"", "1\tx\ty\n"}, {"", "x\tx\n"}, {"", "\n"}, {"", "1\tx\r\n2\ty\n"}, {"", "1\tx\n2\ty\r\n"}, {"", "1\tx\r2\ty\r"}, {"", "1\tx\\\ny\n"}, {"", "1\t\\\\\n"},
		{"", "1\tx\n\\.\n2\ty\n"}, {"", "1\tx"}, {"", "1\tx\n\\."}, {"", "\\N\t\\N\n"}, {"", "1\t\\x41\\101\\q\n"}, {"", "1\t\xff\n"}, {"", "99999999999\tx\n"}, {"", "1\t\\\r\n"},
		{"FORMAT csv", "1,\"a\nb\"\n"}, {"FORMAT csv", "1,\"a\n"}, {"FORMAT csv", "1,a\"b,c\"d\n"}, {"FORMAT csv", "1,\"a\"\"b\"\n"}, {"FORMAT csv", "1,a\r\n2,b\r\n"},
		{"FORMAT csv", "1,a\n2,b\r\n"}, {"FORMAT csv", "1,a\r\n2,b\n"}, {"FORMAT csv", "\\.\n"}, {"FORMAT csv", "1,a\n\\.\n2,b\n"}, {"FORMAT csv", "1,\n"}, {"FORMAT csv", ",\n"},
		{"FORMAT csv", "1\n"}, {"FORMAT csv", "1,2,3\n"}, {"FORMAT csv", "1,\"\\.\"\n"}, {"FORMAT csv, HEADER", "a,b\n1,x\n"}, {"HEADER", "a\tb\n1\tx\n"},
		{`FORMAT csv, ESCAPE '\'`, "1,\"a\\\"b\nc\"\n"}, {`FORMAT csv, ESCAPE '\'`, "1,\"a\\\\\"\n"}, {`FORMAT csv, ESCAPE '\'`, "1,a\\\"b\"\n"},
	} {
		with := ""
		if c.options != "" {
			with = " WITH (" + c.options + ")"
		}
		run := func(db *pgx.Conn) string {
			exec(t, ctx, db, "DELETE FROM t")
			_, err := db.PgConn().CopyFrom(ctx, strings.NewReader(c.in), "COPY t FROM STDIN"+with)
			var out bytes.Buffer
			if _, err := db.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM t ORDER BY a) TO STDOUT"); err != nil {
				t.Fatal(err)
			}
			return outcome(err) + " " + out.String()
		}
		if got, want := run(db), run(pg); got != want {
			t.Errorf("%s %q:\n got %q\nwant %q", c.options, c.in, got, want)
		}
	}
}
