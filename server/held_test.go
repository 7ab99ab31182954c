package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWhatAStatementKeepsIsCharged: rows of an open transaction, of a cursor that was read to its
// end because the transaction writes, and of INSERT … SELECT are on the statements' account while
// they are there, and statement_memory bounds what one statement gathers.
func TestWhatAStatementKeepsIsCharged(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	used := func() float64 { return metric(t, s, `tributary_memory_bytes{account="statements"}`) }
	simple := func(sql string) { // no prepared statement, whose text would be charged too
		t.Helper()
		if _, err := db.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	none := func(after string) { // locks are freed behind the answer
		t.Helper()
		for used() != 0 {
			if ctx.Err() != nil {
				t.Fatalf("%v bytes stay after %s", used(), after)
			}
		}
	}
	simple("CREATE TABLE kept (id int PRIMARY KEY, v text)")
	simple("CREATE TABLE other (id int PRIMARY KEY)")
	simple("BEGIN")
	data := strings.Repeat("x", 100)
	if _, err := copyIn(ctx, db, "COPY kept FROM STDIN", strings.NewReader(numbered(20_000, data))); err != nil {
		t.Fatal(err)
	}
	if n := used(); n < 20_000*100 {
		t.Errorf("an open transaction of 20,000 rows holds %v bytes", n)
	}
	simple("ROLLBACK")
	none("ROLLBACK")

	if _, err := copyIn(ctx, db, "COPY kept FROM STDIN", strings.NewReader(numbered(20_000, data))); err != nil {
		t.Fatal(err)
	}
	none("COPY")
	simple("BEGIN")
	simple("DECLARE c CURSOR FOR SELECT * FROM kept")
	simple("FETCH 1 FROM c")
	before := used()
	simple("INSERT INTO other VALUES (1)") // the cursor keeps what it saw
	if n := used() - before; n < 19_000*100 {
		t.Errorf("a cursor of 20,000 rows holds %v bytes", n)
	}
	simple("COMMIT")
	none("COMMIT")

	simple("SET statement_memory = '1MB'")
	simple("INSERT INTO other SELECT id + 100000 FROM kept, (VALUES (1), (2)) x (n) WHERE n = 1") // its rows have the disk
	simple("SET work_memory = 0")
	fails(t, ctx, db, "53200", "INSERT INTO kept SELECT id + 100000, v FROM kept")
	fails(t, ctx, db, "53200", "UPDATE kept SET v = v || 'y'")
	simple("BEGIN")
	simple("DECLARE c CURSOR FOR SELECT * FROM kept")
	fails(t, ctx, db, "53200", "INSERT INTO other VALUES (2)")
	simple("ROLLBACK")
	none("refusals")
}

// numbered is n rows of COPY data.
func numbered(n int, text string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d\t%s\n", i, text)
	}
	return b.String()
}

// TestWidePairs: a join gives few pairs at once where they are long, keyed or not, so that what is
// computed of them fits.
func TestWidePairs(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE wide (id int PRIMARY KEY, k int, v text)")
	exec(t, ctx, db, "CREATE TABLE thin (id int PRIMARY KEY, k int)")
	if _, err := copyIn(ctx, db, "COPY wide (id, v) FROM STDIN", strings.NewReader(numbered(40, strings.Repeat("x", 200_000)))); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, "UPDATE wide SET k = 1")
	exec(t, ctx, db, "INSERT INTO thin SELECT id, 1 FROM wide")
	exec(t, ctx, db, "SET statement_memory = '96MB'")
	for sql, want := range map[string]int64{
		"SELECT count(*) FROM wide a, wide b, thin c WHERE a.v || b.v <> c.id::text":         40 * 40 * 40,
		"SELECT count(*) FROM wide a, wide b WHERE length(a.v || b.v) > 1 AND a.id <> b.id":  40 * 39,
		"SELECT count(*) FROM wide a JOIN wide b ON a.k = b.k WHERE length(a.v || b.v) > 1":  40 * 40,
		"SELECT count(*) FROM wide a JOIN thin b ON a.k = b.k WHERE length(a.v || b.id) > 1": 40 * 40,
		"SELECT count(*) FROM thin a JOIN wide b ON a.k = b.k WHERE length(b.v || a.id) > 1": 40 * 40,
	} {
		if n := number(t, ctx, db, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}
