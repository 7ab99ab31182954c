package server_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// COPY … (FORMAT arrow | parquet) out of one table into another is the same rows; bad files and
// options are errors, and the connection goes on.
func TestCopyColumnar(t *testing.T) {
	for _, format := range []string{"arrow", "parquet"} {
		t.Run(format, func(t *testing.T) { copyColumnar(t, format) })
	}
}

func copyColumnar(t *testing.T, format string) {
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
	tag, err := db.PgConn().CopyTo(ctx, &stream, "COPY a TO STDOUT (FORMAT "+format+")")
	if err != nil || tag.String() != "COPY 3" {
		t.Fatalf("%v, %v", tag, err)
	}
	if tag, err = db.PgConn().CopyFrom(ctx, bytes.NewReader(stream.Bytes()), "COPY b FROM STDIN (FORMAT "+format+")"); err != nil || tag.String() != "COPY 3" {
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
		{"COPY b (id) FROM STDIN (FORMAT " + format + ")", "22P04"},           // more fields than columns
		{"COPY b FROM STDIN (FORMAT " + format + ", DELIMITER ',')", "0A000"}, // text's option
		{"COPY b FROM STDIN (FORMAT " + format + ")", "23505"},                // the same rows again
	} {
		_, err := db.PgConn().CopyFrom(ctx, bytes.NewReader(stream.Bytes()), c.copy)
		if code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.copy, err, c.code)
		}
	}
	for _, bad := range [][]byte{nil, []byte("id,n\n1,2\n"), stream.Bytes()[:stream.Len()/2], bytes.Repeat([]byte{0xff}, 100)} {
		if _, err := db.PgConn().CopyFrom(ctx, bytes.NewReader(bad), "COPY b FROM STDIN (FORMAT "+format+")"); code(err) != "22P04" {
			t.Errorf("%d bytes: %v, want 22P04", len(bad), err)
		}
	}
	// A list of columns leaves the others to their defaults.
	stream.Reset()
	if _, err := db.PgConn().CopyTo(ctx, &stream, "COPY (SELECT 9 AS id, 2.25::numeric(12,2) AS n) TO STDOUT (FORMAT "+format+")"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.PgConn().CopyFrom(ctx, &stream, "COPY b (id, n) FROM STDIN (FORMAT "+format+")"); err != nil {
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

// COPY FROM (FORMAT parquet) of more than one group, page and batch: bounded by statement_memory, on
// the local disk by temp_file_limit, cancelled while it reads, nothing left behind.
func TestCopyParquetLarge(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE big (id bigint PRIMARY KEY, s text, n numeric(12, 3), f float8)")
	exec(t, ctx, db, "CREATE TABLE src (id bigint PRIMARY KEY, s text, n numeric(12, 3), f float8)")
	var lines strings.Builder
	for i := range 300_000 {
		s := fmt.Sprintf("text %d", i)
		if i%7 == 0 {
			s = `\N`
		}
		fmt.Fprintf(&lines, "%d\t%s\t%d.125\t%g\n", i, s, i, float64(i)/3)
	}
	if _, err := copyIn(ctx, db, "COPY src FROM STDIN", strings.NewReader(lines.String())); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := db.PgConn().CopyTo(ctx, &file, "COPY src TO STDOUT (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	const from = "COPY big FROM STDIN (FORMAT parquet)"
	put := func(file []byte) error {
		_, err := copyIn(ctx, db, from, bytes.NewReader(file))
		return err
	}
	exec(t, ctx, db, "SET temp_file_limit = '256kB'")
	if err := put(file.Bytes()); code(err) != "53400" {
		t.Errorf("past temp_file_limit: %v", err)
	}
	exec(t, ctx, db, "RESET temp_file_limit")
	exec(t, ctx, db, "SET statement_memory = '1MB'")
	if err := put(file.Bytes()); code(err) != "53200" {
		t.Errorf("past statement_memory: %v", err)
	}
	exec(t, ctx, db, "SET statement_memory = '16MB'")
	bad := bytes.Clone(file.Bytes())
	copy(bad[len(bad)/2:], "damage")
	if err := put(bad); code(err) != "22P04" {
		t.Errorf("a damaged file: %v", err)
	}
	if n := number(t, ctx, db, "SELECT count(*) FROM big"); n != 0 {
		t.Errorf("%d rows of statements that failed", n)
	}
	// The client's own write may fail before it reads the answer.
	told := error(nil)
	for try := 0; try < 5 && code(told) != "57014"; try++ {
		hasty := connect(t, ctx, s)
		exec(t, ctx, hasty, "SET statement_timeout = '1ms'")
		_, told = copyIn(ctx, hasty, from, bytes.NewReader(file.Bytes()))
	}
	if code(told) != "57014" || !strings.Contains(told.Error(), "due to statement timeout") {
		t.Errorf("cancelled: %v", told)
	}
	if err := put(file.Bytes()); err != nil {
		t.Fatal(err)
	}
	if n := number(t, ctx, db, "SELECT count(*) FROM (SELECT * FROM big EXCEPT SELECT * FROM src) AS d"); n != 0 {
		t.Errorf("%d rows are others than in the file", n)
	}
	if n := number(t, ctx, db, "SELECT count(*) FROM big"); n != 300_000 {
		t.Errorf("%d rows", n)
	}
	if n := metric(t, s, "tributary_temp_bytes"); n != 0 {
		t.Errorf("%v bytes are left on the local disk", n)
	}
}

// Files of pyarrow and DuckDB, where they are there, into a table: the values that they see.
func TestCopyParquetPeers(t *testing.T) {
	python := peers(t, "pyarrow", "duckdb")
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	dir := t.TempDir()
	const script = `
import sys, duckdb, pyarrow.parquet as pq
q = """SELECT i::INTEGER AS id, CASE WHEN i % 5 > 0 THEN (i * 1.25)::DECIMAL(12, 2) END AS n, 'text ' || i AS s, i % 3 = 0 AS b, (i / 8)::DOUBLE AS f,
    DATE '2020-01-01' + i::INTEGER AS d, TIME '00:00:01' + INTERVAL (i) MILLISECOND AS t, TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS ts,
    TIMESTAMPTZ '2020-01-01 00:00:00+00' + INTERVAL (i) SECOND AS tz, i::UTINYINT AS tiny, uuid() AS u FROM range(200) AS r(i)"""
db = duckdb.connect()
db.execute("SET timezone = 'UTC'")
db.execute("CREATE TABLE q AS " + q)
db.execute("COPY q TO '" + sys.argv[1] + "/duckdb.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
t = db.sql("SELECT * REPLACE (u::VARCHAR AS u) FROM q").to_arrow_table()
pq.write_table(t, sys.argv[1] + "/pyarrow.parquet", compression="gzip", data_page_version="2.0", row_group_size=77)
db.execute("COPY q TO '" + sys.argv[1] + "/want.csv' (FORMAT csv, HEADER false)")
`
	if out, err := osexec.Command(python, "-c", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"want.csv", "duckdb.parquet", "pyarrow.parquet"} {
		table := strings.ReplaceAll(name, ".", "_")
		exec(t, ctx, db, "CREATE TABLE "+table+" (id int PRIMARY KEY, n numeric(12, 2), s text, b bool, f float8, d date, t time, ts timestamp, tz timestamptz, tiny smallint, u uuid)")
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.PgConn().CopyFrom(ctx, f, "COPY "+table+" FROM STDIN (FORMAT "+strings.TrimPrefix(filepath.Ext(name), ".")+")")
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %+v", name, err)
		}
		if got, want := text(t, ctx, db.PgConn(), table), text(t, ctx, db.PgConn(), "want_csv"); got != want || strings.Count(got, "\n") != 200 {
			t.Errorf("%s:\n%.500s\nwant\n%.500s", name, got, want)
		}
	}
}
