package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// filter keeps the rows for which a condition is true.
type filter struct {
	ports
	cond *scalar
	all  []int32
	sel  []int32
}

func newFilter(n *plan.Filter) (exec.Operator, error) {
	return &filter{ports: newPorts(1), cond: newScalar(n.Cond)}, nil
}

func (f *filter) Open(env exec.Env) error { return f.cond.open(env) }

func (f *filter) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	sel, errs, err := f.cond.truth(in, liveRows(in, &f.all), f.sel)
	if err != nil {
		return err
	}
	f.sel = sel
	errs = joinErrors(in.Errs, errs)
	if len(sel) == 0 && len(errs) == 0 {
		return nil
	}
	kept := *in
	kept.Sel, kept.Errs = sel, errs
	return out.Emit(&kept)
}
