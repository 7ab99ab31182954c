package table_test

import (
	"context"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// keysOf is a column of numbers.
func keysOf(n ...int64) []delta.Column {
	b := delta.NewBuilder(sqltype.Int8)
	for _, v := range n {
		delta.Append(b, v)
	}
	return []delta.Column{b.Take()}
}

// TestKeyLocks: who shares a key keeps it from being taken away, and the other way round; past the limit all keys are locked.
func TestKeyLocks(t *testing.T) {
	const index, free, busy = 16400, "free", string(sqlerr.LockNotAvailable)
	ctx := context.Background()
	set := table.New(table.Config{Clock: clock.Real{}, MaxLocks: 1000, MaxKeyLocks: 4})
	begin := func() *table.Tx { return set.Begin(20 * time.Millisecond) }
	lock := func(tx *table.Tx, mode table.LockMode, keys ...int64) string {
		if err := tx.LockKeys(ctx, index, keysOf(keys...), len(keys), mode); err != nil {
			return string(sqlerr.CodeOf(err))
		}
		return free
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %q, want %q", what, got, want)
		}
	}
	a, b, c := begin(), begin(), begin()
	expect("shared", lock(a, table.Shared, 1, 2), free)
	expect("shared by another", lock(b, table.Shared, 2, 3), free)
	expect("taken though it is shared", lock(c, table.Exclusive, 2), busy)
	expect("another one taken", lock(c, table.Exclusive, 9), free)
	expect("shared though it is taken", lock(a, table.Shared, 9), busy)
	expect("what I share taken", lock(a, table.Exclusive, 1), free)
	expect("what others share too taken", lock(a, table.Exclusive, 2), busy)

	expect("all shared though one is taken", lock(b, table.Shared, 11, 12, 13, 14), busy)
	if n := set.KeyEscalations(); n != 0 {
		t.Fatalf("%d locks on all keys", n)
	}
	c.Rollback()
	a.Rollback()
	expect("all shared", lock(b, table.Shared, 11, 12, 13, 14), free)
	expect("once more", lock(b, table.Shared, 15), free)
	if n := set.KeyEscalations(); n != 1 {
		t.Fatalf("%d locks on all keys", n)
	}
	d := begin()
	expect("one shared beside all", lock(d, table.Shared, 70), free)
	expect("one taken beside all shared", lock(d, table.Exclusive, 71), busy)
	b.Rollback()
	expect("one taken when they are free", lock(d, table.Exclusive, 71), free)
	expect("all shared by who takes some", lock(d, table.Shared, 72, 73, 74, 75), free)
	e := begin()
	expect("one shared beside that", lock(e, table.Shared, 1), free)
	d.Rollback()
	expect("one shared when that has gone", lock(e, table.Shared, 1), free)
	e.Rollback()
}

// TestKeyLocksCircle: two that wait for each other's keys.
func TestKeyLocksCircle(t *testing.T) {
	ctx := context.Background()
	set := table.New(table.Config{Clock: clock.Real{}, MaxLocks: 1000, MaxKeyLocks: 100})
	a, b := set.Begin(0), set.Begin(0)
	defer b.Rollback()
	take := func(tx *table.Tx, key int64) error {
		return tx.LockKeys(ctx, 16400, keysOf(key), 1, table.Exclusive)
	}
	if err := take(a, 1); err != nil {
		t.Fatal(err)
	}
	if err := take(b, 2); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- take(b, 1) }()
	for !b.Waiting() {
		time.Sleep(50 * time.Microsecond) // polls another goroutine's step; no time is measured
	}
	if err := take(a, 2); sqlerr.CodeOf(err) != sqlerr.DeadlockDetected {
		t.Fatal(err)
	}
	a.Rollback()
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
}
