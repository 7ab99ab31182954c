package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// sortedInput appends to each row the sort keys that are computed, so that rows can be ordered
// by columns alone.
type sortedInput struct {
	width int // columns of the input
	types []sqltype.OID
	exprs []*scalar // of the columns behind
	order []state.Order
	all   []int32
	cols  []delta.Column
}

func newSortedInput(in *plan.Props, keys []plan.SortKey) *sortedInput {
	s := &sortedInput{types: fieldTypes(in)}
	s.width = len(s.types)
	for _, k := range keys {
		e := newScalar(k.Expr)
		o := state.Order{Column: e.index, Desc: k.Desc, NullsFirst: k.NullsFirst}
		if e.kind != columnRef {
			o.Column = len(s.types)
			s.types = append(s.types, e.typ)
			s.exprs = append(s.exprs, e)
		}
		s.order = append(s.order, o)
	}
	return s
}

func (s *sortedInput) open(env exec.Env) error { return openAll(s.exprs, env) }

// extend gives in's rows with their keys, borrowed until the next call, and the errors, which
// are not among its live rows.
func (s *sortedInput) extend(in *delta.Batch) (delta.Batch, delta.RowErrors, error) {
	sel, errs := liveRows(in, &s.all), in.Errs
	s.cols = append(s.cols[:0], in.Cols[:s.width]...)
	for _, e := range s.exprs {
		c, failed, err := e.eval(in, sel)
		if err != nil {
			return delta.Batch{}, nil, err
		}
		s.cols = append(s.cols, c)
		if len(failed) > 0 {
			errs = joinErrors(errs, failed)
			sel = without(nil, sel, failed)
		}
	}
	return delta.Batch{Len: in.Len, Cols: s.cols, Weights: in.Weights, Sel: sel}, errs, nil
}

// passErrors emits the errors of in alone.
func (s *sortedInput) passErrors(in *delta.Batch, errs delta.RowErrors, out exec.Out) error {
	if len(errs) == 0 {
		return nil
	}
	d, _ := errorsOnly(in, errs, in.Cols[:s.width])
	return out.Emit(&d)
}
