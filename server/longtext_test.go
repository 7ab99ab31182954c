package server_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// longList is a statement of n constants, whose parse takes seconds that nothing can interrupt.
func longList(n int) string { return "SELECT 1 WHERE 1 IN (2" + strings.Repeat(",34567", n) + ")" }

// TestLongTextsAreLeftBehind: a timeout and a cancel end a statement that is being parsed at
// once; few such parses run, their memory is counted while they do, and comes back.
func TestLongTextsAreLeftBehind(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	sql := longList(500_000)
	var all sync.WaitGroup
	for i := range 6 {
		db := connect(t, ctx, s)
		exec(t, ctx, db, "SET statement_timeout = '150ms'")
		all.Go(func() {
			start := time.Now()
			_, err := db.PgConn().Exec(ctx, sql).ReadAll()
			var e *pgconn.PgError
			if !errors.As(err, &e) || e.Code != "57014" {
				t.Errorf("%v, want 57014", err)
			}
			t.Logf("statement %d ended after %v", i, time.Since(start).Round(time.Millisecond))
		})
	}
	beside := connect(t, ctx, s)
	worst, most := time.Duration(0), 0.0
	for range 20 {
		start := time.Now()
		exec(t, ctx, beside, "SELECT 1 -- "+strings.Repeat("x", 100))
		worst = max(worst, time.Since(start))
		most = max(most, metric(t, s, "tributary_parses_left_behind"))
	}
	all.Wait()
	t.Logf("beside them: worst %v, at most %v left behind", worst, most)
	if places := max(1, runtime.GOMAXPROCS(0)/2); most > float64(places) {
		t.Errorf("%v parses were left behind in %d places", most, places)
	}

	none := func() {
		for metric(t, s, "tributary_parses_left_behind") > 0 || metric(t, s, `tributary_memory_bytes{account="statements"}`) > 0 {
			if ctx.Err() != nil {
				t.Fatalf("%v parses and %v bytes stay", metric(t, s, "tributary_parses_left_behind"), metric(t, s, `tributary_memory_bytes{account="statements"}`))
			}
		}
	}
	none()
	db := connect(t, ctx, s)
	reading := db.PgConn().Exec(ctx, sql)
	for metric(t, s, `tributary_memory_bytes{account="statements"}`) < 1<<20 { // until it is being parsed
		if ctx.Err() != nil {
			t.Fatal("nothing is charged for the text")
		}
	}
	start := time.Now()
	if err := db.PgConn().CancelRequest(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := reading.ReadAll()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "57014" {
		t.Fatalf("cancelled: %v", err)
	}
	t.Logf("cancelled after %v", time.Since(start).Round(time.Millisecond))

	none()
}

// TestTextsAreCharged: the tree of a text is on its statement's account before it is made, for as
// long as the statement, prepared or a portal, is kept.
func TestTextsAreCharged(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	used := func() float64 { return metric(t, s, `tributary_memory_bytes{account="statements"}`) }
	exec(t, ctx, db, "SET statement_memory = '32MB'")
	fails(t, ctx, db, "53200", longList(500_000))
	fails(t, ctx, db, "54000", "SELECT '"+strings.Repeat("x", 16<<20)+"'")
	if used() != 0 {
		t.Fatalf("%v bytes stay after refusals", used())
	}
	if _, err := db.Prepare(ctx, "long", longList(20_000)); err != nil {
		t.Fatal(err)
	}
	if used() < 2<<20 {
		t.Errorf("a prepared statement of 40,000 tokens holds %v bytes", used())
	}
	exec(t, ctx, db, "BEGIN")
	exec(t, ctx, db, "DECLARE c CURSOR FOR "+longList(30_000))
	exec(t, ctx, db, "DEALLOCATE long")
	if used() < 3<<20 {
		t.Errorf("a cursor of 60,000 tokens holds %v bytes", used())
	}
	exec(t, ctx, db, "COMMIT")
	if used() != 0 {
		t.Errorf("%v bytes stay", used())
	}
}
