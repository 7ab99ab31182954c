package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// arrayExpr binds ARRAY[…]. target is the type of a cast that stands around it, which its elements take,
// or has no OID: then they have their common type.
func (b *binder) arrayExpr(n *pg.A_ArrayExpr, target sqltype.Type) (plan.Expr, error) {
	elems, nested := make([]plan.Expr, len(n.Elements)), false
	for i, e := range n.Elements {
		var err error
		if inner := e.GetAArrayExpr(); inner != nil {
			elems[i], err = b.arrayExpr(inner, target)
		} else {
			elems[i], err = b.expr(e)
		}
		if err != nil {
			return nil, err
		}
		nested = nested || isArray(elems[i].Type().OID)
	}
	var err error
	if target.OID != sqltype.Invalid {
		elems, err = b.elementsTo(elems, target, nested)
	} else {
		elems, target, err = b.commonElements(elems, nested, n.Location)
	}
	if err != nil {
		return nil, err
	}
	fn := builtin.ArrayOfElements
	if nested {
		fn = builtin.ArrayOfArrays
	}
	return b.at(&plan.Call{Func: plan.FuncID(fn), Args: elems, T: target, Pos: n.Location}, n.Location), nil
}

// elementsTo casts elements to those of an array type, arrays to the type itself.
func (b *binder) elementsTo(elems []plan.Expr, target sqltype.Type, nested bool) ([]plan.Expr, error) {
	to := target
	if !nested {
		to.OID = target.OID.Elem()
	}
	out := make([]plan.Expr, len(elems))
	for i, e := range elems {
		c, err := b.coerceTo(e, to, explicit, b.where(e))
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, cannotCast(e.Type().OID, to.OID, b.where(e))
		}
		out[i] = c
	}
	return out, nil
}

func (b *binder) commonElements(elems []plan.Expr, nested bool, pos int32) ([]plan.Expr, sqltype.Type, error) {
	if len(elems) == 0 {
		return nil, sqltype.Type{}, sqlerr.New(sqlerr.IndeterminateDatatype, "cannot determine type of empty array").At(pos).
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
	}
	elems, t, err := b.unify(elems, "ARRAY")
	if err != nil {
		return nil, t, err
	}
	if !nested {
		t.OID, err = arrayOver(t.OID)
	}
	return elems, t, located(err, pos)
}

// anyAll binds left op ANY (array) and ALL.
func (b *binder) anyAll(n *pg.A_Expr) (plan.Expr, error) {
	name, err := operatorName(n)
	if err != nil {
		return nil, err
	}
	left, array, err := b.pair(n)
	if err != nil {
		return nil, err
	}
	array = b.undomained(array)
	right := sqltype.Unknown
	if t := array.Type().OID; t != sqltype.Unknown {
		if right = t.Elem(); right == sqltype.Invalid {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "op ANY/ALL (array) requires array on right side").At(n.Location)
		}
	}
	if right == sqltype.Record {
		if err := comparableRows(left.Type(), sqltype.Type{OID: right, Mod: array.Type().Mod}, n.Location); err != nil {
			return nil, err
		}
	}
	o, err := binaryOperator(name, left.Type().OID, right, n.Location)
	if err != nil {
		return nil, err
	}
	if o.Result != sqltype.Bool {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean").At(n.Location)
	}
	s, _ := standInsOf([]sqltype.OID{left.Type().OID, right}, []sqltype.OID{o.Left, o.Right})
	leftType, err := s.of(o.Left)
	if err != nil {
		return nil, located(err, n.Location)
	}
	if left, err = b.coerce(left, sqltype.Of(leftType), implicit, -1); err != nil {
		return nil, err
	}
	t, err := s.of(o.Right)
	if err == nil {
		t, err = arrayOver(t)
	}
	if err != nil {
		return nil, located(err, n.Location)
	}
	if array, err = b.coerce(array, sqltype.Of(t), implicit, -1); err != nil {
		return nil, err
	}
	all := n.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL
	return b.at(&plan.AnyAll{Left: left, Array: array, Func: plan.FuncID(o.Func), Op: name, All: all}, n.Location), nil
}

// indirection binds a[1], a[1:2], (row).f and several of them.
func (b *binder) indirection(n *pg.A_Indirection) (plan.Expr, error) {
	e, err := b.expr(n.Arg)
	if err != nil {
		return nil, err
	}
	var indices []*pg.Node
	for _, i := range n.Indirection {
		if i.GetAIndices() != nil {
			indices = append(indices, i)
			continue
		}
		if len(indices) > 0 {
			if e, err = b.subscripted(e, indices); err != nil {
				return nil, err
			}
			indices = nil
		}
		if i.GetString_() == nil {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "row expansion via \"*\" is not supported here").At(b.where(e))
		}
		if e, err = b.fieldOf(e, i.GetString_().Sval, b.where(e)); err != nil {
			return nil, err
		}
	}
	if len(indices) > 0 {
		return b.subscripted(e, indices)
	}
	return e, nil
}

// subscripted is an array, or jsonb, with the subscripts that stand beside each other.
func (b *binder) subscripted(array plan.Expr, indices []*pg.Node) (plan.Expr, error) {
	slice := false
	array = b.undomained(array)
	for _, i := range indices {
		slice = slice || i.GetAIndices().IsSlice
	}
	t := array.Type()
	switch {
	case t.OID == sqltype.JSONB && slice:
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "jsonb subscript does not support slices").At(b.where(array))
	case t.OID == sqltype.JSONB:
		return b.jsonSubscript(array, indices)
	case t.OID == sqltype.Name && slice:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "slices of fixed-length arrays not implemented")
	case t.OID == sqltype.Name && len(indices) == 1: // to PostgreSQL an array of its 64 bytes
		at, err := b.subscript(indices[0].GetAIndices().Uidx)
		if err != nil {
			return nil, err
		}
		return b.at(&plan.Call{Func: plan.FuncID(builtin.NameByte), Args: []plan.Expr{array, at}, T: sqltype.Of(sqltype.Char), Pos: b.where(array)}, b.where(array)), nil
	case !isArray(t.OID):
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting",
			displayType(t.OID)).At(b.where(array))
	case len(indices) > sqltype.MaxDims:
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)",
			len(indices), sqltype.MaxDims)
	case slice:
		return b.slice(array, indices)
	}
	args := []plan.Expr{array}
	for _, i := range indices {
		at, err := b.subscript(i.GetAIndices().Uidx)
		if err != nil {
			return nil, err
		}
		args = append(args, at)
	}
	t.OID = t.OID.Elem()
	return b.at(&plan.Call{Func: plan.FuncID(builtin.ArrayElement), Args: args, T: t, Pos: b.where(array)}, b.where(array)), nil
}

// jsonSubscript binds j['a'][0], which is the part at that path.
func (b *binder) jsonSubscript(value plan.Expr, indices []*pg.Node) (plan.Expr, error) {
	const extractPath = 3217
	path, _, err := b.jsonKeys(indices)
	if err != nil {
		return nil, err
	}
	pos := b.where(value)
	return b.at(&plan.Call{Func: extractPath, Args: []plan.Expr{value, path}, T: sqltype.Of(sqltype.JSONB), Pos: pos}, pos), nil
}

// jsonKeys are subscripts as a path, an array of texts; number tells that the first is one.
func (b *binder) jsonKeys(indices []*pg.Node) (path plan.Expr, number bool, err error) {
	var keys []plan.Expr
	for at, i := range indices {
		e, err := b.expr(i.GetAIndices().Uidx)
		if err != nil {
			return nil, false, err
		}
		t := e.Type().OID
		switch {
		case t != sqltype.Unknown && canCoerce(t, sqltype.Int4, implicit):
			number = number || at == 0
			if e, err = b.coerce(e, sqltype.Of(sqltype.Int4), implicit, -1); err == nil {
				e, err = b.coerce(e, sqltype.Of(sqltype.Text), assignment, -1)
			}
		case canCoerce(t, sqltype.Text, implicit):
			e, err = b.coerce(e, sqltype.Of(sqltype.Text), implicit, -1)
		default:
			err = sqlerr.New(sqlerr.DatatypeMismatch, "subscript type %s is not supported", displayType(t)).At(b.where(e)).
				WithHint("jsonb subscript must be coercible to either integer or text.")
		}
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, e)
	}
	pos := b.where(keys[0])
	return b.at(&plan.Call{Func: plan.FuncID(builtin.ArrayOfElements), Args: keys, T: sqltype.Of(sqltype.Text.Array()), Pos: pos}, pos), number, nil
}

func (b *binder) subscript(n *pg.Node) (plan.Expr, error) {
	e, err := b.expr(n)
	if err != nil {
		return nil, err
	}
	at, err := b.coerceTo(e, sqltype.Of(sqltype.Int4), assignment, -1)
	if err == nil && at == nil {
		err = sqlerr.New(sqlerr.DatatypeMismatch, "array subscript must have type integer").At(b.where(e))
	}
	return at, err
}

// slice binds a[l:u].
func (b *binder) slice(array plan.Expr, indices []*pg.Node) (plan.Expr, error) {
	args, err := b.sliceArgs(array, indices)
	if err != nil {
		return nil, err
	}
	return b.at(&plan.Call{Func: plan.FuncID(builtin.ArraySlice), Args: args, T: array.Type(), Pos: b.where(array)}, b.where(array)), nil
}

// sliceArgs are the arguments of ArraySlice. Either bound may be left out; beside a slice, [n] is [1:n].
func (b *binder) sliceArgs(array plan.Expr, indices []*pg.Node) ([]plan.Expr, error) {
	var form []byte
	args := []plan.Expr{nil, array}
	for _, i := range indices {
		x := i.GetAIndices()
		for _, bound := range []struct {
			n    *pg.Node
			mark byte
		}{{x.Lidx, 'l'}, {x.Uidx, 'u'}} {
			switch {
			case bound.n != nil:
				at, err := b.subscript(bound.n)
				if err != nil {
					return nil, err
				}
				args, form = append(args, at), append(form, bound.mark)
			case !x.IsSlice:
				args, form = append(args, int4Const(1)), append(form, bound.mark)
			default:
				form = append(form, '-')
			}
		}
	}
	args[0] = &plan.Const{T: sqltype.Of(sqltype.Text), Value: delta.ConstBytes(sqltype.Text, form, 1)}
	return args, nil
}

// coerceArray casts an array element by element; how its elements are cast is what two types of them say.
func (b *binder) coerceArray(e plan.Expr, target sqltype.Type, x coercion, pos int32) (plan.Expr, error) {
	elem := sqltype.Type{OID: target.OID.Elem(), Mod: target.Mod}
	from := &plan.Column{Index: 0, T: sqltype.Type{OID: e.Type().OID.Elem(), Mod: e.Type().Mod}}
	cast, err := b.coerceTo(from, elem, x, pos)
	if err != nil {
		return nil, err
	}
	if cast == nil {
		return nil, cannotCast(e.Type().OID, target.OID, b.where(e))
	}
	if r, ok := cast.(*plan.Relabel); ok && r.Arg == plan.Expr(from) || cast == plan.Expr(from) {
		return b.at(&plan.Relabel{Arg: e, T: target}, b.where(e)), nil
	}
	return b.at(&plan.ArrayCoerce{Arg: e, Elem: cast, T: target}, b.where(e)), nil
}
