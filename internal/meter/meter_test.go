package meter_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
)

func TestBreatheSaysWhyItStops(t *testing.T) {
	why := errors.New("client gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	m := meter.New(nil, nil)
	defer m.Begin(ctx)()
	if err := m.Breathe(); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	for m.Breathe() == nil { // AfterFunc runs in a goroutine of its own
	}
	if err := m.Breathe(); err != why || m.Err() != why {
		t.Fatalf("%v, %v", err, m.Err())
	}
	defer m.Begin(t.Context())()
	if err := m.Breathe(); err != nil {
		t.Fatalf("the next work stops too: %v", err)
	}
}

func TestPauseIsAskedOnceForEachAttention(t *testing.T) {
	pauses := 0
	m := meter.New(nil, func(context.Context) error { pauses++; return nil })
	defer m.Begin(t.Context())()
	for range 3 {
		m.Attend()
		for range 5 {
			if err := m.Breathe(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pauses != 3 {
		t.Fatalf("%d pauses", pauses)
	}
}

// TestNothingPausesBeforeBegin: what is loaded before any work began has no context to stand still in.
func TestNothingPausesBeforeBegin(t *testing.T) {
	m := meter.New(nil, func(ctx context.Context) error { return ctx.Err() })
	m.Attend()
	if err := m.Breathe(); err != nil {
		t.Fatal(err)
	}
}

func TestNilMeterNeverStops(t *testing.T) {
	var m *meter.Meter
	m.Begin(t.Context())()
	if err := errors.Join(m.Breathe(), m.Charge(1<<40), m.Err()); err != nil {
		t.Fatal(err)
	}
	m.Close()
}

func TestCloseGivesMemoryBack(t *testing.T) {
	a := memory.New("statement_memory", 1<<20)
	m := meter.New(a.Owner(), nil)
	if err := m.Charge(1000); err != nil || a.Used() < 1000 {
		t.Fatalf("%v, used %d", err, a.Used())
	}
	if err := m.Charge(2 << 20); err == nil || m.Err() != nil {
		t.Fatalf("a refusal: %v, stops with %v", err, m.Err())
	}
	m.Close()
	if a.Used() != 0 {
		t.Fatalf("%d left", a.Used())
	}
}

func BenchmarkBreathe(b *testing.B) {
	m := meter.New(nil, nil)
	defer m.Begin(b.Context())()
	for b.Loop() {
		if m.Breathe() != nil {
			b.Fatal("stopped")
		}
	}
}

// A meter that is kept watches one context through many pieces of work, and the next one after it.
func TestKeptMeter(t *testing.T) {
	why := errors.New("client gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	m := meter.New(nil, nil)
	m.Keep()
	for range 3 {
		m.Begin(ctx)()
	}
	end := m.Begin(ctx)
	if err := m.Breathe(); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	for m.Breathe() == nil { // AfterFunc runs in a goroutine of its own
	}
	end()
	m.Begin(ctx) // one that had ended before: AfterFunc does not run again
	if err := m.Breathe(); err != why {
		t.Fatal(err)
	}
	m.Begin(t.Context())()
	if err := m.Breathe(); err != nil {
		t.Fatalf("the next work stops too: %v", err)
	}
	m.Leave()
	m.Leave()
}
