package server_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestCursorTurns: a cursor declared without a word about it goes backward over the rows that it has given while those are few, sees what it
// saw, and says so where they were too many.
func TestCursorTurns(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, local(t))
	exec(t, ctx, db, "CREATE TABLE c (a int PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO c SELECT generate_series(1, 12000)")
	fetched := func(sql string) string {
		t.Helper()
		results, err := db.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		var values []string
		for _, row := range results[0].Rows {
			values = append(values, string(row[0]))
		}
		return strings.Join(values, " ")
	}
	exec(t, ctx, db, "BEGIN")
	for _, step := range []struct{ sql, rows string }{
		{"DECLARE few CURSOR FOR SELECT a FROM c WHERE a < 6 ORDER BY a", ""},
		{"FETCH 3 FROM few", "1 2 3"}, {"FETCH PRIOR FROM few", "2"}, {"FETCH RELATIVE 0 FROM few", "2"}, {"FETCH ALL FROM few", "3 4 5"},
		{"FETCH BACKWARD ALL FROM few", "5 4 3 2 1"}, {"FETCH NEXT FROM few", "1"},
		{"DECLARE ended CURSOR FOR SELECT a FROM c WHERE a < 4 ORDER BY a", ""},
		{"FETCH 5 FROM ended", "1 2 3"}, {"FETCH BACKWARD 2 FROM ended", "3 2"}, {"FETCH ABSOLUTE -1 FROM ended", "3"},
		{"DECLARE written CURSOR FOR SELECT a FROM c WHERE a < 4 ORDER BY a", ""},
		{"FETCH 1 FROM written", "1"}, {"DELETE FROM c WHERE a = 2", ""}, {"FETCH LAST FROM written", "3"}, {"FETCH PRIOR FROM written", "2"},
		{"DECLARE many CURSOR FOR SELECT a FROM c ORDER BY a", ""},
		{"MOVE 10001 FROM many", ""}, {"FETCH 1 FROM many", "10003"}, {"SAVEPOINT s", ""},
	} {
		if got := fetched(step.sql); got != step.rows {
			t.Errorf("%s: %q, want %q", step.sql, got, step.rows)
		}
	}
	fails(t, ctx, db, "55000", "FETCH PRIOR FROM many")
	exec(t, ctx, db, "ROLLBACK TO s")
	exec(t, ctx, db, "DECLARE once NO SCROLL CURSOR FOR SELECT a FROM c ORDER BY a")
	exec(t, ctx, db, "FETCH 2 FROM once")
	fails(t, ctx, db, "55000", "FETCH PRIOR FROM once")
}
