package server_test

import (
	"bytes"
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// COPY … (FORMAT arrow) out of one table into another is the same rows; bad streams and options
// are errors, and the connection goes on.
func TestCopyArrow(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	columns := "(id int PRIMARY KEY, n numeric(12, 2), x numeric, f float8, ok bool, at timestamptz, d date, j jsonb, b bytea, v varchar(9) DEFAULT 'dflt')"
	exec(t, ctx, db, "CREATE TABLE a "+columns)
	exec(t, ctx, db, "CREATE TABLE b "+columns)
	exec(t, ctx, db, `INSERT INTO a VALUES (1, 1.5, 1e30, 0.5, true, '2026-01-02 03:04:05+00', '2026-01-02', '{"a": [1, 2]}', '\x00ff', 'one'),
		(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, -0.01, 'NaN', '-inf', false, 'infinity', '-infinity', '"x"', '', '')`)
	var stream bytes.Buffer
	tag, err := db.PgConn().CopyTo(ctx, &stream, "COPY a TO STDOUT (FORMAT arrow)")
	if err != nil || tag.String() != "COPY 3" {
		t.Fatalf("%v, %v", tag, err)
	}
	if tag, err = db.PgConn().CopyFrom(ctx, bytes.NewReader(stream.Bytes()), "COPY b FROM STDIN (FORMAT arrow)"); err != nil || tag.String() != "COPY 3" {
		t.Fatalf("%v, %v", tag, err)
	}
	var equal int
	if err := db.QueryRow(ctx, "SELECT count(*) FROM (SELECT * FROM a UNION ALL SELECT * FROM b) AS u(id) GROUP BY id HAVING count(*) <> 2").Scan(&equal); err == nil {
		t.Error("an id is not in both tables")
	}
	a, b := text(t, ctx, db.PgConn(), "a"), text(t, ctx, db.PgConn(), "b")
	if a != b || strings.Count(a, "\n") != 3 {
		t.Errorf("a:\n%s\nb:\n%s", a, b)
	}

	for _, c := range []struct{ copy, code string }{
		{"COPY b (id) FROM STDIN (FORMAT arrow)", "22P04"},           // more fields than columns
		{"COPY b FROM STDIN (FORMAT parquet)", "0A000"},              // written only
		{"COPY b FROM STDIN (FORMAT arrow, DELIMITER ',')", "0A000"}, // text's option
		{"COPY b FROM STDIN (FORMAT arrow)", "23505"},                // the same rows again
	} {
		_, err := db.PgConn().CopyFrom(ctx, bytes.NewReader(stream.Bytes()), c.copy)
		if code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.copy, err, c.code)
		}
	}
	for _, bad := range [][]byte{nil, []byte("id,n\n1,2\n"), stream.Bytes()[:stream.Len()/2], bytes.Repeat([]byte{0xff}, 100)} {
		if _, err := db.PgConn().CopyFrom(ctx, bytes.NewReader(bad), "COPY b FROM STDIN (FORMAT arrow)"); code(err) != "22P04" {
			t.Errorf("%d bytes: %v, want 22P04", len(bad), err)
		}
	}
	// A list of columns leaves the others to their defaults.
	stream.Reset()
	if _, err := db.PgConn().CopyTo(ctx, &stream, "COPY (SELECT 9 AS id, 2.25::numeric(12,2) AS n) TO STDOUT (FORMAT arrow)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.PgConn().CopyFrom(ctx, &stream, "COPY b (id, n) FROM STDIN (FORMAT arrow)"); err != nil {
		t.Fatal(err)
	}
	var v string
	if err := db.QueryRow(ctx, "SELECT v FROM b WHERE id = 9 AND n = 2.25").Scan(&v); err != nil || v != "dflt" {
		t.Errorf("%q, %v", v, err)
	}
}

func text(t *testing.T, ctx context.Context, db *pgconn.PgConn, table string) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := db.CopyTo(ctx, &out, "COPY (SELECT * FROM "+table+" ORDER BY id) TO STDOUT"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func code(err error) string {
	if e, ok := err.(*pgconn.PgError); ok {
		return e.Code
	}
	return ""
}

// pyarrow and DuckDB, where they are there, read what COPY writes and see the values.
func TestCopyColumnarPeers(t *testing.T) {
	python := peers(t, "pyarrow", "duckdb")
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	query := `SELECT i AS id, (i * 1.25)::numeric(10, 2) AS n, 'text ' || i AS s, timestamp '2026-01-01 00:00:00' + i * interval '1 second' AS ts, i % 3 = 0 AS third
		FROM (VALUES (1), (2), (3)) AS v(i)`
	dir := t.TempDir()
	for _, format := range []string{"arrow", "parquet"} {
		f, err := os.Create(filepath.Join(dir, "f."+format))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.PgConn().CopyTo(ctx, f, "COPY ("+query+") TO STDOUT (FORMAT "+format+")"); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const script = `
import sys, pyarrow.ipc, pyarrow.parquet, duckdb
a = pyarrow.ipc.open_stream(sys.argv[1] + "/f.arrow").read_all()
p = pyarrow.parquet.read_table(sys.argv[1] + "/f.parquet")
d = duckdb.sql("select id, n, s, ts, third from '" + sys.argv[1] + "/f.parquet' order by id").fetchall()
assert a.equals(p), (a, p)
assert [tuple(r.values()) for r in a.to_pylist()] == d, (a.to_pylist(), d)
print(d[2])
`
	out, err := osexec.Command(python, "-c", script, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "(3, Decimal('3.75'), 'text 3', datetime.datetime(2026, 1, 1, 0, 0, 3), True)\n"; string(out) != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

// peers is a Python that has modules; without one the test is skipped.
func peers(t *testing.T, modules ...string) string {
	t.Helper()
	python := os.Getenv("TRIBUTARY_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := osexec.Command(python, "-c", "import "+strings.Join(modules, ", ")).Run(); err != nil {
		t.Skipf("no Python with %s (TRIBUTARY_TEST_PYTHON): skipped", strings.Join(modules, " and "))
	}
	return python
}
