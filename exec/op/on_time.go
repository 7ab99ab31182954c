package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// onTime leaves out late records, and those without a finite time. What comes later never lies before the watermark that it
// gives on: each is judged by the one that the commits before its own have made.
type onTime struct {
	ports
	plan.OnTime
	env              exec.Env
	lateness         int64
	all              []int32
	sel, late, blank []int32
}

func newOnTime(n *plan.OnTime) exec.Operator {
	return &onTime{ports: newPorts(1), OnTime: *n, lateness: n.Lateness.Microseconds()}
}

func (o *onTime) Open(env exec.Env) error {
	o.env = env
	return nil
}

func (o *onTime) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	o.sel, o.late, o.blank = none(o.sel), none(o.late), none(o.blank)
	at, before := &in.Cols[o.Time], &in.Cols[o.Before]
	times, marks := delta.Values[int64](at), delta.Values[int64](before)
	for _, row := range liveRows(in, &o.all) {
		switch mark := marks[before.At(row)]; {
		case at.Null(row) || !exec.FiniteTime(times[at.At(row)]):
			o.blank = append(o.blank, row)
		case !before.Null(row) && mark != exec.NoWatermark && times[at.At(row)] < mark-o.lateness:
			o.late = append(o.late, row)
		default:
			o.sel = append(o.sel, row)
		}
	}
	if err := tell(o.env, in, o.late, exec.ReasonLate); err != nil {
		return err
	}
	if err := tell(o.env, in, o.blank, exec.ReasonNoTime); err != nil {
		return err
	}
	if len(o.sel) == 0 && len(in.Errs) == 0 {
		return nil
	}
	kept := *in
	kept.Sel = o.sel
	return out.Emit(&kept)
}

func (o *onTime) EndTick(context.Context, exec.Tick, exec.Out) (exec.Next, error) {
	p := o.least()
	p.Watermark = behind(p.Watermark, o.lateness)
	return exec.Next{Out: p}, nil
}

// behind is a watermark less a length.
func behind(mark, by int64) int64 {
	if mark == exec.NoWatermark {
		return mark
	}
	return mark - by
}
