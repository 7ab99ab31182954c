package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func stateOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestDeadlockVictimFreesItsLocks: the one that is told 40P01 holds nothing any more, though it
// has not sent ROLLBACK.
func TestDeadlockVictimFreesItsLocks(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, a, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	exec(t, ctx, a, "INSERT INTO t VALUES (1, 0), (2, 0)")
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, b, "BEGIN")
	exec(t, ctx, a, "UPDATE t SET n = 1 WHERE id = 1")
	exec(t, ctx, b, "UPDATE t SET n = 2 WHERE id = 2")
	errs := make(chan error, 1)
	go func() {
		_, err := a.Exec(ctx, "UPDATE t SET n = 1 WHERE id = 2")
		errs <- err
	}()
	_, fromB := b.Exec(ctx, "UPDATE t SET n = 2 WHERE id = 1")
	fromA := <-errs // the other one goes on without a ROLLBACK of the victim
	if (stateOf(fromA) == "40P01") == (stateOf(fromB) == "40P01") || (fromA != nil) == (fromB != nil) {
		t.Fatalf("a: %v, b: %v", fromA, fromB)
	}
	winner, victim := a, b
	if fromA != nil {
		winner, victim = b, a
	}
	if _, err := victim.Exec(ctx, "SELECT 1"); stateOf(err) != "25P02" {
		t.Errorf("the victim's next statement: %v", err)
	}
	exec(t, ctx, winner, "COMMIT")
	exec(t, ctx, victim, "ROLLBACK")
	var sum int
	if err := a.QueryRow(ctx, "SELECT sum(n) FROM t").Scan(&sum); err != nil || (sum != 2 && sum != 4) {
		t.Errorf("sum %d, %v", sum, err)
	}
}

// TestFailedBlockFreesItsLocks: any error in a block does.
func TestFailedBlockFreesItsLocks(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, a, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	exec(t, ctx, a, "INSERT INTO t VALUES (1, 0)")
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "UPDATE t SET n = 1 WHERE id = 1")
	if _, err := a.Exec(ctx, "SELECT 1/n - 1/(n-1) FROM t"); stateOf(err) != "22012" {
		t.Fatal(err)
	}
	exec(t, ctx, b, "SET lock_timeout = '20s'")
	exec(t, ctx, b, "UPDATE t SET n = 5 WHERE id = 1")
	exec(t, ctx, a, "COMMIT")
	var n int
	if err := a.QueryRow(ctx, "SELECT n FROM t").Scan(&n); err != nil || n != 5 {
		t.Errorf("n = %d, %v", n, err)
	}
}

// TestRefusedBeginLeavesNoTransaction: a pool that gets the connection back can use it.
func TestRefusedBeginLeavesNoTransaction(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	for range 2 {
		if _, err := db.PgConn().Exec(ctx, "SELECT 1 FROM pg_class; BEGIN ISOLATION LEVEL SERIALIZABLE").ReadAll(); stateOf(err) != "25001" {
			t.Fatalf("BEGIN ISOLATION LEVEL SERIALIZABLE behind a query: %v", err)
		}
		if st := db.PgConn().TxStatus(); st != 'I' {
			t.Fatalf("status %c after it", st)
		}
		exec(t, ctx, db, "SELECT 1")
	}
	tx, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	var level string
	if err := tx.QueryRow(ctx, "SHOW transaction_isolation").Scan(&level); err != nil || level != "repeatable read" {
		t.Errorf("%q, %v", level, err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
}

// TestIdleInTransaction: the client that left a transaction open is told, and its locks are free.
func TestIdleInTransaction(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, a, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	exec(t, ctx, a, "INSERT INTO t VALUES (1, 0)")
	exec(t, ctx, a, "SET idle_in_transaction_session_timeout = '50ms'")
	exec(t, ctx, a, "BEGIN")
	exec(t, ctx, a, "UPDATE t SET n = 1 WHERE id = 1")
	exec(t, ctx, b, "UPDATE t SET n = 2 WHERE id = 1") // waits for a's lock
	if _, err := a.Exec(ctx, "SELECT 1"); stateOf(err) != "25P03" {
		t.Errorf("idle in transaction: %v", err)
	}
	c := connect(t, ctx, s)
	exec(t, ctx, c, "SET idle_session_timeout = '20ms'")
	if _, err := c.PgConn().ReceiveMessage(ctx); stateOf(err) != "57P05" && !strings.Contains(err.Error(), "57P05") {
		t.Errorf("idle: %v", err)
	}
	exec(t, ctx, b, "SET idle_in_transaction_session_timeout = '1ms'")
	for range 20 { // outside a transaction it does not count
		exec(t, ctx, b, "SELECT count(*) FROM t")
	}
	if _, err := b.Exec(ctx, "SET transaction_timeout = 5"); stateOf(err) != "42704" {
		t.Errorf("transaction_timeout is of PostgreSQL 17: %v", err)
	}
}

// TestSessionCharacteristics: the snapshot of the session's level is kept between statements.
func TestSessionCharacteristics(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, b := connect(t, ctx, s), connect(t, ctx, s)
	exec(t, ctx, a, "CREATE TABLE t (id int PRIMARY KEY)")
	exec(t, ctx, a, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
	count := func() (n int) {
		t.Helper()
		if err := a.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for want := range 2 {
		exec(t, ctx, a, "BEGIN")
		before := count()
		exec(t, ctx, b, "INSERT INTO t SELECT count(*) FROM t")
		if after := count(); before != want || after != want {
			t.Errorf("%d, then %d rows in one snapshot, want %d", before, after, want)
		}
		exec(t, ctx, a, "COMMIT")
		if n := count(); n != want+1 {
			t.Errorf("%d rows after it, want %d", n, want+1)
		}
	}
	exec(t, ctx, a, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
	for _, q := range []string{"INSERT INTO t VALUES (9)", "CREATE TABLE u (a int)", "DROP TABLE t", "CREATE TOPIC x"} {
		if _, err := a.Exec(ctx, q); stateOf(err) != "25006" {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// TestPortalKeepsItsSnapshot: rows written after a portal was opened are not in it.
func TestPortalKeepsItsSnapshot(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id int PRIMARY KEY)")
	exec(t, ctx, db, "BEGIN")
	exec(t, ctx, db, "INSERT INTO t SELECT g FROM (VALUES (1), (2), (3), (4), (5)) v (g)")
	exec(t, ctx, db, "DECLARE c CURSOR FOR SELECT id FROM t")
	fetch := func(n string) (ids []int) {
		t.Helper()
		rows, err := db.Query(ctx, "FETCH "+n+" FROM c", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatal(err)
		}
		if ids, err = pgx.CollectRows(rows, pgx.RowTo[int]); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	got := fetch("2")
	exec(t, ctx, db, "DELETE FROM t WHERE id > 2")
	exec(t, ctx, db, "INSERT INTO t VALUES (6)")
	got = append(got, fetch("ALL")...)
	seen := map[int]bool{}
	for _, id := range got {
		seen[id] = true
	}
	if len(got) != 5 || seen[6] {
		t.Errorf("the cursor gave %v", got)
	}
	exec(t, ctx, db, "COMMIT")
}
