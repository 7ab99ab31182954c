package bind

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// binaryOperator resolves left op right as PostgreSQL's oper does.
func binaryOperator(name string, left, right sqltype.OID, pos int32) (*builtin.Operator, error) {
	l, r := left.Base(), right.Base()
	switch {
	case l == sqltype.Unknown && r != sqltype.Unknown:
		l = r
	case r == sqltype.Unknown && l != sqltype.Unknown:
		r = l
	}
	var cands []candidate
	for _, o := range builtin.OperatorsByName(name) {
		if o.Left == 0 {
			continue
		}
		if o.Left == l && o.Right == r && l != sqltype.Unknown {
			return o, nil
		}
		cands = append(cands, candidate{args: []sqltype.OID{o.Left, o.Right}, ref: o})
	}
	in := []sqltype.OID{left.Base(), right.Base()}
	return chooseOperator(name, in, cands, pos, func() string {
		return displayType(left) + " " + name + " " + displayType(right)
	})
}

// prefixOperator resolves op right.
func prefixOperator(name string, right sqltype.OID, pos int32) (*builtin.Operator, error) {
	var cands []candidate
	for _, o := range builtin.OperatorsByName(name) {
		if o.Left != 0 {
			continue
		}
		if o.Right == right.Base() {
			return o, nil
		}
		cands = append(cands, candidate{args: []sqltype.OID{o.Right}, ref: o})
	}
	return chooseOperator(name, []sqltype.OID{right.Base()}, cands, pos, func() string { return name + " " + displayType(right) })
}

func chooseOperator(name string, in []sqltype.OID, cands []candidate, pos int32, signature func() string) (*builtin.Operator, error) {
	cands = matching(in, cands)
	if len(cands) == 1 {
		return cands[0].ref.(*builtin.Operator), nil
	}
	if len(cands) > 1 {
		if c := selectCandidate(in, cands); c != nil {
			return c.ref.(*builtin.Operator), nil
		}
		return nil, sqlerr.New(sqlerr.AmbiguousFunction, "operator is not unique: %s", signature()).At(pos).
			WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
	}
	if builtin.IsOtherOperator(name) {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "operator %s is not supported yet", name).At(pos)
	}
	return nil, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s", signature()).At(pos).
		WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}

// binary builds left op right.
func (b *binder) binary(name string, left, right plan.Expr, pos int32) (plan.Expr, error) {
	o, err := binaryOperator(name, left.Type().OID, right.Type().OID, pos)
	if err != nil {
		return nil, err
	}
	args, t, err := b.fit([]plan.Expr{left, right}, []sqltype.OID{o.Left, o.Right}, o.Result, pos)
	if err != nil {
		return nil, err
	}
	if o.Left == sqltype.Record {
		if err := comparableRows(args[0].Type(), args[1].Type(), pos); err != nil {
			return nil, err
		}
	}
	return b.at(&plan.Call{Func: plan.FuncID(o.Func), Args: args, T: sqltype.Of(t), Op: name, Pos: pos}, pos), nil
}

// operands resolves an operator and makes both sides its argument types.
func (b *binder) operands(name string, left, right plan.Expr, pos int32) (o *builtin.Operator, l, r plan.Expr, err error) {
	if o, err = binaryOperator(name, left.Type().OID, right.Type().OID, pos); err != nil {
		return nil, nil, nil, err
	}
	args, _, err := b.fit([]plan.Expr{left, right}, []sqltype.OID{o.Left, o.Right}, o.Result, pos)
	if err != nil {
		return nil, nil, nil, err
	}
	return o, args[0], args[1], nil
}

// prefix builds op right.
func (b *binder) prefix(name string, right plan.Expr, pos int32) (plan.Expr, error) {
	o, err := prefixOperator(name, right.Type().OID, pos)
	if err != nil {
		return nil, err
	}
	r, err := b.coerce(right, sqltype.Of(o.Right), implicit, -1)
	if err != nil {
		return nil, err
	}
	return b.at(&plan.Call{
		Func: plan.FuncID(o.Func), Args: []plan.Expr{r}, T: sqltype.Of(o.Result), Op: name, Pos: pos,
	}, pos), nil
}
