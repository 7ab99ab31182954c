package differential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

const (
	rounds          = 12
	queriesPerRound = 25
	batchesPerRound = 2
)

// run is one comparison of two servers.
type run struct {
	*testing.T
	ctx            context.Context
	oracle, ours   *pgx.Conn
	compared, rows int // answers compared, rows in them
	empty, both    int // answers without rows; queries on which PostgreSQL raises an error
	lacking        map[string]int
	history        []string // DML of this round
}

// TestQueries compares random queries over random tables.
func TestQueries(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("TRIBUTARY_TEST_SEED: %v", err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	n := rounds
	if os.Getenv("TRIBUTARY_TEST_LONG") == "1" {
		n *= 10
	}
	r := &run{T: t, ctx: t.Context(), oracle: pgoracle.Start(t), lacking: map[string]int{}}
	shards := os.Getenv("TRIBUTARY_TEST_SHARDS")
	if shards == "" {
		shards = []string{"1", "2", "5"}[seed%3]
	}
	t.Logf("TRIBUTARY_TEST_SHARDS=%s", shards)
	r.ours = harness.Start(t, t.TempDir(), "--shards="+shards, "--workers=5", "--min-shard-rows=1", "--min-shard-tick-rows=0").Connect(t)
	r.must(r.ours, "SET shards = 1")
	for i := range n {
		r.round(&round{rnd: rand.New(rand.NewPCG(seed, uint64(i)))})
		if t.Failed() {
			t.Fatalf("round %d of seed %d", i, seed)
		}
	}
	t.Logf("%d queries, %d answers with %d rows compared, %d without rows, %d where PostgreSQL raises an error, lacking here: %v",
		n*queriesPerRound, r.compared, r.rows, r.empty, r.both, r.lacking)
	if r.compared < n*queriesPerRound*batchesPerRound || r.empty > r.compared/2 {
		t.Errorf("too few answers to compare")
	}
}

func (r *run) round(s *round) {
	r.history = nil
	for _, t := range tables {
		r.change(t.create)
	}
	queries := make([]query, queriesPerRound)
	views := make([]error, len(queries))
	for i := range queries {
		queries[i] = s.query()
		views[i] = r.exec(r.ours, createView(fmt.Sprintf("before%d", i), queries[i]))
	}
	for _, t := range tables {
		r.change(s.insert(t, 4+s.rnd.IntN(8)))
	}
	for batch := range batchesPerRound {
		for _, sql := range s.changes(6) {
			r.change(sql)
		}
		for i, q := range queries {
			r.compare(q, fmt.Sprintf("before%d", i), views[i], batch == batchesPerRound-1)
			if r.Failed() {
				return
			}
		}
	}
	for i := range queries {
		if views[i] == nil {
			r.must(r.ours, fmt.Sprintf("DROP MATERIALIZED VIEW before%d", i))
		}
	}
	for _, t := range tables {
		r.change("DROP TABLE " + t.name)
	}
}

func createView(name string, q query) string {
	names := make([]string, q.columns)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i+1)
	}
	return fmt.Sprintf("CREATE MATERIALIZED VIEW %s (%s) AS %s", name, strings.Join(names, ", "), q.sql)
}

// compare asks for the answers to one query and tells where they differ; after the last batch
// also for that of a new view.
func (r *run) compare(q query, before string, beforeErr error, last bool) {
	want, err := harness.Rows(r.ctx, r.oracle, q.sql)
	if err != nil {
		if c := code(err); c[:2] != "22" && c[:2] != "21" {
			r.Fatalf("PostgreSQL does not take %s\n%v", q.sql, err)
		}
		r.both++
		_, _ = harness.Rows(r.ctx, r.ours, q.sql) // any answer, but the server lives
		return
	}
	got, err := harness.Rows(r.ctx, r.ours, q.sql)
	if err != nil && code(err) == "0A000" {
		r.lacking[err.Error()]++
		return
	}
	if !q.ordered {
		slices.Sort(got)
		slices.Sort(want)
	}
	r.same("SELECT", q, got, want, err)
	r.must(r.ours, "SET work_memory = 1")
	got, err = harness.Rows(r.ctx, r.ours, q.sql)
	if !q.ordered {
		slices.Sort(got)
	}
	r.same("SELECT with its rows on the disk", q, got, want, err)
	r.must(r.ours, "SET shards = 5")
	got, err = harness.Rows(r.ctx, r.ours, q.sql)
	if !q.ordered {
		slices.Sort(got)
	}
	r.same("SELECT on several shards with its rows on the disk", q, got, want, err)
	r.must(r.ours, "RESET work_memory")
	got, err = harness.Rows(r.ctx, r.ours, q.sql)
	if !q.ordered {
		slices.Sort(got)
	}
	r.same("SELECT on several shards", q, got, want, err)
	r.must(r.ours, "SET shards = 1")
	slices.Sort(want)
	got, err = r.view(before, beforeErr)
	r.same("the view made before", q, got, want, err)
	if !last {
		return
	}
	got, err = r.view("after", r.exec(r.ours, createView("after", q)))
	r.same("the view made after", q, got, want, err)
	if err == nil {
		r.must(r.ours, "DROP MATERIALIZED VIEW after")
	}
}

// view reads a view in the order of text; created is the error of its creation.
func (r *run) view(name string, created error) ([]string, error) {
	if created != nil {
		return nil, created
	}
	rows, err := harness.Rows(r.ctx, r.ours, "SELECT * FROM "+name)
	slices.Sort(rows)
	return rows, err
}

func (r *run) same(what string, q query, got, want []string, err error) {
	r.compared++
	r.rows += len(want)
	if len(want) == 0 {
		r.empty++
	}
	if err == nil && slices.Equal(got, want) {
		return
	}
	r.Errorf("%s\n%s\ngot %v\n %s\nwant\n %s\nafter\n%s", what, q.sql, err, strings.Join(got, "\n "), strings.Join(want, "\n "),
		strings.Join(r.history, ";\n"))
}

// change runs a statement on both; its tag, or that it fails, is the same.
func (r *run) change(sql string) {
	want, wantErr := r.oracle.PgConn().Exec(r.ctx, sql).ReadAll()
	got, gotErr := r.ours.PgConn().Exec(r.ctx, sql).ReadAll()
	if code(wantErr) != code(gotErr) {
		r.Fatalf("%s\nhere: %v\nPostgreSQL: %v\nafter\n%s", sql, gotErr, wantErr, strings.Join(r.history, ";\n"))
	}
	if wantErr == nil {
		if g, w := got[0].CommandTag.String(), want[0].CommandTag.String(); g != w {
			r.Fatalf("%s\ntag here %q, of PostgreSQL %q\nafter\n%s", sql, g, w, strings.Join(r.history, ";\n"))
		}
		r.history = append(r.history, sql)
	}
}

func (r *run) exec(c *pgx.Conn, sql string) error {
	_, err := c.PgConn().Exec(r.ctx, sql).ReadAll()
	return err
}

func (r *run) must(c *pgx.Conn, sql string) {
	r.Helper()
	if err := r.exec(c, sql); err != nil {
		r.Errorf("%s: %v", sql, err)
	}
}

// code is the SQLSTATE of an error, "" of none; what is no answer of a server fails later.
func code(err error) string {
	var pe *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &pe):
		return pe.Code
	}
	return "lost: " + err.Error()
}
