package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// joinSpill is what a one-shot join does when it has no memory for its left side: both sides go to
// temporary runs by a hash of the join's keys, and each pair of partitions is joined by itself. A
// partition of the left side that is still too large is partitioned again, unless that has shown to
// be of no use (many rows of one key, or no key at all): then it is taken a part at a time, each
// with all of the right one's rows.
type joinSpill struct {
	parts   *partitions // of the side that comes now; nil while the left side has room
	left    [fanOut]*temprun.Run
	waiting []pairOfRuns

	// The pair at work.
	now    pairOfRuns
	reader *temprun.Reader // of its left run; nil: there is none at work
}

// pairOfRuns is a partition of both sides.
type pairOfRuns struct {
	left, right *temprun.Run
	level       int
	skewed      bool // to partition it again is of no use
}

// Spills implements exec.Spiller.
func (j *join) Spills() bool { return true }

// full: what the join holds has no more room.
func (j *join) full() bool {
	share := j.env.WorkMemory()
	return share > 0 && j.env.Held() > share
}

// keep takes rows of the left side in a one-shot run.
func (j *join) keep(ctx context.Context, rows *delta.Batch, keys []delta.Column) error {
	own := &j.sides[0]
	if j.spill.parts != nil {
		return j.spill.parts.add(j.own(0, rows), keys, rows.Sel, nil)
	}
	if err := own.rows.Append(rows); err != nil || !j.full() {
		return err
	}
	var err error
	if j.spill.parts, err = newPartitions(j.env, own.types, 0); err != nil {
		return err
	}
	cursor, err := own.rows.Head().Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	var scratch []int32
	err = eachOf(ctx, j.env, cursor, func(d *delta.Batch) error {
		return j.spill.parts.add(d, pickColumns(d.Cols, own.keys), liveRows(d, &scratch), nil)
	})
	own.rows.Discard()
	return err
}

// own is rows without what a flow may carry beside the side's columns.
func (j *join) own(port int, rows *delta.Batch) *delta.Batch {
	d := *rows
	d.Cols = rows.Cols[:len(j.sides[port].types)]
	return &d
}

// endLeft ends the left side.
func (j *join) endLeft() error {
	if j.spill.parts == nil {
		return nil
	}
	var err error
	if j.spill.left, err = j.spill.parts.finish(); err != nil {
		return err
	}
	j.spill.parts, err = newPartitions(j.env, j.sides[1].types, 0)
	return err
}

// stream takes rows of the right side when the left one is in temporary runs.
func (j *join) stream(rows *delta.Batch, keys []delta.Column) error {
	return j.spill.parts.add(j.own(1, rows), keys, rows.Sel, j.unmet(&j.spill.left))
}

// unmet says which partitions of the right side nobody wants.
func (j *join) unmet(left *[fanOut]*temprun.Run) func(int) bool {
	if j.sides[1].kept {
		return nil
	}
	return func(k int) bool { return left[k] == nil }
}

// pairRuns puts the partitions of both sides together.
func (j *join) pairRuns(left, right [fanOut]*temprun.Run, level int, of int64) {
	s := &j.spill
	for k := range left {
		switch {
		case left[k] != nil && right[k] != nil:
			skewed := of > 0 && left[k].Size() > of/4*3
			s.waiting = append(s.waiting, pairOfRuns{left[k], right[k], level, skewed})
		case left[k] != nil && j.sides[0].kept, right[k] != nil && j.sides[1].kept:
			s.waiting = append(s.waiting, pairOfRuns{left: left[k], right: right[k]})
		case left[k] != nil:
			left[k].Release()
		case right[k] != nil:
			right[k].Release()
		}
	}
}

// joinRuns does a part of the work that lies in temporary runs; false when there is none.
func (j *join) joinRuns(ctx context.Context, out exec.Out) (more bool, err error) {
	s := &j.spill
	if s.parts != nil {
		right, err := s.parts.finish()
		if err != nil {
			return false, err
		}
		s.parts = nil
		j.pairRuns(s.left, right, 1, 0)
		s.left = [fanOut]*temprun.Run{}
	}
	if s.reader == nil {
		if len(s.waiting) == 0 {
			return false, nil
		}
		last := len(s.waiting) - 1
		s.now, s.waiting = s.waiting[last], s.waiting[:last]
		if s.now.left == nil || s.now.right == nil {
			return true, j.aloneRun(out)
		}
		if s.now.left.Size() > j.env.WorkMemory() && !s.now.skewed && s.now.level < maxLevel && len(j.sides[0].keys) > 0 {
			return true, j.partitionAgain()
		}
		s.reader = s.now.left.Open()
	}
	return true, j.joinPart(ctx, out)
}

// partitionAgain puts the pair at work into smaller ones.
func (j *join) partitionAgain() error {
	var runs [2][fanOut]*temprun.Run
	now := j.spill.now
	for i, run := range []*temprun.Run{now.left, now.right} {
		p, err := newPartitions(j.env, j.sides[i].types, now.level)
		if err != nil {
			return err
		}
		var unmet func(int) bool
		if i == 1 {
			unmet = j.unmet(&runs[0])
		}
		var all []int32
		err = eachBatch(j.env, run, func(d *delta.Batch) error {
			return p.add(d, pickColumns(d.Cols, j.sides[i].keys), liveRows(d, &all), unmet)
		})
		if err != nil {
			return err
		}
		if runs[i], err = p.finish(); err != nil {
			return err
		}
	}
	j.pairRuns(runs[0], runs[1], now.level+1, now.left.Size())
	now.left.Release()
	now.right.Release()
	return nil
}

// joinPart joins as much of the left run at work as has room with all of the right one.
func (j *join) joinPart(ctx context.Context, out exec.Out) error {
	s, left := &j.spill, &j.sides[0]
	ended, rows := false, int64(0)
	for first := true; first || !j.full() || j.kind != plan.JoinInner; first = false {
		if err := j.env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		more, err := s.reader.Next(&d)
		if err != nil {
			return err
		}
		if !more {
			ended = true
			break
		}
		rows += int64(d.Len)
		if err := left.rows.Append(&d); err != nil {
			return err
		}
	}
	if rows > 0 {
		if err := j.joinLoaded(ctx, out); err != nil {
			return err
		}
	}
	if ended {
		s.now.left.Release()
		s.now.right.Release()
		s.reader = nil
	}
	return nil
}

// joinLoaded joins the rows of the left run that are in memory with the right run.
func (j *join) joinLoaded(ctx context.Context, out exec.Out) error {
	left, right := &j.sides[0], &j.sides[1]
	left.head = left.rows.Head()
	err := eachBatch(j.env, j.spill.now.right, func(d *delta.Batch) error {
		d.Sel = liveRows(d, &j.all)
		if j.kind != plan.JoinInner {
			return j.probe(ctx, right, d, pickColumns(d.Cols, right.keys), out)
		}
		return j.meet(ctx, right, left, d, pickColumns(d.Cols, right.keys), out)
	})
	if err != nil {
		return err
	}
	if err := j.endBuilt(ctx, out); err != nil {
		return err
	}
	left.head = nil
	left.rows.Discard()
	return nil
}

// aloneRun puts out the rows of a partition that has none on the other side.
func (j *join) aloneRun(out exec.Out) error {
	s, run := &j.sides[1], j.spill.now.right
	if run == nil {
		s, run = &j.sides[0], j.spill.now.left
	}
	err := eachBatch(j.env, run, func(d *delta.Batch) error {
		return j.alone(s, d, liveRows(d, &j.all), d.Weights, false, out)
	})
	run.Release()
	return err
}
