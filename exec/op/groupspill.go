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
	begun   *partitions   // groups of others that were begun before an exchange; nil while there are none
	waiting []waitingRun
	known   []int32
	unknown []int32
}

// waitingRun is a partition that is still to be taken: rows and begun groups, either may be nil.
type waitingRun struct {
	run, begun *temprun.Run
	level      int
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
	s.sort(sel, slots)
	rows := *in
	rows.Cols = in.Cols[:len(s.types)]
	return s.known, s.parts.add(&rows, keys, s.unknown, nil)
}

// sort puts rows with a slot into known, those without into unknown. slots are then those of known.
func (s *groupSpill) sort(sel []int32, slots []state.Slot) {
	s.known, s.unknown = none(s.known), none(s.unknown)
	for i, row := range sel {
		if slots[i] == state.NoSlot {
			s.unknown = append(s.unknown, row)
			continue
		}
		slots[len(s.known)] = slots[i]
		s.known = append(s.known, row)
	}
}

// splitBegun is split for groups that were begun before an exchange.
func (g *groupBy) splitBegun(ctx context.Context, in *delta.Batch, slots []state.Slot) ([]int32, error) {
	s, keys, all := &g.spill, in.Cols[:len(g.keys)], liveRows(in, &g.all)
	if s.parts == nil {
		return all, g.groups.flat.Probe(ctx, keys, all, true, slots)
	}
	if err := g.groups.flat.Probe(ctx, keys, all, false, slots); err != nil {
		return nil, err
	}
	s.sort(all, slots)
	if len(s.unknown) > 0 && s.begun == nil {
		var err error
		if s.begun, err = newPartitions(g.env, typesOf(in.Cols), s.level); err != nil {
			return nil, err
		}
	}
	return s.known, s.begun.add(in, keys, s.unknown, nil)
}

// makeRoom spills when the operator holds more than it may.
func (g *groupBy) makeRoom(ctx context.Context) error {
	share := g.env.WorkMemory()
	if share == 0 || !g.Spills() || g.held() <= share {
		return nil
	}
	for _, c := range g.groups.calls {
		if s, ok := c.acc.(interface {
			makeRoom(ctx context.Context, share int64) error
		}); ok {
			if err := s.makeRoom(ctx, share); err != nil {
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
	held := g.env.Held()
	for _, p := range []*partitions{g.spill.parts, g.spill.begun} {
		if p != nil {
			held -= p.charged
		}
	}
	return held
}

// nextPartition takes the rows of a partition in the place of the groups that are out; false when
// there is none.
func (g *groupBy) nextPartition(ctx context.Context, out exec.Out) (bool, error) {
	s := &g.spill
	if err := s.finish(); err != nil {
		return false, err
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
	err := takeRun(g.env, next.begun, func(d *delta.Batch) error { return g.Combine(ctx, d, out) })
	if err == nil {
		err = takeRun(g.env, next.run, func(d *delta.Batch) error {
			return g.take(ctx, d, liveRows(d, &g.all), nil, out)
		})
	}
	return true, err
}

// takeRun visits the batches of a run, which may be nil, and lets it go.
func takeRun(env exec.Env, run *temprun.Run, visit func(d *delta.Batch) error) error {
	if run == nil {
		return nil
	}
	err := eachBatch(env, run, visit)
	run.Release()
	return err
}

// finish makes the partitions wait.
func (s *groupSpill) finish() error {
	if s.parts == nil {
		return nil
	}
	runs, err := s.parts.finish()
	if err != nil {
		return err
	}
	var begun [fanOut]*temprun.Run
	if s.begun != nil {
		if begun, err = s.begun.finish(); err != nil {
			return err
		}
	}
	for k := range runs {
		if runs[k] != nil || begun[k] != nil {
			s.waiting = append(s.waiting, waitingRun{runs[k], begun[k], s.level + 1})
		}
	}
	s.parts, s.begun = nil, nil
	return nil
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
