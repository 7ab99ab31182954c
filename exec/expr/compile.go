package expr

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

type compiler struct {
	env   *Env
	cols  []columnUse
	bound []binding
}

// binding is a part of a program that keeps something of its Env.
type binding interface{ rebind(env *Env) error }

//lint:dispatch
func (c *compiler) expr(e plan.Expr) (node, error) {
	switch e := e.(type) {
	case *plan.Column:
		c.cols = append(c.cols, columnUse{index: e.Index, phys: e.T.OID.Phys()})
		return &columnNode{index: e.Index}, nil
	case *plan.Const:
		return newConst(e.Value), nil
	case *plan.Param:
		return c.param(e)
	case *plan.Call:
		return c.call(e)
	case *plan.Relabel:
		arg, err := c.expr(e.Arg)
		return &relabelNode{arg: arg, typ: e.T.OID}, err
	case *plan.CoerceIO:
		return c.coerceIO(e)
	case *plan.ArrayCoerce:
		return c.arrayCoerce(e)
	case *plan.CoerceDomain:
		return c.coerceDomain(e)
	case *plan.AnyAll:
		return c.anyAll(e)
	case *plan.And:
		return c.junction(e.Args, 0)
	case *plan.Or:
		return c.junction(e.Args, 1)
	case *plan.Not:
		arg, err := c.expr(e.Arg)
		return &notNode{arg: arg}, err
	case *plan.IsNull:
		arg, err := c.expr(e.Arg)
		return &isNullNode{arg: arg, not: e.Not}, err
	case *plan.IsBool:
		arg, err := c.expr(e.Arg)
		return &isBoolNode{arg: arg, want: e.Want, not: e.Not}, err
	case *plan.DistinctFrom:
		return c.distinctFrom(e)
	case *plan.Case:
		return c.caseExpr(e)
	case *plan.Coalesce:
		return c.coalesce(e)
	case *plan.NullIf:
		return c.nullIf(e)
	case *plan.InList:
		return c.inList(e)
	case *plan.MinMax:
		return c.minMax(e)
	}
	return nil, fmt.Errorf("expression of unknown form %T", e)
}

func (c *compiler) exprs(list []plan.Expr) ([]node, error) {
	nodes := make([]node, len(list))
	for i, e := range list {
		var err error
		if nodes[i], err = c.expr(e); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (c *compiler) param(e *plan.Param) (node, error) {
	d := &paramNode{index: e.Index, typ: e.T.OID}
	c.bound = append(c.bound, d)
	return d, d.rebind(c.env)
}

func (c *compiler) call(e *plan.Call) (node, error) {
	args, err := c.exprs(e.Args)
	if err != nil {
		return nil, err
	}
	d, err := c.apply(uint32(e.Func), args, e.T, e.Pos)
	if err == nil && e.Spread {
		d.kernel = kernel.Spread(d.kernel, builtin.FuncByOID(uint32(e.Func)))
	}
	return d, err
}

// apply is the call of a function by OID on compiled arguments.
func (c *compiler) apply(oid uint32, args []node, t sqltype.Type, pos int32) (*callNode, error) {
	f := builtin.FuncByOID(oid)
	if f == nil {
		return nil, fmt.Errorf("function with OID %d is not in the registry", oid)
	}
	k := kernel.Lookup(f)
	if k == nil || f.Kind != builtin.KindFunction || f.RetSet {
		return nil, errUnsupported(f).At(pos)
	}
	d := &callNode{kernel: k, strict: f.Strict, volatile: f.Volatile == 'v', args: args}
	d.call = kernel.Call{Env: c.env, Args: make([]*delta.Column, len(args)), Out: &d.out, Type: t}
	d.out = kernel.NewOut(c.env.Meter)
	c.bound = append(c.bound, d)
	return d, nil
}

// equality is the call of a two-argument boolean function on columns held by the parent.
func (c *compiler) equality(oid plan.FuncID, left, right node) (*callNode, error) {
	return c.apply(uint32(oid), []node{left, right}, sqltype.Of(sqltype.Bool), -1)
}

func errUnsupported(f *builtin.Func) *sqlerr.Error {
	names := make([]string, len(f.Args))
	for i, t := range f.Args {
		names[i] = typeName(t)
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "function %s(%s) is not supported yet", f.Name, strings.Join(names, ", "))
}

func typeName(t sqltype.OID) string {
	if x := builtin.TypeByOID(t); x != nil {
		return x.Name
	}
	return "unknown"
}

// Supported reports whether the engine can run a function as a scalar expression.
func Supported(f *builtin.Func) bool {
	return f.Kind == builtin.KindFunction && !f.RetSet && kernel.Lookup(f) != nil
}
