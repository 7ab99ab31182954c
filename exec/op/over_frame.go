package op

import (
	"math"
	"sort"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
)

// frame finds the rows of a partition that a function sees from one of them.
type frame struct {
	mode       plan.FrameMode
	exclude    plan.FrameExclude
	start, end frameBound
	desc       bool // the order of the key, where a RANGE has offsets
	p          *partition
	from, to   int32 // the rows whose key is not NULL, then
}

type frameBound struct {
	kind               plan.BoundKind
	start              bool
	offset, limit, key *scalar
	n                  int64 // the offset of ROWS and GROUPS
	limits, keys       delta.Column
	compare            sqltype.Comparer
	// nan is NaN in the type of limits, without a column where that has none.
	nan delta.Column
}

func newFrame(f *plan.Frame, desc bool) *frame {
	bound := func(b *plan.FrameBound, start bool) frameBound {
		out := frameBound{kind: b.Kind, start: start}
		if b.Kind == plan.BoundDefault {
			out.kind = plan.BoundCurrentRow
			if start {
				out.kind = plan.BoundUnboundedPreceding
			}
		}
		if b.Offset != nil {
			out.offset = newScalar(b.Offset)
		}
		if b.Limit != nil {
			out.limit, out.key = newScalar(b.Limit), newScalar(b.Key)
			out.compare = sqltype.OpsOf(out.key.typ).Compare
		}
		return out
	}
	return &frame{mode: f.Mode, exclude: f.Exclude, desc: desc, start: bound(&f.Start, true), end: bound(&f.End, false)}
}

func (f *frame) open(env exec.Env) error {
	if err := f.start.open(env, f.mode); err != nil {
		return err
	}
	return f.end.open(env, f.mode)
}

func (b *frameBound) open(env exec.Env, mode plan.FrameMode) error {
	for _, s := range []*scalar{b.offset, b.limit, b.key} {
		if s != nil {
			if err := s.open(env); err != nil {
				return err
			}
		}
	}
	if b.offset == nil {
		return nil
	}
	word := "ending"
	if b.start {
		word = "starting"
	}
	c, err := b.offset.one()
	switch {
	case err != nil:
		return err
	case c.Null(0):
		return sqlerr.New(sqlerr.NullValueNotAllowed, "frame %s offset must not be null", word)
	case mode != plan.FrameRange:
		if b.n = delta.Values[int64](&c)[0]; b.n < 0 {
			return sqlerr.New(sqlerr.InvalidPrecedingOrFollowingSize, "frame %s offset must not be negative", word)
		}
		return nil
	}
	zero := delta.NewBuilder(c.Type)
	if err := codec.AppendText(zero, sqltype.Of(c.Type), []byte("0"), &codec.Env{}); err != nil {
		return err
	}
	none := zero.Column()
	if b.nan, err = nanOf(b.limit.typ); err != nil {
		return err
	}
	if sqltype.OpsOf(c.Type).Compare(&c.Vec, 0, &none.Vec, 0) < 0 || c.Type == b.nan.Type && b.compare(&c.Vec, 0, &b.nan.Vec, 0) == 0 {
		return sqlerr.New(sqlerr.InvalidPrecedingOrFollowingSize, "invalid preceding or following size in window function")
	}
	return nil
}

// nanOf is NaN in a type, the zero column where that has none.
func nanOf(t sqltype.OID) (delta.Column, error) {
	if t != sqltype.Float8 && t != sqltype.Numeric {
		return delta.Column{}, nil
	}
	b := delta.NewBuilder(t)
	err := codec.AppendText(b, sqltype.Of(t), []byte("NaN"), &codec.Env{})
	return b.Column(), err
}

// begin looks at the rows of another partition.
func (f *frame) begin(p *partition) error {
	f.p = p
	for _, b := range []*frameBound{&f.start, &f.end} {
		if b.limit == nil {
			continue
		}
		var err error
		if b.limits, _, err = b.limit.eval(p.batch(), p.all); err != nil { // columns do not fail
			return err
		}
		if b.keys, _, err = b.key.eval(p.batch(), p.all); err != nil {
			return err
		}
		// NULLs stand together, in front or behind.
		f.from, f.to = 0, int32(p.n)
		for f.from < f.to && b.keys.Null(f.from) {
			f.from++
		}
		for f.from < f.to && b.keys.Null(f.to-1) {
			f.to--
		}
	}
	return nil
}

// rows are the rows [lo, hi) of the frame, with what it excludes.
func (f *frame) rows(row int32) (lo, hi int32) {
	lo, hi = f.place(&f.start, row), f.place(&f.end, row)
	return lo, max(lo, hi)
}

// place is the first row of the frame, or the one behind its last.
func (f *frame) place(b *frameBound, row int32) int32 {
	switch b.kind {
	case plan.BoundUnboundedPreceding:
		return 0
	case plan.BoundUnboundedFollowing:
		return int32(f.p.n)
	}
	n := b.n
	switch b.kind {
	case plan.BoundPreceding:
		n = -n
	case plan.BoundCurrentRow:
		n = 0
	}
	after := int64(1) // an end is behind its row
	if b.start {
		after = 0
	}
	switch {
	case f.mode == plan.FrameRows:
		return within(int64(row)+after, n, f.p.n)
	case b.limit != nil:
		return f.search(b, row)
	}
	return f.p.starts[within(int64(f.p.group[row])+after, n, len(f.p.starts)-1)]
}

// within is at+n, but not below 0 or above most.
func within(at, n int64, most int) int32 {
	if n > math.MaxInt32 {
		n = math.MaxInt32
	}
	return int32(max(0, min(at+max(n, -math.MaxInt32), int64(most))))
}

// search finds the end of a RANGE by the row's limit. Rows without a key are at one end, and from one of
// them the frame ends where they do.
func (f *frame) search(b *frameBound, row int32) int32 {
	if b.keys.Null(row) {
		from, to := f.p.peers(row)
		if b.start {
			return from
		}
		return to
	}
	limits := &b.limits.Vec
	if b.nan.Type != 0 && b.compare(limits, row, &b.nan.Vec, 0) == 0 && b.compare(&b.keys.Vec, row, &b.nan.Vec, 0) != 0 {
		// An infinite key less an infinite offset. All keys are within that, but for NaN, which is past any other.
		switch {
		case b.start && !f.desc:
			return f.from
		case !b.start && f.desc:
			return f.to
		}
		return f.from + int32(sort.Search(int(f.to-f.from), func(k int) bool {
			return (b.compare(&b.keys.Vec, f.from+int32(k), &b.nan.Vec, 0) == 0) != f.desc
		}))
	}
	n := sort.Search(int(f.to-f.from), func(k int) bool {
		c := b.compare(&b.keys.Vec, f.from+int32(k), limits, row)
		if f.desc {
			c = -c
		}
		return c > 0 || b.start && c == 0
	})
	return f.from + int32(n)
}

// segments are the rows of the frame, without what it excludes, as ranges in order.
func (f *frame) segments(row int32) (out [3][2]int32) {
	lo, hi := f.rows(row)
	from, to := f.excluded(row)
	if from == to {
		out[0] = [2]int32{lo, hi}
		return out
	}
	out[0] = [2]int32{lo, min(hi, from)}
	if f.exclude == plan.ExcludeTies && lo <= row && row < hi {
		out[1] = [2]int32{row, row + 1}
	}
	out[2] = [2]int32{max(lo, to), hi}
	return out
}

// excluded are the rows that the frame leaves out; of ties all but row itself.
func (f *frame) excluded(row int32) (from, to int32) {
	switch f.exclude {
	case plan.ExcludeCurrentRow:
		return row, row + 1
	case plan.ExcludeGroup, plan.ExcludeTies:
		return f.p.peers(row)
	}
	return 0, 0
}
