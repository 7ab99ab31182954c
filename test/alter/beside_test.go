package alter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
)

// besideRows are far more than one piece of what the transaction stages.
const besideRows = 15_000

// reader runs queries again and again until stop is closed; each answer must be one of those allowed.
type reader struct {
	sql     string
	allowed []string
	mode    pgx.QueryExecMode
	answers map[string]int
}

func (r *reader) run(ctx context.Context, c *pgx.Conn, stop <-chan struct{}) error {
	r.answers = map[string]int{}
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		var row []any
		err := func() error {
			rows, err := c.Query(ctx, r.sql, r.mode)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if row, err = rows.Values(); err != nil {
					return err
				}
			}
			return rows.Err()
		}()
		if err != nil {
			return fmt.Errorf("%s: %w", r.sql, err)
		}
		cells := make([]string, len(row))
		for i := range row {
			cells[i] = fmt.Sprint(row[i])
		}
		got := strings.Join(cells, "|")
		if r.answers[got]++; !slices.Contains(r.allowed, got) {
			return fmt.Errorf("%s gave %s, not one of %v", r.sql, got, r.allowed)
		}
	}
}

// TestReadersBesideAlterType has readers of a table, of an index and of a view beside ALTER COLUMN TYPE: none of them meets an error, each
// answer is of the rows before or of those behind, and a snapshot has the rows in the types of then. A kill in the middle leaves
// one or the other.
func TestReadersBesideAlterType(t *testing.T) {
	dir := t.TempDir()
	s := harness.Start(t, dir, "--stage-bytes=256kB")
	s.Exec(t, "CREATE TABLE t (id int PRIMARY KEY, k int, a int)", "CREATE INDEX t_k ON t (k)", "CREATE MATERIALIZED VIEW v AS SELECT k % 2 AS h, count(*) AS n FROM t GROUP BY 1",
		fmt.Sprintf("INSERT INTO t SELECT g, g, g FROM generate_series(1, %d) s (g)", besideRows))
	half := besideRows / 2
	sum := int64(besideRows) * (besideRows + 1) / 2
	readers := []*reader{
		{sql: "SELECT pg_typeof(min(a))::text, sum(a::numeric)::bigint AS s, count(*) FROM t", mode: pgx.QueryExecModeSimpleProtocol},
		{sql: "SELECT pg_typeof(a)::text, a::int FROM t WHERE k = 77", mode: pgx.QueryExecModeSimpleProtocol, allowed: []string{"integer|77", "text|77", "bigint|77"}},
		{sql: "SELECT a::text FROM t WHERE id = 78", mode: pgx.QueryExecModeCacheStatement, allowed: []string{"78"}},
		{sql: "SELECT n FROM v WHERE h = 0", mode: pgx.QueryExecModeCacheStatement, allowed: []string{fmt.Sprint(half)}},
		{sql: "SELECT v.n, (SELECT count(*) FROM t) FROM v WHERE h = 1", mode: pgx.QueryExecModeSimpleProtocol, allowed: []string{fmt.Sprintf("%d|%d", half, besideRows)}},
	}
	for _, typ := range []string{"integer", "text", "bigint"} {
		readers[0].allowed = append(readers[0].allowed, fmt.Sprintf("%s|%d|%d", typ, sum, besideRows))
	}
	stop, ended := make(chan struct{}), make(chan error, len(readers))
	var wg sync.WaitGroup
	for _, r := range readers {
		c := s.Connect(t)
		wg.Go(func() { ended <- r.run(t.Context(), c, stop) })
	}
	old := s.Connect(t)
	snapshot := func(want string) {
		t.Helper()
		got, err := harness.Rows(t.Context(), old, "SELECT pg_typeof(min(a)), count(*), sum(a) FROM t")
		if err != nil || strings.Join(got, "") != want {
			t.Errorf("a snapshot has %v (%v), want %s", got, err, want)
		}
	}
	run := func(c *pgx.Conn, sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run(old, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	before := fmt.Sprintf("integer|%d|%d", besideRows, sum)
	snapshot(before)
	c := s.Connect(t)
	for _, alter := range []string{"ALTER a TYPE text", "ALTER a TYPE bigint USING a::bigint, ALTER a SET NOT NULL", "ALTER a TYPE int USING a::int"} {
		run(c, "ALTER TABLE t "+alter)
		snapshot(before)
	}
	run(c, "BEGIN")
	run(c, "UPDATE t SET k = -k WHERE id < 0")
	run(c, "ALTER TABLE t ALTER a TYPE text, ADD COLUMN z int DEFAULT 5")
	run(c, "ALTER TABLE t ALTER z TYPE bigint")
	run(c, "COMMIT")
	snapshot(before)
	run(old, "COMMIT")
	close(stop)
	wg.Wait()
	for range readers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	for _, r := range readers {
		t.Logf("%s: %v", r.sql, r.answers)
	}
	if got := s.Query(t, "SELECT pg_typeof(min(a)), sum(a::int), pg_typeof(min(z)), sum(z) FROM t"); strings.Join(got, "") != fmt.Sprintf("text|%d|bigint|%d", sum, 5*besideRows) {
		t.Error(got)
	}
	killInside(t, s, dir, sum)
}

// killInside kills the server at some moments of an ALTER: what is there then is all old, or all new.
func killInside(t *testing.T, s *harness.Server, dir string, sum int64) {
	for i := range 2 {
		typ := []string{"int", "text"}[i%2]
		c := s.Connect(t)
		done := make(chan error, 1)
		go func() {
			_, err := c.Exec(context.WithoutCancel(t.Context()), fmt.Sprintf("ALTER TABLE t ALTER a TYPE %s USING a::%[1]s", typ))
			done <- err
		}()
		select {
		case err := <-done:
			t.Logf("done before the kill: %v", err)
		case <-time.After([]time.Duration{4, 60}[i] * time.Millisecond):
		}
		s.Kill()
		s = harness.Start(t, dir, "--stage-bytes=256kB")
		got := strings.Join(s.Query(t, "SELECT count(*), sum(a::bigint), count(DISTINCT pg_typeof(a)::text), sum(z) FROM t"), "")
		if want := fmt.Sprintf("%d|%d|1|%d", besideRows, sum, 5*besideRows); got != want {
			t.Errorf("after a kill %s, want %s", got, want)
		}
		if got := s.Query(t, "SELECT sum(n) FROM v"); strings.Join(got, "") != fmt.Sprint(besideRows) {
			t.Errorf("the view has %v", got)
		}
	}
}
