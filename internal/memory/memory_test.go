package memory_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func refused(t *testing.T, err error) {
	t.Helper()
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Code != sqlerr.OutOfMemory {
		t.Fatalf("error %v, want 53200", err)
	}
}

func TestChargeStopsAtTheNearestLimit(t *testing.T) {
	total := memory.New("total_memory", 100)
	child := total.Child("state_memory", 60)
	if err := child.Charge(50); err != nil {
		t.Fatal(err)
	}
	refused(t, child.Charge(11))
	refused(t, child.Room(11))
	other := total.Child("other", 0)
	refused(t, other.Charge(51))
	if total.Used() != 50 || child.Used() != 50 || other.Used() != 0 {
		t.Fatalf("refusals left %d, %d, %d", total.Used(), child.Used(), other.Used())
	}
	if err := child.Force(100); err != nil || total.Used() != 150 {
		t.Fatalf("force: %v, %d", err, total.Used())
	}
}

func TestOwnerIsNeverAboveItsLimitAndGivesEverythingBack(t *testing.T) {
	total := memory.New("total_memory", 64<<20)
	o := total.Limited("statement_memory", 10<<20)
	if err := o.Charge(9 << 20); err != nil {
		t.Fatal(err)
	}
	refused(t, o.Charge(2<<20))
	if o.Held() != 9<<20 {
		t.Fatalf("holds %d after a refusal", o.Held())
	}
	if total.Used() < o.Held() || total.Used() > o.Held()+1<<20 {
		t.Fatalf("the account knows of %d, the owner holds %d", total.Used(), o.Held())
	}
	if err := o.Charge(-8 << 20); err != nil || total.Used() > 4<<20 {
		t.Fatalf("%v, %d are still used", err, total.Used())
	}
	o.Drop()
	if total.Used() != 0 {
		t.Fatalf("%d left", total.Used())
	}
}

// A view that outlives its relation gives back what Drop gave back already.
func TestNothingIsGivenBackTwice(t *testing.T) {
	total := memory.New("total_memory", 64<<20)
	other := total.Owner()
	if err := other.Charge(5 << 20); err != nil {
		t.Fatal(err)
	}
	used := total.Used()
	o := total.Owner()
	if err := o.Charge(3 << 20); err != nil {
		t.Fatal(err)
	}
	o.Drop()
	if err := o.Charge(-2 << 20); err != nil || total.Used() != used || o.Held() != 0 {
		t.Fatalf("%v: %d used, want %d; %d held", err, total.Used(), used, o.Held())
	}
}

// The last bytes of an account can be had, though no credit line fits any more.
func TestOwnersCanFillTheAccount(t *testing.T) {
	total := memory.New("total_memory", 8<<20)
	var owners []*memory.Owner
	for range 8 {
		o := total.Owner()
		for range 14 {
			if err := o.Charge(60 << 10); err != nil {
				t.Fatal(err)
			}
		}
		owners = append(owners, o)
	}
	refused(t, total.Owner().Charge(2<<20))
	for _, o := range owners {
		o.Drop()
	}
	if total.Used() != 0 {
		t.Fatalf("%d left", total.Used())
	}
}

func TestOwnersAtOnce(t *testing.T) {
	total := memory.New("total_memory", 0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			o := total.Owner()
			for i := range 10_000 {
				_ = o.Charge(int64(i))
				_ = o.Charge(-int64(i) / 2)
			}
			o.Drop()
		})
	}
	all.Wait()
	if total.Used() != 0 {
		t.Fatalf("%d left", total.Used())
	}
}

// What owners keep that held much and hold nothing leaves a small account to others.
func TestIdleOwnersKeepLittle(t *testing.T) {
	const limit = 16 << 20
	total := memory.New("total_memory", 0)
	account := total.Child("state_memory", limit)
	for range 40 {
		o := account.Owner()
		if err := o.Charge(6 << 20); err != nil {
			t.Fatal(err)
		}
		if err := o.Charge(-6 << 20); err != nil {
			t.Fatal(err)
		}
	}
	if used := account.Used(); used > limit/10 {
		t.Errorf("40 owners that hold nothing keep %d bytes of %d", used, limit)
	}
}
