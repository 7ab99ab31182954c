package server_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestBlocksPassedBy: a condition by which blocks are passed by has the rows that the same condition has when it says so in
// a way that no block is: over rows that were changed and deleted, with NULLs, NaN and infinities, from memory, from the local
// disk and after a restart.
func TestBlocksPassedBy(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory = 16 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	seed, err := strconv.ParseUint(os.Getenv("TRIBUTARY_TEST_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, a INT, b SMALLINT, d DATE, at TIMESTAMP, n NUMERIC(12,2), f FLOAT8, text TEXT)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW part_of AS SELECT id, a, b, d, at, n, f, text FROM large WHERE id % 3 <> 0")
	const rows, step = 60_000, 6_000
	for from := 0; from < rows; from += step {
		var lines bytes.Buffer
		for i := from; i < from+step; i++ {
			fmt.Fprintf(&lines, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", (i*7+i%5*1000)%rows, some(r, i, "%d"), some(r, i/100%300, "%d"),
				day(r, i), day(r, i), some(r, i, "%d.25", "NaN"), some(r, i, "%d.5", "NaN", "Infinity", "-Infinity"), strings.Repeat("x", 200))
		}
		text := "CREATE TEMP TABLE part (LIKE large)"
		if from > 0 {
			text = "TRUNCATE part"
		}
		exec(t, ctx, db, text)
		if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY part FROM STDIN"); err != nil {
			t.Fatal(err)
		}
		exec(t, ctx, db, "INSERT INTO large SELECT * FROM part ON CONFLICT (id) DO UPDATE SET a = excluded.a, n = NULL, f = excluded.f")
		exec(t, ctx, db, fmt.Sprintf("UPDATE large SET a = a + 1, d = d - 1 WHERE id %% 97 = %d", r.IntN(97)))
		exec(t, ctx, db, fmt.Sprintf("DELETE FROM large WHERE id %% 89 = %d", r.IntN(89)))
	}
	same := func(db *pgx.Conn, when string) {
		t.Helper()
		for range 60 {
			relation := []string{"large", "part_of"}[r.IntN(2)]
			plain, hidden := conditions(r, rows)
			count := func(cond string) (out string) {
				query := fmt.Sprintf("SELECT count(*) || ' ' || coalesce(sum(id), 0) || ' ' || coalesce(sum(a), 0) FROM %s WHERE %s", relation, cond)
				if err := db.QueryRow(ctx, query).Scan(&out); err != nil {
					t.Fatalf("%s, %s: %v", when, query, err)
				}
				return out
			}
			if got, want := count(plain), count(hidden); got != want {
				t.Fatalf("%s: %s WHERE %s has %s; WHERE %s has %s", when, relation, plain, got, hidden, want)
			}
		}
		lines, err := db.Query(ctx, "EXPLAIN ANALYZE SELECT count(*) FROM large WHERE d < '2000-02-01'")
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(lines, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "\n")
		if !strings.Contains(text, "Blocks: read=") || strings.Contains(text, "skipped=0") {
			t.Fatalf("%s: no block was passed by:\n%s", when, text)
		}
		// What may fail stands behind: it is not asked for rows that are not there.
		exec(t, ctx, db, "SELECT count(*) FROM large WHERE d < '2000-02-01' AND 1 / (id + 1) >= 0")
	}
	same(db, "written")
	if n := metric(t, s, "tributary_state_disk_alive_bytes"); n == 0 {
		t.Fatal("nothing is on disk")
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	same(connect(t, ctx, s), "restarted")
}

// some is a number about i, or NULL, or one of others.
func some(r *rand.Rand, i int, form string, others ...string) string {
	switch n := r.IntN(3000); {
	case n < 10:
		return `\N`
	case n < 10+len(others):
		return others[n-10]
	}
	return fmt.Sprintf(form, i)
}

// day is a date near the i-th of ten minutes, or an infinite one.
func day(r *rand.Rand, i int) string {
	switch r.IntN(3000) {
	case 0:
		return "infinity"
	case 1:
		return "-infinity"
	case 2:
		return `\N`
	}
	return time.Date(2000, 1, 1, 0, 10*i, 0, 0, time.UTC).Format("2006-01-02")
}

// conditions are one that says what blocks are wanted, and the same hidden in expressions.
func conditions(r *rand.Rand, rows int) (plain, hidden string) {
	var p, h []string
	for range 1 + r.IntN(2) {
		op := []string{"<", "<=", "=", ">=", ">"}[r.IntN(5)]
		k := r.IntN(rows)
		date := "'" + time.Date(2000, 1, 1, 0, 10*k, 0, 0, time.UTC).Format("2006-01-02 15:04:05") + "'"
		add := func(column, hides, value string) {
			p = append(p, fmt.Sprintf("%s %s %s", column, op, value))
			h = append(h, fmt.Sprintf("%s %s %s", hides, op, value))
		}
		switch r.IntN(9) {
		case 0:
			add("a", "a + 0", fmt.Sprint(k))
		case 1:
			add("a", "a + 0", fmt.Sprint(int64(k)*1_000_000))
		case 2:
			add("b", "b + 0", fmt.Sprint(k%300))
		case 3:
			add("d", "(d + 0)", date+"::timestamp")
		case 4:
			add("d", "(d + 0)", date+"::date")
		case 5:
			add("at", "(at + interval '0')", date+"::timestamp")
		case 6:
			add("n", "n + 0", []string{fmt.Sprintf("%d.25", k), "'NaN'"}[r.IntN(2)])
		case 7:
			add("f", "f + 0", []string{fmt.Sprintf("%d.5", k), "'NaN'", "'Infinity'", "'-Infinity'"}[r.IntN(4)])
		case 8:
			list := fmt.Sprintf("(%d, %d, %d)", k, k+1, r.IntN(rows))
			p, h = append(p, "a IN "+list), append(h, "a + 0 IN "+list)
		}
	}
	return strings.Join(p, " AND "), strings.Join(h, " AND ")
}
