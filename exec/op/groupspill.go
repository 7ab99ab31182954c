package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// groupSpill is what a one-shot aggregation does when it has no memory for more groups: rows of those
// that it has are taken as ever, rows of others go to temporary runs by a hash of their keys. Once
// the groups in memory are out, each partition is aggregated in their place, in the same way.
type groupSpill struct {
	types   []sqltype.OID // of the input's rows
	level   int           // of the rows that come now
	parts   *partitions   // nil while every group has room
	waiting []waitingRun
	known   []int32
	unknown []int32
}

// waitingRun is a partition that is still to be taken.
type waitingRun struct {
	run   *temprun.Run
	level int
}

// Spills implements exec.Spiller. Windows that close are put out in one order, and stay in memory.
func (g *groupBy) Spills() bool { return g.close == nil }

// split leaves the rows whose groups are not in memory out of sel, in temporary runs, once there are
// such. slots are the groups of what is left.
func (g *groupBy) split(ctx context.Context, in *delta.Batch, keys []delta.Column, sel []int32, slots []state.Slot) ([]int32, error) {
	s := &g.spill
	if s.parts == nil {
		return sel, g.groups.flat.Probe(ctx, keys, sel, true, slots)
	}
	if err := g.groups.flat.Probe(ctx, keys, sel, false, slots); err != nil {
		return nil, err
	}
	s.known, s.unknown = none(s.known), none(s.unknown)
	for i, row := range sel {
		if slots[i] == state.NoSlot {
			s.unknown = append(s.unknown, row)
			continue
		}
		slots[len(s.known)] = slots[i]
		s.known = append(s.known, row)
	}
	rows := *in
	rows.Cols = in.Cols[:len(s.types)]
	return s.known, s.parts.add(&rows, keys, s.unknown, nil)
}

// makeRoom spills when the operator holds more than it may.
func (g *groupBy) makeRoom(ctx context.Context) error {
	share := g.env.WorkMemory()
	if share == 0 || !g.Spills() || g.held() <= share {
		return nil
	}
	for _, c := range g.groups.calls {
		if d, ok := c.acc.(*distinctAcc); ok {
			if err := d.makeRoom(ctx, share); err != nil {
				return err
			}
		}
	}
	if g.held() <= share || g.spill.parts != nil || len(g.keys) == 0 || g.spill.level == maxLevel {
		return nil
	}
	var err error
	g.spill.parts, err = newPartitions(g.env, g.spill.types, g.spill.level)
	return err
}

// held is what the groups take.
func (g *groupBy) held() int64 {
	if g.spill.parts != nil {
		return g.env.Held() - g.spill.parts.charged
	}
	return g.env.Held()
}

// nextPartition takes the rows of a partition in the place of the groups that are out; false when
// there is none.
func (g *groupBy) nextPartition(ctx context.Context, out exec.Out) (bool, error) {
	s := &g.spill
	if s.parts != nil {
		runs, err := s.parts.finish()
		if err != nil {
			return false, err
		}
		for _, r := range runs {
			if r != nil {
				s.waiting = append(s.waiting, waitingRun{r, s.level + 1})
			}
		}
		s.parts = nil
	}
	if len(s.waiting) == 0 {
		return false, nil
	}
	next := s.waiting[len(s.waiting)-1]
	s.waiting, s.level = s.waiting[:len(s.waiting)-1], next.level
	g.reset()
	if err := g.dropMarks(); err != nil {
		return false, err
	}
	if err := g.groups.open(g.env, true); err != nil {
		return false, err
	}
	err := eachBatch(g.env, next.run, func(d *delta.Batch) error {
		return g.take(ctx, d, liveRows(d, &g.all), nil, out)
	})
	next.run.Release()
	return true, err
}

// chargeMarks charges what is kept within a tick of each group.
func (g *groupBy) chargeMarks() error {
	now := int64(4*cap(g.marks) + 4*cap(g.touched) + cap(g.had))
	if now == g.marked {
		return nil
	}
	err := g.env.Account(now - g.marked)
	if err == nil {
		g.marked = now
	}
	return err
}

// dropMarks gives that back.
func (g *groupBy) dropMarks() error {
	g.marks, g.touched, g.had = nil, nil, nil
	return g.chargeMarks()
}
