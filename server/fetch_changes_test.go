package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// foldChanges adds the rows of a FETCH (_version, _diff, k, v) to what is there and counts them.
func foldChanges(t *testing.T, ctx context.Context, db *pgx.Conn, there map[[2]int64]int64, sql string) (n int) {
	t.Helper()
	rows, err := db.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(sql, err)
	}
	var version, diff, k, v int64
	tag, err := pgx.ForEachRow(rows, []any{&version, &diff, &k, &v}, func() error {
		key := [2]int64{k, v}
		if there[key] += diff; there[key] == 0 {
			delete(there, key)
		}
		n++
		return nil
	})
	if err != nil || tag.String() != fmt.Sprintf("FETCH %d", n) {
		t.Fatal(sql, tag, err)
	}
	return n
}

// TestFetchChanges: a FETCH of a cursor that subscribes gives what is there, and all that was acknowledged
// before it; it waits for the first change as long as its timeout says, and never for as many as it may give.
func TestFetchChanges(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	writer, db := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, writer, "CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)")
	exec(t, ctx, writer, "CREATE TABLE other (id BIGINT PRIMARY KEY)")
	exec(t, ctx, writer, "CREATE MATERIALIZED VIEW sums AS SELECT k, sum(v)::bigint AS v FROM t GROUP BY k")
	series(t, s)
	const groups = 5000 // more than a batch
	exec(t, ctx, writer, fmt.Sprintf("INSERT INTO t SELECT i, i, 1 FROM n WHERE i <= %d", groups))
	exec(t, ctx, db, "BEGIN")
	exec(t, ctx, db, "DECLARE c CURSOR FOR SUBSCRIBE TO sums")
	there := map[[2]int64]int64{}
	fetch := func(sql string) int { t.Helper(); return foldChanges(t, ctx, db, there, sql) }
	total := 0
	for range 5 {
		total += fetch("FETCH 1100 FROM c") // the last gives fewer than it may
	}
	if total != groups || len(there) != groups {
		t.Fatalf("%d rows of %d", total, groups)
	}
	if n := fetch("FETCH ALL FROM c WITH (timeout = 0)"); n != 0 {
		t.Fatalf("%d changes where nothing has changed", n)
	}
	exec(t, ctx, writer, "INSERT INTO other VALUES (1)")
	if n := fetch("FETCH 7 FROM c WITH (timeout = '20ms')"); n != 0 {
		t.Fatalf("%d changes where another table has changed", n)
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		for range rnd.IntN(4) {
			exec(t, ctx, writer, fmt.Sprintf("UPDATE t SET v = v + 1 WHERE id %% %d = 0", 1+rnd.IntN(700)))
		}
		if rnd.IntN(2) == 0 {
			fetch(fmt.Sprintf("FETCH %d FROM c WITH (timeout = 0)", 1+rnd.IntN(3000)))
			continue
		}
		fetch("FETCH ALL FROM c WITH (timeout = 0)")
		rows, err := writer.Query(ctx, "SELECT k, v FROM sums")
		if err != nil {
			t.Fatal(err)
		}
		var k, v int64
		n := 0
		if _, err := pgx.ForEachRow(rows, []any{&k, &v}, func() error {
			if n++; there[[2]int64{k, v}] != 1 {
				return fmt.Errorf("(%d, %d) is there %d times", k, v, there[[2]int64{k, v}])
			}
			return nil
		}); err != nil || n != len(there) {
			t.Fatal(n, len(there), err)
		}
	}
	fetch("FETCH ALL FROM c WITH (timeout = 0)")
	// It waits for the first change.
	wrote := make(chan error, 1)
	go func() {
		_, err := writer.Exec(ctx, "DELETE FROM t WHERE id = 3")
		wrote <- err
	}()
	if n := fetch("FETCH 100 FROM c"); n != 1 || <-wrote != nil {
		t.Fatalf("%d changes, want 1", n)
	}
	fetchErrors(t, ctx, db)
	exec(t, ctx, db, "DECLARE dropped CURSOR FOR SUBSCRIBE TO sums")
	foldChanges(t, ctx, db, map[[2]int64]int64{}, "FETCH ALL FROM dropped")
	exec(t, ctx, writer, "DROP MATERIALIZED VIEW sums")
	_, err := db.Exec(ctx, "FETCH ALL FROM dropped WITH (timeout = 0)", pgx.QueryExecModeSimpleProtocol)
	if got := outcome(err); got[:min(5, len(got))] != "42P01" {
		t.Errorf("a FETCH of a view that was dropped: %s", got)
	}
}

// fetchErrors are what a FETCH says of options that it cannot take, and of its end.
func fetchErrors(t *testing.T, ctx context.Context, db *pgx.Conn) {
	t.Helper()
	exec(t, ctx, db, "DECLARE plain CURSOR FOR SELECT 1")
	for _, c := range []struct{ sql, want string }{
		{"FETCH 1 FROM plain WITH (timeout = 0)", "0A000"},
		{"FETCH 1 FROM c WITH (wait = 0)", "42601"},
		{"FETCH 1 FROM c WITH (timeout = 0, timeout = 1)", "42601"},
		{"FETCH 1 FROM c WITH (timeout = 'soon')", "22023"},
		{"FETCH 1 FROM c WITH (timeout = -1)", "22023"},
		{"FETCH 1 FROM c WITH ()", "42601"},
		{"FETCH 1 FROM c WITH (timeout = 0) x", "42601"},
		{"SET LOCAL statement_timeout = 30; FETCH 1 FROM c", "57014"},
	} {
		exec(t, ctx, db, "SAVEPOINT s")
		_, err := db.Exec(ctx, c.sql, pgx.QueryExecModeSimpleProtocol)
		if got := outcome(err); len(got) < 5 || got[:5] != c.want {
			t.Errorf("%s: %s, want %s", c.sql, got, c.want)
		}
		exec(t, ctx, db, "ROLLBACK TO s")
	}
}
