package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Backfill is the first tick of a flow in parts: each is a tick of its own to the operators, all with
// the same end, and after the last one their state is as one tick would have left it. Tables and views
// come one after the other, last in the plan first: a join then finds the side that is looked up before
// the one that looks. The log comes when they are whole, in order, all streams
// together: a window never closes before the row of a table that its records join.
type Backfill struct {
	flow   *Flow
	scans  []*scan
	logs   []*step
	readTo log.CommitSeq // up to where the log was read
	sized  bool
}

// scan is a source that does not read the log.
type scan struct {
	step       *step
	whole      bool
	rows, size int64
}

// Limits end a part.
type Limits struct {
	// Rows is the most that is scanned; it may be less where Enough, asked with what was, says so.
	Rows   int64
	Enough func(rows int64) bool
	// Commits is the most that is read of the log.
	Commits log.CommitSeq
}

// Backfill begins the first tick of a flow that is open and has not run.
func (f *Flow) Backfill() *Backfill {
	b := &Backfill{flow: f}
	b.add(f.root)
	return b
}

func (b *Backfill) add(s *step) {
	for i := len(s.ins) - 1; i >= 0; i-- {
		b.add(s.ins[i])
	}
	switch s.src.(type) {
	case nil:
	case exec.LogReader:
		b.logs = append(b.logs, s)
	default:
		b.scans = append(b.scans, &scan{step: s})
	}
}

// Run takes the next part of t, whose end is the same for all; done after the last. As with Flow.Run,
// an error leaves the flow unusable.
func (b *Backfill) Run(ctx context.Context, t exec.Tick, limits Limits, out exec.Out) (done bool, err error) {
	if err := b.measure(t); err != nil {
		return false, err
	}
	before := int64(0)
	t.Hold = true
	enough := func(rows int64) bool { return limits.Enough(before + rows) }
	b.rest(true)
	defer b.rest(false)
	for _, s := range b.scans {
		if s.whole {
			continue
		}
		from := s.rows
		if err := b.scan(ctx, t, s, limits.Rows-before, enough, out); err != nil || !s.whole {
			return false, err
		}
		if before += s.rows - from; before >= limits.Rows {
			return false, nil
		}
	}
	if len(b.logs) > 0 && b.readTo < t.To {
		if err := b.read(ctx, t, limits.Commits, out); err != nil || b.readTo < t.To {
			return false, err
		}
	}
	t.Hold, t.Due = false, true
	_, err = b.flow.Run(ctx, t, out)
	return err == nil, err
}

// rest has the sources stand still, but for those that a part asks.
func (b *Backfill) rest(on bool) {
	for _, s := range b.scans {
		s.step.rests = on
	}
	for _, s := range b.logs {
		s.rests = on
	}
}

// scan gives what fits into the part of one source.
func (b *Backfill) scan(ctx context.Context, t exec.Tick, s *scan, most int64, enough func(int64) bool, out exec.Out) error {
	s.step.rests = false
	before := s.step.read
	src, inParts := s.step.src.(exec.Scanner)
	if inParts {
		s.step.begin = func(ctx context.Context, t exec.Tick) error { return src.BeginPart(ctx, t, most, enough) }
	}
	_, err := b.flow.Run(ctx, t, out)
	s.step.rests, s.step.begin = true, nil
	if err != nil {
		return err
	}
	s.rows += s.step.read - before
	s.whole = true
	if inParts {
		_, s.whole = src.Place()
	}
	return nil
}

// read gives the next commits of the log.
func (b *Backfill) read(ctx context.Context, t exec.Tick, most log.CommitSeq, out exec.Out) error {
	to := min(t.To, b.readTo+most)
	for _, s := range b.logs {
		s.rests = false
		s.begin = func(ctx context.Context, t exec.Tick) error {
			if t.From = b.readTo; to < t.To {
				t.To, t.Time = to, time.Time{} // it is not yet as late as at the end
			}
			return s.src.Begin(ctx, t)
		}
	}
	_, err := b.flow.Run(ctx, t, out)
	for _, s := range b.logs {
		s.begin, s.rests = nil, true
	}
	if err == nil {
		b.readTo = to
	}
	return err
}

// measure finds out how much there is to scan.
func (b *Backfill) measure(t exec.Tick) error {
	if b.sized {
		return nil
	}
	for _, s := range b.scans {
		if src, ok := s.step.src.(exec.Scanner); ok && !s.whole {
			size, err := src.Size(t)
			if err != nil {
				return err
			}
			s.size = size
		}
	}
	b.sized = true
	return nil
}

// Progress is how many rows of tables and views were scanned, and about how many there are, and up
// to where the log was read.
func (b *Backfill) Progress() (rows, of int64, readTo log.CommitSeq) {
	for _, s := range b.scans {
		rows += s.rows
		if s.whole {
			of += s.rows
		} else {
			of += max(s.rows, s.size)
		}
	}
	return rows, of, b.readTo
}

// Save gives what Load needs to go on between two parts, beside the states.
func (b *Backfill) Save() []byte {
	e := &piece.Encoder{}
	e.Uint(uint64(b.readTo))
	e.Uint(uint64(len(b.scans)))
	for _, s := range b.scans {
		whole := uint64(0)
		if s.whole {
			whole = 1
		}
		e.Uint(whole)
		e.Uint(uint64(s.rows))
		var last []delta.Column
		if src, ok := s.step.src.(exec.Scanner); ok && !s.whole {
			last, _ = src.Place()
		}
		e.Uint(uint64(len(last)))
		if len(last) == 0 {
			continue
		}
		for i := range last {
			e.Uint(uint64(last[i].Type))
		}
		e.Bytes(state.EncodeRow(last))
	}
	return e.Finish()
}

// Load goes on where Save was called, in a flow of the same plan.
func (b *Backfill) Load(saved []byte) error {
	d := piece.NewDecoder(saved)
	b.readTo = log.CommitSeq(d.Uint())
	if n := d.Count(3); n != len(b.scans) {
		return fmt.Errorf("%w: %d scans, the plan has %d", ErrNotSaved, n, len(b.scans))
	}
	for _, s := range b.scans {
		s.whole = d.Uint() == 1
		s.rows = int64(d.Uint())
		types := make([]sqltype.OID, d.Count(1))
		for i := range types {
			types[i] = sqltype.OID(d.Uint())
		}
		if len(types) == 0 {
			continue
		}
		last, err := state.DecodeRow(d.Bytes(), types)
		if err != nil {
			return err
		}
		src, ok := s.step.src.(exec.Scanner)
		if !ok {
			return fmt.Errorf("%w: a source that does not scan stands at a row", ErrNotSaved)
		}
		src.Resume(last)
	}
	return d.Close()
}
