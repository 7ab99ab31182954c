package advisory

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

var one, two = Key{Number: 1}, Key{Two: true, Number: 1}

func try(t *testing.T, o *Owner, k Key, m Mode, want bool) {
	t.Helper()
	if got, err := o.Try(k, m); got != want || err != nil {
		t.Errorf("%v %v: %v %v, want %v", k, m, got, err, want)
	}
}

func TestModes(t *testing.T) {
	l := New(clock.Real{})
	a, b := l.Owner(0), l.Owner(0)
	try(t, a, one, Mode{}, true)
	try(t, a, one, Mode{}, true)
	try(t, b, one, Mode{Shared: true}, false)
	try(t, b, two, Mode{}, true)
	if !a.Unlock(one, false) || a.Unlock(one, true) {
		t.Error("unlocked in the wrong mode")
	}
	try(t, b, one, Mode{}, false) // locked twice
	if !a.Unlock(one, false) || a.Unlock(one, false) {
		t.Error("unlocked more often than locked")
	}
	try(t, a, one, Mode{Shared: true}, true)
	try(t, b, one, Mode{Shared: true, Tx: true}, true)
	try(t, a, one, Mode{}, false)
	b.UnlockAll()
	try(t, a, one, Mode{}, false) // it is the transaction's
	b.EndTx()
	try(t, a, one, Mode{}, true)
	a.Close()
	b.Close()
	if len(l.mu.keys) != 0 || l.mu.count != 0 {
		t.Errorf("%d keys and %d holdings are left", len(l.mu.keys), l.mu.count)
	}
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(clock.Real{})
		a, b, c := l.Owner(0), l.Owner(0), l.Owner(0)
		try(t, a, one, Mode{}, true)
		var order []string
		var wg sync.WaitGroup
		for name, o := range map[string]*Owner{"b": b} {
			wg.Go(func() {
				if err := o.Lock(t.Context(), one, Mode{}, 0); err != nil {
					t.Error(err)
				}
				order = append(order, name)
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		wg.Go(func() {
			if err := c.Lock(ctx, one, Mode{}, 0); !errors.Is(err, gone) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel(gone)
		synctest.Wait()
		if err := c.Lock(t.Context(), one, Mode{}, time.Second); sqlerr.CodeOf(err) != sqlerr.LockNotAvailable {
			t.Error(err)
		}
		a.Close()
		wg.Wait()
		if len(order) != 1 {
			t.Error("b did not get the lock")
		}
		try(t, a, one, Mode{Shared: true}, false)
	})
}

func TestDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(clock.Real{})
		a, b := l.Owner(0), l.Owner(0)
		try(t, a, one, Mode{}, true)
		try(t, b, two, Mode{}, true)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := a.Lock(t.Context(), two, Mode{}, 0); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if err := b.Lock(t.Context(), one, Mode{}, 0); sqlerr.CodeOf(err) != sqlerr.DeadlockDetected {
			t.Error(err)
		}
		b.Close()
		wg.Wait()
	})
}

// TestExclusion: many owners, no two of them in an exclusive lock at once.
func TestExclusion(t *testing.T) {
	l := New(clock.Real{})
	var inside atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			o, random := l.Owner(0), rand.New(rand.NewPCG(1, uint64(i)))
			defer o.Close()
			for range 300 {
				shared := random.IntN(2) == 0
				if err := o.Lock(t.Context(), one, Mode{Shared: shared, Tx: true}, 0); err != nil {
					t.Error(err)
				}
				step := int32(1)
				if !shared {
					step = 1000
				}
				if now := inside.Add(step); now > 1000 || !shared && now != 1000 {
					t.Errorf("%d are inside", now)
				}
				inside.Add(-step)
				o.EndTx()
			}
		})
	}
	wg.Wait()
	if len(l.mu.keys) != 0 {
		t.Error("a key is left")
	}
}
