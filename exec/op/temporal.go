package op

import (
	"context"
	"math"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// temporal lets rows in and out as time passes. A row has a span of time in which it is shown: it comes in when the rising
// condition becomes true, and goes when the falling one is no longer so. What is to come in, or to go, is kept in the order
// of that time; what is gone is kept nowhere, and its retraction means nothing.
//
//	Push      span behind now ──► nothing      now in it ──► out, kept until its end     before it ──► kept until its begin
//	EndTick   what is due: begins ──► out, kept until its end                    ends ──► taken back
type temporal struct {
	ports
	env             exec.Env
	types           []sqltype.OID
	rising, falling *clockCond
	now             int64 // of the tick

	rows state.Arrangement // due, end, row; by due
	next int64             // nothing is due before it
	last []delta.Column    // rows up to it are gone

	all, sel []int32
	begins   []int64
	ends     []int64
	spans    [2]*delta.Builder
	kept     []int32
	gone     *delta.BatchBuilder // of rows, as are those that come again
	made     *delta.BatchBuilder
}

// Columns of what is kept, before those of the row.
const (
	temporalDue = 0
	temporalEnd = 1
	temporalRow = 2
)

// forEver is the end of a span that has none.
const forEver = math.MaxInt64

// dueRows is about how many rows that are due are taken at once.
const dueRows = 16 << 10

func newTemporal(n *plan.Temporal) (exec.Operator, error) {
	types := fieldTypes(&n.P)
	kept := append([]sqltype.OID{sqltype.Int8, sqltype.Int8}, types...)
	o := &temporal{
		ports: newPorts(1), types: types, gone: delta.NewBatchBuilder(kept), made: delta.NewBatchBuilder(types),
		spans: [2]*delta.Builder{delta.NewBuilder(sqltype.Int8), delta.NewBuilder(sqltype.Int8)},
	}
	if n.Rising != nil {
		o.rising = newClockCond(n.Rising, true, len(types))
	}
	if n.Falling != nil {
		o.falling = newClockCond(n.Falling, false, len(types))
	}
	return o, nil
}

func (o *temporal) Open(env exec.Env) (err error) {
	o.env, o.next, o.last = env, math.MinInt64, nil
	o.gone.Clear()
	o.made.Clear()
	for _, c := range []*clockCond{o.rising, o.falling} {
		if c == nil {
			continue
		}
		if err := c.cond.open(env); err != nil {
			return err
		}
	}
	o.rows, err = openRows(env, "due", append([]sqltype.OID{sqltype.Int8, sqltype.Int8}, o.types...), nil, state.Order{Column: temporalDue})
	return err
}

// BeginTick implements exec.Timed.
func (o *temporal) BeginTick(t exec.Tick) { o.now = t.Now.UnixMicro() + datetime.UnixEpochMicros }

func (o *temporal) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	shown, errs, err := o.judge(in)
	if err != nil {
		return err
	}
	errs = joinErrors(in.Errs, errs)
	if len(shown) > 0 || len(errs) > 0 {
		now := *in
		now.Sel, now.Errs = shown, errs
		if o.falling != nil { // what is taken back later is not known to be of a record
			now.From = nil
		}
		if err := out.Emit(&now); err != nil {
			return err
		}
	}
	return o.keep(in)
}

// judge finds the spans of rows: those that are shown now, and in kept those that will change.
func (o *temporal) judge(in *delta.Batch) (shown []int32, errs delta.RowErrors, err error) {
	live := liveRows(in, &o.all)
	if len(o.begins) < in.Len {
		o.begins, o.ends = make([]int64, in.Len), make([]int64, in.Len)
	}
	for _, row := range live {
		o.begins[row], o.ends[row] = o.now, forEver
	}
	var early []int32
	sel := live
	if o.rising != nil {
		var ready []int32
		if ready, errs, err = o.rising.at(in, live, o.now); err != nil {
			return nil, nil, err
		}
		early = but(&o.kept, without(nil, live, errs), ready)
		if err := o.rising.flips(o.env, in, early, o.now, o.begins); err != nil {
			return nil, nil, err
		}
		sel = append(none(o.sel), without(nil, live, errs)...)
		o.sel = sel
	}
	if o.falling == nil {
		return o.timely(sel, in.Len), errs, nil
	}
	stay, failed, err := o.falling.at(in, sel, o.now)
	if err != nil {
		return nil, nil, err
	}
	errs = joinErrors(errs, failed)
	sel = append(none(o.sel), stay...)
	o.sel = sel
	if err := o.falling.flips(o.env, in, sel, o.now, o.ends); err != nil {
		return nil, nil, err
	}
	return o.timely(sel, in.Len), errs, nil
}

// timely is the rows that are shown now; kept becomes those whose span begins or ends later.
func (o *temporal) timely(sel []int32, n int) []int32 {
	shown, kept := make([]int32, 0, len(sel)), none(o.kept)
	for _, b := range o.spans {
		b.Clear()
		b.Extend(n)
	}
	due, end := delta.Filled[int64](o.spans[0]), delta.Filled[int64](o.spans[1])
	for _, row := range sel {
		begin, until := o.begins[row], o.ends[row]
		at := until
		if begin > o.now {
			at = begin
		} else {
			shown = append(shown, row)
		}
		if begin < until && at != forEver {
			kept = append(kept, row)
			due[row], end[row] = at, until
			o.next = min(o.next, at)
		}
	}
	o.kept = kept
	return shown
}

// keep remembers the rows of kept.
func (o *temporal) keep(in *delta.Batch) error {
	if len(o.kept) == 0 {
		return nil
	}
	cols := append([]delta.Column{o.spans[0].Column(), o.spans[1].Column()}, in.Cols...)
	return o.rows.Append(&delta.Batch{Len: in.Len, Cols: cols, Sel: o.kept, Weights: in.Weights})
}

func (o *temporal) EndTick(ctx context.Context, t exec.Tick, out exec.Out) (exec.Next, error) {
	if o.next <= o.now {
		if err := o.pass(ctx, out); err != nil {
			return exec.Next{}, err
		}
		if o.next <= o.now {
			return exec.Next{More: true}, nil
		}
	}
	next := exec.Next{Out: o.least()}
	if o.next != forEver {
		next.Wake = time.UnixMicro(o.next - datetime.UnixEpochMicros)
	}
	return next, o.rows.Publish(t.To)
}
