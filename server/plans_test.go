package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestPlansInBlocks: statements of a block are planned once as those outside are, and what the block itself changed is planned anew.
func TestPlansInBlocks(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	exec(t, ctx, db, "INSERT INTO t SELECT i, i FROM generate_series(1, 100) i")
	simple := func(sql string) {
		t.Helper()
		if _, err := db.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	value := func(sql string) (v int) {
		t.Helper()
		if err := db.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&v); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return v
	}
	block := func(isolation string) {
		t.Helper()
		simple("BEGIN ISOLATION LEVEL " + isolation)
		simple("UPDATE t SET n = n + 1 WHERE id = 5")
		if got, was := value("SELECT n FROM t WHERE id = 5"), value("SELECT n - 1 FROM t WHERE id = 5"); got != was+1 {
			t.Errorf("n is %d, or %d", got, was+1)
		}
		simple("INSERT INTO t VALUES (-1, -2)")
		if got := value("SELECT n FROM t WHERE id = -1"); got != -2 {
			t.Errorf("its own row has %d", got)
		}
		simple("ROLLBACK")
	}
	for _, isolation := range []string{"READ COMMITTED", "REPEATABLE READ"} {
		block(isolation)
		before := metric(t, s, "tributary_plans_made_total")
		for range 10 {
			block(isolation)
		}
		// BEGIN and ROLLBACK have no plan, but are looked at each time.
		if made := metric(t, s, "tributary_plans_made_total") - before; made > 20 {
			t.Errorf("%s: 10 blocks of 5 statements planned %v", isolation, made)
		}
	}
	// What the block changed is its own.
	simple("BEGIN")
	simple("ALTER TABLE t ADD COLUMN m int DEFAULT 7")
	simple("UPDATE t SET n = m WHERE id = 5")
	if got := value("SELECT m FROM t WHERE id = 5"); got != 7 {
		t.Errorf("m is %d", got)
	}
	other := connect(t, ctx, s)
	if got := answer(t, ctx, other, pgx.QueryExecModeSimpleProtocol, "SELECT m FROM t WHERE id = 5"); got[:5] != "42703" {
		t.Errorf("another session has the column: %s", got)
	}
	simple("ROLLBACK")
	if got := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, "SELECT m FROM t WHERE id = 5"); got[:5] != "42703" {
		t.Errorf("the column is there still: %s", got)
	}
	// An older snapshot reads the columns of then.
	const types = "SELECT pg_typeof(n)::text = 'integer', n FROM t WHERE id = 6"
	simple("BEGIN ISOLATION LEVEL REPEATABLE READ")
	before := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, types)
	exec(t, ctx, other, "ALTER TABLE t ALTER COLUMN n TYPE text")
	if now := answer(t, ctx, other, pgx.QueryExecModeSimpleProtocol, types); now == before {
		t.Errorf("of another type: %s", now)
	}
	if got := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, types); got != before {
		t.Errorf("the snapshot has %s", got)
	}
	simple("COMMIT")
	if now := answer(t, ctx, db, pgx.QueryExecModeSimpleProtocol, types); now == before {
		t.Errorf("after the block: %s", now)
	}
}
