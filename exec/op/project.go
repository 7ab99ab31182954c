package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// project computes new columns. Where it may make different rows equal, an update that does
// not show in them cancels within the batch.
type project struct {
	ports
	exprs  []*scalar
	narrow bool // some input column is not passed on as it is
	cols   []delta.Column
	all    []int32
	sel    [2][]int32
	cancel canceller
}

func newProject(n *plan.Project) (exec.Operator, error) {
	p := &project{ports: newPorts(1), exprs: newScalars(n.Exprs)}
	kept := map[int]bool{}
	for _, s := range p.exprs {
		if s.kind == columnRef {
			kept[s.index] = true
		}
	}
	p.narrow = len(kept) < len(n.Input.Props().Fields)
	return p, nil
}

func (p *project) Open(env exec.Env) error { return openAll(p.exprs, env) }

func (p *project) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	sel, errs := liveRows(in, &p.all), in.Errs
	p.cols = p.cols[:0]
	for i, e := range p.exprs {
		// A row that failed is not evaluated again: its first error counts.
		col, failed, err := e.eval(in, sel)
		if err != nil {
			return err
		}
		p.cols = append(p.cols, col)
		if len(failed) > 0 {
			errs = joinErrors(errs, failed)
			p.sel[i&1] = without(p.sel[i&1], sel, failed)
			sel = p.sel[i&1]
		}
	}
	if len(sel) == 0 && len(errs) == 0 {
		return nil
	}
	made := delta.Batch{Len: in.Len, Cols: p.cols, Weights: in.Weights, Errs: errs, From: in.From}
	if in.Sel != nil || len(errs) > 0 {
		made.Sel = sel
	}
	if p.narrow && hasNegative(in, sel) {
		p.cancel.consolidate(&made, sel)
		if len(made.Sel) == 0 && len(errs) == 0 {
			return nil
		}
	}
	return out.Emit(&made)
}
