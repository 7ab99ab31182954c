package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// overFunc is a window function of an over.
type overFunc struct {
	args   []*scalar
	filter *scalar // nil = all rows
	frame  *frame
	kind   windowKind
}

// windowKind computes one value a row of a partition.
type windowKind interface {
	open(env exec.Env, f *overFunc) error
	// compute appends the results to b. args are the function's over the rows.
	compute(p *partition, f *overFunc, args []delta.Column, b *delta.Builder) error
}

// newOverFunc makes function ordinal; desc is how the first key of its order goes.
func newOverFunc(w *plan.WindowFunc, ordinal int, desc bool) (*overFunc, error) {
	f := &overFunc{args: newScalars(w.Args), frame: newFrame(&w.Frame, desc)}
	if w.Filter != nil {
		f.filter = newScalar(w.Filter)
	}
	if kind, ok := windowKinds[w.Func]; ok {
		f.kind = kind
		return f, nil
	}
	var err error
	f.kind, err = newFrameAggregate(w, ordinal)
	return f, err
}

func (f *overFunc) open(env exec.Env) error {
	if f.filter != nil {
		if err := f.filter.open(env); err != nil {
			return err
		}
	}
	if err := openAll(f.args, env); err != nil {
		return err
	}
	if err := f.frame.open(env); err != nil {
		return err
	}
	return f.kind.open(env, f)
}

func (f *overFunc) compute(p *partition, b *delta.Builder) error {
	args := make([]delta.Column, len(f.args))
	for i, a := range f.args {
		var err error
		if args[i], _, err = a.eval(p.batch(), p.all); err != nil { // columns and constants do not fail
			return err
		}
	}
	if err := f.frame.begin(p); err != nil {
		return err
	}
	return f.kind.compute(p, f, args, b)
}

// windowKinds are functions of rows, by pg_proc OID. What is not here is an aggregate.
var windowKinds = map[plan.FuncID]windowKind{
	plan.FuncRowNumber:   rowFunc(rowNumber),
	plan.FuncRank:        rowFunc(rank),
	plan.FuncDenseRank:   rowFunc(denseRank),
	plan.FuncPercentRank: rowFunc(percentRank),
	plan.FuncCumeDist:    rowFunc(cumeDist),
	plan.FuncNtile:       rowFunc(ntile),
	3106:                 rowFunc(lag), 3107: rowFunc(lag), 3108: rowFunc(lag),
	3109: rowFunc(lead), 3110: rowFunc(lead), 3111: rowFunc(lead),
	3112:              rowFunc(firstValue),
	3113:              rowFunc(lastValue),
	plan.FuncNthValue: rowFunc(nthValue),
}

// rowFunc is a function without state.
type rowFunc func(p *partition, f *frame, args []delta.Column, b *delta.Builder)

func (rowFunc) open(exec.Env, *overFunc) error { return nil }

func (r rowFunc) compute(p *partition, f *overFunc, args []delta.Column, b *delta.Builder) error {
	r(p, f.frame, args, b)
	return nil
}
