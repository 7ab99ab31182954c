package op

import (
	"context"
	"math"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// epoch1970 is 1970-01-01 in microseconds since 2000-01-01; windows are aligned to it.
const epoch1970 = -946_684_800_000_000

// hop repeats each row once for every window [start, start+size) that holds its time and
// appends the start. Cumulating windows are those of a multiple of the size that end a slide apart, behind the time.
type hop struct {
	ports
	time        *scalar
	slide, size int64
	cumulate    bool
	all         []int32
	kept        []int32
	rows        []int32
	starts      []int64
	made        *delta.BatchBuilder
}

func newHop(n *plan.Hop) (exec.Operator, error) {
	if n.Slide <= 0 || n.Size <= 0 || n.Size%n.Slide != 0 || n.Slide%time.Microsecond != 0 {
		return nil, unsupported("windows of size %v every %v are not supported", n.Size, n.Slide)
	}
	return &hop{
		ports: newPorts(1), time: newScalar(n.Time),
		slide: n.Slide.Microseconds(), size: n.Size.Microseconds(), cumulate: n.Cumulate,
		made: delta.NewBatchBuilder(fieldTypes(&n.P)),
	}, nil
}

func (h *hop) Open(env exec.Env) error { return h.time.open(env) }

func (h *hop) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	sel := liveRows(in, &h.all)
	at, failed, err := h.time.eval(in, sel)
	if err != nil {
		return err
	}
	h.kept = none(h.kept)
	sel = append(h.kept, without(nil, sel, failed)...)
	h.kept = sel
	h.made.Clear()
	for _, e := range joinErrors(in.Errs, failed) {
		h.made.AppendError(e, in.Weight(e.Row))
	}
	for _, row := range sel {
		if err := h.expand(ctx, &at, row, in, out); err != nil {
			return err
		}
	}
	return h.flush(ctx, in, out)
}

// expand lists the windows of one row, first to last, and emits what is a batch: a row may be in
// any number of windows.
func (h *hop) expand(ctx context.Context, at *delta.Column, row int32, in *delta.Batch, out exec.Out) error {
	if at.Null(row) {
		return h.add(ctx, row, noStart, in, out)
	}
	t := delta.Values[int64](at)[at.At(row)]
	if t == math.MaxInt64 || t == math.MinInt64 {
		return h.add(ctx, row, t, in, out) // as date_bin has it: infinity stays where it is
	}
	last := alignedBelow(t, h.slide)
	start := last - h.size + h.slide
	if h.cumulate {
		start, last = last, alignedBelow(t, h.size)+h.size-h.slide
	}
	for ; start <= last; start += h.slide {
		if err := h.add(ctx, row, start, in, out); err != nil {
			return err
		}
	}
	return nil
}

// alignedBelow is the last multiple of a length at or before a time.
func alignedBelow(t, length int64) int64 {
	since := (t - epoch1970) % length
	if since < 0 {
		since += length
	}
	return t - since
}

// noStart stands for NULL in starts; no window starts there (it is below every timestamp).
const noStart = math.MinInt64 + 1

func (h *hop) add(ctx context.Context, row int32, start int64, in *delta.Batch, out exec.Out) error {
	h.rows = append(h.rows, row)
	h.starts = append(h.starts, start)
	if len(h.rows) < outRows {
		return nil
	}
	return h.flush(ctx, in, out)
}

// flush emits what was expanded.
func (h *hop) flush(ctx context.Context, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	for i := range in.Cols {
		if len(h.rows) > 0 { // nil would gather every row
			h.made.Cols[i].Gather(&in.Cols[i], h.rows)
		}
	}
	starts := h.made.Cols[len(in.Cols)]
	for _, s := range h.starts {
		if s == noStart {
			starts.AppendNull()
		} else {
			delta.Append(starts, s)
		}
	}
	skip := h.made.Len() // the errors, in front
	for _, row := range h.rows {
		h.made.End(in.Weight(row))
	}
	d := h.made.Batch()
	if in.From != nil {
		d.From = expanded{of: in.From, skip: int32(skip), rows: h.rows}
	}
	h.rows, h.starts = h.rows[:0], h.starts[:0]
	if d.Len == 0 {
		return nil
	}
	err := out.Emit(&d)
	h.made.Clear()
	return err
}

// expanded are the origins of rows that were repeated.
type expanded struct {
	of   delta.Origins
	skip int32 // rows in front that are errors and know theirs
	rows []int32
}

func (e expanded) Origin(row int32) delta.Origin { return e.of.Origin(e.rows[row-e.skip]) }
