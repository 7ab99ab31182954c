package exectest

import (
	"context"
	"testing"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

// Ticker runs a plan for benchmarks: batches go from operator to operator as they are.
type Ticker struct {
	t    testing.TB
	top  *step
	once bool
	tick exec.Tick
}

// NewTicker opens a plan.
func NewTicker(t testing.TB, root plan.Node, once bool) *Ticker {
	top, err := build(root)
	if err == nil {
		err = top.open(newMemory(once, nil), "0")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &Ticker{t: t, top: top, once: once}
}

// Tick moves the plan over one tick in which leaf n reads leaves[n], and returns how many rows
// went in. What comes out is dropped.
func (k *Ticker) Tick(leaves ...[]delta.Batch) (rows int) {
	k.tick = exec.Tick{From: k.tick.To, To: k.tick.To + 1, Once: k.once, Now: time.UnixMicro(-datetime.UnixEpochMicros)}
	f := lists(leaves)
	if _, err := k.top.runPlain(context.Background(), k.tick, f, out(func(*delta.Batch) error { return nil })); err != nil {
		k.t.Fatal(err)
	}
	for _, l := range leaves {
		for i := range l {
			rows += l[i].Rows()
		}
	}
	return rows
}

type lists [][]delta.Batch

func (l lists) pull(leaf plan.RelationID, to func(*delta.Batch) error) (exec.Progress, error) {
	for i := range l[leaf] {
		d := l[leaf][i]
		if err := to(&d); err != nil {
			return exec.Progress{}, err
		}
	}
	return exec.Progress{Watermark: exec.NoWatermark}, nil
}

// runPlain is run without copies on the edges.
func (s *step) runPlain(ctx context.Context, t exec.Tick, f feed, to out) (exec.Progress, error) {
	if s.op == nil {
		return f.pull(s.leaf, to)
	}
	if timed, ok := s.op.(exec.Timed); ok {
		timed.BeginTick(t)
	}
	for port, in := range s.ins {
		p, err := in.runPlain(ctx, t, f, func(d *delta.Batch) error { return s.op.Push(ctx, port, d, to) })
		if err != nil {
			return p, err
		}
		if err := s.op.EndInput(ctx, port, p, to); err != nil {
			return p, err
		}
	}
	for {
		next, err := s.op.EndTick(ctx, t, to)
		if err != nil || !next.More {
			return next.Out, err
		}
	}
}
