package exectest

import (
	"context"
	"testing"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// Integrate ticks a plan, each tick reading one batch a leaf, and returns the sum of its output
// by row image (delta.AppendRow).
func Integrate(t testing.TB, root plan.Node, ticks ...[]delta.Batch) map[string]int64 {
	t.Helper()
	top, err := build(root)
	if err != nil {
		t.Fatal(err)
	}
	m, got := newMemory(false, nil), sum{}
	if err := top.open(m, "0"); err != nil {
		t.Fatal(err)
	}
	edge := handOver(typesOf(root), 1024, func(d *delta.Batch) error {
		got.add(d)
		return nil
	})
	tick := exec.Tick{}
	for _, leaves := range ticks {
		tick = exec.Tick{From: tick.To, To: tick.To + 1}
		if _, err := top.run(context.Background(), tick, batches(leaves), 1024, edge); err != nil {
			t.Fatal(err)
		}
	}
	if err := top.close(); err != nil {
		t.Fatal(err)
	}
	return got
}

// Sum is what Integrate gives for rows.
func Sum(d delta.Batch) map[string]int64 {
	s := sum{}
	s.add(&d)
	return s
}
