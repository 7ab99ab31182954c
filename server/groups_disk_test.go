package server_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// groupViews are views over keyed, most with as many groups as it has keys.
var groupViews = map[string]string{
	"by_key":   "SELECT k, count(*) AS n, sum(v) AS total, min(v) AS least, max(t) AS most FROM keyed GROUP BY k",
	"distinct": "SELECT k, count(DISTINCT v) AS n, sum(DISTINCT v) AS total FROM keyed GROUP BY k",
	"pairs":    "SELECT DISTINCT k, v % 3 AS rest FROM keyed",
	"joined":   "SELECT a.id, count(*) AS n FROM keyed a JOIN keyed b ON a.id = b.k GROUP BY a.id",
	"few":      "SELECT v % 7 AS v, count(*) AS n FROM keyed GROUP BY v % 7",
	"still":    "SELECT count(*) AS n FROM quiet",
}

// TestGroupsLargerThanMemory: groups that do not fit into state_memory are what their query gives, through
// changes, checkpoints and restarts with other memory; a small view beside them and one that rests do too.
func TestGroupsLargerThanMemory(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory, cfg.CheckpointInterval, cfg.StrictReadTimeout = 16<<20, 300*time.Millisecond, 2*time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE keyed (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT, t TEXT)")
	exec(t, ctx, db, "CREATE TABLE quiet (id BIGINT PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO quiet VALUES (1), (2), (3)")
	for name, query := range groupViews {
		exec(t, ctx, db, `CREATE MATERIALIZED VIEW "`+name+`" AS `+query)
	}
	const rows, step = 60_000, 2_000
	for from := 0; from < rows; from += step {
		var lines bytes.Buffer
		for i := from; i < from+step; i++ {
			fmt.Fprintf(&lines, "%d\t%d\t%d\t%d text\n", i, i*7919%rows*2/3, i%11, i)
		}
		if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY keyed FROM STDIN"); err != nil {
			t.Fatal(err)
		}
	}
	sameGroups(t, ctx, db, "filled")
	if n := metric(t, s, "tributary_state_groups_moved_total"); n < 2 {
		t.Errorf("%v views have groups past memory", n)
	}
	for name, query := range groupViews {
		exec(t, ctx, db, `DROP MATERIALIZED VIEW "`+name+`"`)
		exec(t, ctx, db, `CREATE MATERIALIZED VIEW "`+name+`" AS `+query)
	}
	sameGroups(t, ctx, db, "made behind the rows")
	for i, memory := range []int64{32 << 20, 128 << 20, 32 << 20} {
		exec(t, ctx, db, fmt.Sprintf("UPDATE keyed SET v = v + 1, k = k + %d WHERE id %% 97 = %d", i, i))
		exec(t, ctx, db, fmt.Sprintf("DELETE FROM keyed WHERE id %% 89 = %d", i))
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO keyed SELECT id + 100000 + %d, k, v, 'more' FROM keyed WHERE id %% 83 = %d", 1000_000*i, i))
		sameGroups(t, ctx, db, fmt.Sprint("changed ", i))
		stop(t, s)
		cfg.StateMemory = memory
		s = start(t, ctx, cfg)
		db = connect(t, ctx, s)
		sameGroups(t, ctx, db, fmt.Sprint("started again ", i))
	}
	defer stop(t, s)
	exec(t, ctx, db, "DELETE FROM keyed")
	sameGroups(t, ctx, db, "emptied")
}

// TestOneCommitOfManyGroups: a commit that touches more groups than there is memory for, several times over,
// is one tick: nobody sees a part of it, and it ends as its query.
func TestOneCommitOfManyGroups(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory, cfg.CheckpointInterval, cfg.StrictReadTimeout = 16<<20, 500*time.Millisecond, 2*time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE keyed (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT, t TEXT)")
	views := map[string]string{
		"extremes":        "SELECT k, count(*) AS n, sum(v) AS total, min(v) AS least, max(t) AS most FROM keyed GROUP BY k",
		"distinct_values": "SELECT k, count(DISTINCT v) AS n, sum(DISTINCT v) AS total FROM keyed GROUP BY k",
		"images":          "SELECT k::numeric(20,2) / 10 AS k, count(*) AS n FROM keyed GROUP BY k::numeric(20,2) / 10",
	}
	sums := map[string]string{"sums": "SELECT k, count(*) AS n, sum(v) AS total FROM keyed GROUP BY k"}
	for _, some := range []map[string]string{views, sums} {
		for name, query := range some {
			exec(t, ctx, db, `CREATE MATERIALIZED VIEW "`+name+`" AS `+query)
		}
	}
	exec(t, ctx, db, "INSERT INTO keyed VALUES (-1, 5, 7, 'first'), (-2, 50, 8, 'second')")
	const rows = 150_000
	var lines bytes.Buffer
	for i := range rows {
		// Each group twice, the second time when its first row is long behind.
		fmt.Fprintf(&lines, "%d\t%d\t%d\t%d text\n", i, i*7919%(rows/2), i%11, i)
	}
	if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY keyed FROM STDIN"); err != nil {
		t.Fatal(err)
	}
	sameAs(t, ctx, db, "copied", views)
	sameAs(t, ctx, db, "copied", sums)
	if n := metric(t, s, "tributary_state_groups_parts_total"); n < 4 {
		t.Errorf("%v parts of ticks", n)
	}
	exec(t, ctx, db, "DROP MATERIALIZED VIEW distinct_values")
	delete(views, "distinct_values")
	exec(t, ctx, db, "UPDATE keyed SET k = k + 1, v = v + 1") // rows are taken back as well
	sameAs(t, ctx, db, "updated", sums)
	sameAs(t, ctx, db, "updated", views)
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	db = connect(t, ctx, s)
	sameAs(t, ctx, db, "started again", sums)
	exec(t, ctx, db, "DELETE FROM keyed WHERE id >= 0")
	sameAs(t, ctx, db, "deleted", sums)
}

// sameGroups compares groupViews with their queries, row by row.
func sameGroups(t *testing.T, ctx context.Context, db *pgx.Conn, when string) {
	t.Helper()
	sameAs(t, ctx, db, when, groupViews)
}

// sameAs compares views with their queries, row by row.
func sameAs(t *testing.T, ctx context.Context, db *pgx.Conn, when string, views map[string]string) {
	t.Helper()
	read := func(from string) []string {
		var out bytes.Buffer
		if _, err := db.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM "+from+" q) TO STDOUT"); err != nil {
			t.Fatalf("%s: %s: %v", when, from, err)
		}
		return slices.Sorted(strings.Lines(out.String()))
	}
	for name, query := range views {
		if got, want := read(`"`+name+`"`), read("("+query+")"); !slices.Equal(got, want) {
			t.Errorf("%s: %s has %d rows that are not the %d of its query", when, name, len(got), len(want))
		}
	}
}
