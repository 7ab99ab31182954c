package source

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// row is expressions without columns. What is compiled is kept from one opening of the source to the
// next.
type row struct {
	exprs []plan.Expr
	progs []*expr.Program // nil for what needs none
	env   expr.Env        // of this opening
	bound bool            // progs are of this opening
	cols  []delta.Column
}

func (r *row) open(env exec.Env) {
	r.env, r.bound = exprEnv(env), false
}

// eval computes each expression to a column of one row; the first that fails is the row's error. The
// columns are borrowed until the next eval.
func (r *row) eval() ([]delta.Column, *sqlerr.Error, error) {
	r.cols = r.cols[:0]
	for i, e := range r.exprs {
		col, ok := knownValue(e, &r.env)
		if !ok {
			failed, err := r.compute(i, &col)
			if failed != nil || err != nil {
				return nil, failed, err
			}
		}
		r.cols = append(r.cols, col)
	}
	r.bound = true
	return r.cols, nil, nil
}

// compute runs the program of one expression.
func (r *row) compute(i int, col *delta.Column) (*sqlerr.Error, error) {
	if r.progs == nil {
		r.progs = make([]*expr.Program, len(r.exprs))
	}
	var err error
	switch p := r.progs[i]; {
	case p == nil:
		own := r.env
		r.progs[i], err = expr.Compile(r.exprs[i], &own)
	case !r.bound:
		err = p.Rebind(r.env)
	}
	if err != nil {
		return nil, err
	}
	var errs delta.RowErrors
	if err := r.progs[i].Eval(&delta.Batch{Len: 1}, col, &errs); err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return errs[0].Err, nil
	}
	return nil, nil
}

func exprEnv(env exec.Env) expr.Env {
	e := expr.Env{Params: env.Params(), Meter: env.Meter()}
	if s := env.Settings(); s != nil {
		e.Settings = *s
		if s.Session != nil {
			e.Now, e.HasNow = s.Session.Now, true
		}
	}
	return e
}

// knownValue is that of a constant or a parameter, which need no program.
func knownValue(e plan.Expr, env *expr.Env) (delta.Column, bool) {
	switch e := e.(type) {
	case *plan.Const:
		return e.Value, true
	case *plan.Param:
		if e.Index < 1 || e.Index > len(env.Params) {
			return delta.Column{}, false // the compiler says what is wrong
		}
		col := env.Params[e.Index-1]
		if !col.Const || col.Phys != e.T.OID.Phys() {
			return delta.Column{}, false
		}
		col.Type = e.T.OID
		return col, true
	case *plan.Relabel:
		col, ok := knownValue(e.Arg, env)
		col.Type = e.T.OID
		return col, ok
	}
	return delta.Column{}, false
}
