package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// expand repeats rows for grouping sets. Its batches share the input's columns.
type expand struct {
	ports
	env  exec.Env
	node *plan.Expand
	cols []delta.Column
}

func newExpand(n *plan.Expand) (exec.Operator, error) {
	return &expand{ports: newPorts(1), node: n}, nil
}

func (x *expand) Open(env exec.Env) error {
	x.env = env
	return nil
}

func (x *expand) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	for i, set := range x.node.Sets {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := x.env.Meter().Breathe(); err != nil {
			return err
		}
		x.cols = append(x.cols[:0], in.Cols...)
		for _, k := range x.node.Keys {
			x.cols = append(x.cols, delta.NullColumn(in.Cols[k].Type, in.Len))
		}
		for _, k := range set {
			x.cols[len(in.Cols)+k] = in.Cols[x.node.Keys[k]]
		}
		d := *in
		d.Cols = append(x.cols, delta.Const(sqltype.Int4, int32(i), in.Len), delta.Const(sqltype.Bool, uint8(1), in.Len))
		if i > 0 && len(d.Errs) > 0 {
			d.Errs = nil // once is enough
			if len(d.Sel) == 0 {
				continue
			}
		}
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	return nil
}
