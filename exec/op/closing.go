package op

import (
	"context"
	"math"
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// closing is EMIT ON WINDOW CLOSE: which rows are late, and which groups are final.
type closing struct {
	plan.WindowClose
	start int // input column with the window's key
	// next is the earliest end of a window that may be open: no group closes before it.
	next  int64
	ready []int32
	late  []int32
	blank []int32
}

func (c *closing) open() { c.next = math.MinInt64 }

// onTime leaves out the rows of windows that the commits before their own have closed, and those
// without a time. A record that sliding windows share is late when the last of them is closed: it
// is counted once, there.
func (c *closing) onTime(env exec.Env, in *delta.Batch, sel []int32) ([]int32, error) {
	if c.Final {
		return sel, nil
	}
	c.ready, c.late, c.blank = none(c.ready), none(c.late), none(c.blank)
	at, before, start := &in.Cols[c.Time], &in.Cols[c.Before], &in.Cols[c.start]
	times, marks, starts := delta.Values[int64](at), delta.Values[int64](before), delta.Values[int64](start)
	for _, row := range sel {
		if at.Null(row) || start.Null(row) || !exec.FiniteTime(times[at.At(row)]) {
			c.blank = append(c.blank, row)
			continue
		}
		s := starts[start.At(row)]
		if before.Null(row) || c.end(s) > marks[before.At(row)] {
			c.ready = append(c.ready, row)
		} else if c.last(times[at.At(row)], s) {
			c.late = append(c.late, row)
		}
	}
	if err := tell(env, in, c.late, exec.ReasonLate); err != nil {
		return nil, err
	}
	return c.ready, tell(env, in, c.blank, exec.ReasonNoTime)
}

// last: of the windows of a time, that of this key closes last.
func (c *closing) last(at, key int64) bool {
	end, whole := key+c.Size.Microseconds(), c.Whole.Microseconds()
	if c.Cumulate {
		return alignedBelow(end, whole) == end
	}
	return at-(end-whole) < c.Slide.Microseconds()
}

// tell names the rows that are left out, with the records behind them.
func tell(env exec.Env, in *delta.Batch, rows []int32, why exec.LateReason) error {
	for _, row := range rows {
		var from *delta.Origin
		if in.From != nil {
			of := in.From.Origin(row)
			from = &of
		}
		if err := env.Late(in.Weight(row), from, why); err != nil {
			return err
		}
	}
	return nil
}

// end is the watermark that closes the window of key s; an infinite one never closes.
func (c *closing) end(s int64) int64 {
	size := (c.Size + c.Lateness).Microseconds()
	if s > math.MaxInt64-size || s == math.MinInt64 {
		return math.MaxInt64
	}
	return s + size
}

// closeWindows emits the groups whose window the watermark has passed, in the order of their
// rows, and forgets them. The order makes the output the same in every run.
func (g *groupBy) closeWindows(ctx context.Context, out exec.Out) error {
	c := g.close
	watermark := g.least().Watermark
	if len(g.touched) > 0 {
		c.next = math.MinInt64 // there may be new windows
	}
	if watermark == exec.NoWatermark || watermark < c.next {
		return nil
	}
	c.next = math.MaxInt64
	if err := g.fetchClosed(ctx, watermark); err != nil {
		return err
	}
	var done, empty []state.Slot
	err := g.groups.flat.Scan(func(slots []state.Slot) bool {
		if g.env.Meter().Breathe() != nil {
			return false // the meter keeps why
		}
		start := g.groups.flat.Keys(slots)[c.Key]
		values := delta.Values[int64](&start)
		rows := g.groups.flat.Int64(cellRows)
		for i, s := range slots {
			if start.Null(int32(i)) {
				continue
			}
			switch end := c.end(values[start.At(int32(i))]); {
			case end > watermark || end == math.MaxInt64:
				c.next = min(c.next, end)
			case rows.At(s) > 0:
				done = append(done, s)
			default:
				empty = append(empty, s)
			}
		}
		return true
	})
	if err = errsFirst(err, g.env.Meter().Err()); err != nil {
		return err
	}
	if err := g.emitClosed(ctx, done, out); err != nil {
		return err
	}
	return g.forget(ctx, append(done, empty...))
}

// fetchClosed brings the groups to memory that the watermark has passed; they come first where they are behind.
func (g *groupBy) fetchClosed(ctx context.Context, watermark int64) error {
	c := g.close
	return g.groups.flat.FetchWhile(ctx, func(start *delta.Column, row int32) bool {
		if start.Null(row) {
			return false // as are all that come later
		}
		s := delta.Values[int64](start)[start.At(row)]
		end := c.end(s)
		if s != math.MinInt64 && end > watermark {
			c.next = min(c.next, end)
			return false
		}
		return true
	})
}

// emitClosed puts out the rows of groups, sorted by the window's start, then by the whole row.
func (g *groupBy) emitClosed(ctx context.Context, slots []state.Slot, out exec.Out) error {
	if len(slots) == 0 {
		return nil
	}
	var head state.View
	if g.groups.images != nil {
		head = g.groups.images.Head()
	}
	g.now.clear()
	m := g.env.Meter()
	for part := range slices.Chunk(slots, settleSlots) {
		if err := m.Breathe(); err != nil {
			return err
		}
		if err := g.groups.show(ctx, part, head, true, g.now); err != nil {
			return err
		}
	}
	perm := rowNumbers(g.now.n)
	order := state.NewRowOrder(g.groups.outTypes, []int{g.close.Key}, nil)
	order.SortUntil(g.now.columns(), perm, func() bool { return m.Breathe() != nil })
	if err := m.Err(); err != nil {
		return err
	}
	for from := 0; from < len(perm); from += outRows {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part := perm[from:min(from+outRows, len(perm))]
		if err := emitRows(g.old, nil, g.now, part, g.made, out); err != nil {
			return err
		}
	}
	return nil
}

// forget drops all state of groups.
func (g *groupBy) forget(ctx context.Context, slots []state.Slot) error {
	if len(slots) == 0 {
		return nil
	}
	for _, c := range g.groups.calls {
		if err := c.acc.drop(ctx, slots); err != nil {
			return err
		}
	}
	if g.groups.images != nil {
		if err := dropGroups(ctx, g.groups.images, g.groups.flat.Keys(slots), len(slots)); err != nil {
			return err
		}
	}
	g.groups.flat.Delete(slots)
	return nil
}
