package op

import (
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

type scalarKind uint8

const (
	columnRef scalarKind = iota
	constant
	parameter
	computed
)

// scalar is an expression of a node. Columns, constants and parameters need no program.
type scalar struct {
	kind  scalarKind
	typ   sqltype.OID
	index int          // of the column or parameter
	value delta.Column // of the constant or parameter
	expr  plan.Expr
	prog  program
	errs  delta.RowErrors
}

// program is a compiled expression; see expr.Program.
type program interface {
	Eval(in *delta.Batch, dst *delta.Column, errs *delta.RowErrors) error
	Rebind(env expr.Env) error
}

func newScalar(e plan.Expr) *scalar {
	s := &scalar{typ: e.Type().OID, expr: e}
	switch e := e.(type) {
	case *plan.Column:
		s.kind, s.index = columnRef, e.Index
	case *plan.Const:
		s.kind, s.value = constant, e.Value
	case *plan.Param:
		s.kind, s.index = parameter, e.Index-1
	case *plan.Relabel:
		s = newScalar(e.Arg)
		s.typ = e.T.OID
	default:
		s.kind = computed
	}
	return s
}

func newScalars(list []plan.Expr) []*scalar {
	out := make([]*scalar, len(list))
	for i, e := range list {
		out[i] = newScalar(e)
	}
	return out
}

// open compiles against the run's parameters and settings; what was compiled for the run before is
// taken over.
func (s *scalar) open(env exec.Env) (err error) {
	switch s.kind {
	case parameter:
		if s.index < 0 || s.index >= len(env.Params()) {
			return fmt.Errorf("op: plan uses parameter $%d of %d", s.index+1, len(env.Params()))
		}
		s.value = env.Params()[s.index]
	case computed:
		if s.prog != nil {
			return s.prog.Rebind(exprEnv(env))
		}
		x := exprEnv(env)
		s.prog, err = expr.Compile(s.expr, &x)
	}
	return err
}

func openAll(list []*scalar, env exec.Env) error {
	for _, s := range list {
		if err := s.open(env); err != nil {
			return err
		}
	}
	return nil
}

// eval computes rows sel of in; column and errors are borrowed until the next eval.
func (s *scalar) eval(in *delta.Batch, sel []int32) (c delta.Column, errs delta.RowErrors, err error) {
	switch s.kind {
	case columnRef:
		c = in.Cols[s.index]
	case constant, parameter:
		c = s.value.WithLen(in.Len)
	default:
		rows := *in
		rows.Sel = sel
		s.errs = s.errs[:0]
		err = s.prog.Eval(&rows, &c, &s.errs)
		errs = s.errs
		nameOrigins(in, errs)
	}
	c.Type = s.typ
	return c, errs, err
}

// nameOrigins tells new errors the records that their rows were made from.
func nameOrigins(in *delta.Batch, errs delta.RowErrors) {
	if in.From == nil {
		return
	}
	for i := range errs {
		from := in.From.Origin(errs[i].Row)
		errs[i].From = &from
	}
}

// truth lists the rows of sel for which the expression is true, in dst's memory.
func (s *scalar) truth(in *delta.Batch, sel, dst []int32) ([]int32, delta.RowErrors, error) {
	c, errs, err := s.eval(in, sel)
	if err != nil {
		return nil, nil, err
	}
	dst = none(dst)
	values := delta.Values[uint8](&c)
	rest := errs
	for _, row := range sel {
		for len(rest) > 0 && rest[0].Row < row {
			rest = rest[1:]
		}
		failed := len(rest) > 0 && rest[0].Row == row
		if !failed && !c.Null(row) && values[c.At(row)] != 0 {
			dst = append(dst, row)
		}
	}
	return dst, errs, nil
}

// one evaluates an expression without columns: a constant column of one row.
func (s *scalar) one() (delta.Column, error) {
	in := delta.Batch{Len: 1}
	c, errs, err := s.eval(&in, []int32{0})
	if err == nil && len(errs) > 0 {
		err = errs[0].Err
	}
	return c, err
}
