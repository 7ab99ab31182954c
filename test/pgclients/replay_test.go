package pgclients

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var update = flag.Bool("update", false, "write testdata/differs.txt")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// firstUser is the first OID that is not PostgreSQL's own: such are compared as one.
const firstUser = 16384

// recorded is a query and what PostgreSQL answered.
type recorded struct {
	Client, SQL string
	Params      []uint32
	Cols        []struct {
		Name string
		OID  uint32
	}
	Rows int // -1 = it was not run
	Err  string
}

// TestRecordedQueries replays all on the fixture.
func TestRecordedQueries(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	there := oracleOIDs(t)
	s := harness.Start(t, t.TempDir())
	dsn := fmt.Sprintf("host=%s port=%s user=tributary dbname=tributary sslmode=disable", s.PGHost, s.PGPort)
	fixture(t, ctx, dsn)
	renumber := renumbering(t, ctx, dsn, there)
	listed, found := list(t), map[int]string{}
	queries := queries(t)
	for i, q := range queries {
		conn, err := pgconn.Connect(ctx, dsn) // a session each: some change their settings
		if err != nil {
			t.Fatal(err)
		}
		q.SQL = renumber(q.SQL)
		if how := differs(ctx, conn, q); how != "" {
			found[i+1] = q.Client + ": " + how
		}
		_ = conn.Close(ctx) // nothing more is asked
	}
	t.Logf("%d of %d recorded queries have PostgreSQL's columns, OIDs and rows", len(queries)-len(found), len(queries))
	if *update {
		write(t, found)
		return
	}
	for i := 1; i <= len(queries); i++ {
		was, is := listed[i], found[i]
		switch {
		case was != "" && is == "":
			t.Errorf("query %d passes: take it off testdata/differs.txt (-update)", i)
		case was == "" && is != "":
			t.Errorf("query %d, %s\n%s", i, is, queries[i-1].SQL)
		}
	}
}

// fixture makes what is there to be found.
func fixture(t *testing.T, ctx context.Context, dsn string) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	text, err := os.ReadFile("testdata/fixture.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range strings.Split(string(text), ";") {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(sql), err)
		}
	}
}

// objects names what has an OID of its own, alike on both sides.
const objects = `
SELECT oid::int8, 'class ' || relname FROM pg_class WHERE oid >= 16384
UNION ALL SELECT oid::int8, 'type ' || typname FROM pg_type WHERE oid >= 16384
UNION ALL SELECT oid::int8, 'constraint ' || conname FROM pg_constraint WHERE oid >= 16384
UNION ALL SELECT oid::int8, 'schema ' || nspname FROM pg_namespace WHERE oid >= 16384
UNION ALL SELECT oid::int8, 'function ' || proname FROM pg_proc WHERE oid >= 16384`

var number = regexp.MustCompile(`\b16[3-9]\d\d\b`)

var recordedOIDs = struct {
	sync.Once
	names map[string]string
}{}

// oracleOIDs are the names of the fixture's objects by their OIDs in a fresh PostgreSQL, which are those of the
// recordings. Each test asks for them first: what else is made there moves the counter.
func oracleOIDs(t *testing.T) map[string]string {
	recordedOIDs.Do(func() {
		ctx, oracle := t.Context(), pgoracle.Connect(t, pgoracle.DSN(t))
		text, err := os.ReadFile("testdata/fixture.sql")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := oracle.Exec(ctx, string(text)); err != nil {
			t.Fatal(err)
		}
		names := map[string]string{}
		var oid int64
		var name string
		if _, err = pgx.ForEachRow(must(oracle.Query(ctx, objects)), []any{&oid, &name}, func() error {
			names[strconv.FormatInt(oid, 10)] = name
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		recordedOIDs.names = names
	})
	return recordedOIDs.names
}

// renumbering makes the OIDs of the fixture's objects in a recorded query those that the same objects have here.
func renumbering(t *testing.T, ctx context.Context, dsn string, there map[string]string) func(sql string) string {
	var oid int64
	var name string
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	here := map[string]string{}
	if _, err = pgx.ForEachRow(must(conn.Query(ctx, objects)), []any{&oid, &name}, func() error {
		here[name] = strconv.FormatInt(oid, 10)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return func(sql string) string {
		return number.ReplaceAllStringFunc(sql, func(n string) string {
			if to := here[there[n]]; to != "" {
				return to
			}
			return n
		})
	}
}

// differs says how the answer to q is another one, "" = it is the same.
func differs(ctx context.Context, conn *pgconn.PgConn, q recorded) string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	d, err := conn.Prepare(ctx, "", q.SQL, q.Params)
	if err == nil && q.Rows >= 0 && len(d.ParamOIDs) == 0 {
		return rows(ctx, conn, d, q)
	}
	if q.Err != "" && q.Cols == nil {
		var e *pgconn.PgError
		switch want := q.Err[strings.LastIndex(q.Err, "SQLSTATE ")+9:]; {
		case err == nil:
			return "no error"
		case !errors.As(err, &e) || !strings.HasPrefix(want, e.Code):
			return err.Error()
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return columns(d.Fields, q)
}

func columns(fields []pgconn.FieldDescription, q recorded) string {
	if len(fields) != len(q.Cols) {
		return fmt.Sprintf("%d columns, not %d", len(fields), len(q.Cols))
	}
	for i, f := range fields {
		if want := q.Cols[i]; f.Name != want.Name || min(f.DataTypeOID, firstUser) != min(want.OID, firstUser) {
			return fmt.Sprintf("column %d is %s of type %d, not %s of type %d", i+1, f.Name, f.DataTypeOID, want.Name, want.OID)
		}
	}
	return ""
}

func rows(ctx context.Context, conn *pgconn.PgConn, d *pgconn.StatementDescription, q recorded) string {
	r := conn.ExecPrepared(ctx, "", nil, nil, nil).Read()
	if r.Err != nil {
		if q.Err != "" {
			return ""
		}
		return r.Err.Error()
	}
	if how := columns(d.Fields, q); how != "" {
		return how
	}
	if len(r.Rows) != q.Rows {
		return fmt.Sprintf("%d rows, not %d", len(r.Rows), q.Rows)
	}
	return ""
}

func queries(t *testing.T) (out []recorded) {
	f, err := os.Open("testdata/recorded.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var q recorded
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	return out
}

// list is the queries that differ, by number.
func list(t *testing.T) map[int]string {
	text, err := os.ReadFile("testdata/differs.txt")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	out := map[int]string{}
	for line := range strings.Lines(string(text)) {
		number, how, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(number); err == nil {
			out[n] = how
		}
	}
	return out
}

func write(t *testing.T, found map[int]string) {
	var b strings.Builder
	b.WriteString("# Recorded queries (by line of recorded.jsonl) that are answered otherwise than by PostgreSQL.\n")
	numbers := make([]int, 0, len(found))
	for n := range found {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		fmt.Fprintf(&b, "%d %s\n", n, strings.ReplaceAll(found[n], "\n", " "))
	}
	if err := os.WriteFile("testdata/differs.txt", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
