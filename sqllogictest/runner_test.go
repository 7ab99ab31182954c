package sqllogictest

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/pgoracle"
)

var rewrite = flag.Bool("rewrite", false, "write PostgreSQL's answers into the suites")

// shared is the folder of data that many projects use.
const shared = "../../shared/slt"

func postgres(t *testing.T) Options {
	t.Helper()
	dsn := pgoracle.DSN(t)
	return Options{
		Refresh: true,
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, dsn) },
	}
}

// TestSmokeOnPostgreSQL proves the runner: PostgreSQL passes the corpus's files but for the
// waived records, in all modes.
func TestSmokeOnPostgreSQL(t *testing.T) {
	waivers, err := ReadWaivers(filepath.Join(shared, "pg15-waivers.txt"))
	if err != nil {
		t.Skipf("the shared corpus is not here: %v", err)
	}
	opts := postgres(t)
	opts.Waivers = waivers
	root, err := Unpack(t.Context(), filepath.Join(shared, "sqlite-slt.tar.xz"), t.TempDir())
	if err != nil {
		t.Skip(err)
	}
	for _, smoke := range SmokeFiles {
		modes := []Mode{Select}
		switch {
		case smoke.Passes < 100:
			modes = Modes
		case smoke.File == "index/random/1000/slt_good_4.test":
			modes = []Mode{Select, ViewAfter}
		case smoke.File == "index/delete/1/slt_good_0.test":
			continue // passes as well, in a minute: PostgreSQL is slow to create and drop tables
		}
		for _, mode := range modes {
			t.Run(smoke.File+"/"+string(mode), func(t *testing.T) {
				opts.Mode = mode
				report, err := RunFile(t.Context(), opts, filepath.Join(root, smoke.File), smoke.File)
				if err != nil {
					t.Fatal(err)
				}
				t.Log(report)
				if err := report.Err(smoke.Passes); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestSuitesOnPostgreSQL holds our own suites to PostgreSQL's answers. Where views are what
// is asked for, its views too: they prove the runner's modes.
func TestSuitesOnPostgreSQL(t *testing.T) {
	files, err := Suites("suites")
	if err != nil {
		t.Fatal(err)
	}
	opts := postgres(t)
	queries := 0
	for _, file := range files {
		path := filepath.Join("suites", file)
		if *rewrite {
			if err := Rewrite(t.Context(), opts, path); err != nil {
				t.Errorf("rewrite: %v", err)
				continue
			}
		}
		modes := []Mode{Select}
		if file == "query/views.slt" || file == "dml/transaction.slt" || file == "query/select.slt" {
			modes = Modes
		}
		for _, mode := range modes {
			opts.Mode = mode
			report, err := RunFile(t.Context(), opts, path, file)
			if err != nil {
				t.Fatal(err)
			}
			if mode == Select {
				queries += report.Queries
			}
			if err := report.Err(1); err != nil {
				t.Error(err)
			}
			if n := report.Skips() + report.Waived; n > 0 {
				t.Errorf("%s (%s): %d records skipped by PostgreSQL itself", file, mode, n)
			}
		}
	}
	t.Logf("%d files, %d queries", len(files), queries)
}

func TestParse(t *testing.T) {
	src := `# comment
hash-threshold 8

statement ok
CREATE TABLE t (a int,
  b int)

onlyif mysql # a reason
query I nosort
SELECT 1 DIV 1
----
1

skipif mysql
query IT rowsort label-1
SELECT a, 'x'
FROM t
----
1
x

query I
SELECT 1
----
30 values hashing to 3c13dee48d9356ae19af2515e05e6b54

statement error 22012
SELECT 1/0

retry 5
mode rows
query TT
SELECT 1, 2
----
1 | 2

onlyif oracle
halt

statement ok SELECT 1
SELECT 1

halt

nonsense here
`
	got, err := Parse(src, PostgreSQL)
	if err != nil {
		t.Fatal(err)
	}
	want := []*Record{
		{Line: 4, SQL: "CREATE TABLE t (a int,\n  b int)", Statement: true, Sort: NoSort},
		{Line: 14, SQL: "SELECT a, 'x'\nFROM t", Types: "IT", Sort: RowSort, Label: "label-1", Want: []string{"1", "x"}},
		{Line: 22, SQL: "SELECT 1", Types: "I", Sort: NoSort, Count: 30, Hash: "3c13dee48d9356ae19af2515e05e6b54"},
		{Line: 27, SQL: "SELECT 1/0", Statement: true, Error: true, Code: "22012", Sort: NoSort},
		{Line: 32, SQL: "SELECT 1, 2", Retry: 5, Types: "TT", Sort: NoSort, Rows: true, Want: []string{"1 | 2"}},
		{Line: 40, SQL: "SELECT 1", Statement: true, Tag: "SELECT 1", Sort: NoSort, Rows: true},
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool {
		f := p.Last().String()
		return f == ".excluded" || f == ".head" || f == ".result" || f == ".end"
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Record{}), ignore); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"nonsense", "statement\nx", "query Q\nx", "query I upsort\nx", "mode x", "retry x", "statement ok\n\n"} {
		if _, err := Parse(bad, PostgreSQL); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestRender(t *testing.T) {
	for _, c := range []struct {
		in     string
		letter byte
		oid    uint32
		want   string
	}{
		{"12.9", 'I', 1700, "12"}, {"-0.5", 'I', 1700, "0"}, {"t", 'I', oidBool, "1"}, {"f", 'I', oidBool, "0"}, {"t", 'T', oidBool, "t"},
		{"99999999999999999999", 'I', 1700, "100000000000000000000"}, {"1", 'R', 23, "1.000"}, {"0.0005", 'R', 701, "0.001"},
		{"", 'T', 25, "(empty)"}, {"a\tb\n", 'T', 25, "a@b@"}, {"é", 'T', 25, "é"}, {"abc", 'I', 25, "abc"},
	} {
		if got := renderValue([]byte(c.in), c.oid, c.letter); got != c.want {
			t.Errorf("%q as %c = %q, want %q", c.in, c.letter, got, c.want)
		}
	}
	if renderValue(nil, 23, 'I') != "NULL" {
		t.Error("NULL is not shown")
	}
}

func TestPlanBefore(t *testing.T) {
	records, err := Parse(`statement ok
CREATE TABLE t1 (a int)

statement ok
INSERT INTO t1 VALUES (1)

query I
SELECT a FROM t1

statement ok
CREATE TABLE IF NOT EXISTS "T2" (b int)

query I
SELECT a FROM T1, t2

query I
SELECT 1

statement ok
UPDATE t1 SET a = 2

query I
SELECT a FROM t1

statement ok
DROP TABLE t1

statement ok
create table T1 (a int)

query I
SELECT a FROM t1
`, PostgreSQL)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		SQL     string
		After   int
		Queries []int
	}
	var got []place
	for _, v := range planBefore(records) {
		got = append(got, place{v.sql, v.after, v.queries})
	}
	want := []place{
		{"SELECT a FROM t1", 0, []int{2, 7}}, {"SELECT a FROM T1, t2", 3, []int{4}}, {"SELECT 1", -1, []int{5}}, {"SELECT a FROM t1", 9, []int{10}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCut(t *testing.T) {
	view := func(after int, queries ...int) *beforeView { return &beforeView{after: after, queries: queries} }
	a, b, c, d := view(0, 3, 9), view(0, 4), view(4, 5), view(2, 6)
	now, later := cut([]*beforeView{a, b, c, d}, 2)
	if len(now) != 3 || now[0] != a || now[1] != b || now[2] != c || len(later) != 1 || later[0] != d {
		t.Errorf("got %v and %v", now, later)
	}
}

// TestOutcomes runs a file in which everything goes wrong that a run must notice.
func TestOutcomes(t *testing.T) {
	opts := postgres(t)
	src := `statement ok
CREATE TABLE o (a int)

statement ok INSERT 0 3
INSERT INTO o VALUES (1), (2)

statement error 22012
SELECT nonsense

statement error
SELECT 1

query I rowsort
SELECT a FROM o
----
2
3

query I rowsort x1
SELECT a FROM o
----
1
2

query I rowsort x1
SELECT a + 1 FROM o
----
2
3

query II rowsort
SELECT a FROM o
----

statement ok
CREATE TABLE u (a int) PARTITION BY LIST (a, a)

statement ok
CREATE TEMP TABLE w AS SELECT 1 FROM cross_database.a.b

query I
SELECT 1 FROM w

query I
SELECT 2
----
3
`
	records, err := Parse(src, PostgreSQL)
	if err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1]
	opts.Waivers = Waivers{"f": {last.Line: "because"}}
	for _, mode := range Modes {
		opts.Mode = mode
		report, err := RunRecords(t.Context(), opts, records, "f")
		if err != nil {
			t.Fatal(err)
		}
		var lines []int
		for _, f := range report.Failures {
			lines = append(lines, f.Line)
		}
		want := []int{4, 7, 10, 13, 25, 31, 35}
		if mode != Select { // labels are checked there only
			want = []int{4, 7, 10, 13, 31, 35}
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
		if report.Waived != 1 || report.Skips() != 2 {
			t.Errorf("%s: %s", mode, report)
		}
		if report.Err(0) == nil {
			t.Error("a run with failures has no error")
		}
		var left int
		conn, err := opts.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		res := conn.Exec(t.Context(), "SELECT FROM pg_class WHERE relname IN ('o', 'u', 'w') OR relname LIKE 'slt%'")
		for res.NextResult() {
			left += len(res.ResultReader().Read().Rows)
		}
		_ = res.Close()
		_ = conn.Close(t.Context())
		if left != 0 {
			t.Errorf("%s: %d relations were left behind", mode, left)
		}
	}
}

func TestFloor(t *testing.T) {
	r := newReport("f", Select)
	r.Passed = 9
	if r.Err(9) != nil || r.Err(10) == nil {
		t.Error("the floor is not held")
	}
}

func TestWaiversFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	if err := os.WriteFile(path, []byte("a/b.test:12: [query] reason: more\n\n# x\na/b.test:14: other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := ReadWaivers(path)
	if err != nil || len(w["a/b.test"]) != 2 || w["a/b.test"][12] != "[query] reason: more" {
		t.Errorf("got %v, %v", w, err)
	}
}
