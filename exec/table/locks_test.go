package table_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// waiting runs an UPDATE of one key in the background; it waits for the key's lock.
func (f *fixture) waiting(ctx context.Context, tx *table.Tx, t *table.Table, key int) <-chan error {
	done := make(chan error, 1)
	before := tx.Waiting()
	go func() {
		_, err := f.change(ctx, tx, t, false, 0, func(r string) bool { return first(r) == key }, func(r string) string { return r })
		done <- err
	}()
	for !tx.Waiting() && !before {
		select {
		case err := <-done:
			done <- err
			return done
		default:
			time.Sleep(50 * time.Microsecond) // polls another goroutine's step; no time is measured
		}
	}
	return done
}

func keep(r string) string { return r }

func (f *fixture) take(tx *table.Tx, t *table.Table, key int) error {
	_, err := f.change(f.t.Context(), tx, t, false, 0, func(r string) bool { return first(r) == key }, keep)
	return err
}

func TestLockFIFO(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0")
	owner := f.set.Begin(0)
	if err := f.take(owner, tb, 1); err != nil {
		t.Fatal(err)
	}
	var order []int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 5 {
		tx := f.set.Begin(0)
		done := f.waiting(t.Context(), tx, tb, 1)
		wg.Go(func() {
			if err := <-done; err != nil {
				t.Error(err)
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			tx.Rollback()
		})
	}
	owner.Rollback()
	wg.Wait()
	if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
		t.Fatalf("granted in order %v", order)
	}
	if n := f.set.LocksHeld(); n != 0 {
		t.Fatalf("%d locks are left", n)
	}
}

func TestDeadlock(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0", "2 0", "3 0")
	tx := []*table.Tx{f.set.Begin(0), f.set.Begin(0), f.set.Begin(0)}
	for i := range tx {
		if err := f.take(tx[i], tb, i+1); err != nil {
			t.Fatal(err)
		}
	}
	w0 := f.waiting(t.Context(), tx[0], tb, 2)
	w1 := f.waiting(t.Context(), tx[1], tb, 3)
	wantCode(t, f.take(tx[2], tb, 1), sqlerr.DeadlockDetected)
	tx[2].Rollback()
	if err := <-w1; err != nil {
		t.Fatal(err)
	}
	tx[1].Rollback()
	if err := <-w0; err != nil {
		t.Fatal(err)
	}
	tx[0].Rollback()
}

// TestDeadlockAfterHandOver: the circle closes through one who got its lock by waiting.
func TestDeadlockAfterHandOver(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0", "2 0")
	a, b, c := f.set.Begin(0), f.set.Begin(0), f.set.Begin(0)
	if err := errors.Join(f.take(a, tb, 1), f.take(c, tb, 2)); err != nil {
		t.Fatal(err)
	}
	wb := f.waiting(t.Context(), b, tb, 1)
	wc := f.waiting(t.Context(), c, tb, 1) // behind b
	a.Rollback()
	if err := <-wb; err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.take(b, tb, 2), sqlerr.DeadlockDetected) // c has 2 and waits for b
	b.Rollback()
	if err := <-wc; err != nil {
		t.Fatal(err)
	}
	c.Rollback()
}

func TestLockTimeoutAndCancel(t *testing.T) {
	clk := &fakeClock{now: time.Unix(1_700_000_000, 0)}
	f := open(t, func(c *table.Config) { c.Clock = clk })
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 0", "2 0")
	owner := f.set.Begin(0)
	if err := f.take(owner, tb, 1); err != nil {
		t.Fatal(err)
	}
	slow := f.set.Begin(time.Second)
	w := f.waiting(t.Context(), slow, tb, 1)
	for clk.Timers() == 0 {
		time.Sleep(50 * time.Microsecond)
	}
	clk.Advance(999 * time.Millisecond)
	select {
	case err := <-w:
		t.Fatalf("gave up early: %v", err)
	default:
	}
	clk.Advance(time.Millisecond)
	wantCode(t, <-w, sqlerr.LockNotAvailable)
	slow.Rollback()

	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	canceled := f.set.Begin(0)
	w = f.waiting(ctx, canceled, tb, 1)
	next := f.set.Begin(0)
	wn := f.waiting(t.Context(), next, tb, 1)
	cancel(stop)
	if err := <-w; !errors.Is(err, stop) {
		t.Fatalf("%v, want the cause", err)
	}
	canceled.Rollback()
	owner.Rollback()
	if err := <-wn; err != nil { // the one behind is not forgotten
		t.Fatal(err)
	}
	next.Rollback()
	if n := f.set.LocksHeld(); n != 0 {
		t.Fatalf("%d locks are left", n)
	}
}

func TestLockLimit(t *testing.T) {
	f := open(t, func(c *table.Config) { c.MaxLocks = 3 })
	tb := f.create("t", "id int, v int", []int{0})
	tx := f.set.Begin(0)
	wantCode(t, f.insert(tx, tb, "1 0", "2 0", "3 0", "4 0"), sqlerr.OutOfMemory)
	tx.Rollback()
	f.write(tb, "1 0", "2 0", "3 0")
}

// TestWaitForDeletedUnique: who inserts a unique key that another transaction is taking out
// waits for its end, as in PostgreSQL.
func TestWaitForDeletedUnique(t *testing.T) {
	for _, commits := range []bool{true, false} {
		f := open(t)
		tb := f.create("t", "id int, v int", []int{0}, []int{1})
		f.write(tb, "1 7")
		a, b := f.set.Begin(0), f.set.Begin(0)
		if _, err := f.change(t.Context(), a, tb, false, 0, func(string) bool { return true }, nil); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- f.insert(b, tb, "2 7") }()
		for !b.Waiting() && len(done) == 0 {
			time.Sleep(50 * time.Microsecond)
		}
		if commits {
			f.commit(a)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			f.commit(b)
			wantRows(t, f.contents(nil, tb), "2 7")
			continue
		}
		a.Rollback()
		wantCode(t, <-done, sqlerr.UniqueViolation)
		b.Rollback()
	}
}
