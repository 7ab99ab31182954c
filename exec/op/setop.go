package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// setOp gives rows as often as their two counts say. A change of counts that changes no row, as when
// one more comes to the left of a plain INTERSECT, cancels within the batch.
type setOp struct {
	ports
	node    *plan.SetOp
	width   int
	all     []int32
	sel     []int32
	weights []int64
	cancel  canceller
}

func newSetOp(n *plan.SetOp) (exec.Operator, error) {
	return &setOp{ports: newPorts(1), node: n, width: len(n.P.Fields)}, nil
}

func (s *setOp) Open(exec.Env) error { return nil }

func (s *setOp) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	left, right := &in.Cols[s.width], &in.Cols[s.width+1]
	lefts, rights := delta.Values[int64](left), delta.Values[int64](right)
	s.sel, s.weights = none(s.sel), append(s.weights[:0], make([]int64, in.Len)...)
	for _, row := range liveRows(in, &s.all) {
		if n := s.node.Times(lefts[left.At(row)], rights[right.At(row)]); n != 0 {
			s.sel = append(s.sel, row)
			s.weights[row] = n * in.Weight(row)
		}
	}
	for _, e := range in.Errs {
		s.weights[e.Row] = in.Weight(e.Row)
	}
	made := delta.Batch{Len: in.Len, Cols: in.Cols[:s.width], Sel: s.sel, Weights: s.weights, Errs: in.Errs}
	if hasNegative(&made, s.sel) {
		s.cancel.consolidate(&made, s.sel)
	}
	if len(made.Sel) == 0 && len(made.Errs) == 0 {
		return nil
	}
	return out.Emit(&made)
}
