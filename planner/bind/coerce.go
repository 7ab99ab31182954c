package bind

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// coercion is the context of a cast: how much the user asked for.
type coercion byte

const (
	implicit   coercion = iota // inside expressions
	assignment                 // into a column of a table
	explicit                   // CAST, ::
)

// allows reports whether a pg_cast row of context c ('i', 'a', 'e') may be used.
func (x coercion) allows(c byte) bool {
	switch c {
	case 'i':
		return true
	case 'a':
		return x >= assignment
	}
	return x >= explicit
}

// pathway is how a value of one type becomes one of another.
type pathway struct {
	method byte // 0 none, 'b' relabel, 'f' function, 'i' through text, 'a' element by element, 'r' field by field
	fn     uint32
}

// findPathway is PostgreSQL's find_coercion_pathway.
func findPathway(source, target sqltype.OID, x coercion) pathway {
	source, target = source.Base(), target.Base()
	if source == target {
		return pathway{method: 'b'}
	}
	switch {
	case sqltype.IsComposite(target) && (source == sqltype.Record || sqltype.IsComposite(source)):
		if source == sqltype.Record || x >= explicit {
			return pathway{method: 'r'}
		}
		return pathway{}
	case target == sqltype.Record && sqltype.IsComposite(source):
		return pathway{method: 'b'}
	}
	if c := builtin.CastFor(source, target); c != nil {
		if x.allows(c.Context) {
			return pathway{method: c.Method, fn: c.Func}
		}
		return pathway{}
	}
	if s, t := source.Elem(), target.Elem(); s != sqltype.Invalid && t != sqltype.Invalid && target != sqltype.Int2Vector && target != sqltype.OIDVector {
		if findPathway(s, t, x).method != 0 {
			return pathway{method: 'a'}
		}
		return pathway{}
	}
	switch {
	case x >= assignment && category(target) == 'S' && (knownType(source) || source == sqltype.Unknown || source == sqltype.Record || source == sqltype.RecordArray):
		return pathway{method: 'i'}
	case x >= explicit && category(source) == 'S' && knownType(target):
		return pathway{method: 'i'}
	}
	return pathway{}
}

func knownType(t sqltype.OID) bool {
	b := builtin.TypeByOID(t)
	return b != nil && b.Kind != 'p'
}

func category(t sqltype.OID) byte {
	if b := builtin.TypeByOID(t); b != nil {
		return b.Category
	}
	return 'U'
}

func preferred(t sqltype.OID) bool {
	b := builtin.TypeByOID(t)
	return b != nil && b.Preferred
}

// canCoerce is PostgreSQL's can_coerce_type for one type.
func canCoerce(source, target sqltype.OID, x coercion) bool {
	switch {
	case source == target, target == sqltype.Any, polymorphic(target), source == sqltype.Unknown:
		return true
	}
	return findPathway(source, target, x).method != 0
}

// coerce makes e a value of type target, whose pathway must exist or whose literal must be
// valid (PostgreSQL's coerce_type). A modifier of target is applied to literals of types whose
// input needs it (interval) only; applyMod does the rest.
func (b *binder) coerce(e plan.Expr, target sqltype.Type, x coercion, pos int32) (plan.Expr, error) {
	source := e.Type().OID
	if source == target.OID || target.OID == sqltype.Any {
		return e, nil
	}
	if p, ok := e.(*plan.Param); ok && source == sqltype.Unknown {
		param, err := b.coerceParam(p, target.OID)
		if err != nil {
			return nil, err
		}
		return b.givenParam(param)
	}
	if source == sqltype.Unknown {
		return b.coerceUnknown(e, target, x)
	}
	if sqltype.IsDomain(target.OID) {
		return b.toDomain(e, target.OID, x, pos)
	}
	if sqltype.IsDomain(source) {
		return b.coerce(b.undomained(e), target, x, pos)
	}
	path := findPathway(source, target.OID, x)
	switch path.method {
	case 'r':
		return b.toComposite(e, target, x, pos)
	case 'b':
		if target.OID == sqltype.Record {
			target = sqltype.RecordOf(sqltype.ShapeOf(e.Type()))
			return b.at(&plan.Relabel{Arg: e, T: target}, b.where(e)), nil
		}
		return b.at(&plan.Relabel{Arg: e, T: sqltype.Of(target.OID)}, b.where(e)), nil
	case 'i':
		if b.opts.Continuous && (sqltype.IsReg(source) || sqltype.IsReg(target.OID)) {
			return nil, notInView("a cast between " + displayType(source) + " and " + displayType(target.OID)).At(pos)
		}
		return b.at(&plan.CoerceIO{Arg: e, T: sqltype.Of(target.OID), Pos: pos}, b.where(e)), nil
	case 'f':
		return b.castCall(e, path.fn, target, x, pos), nil
	case 'a':
		return b.coerceArray(e, sqltype.Of(target.OID), x, pos)
	}
	return nil, cannotCast(source, target.OID, b.where(e))
}

// castCall applies a cast function: some take the modifier and whether the cast is explicit.
func (b *binder) castCall(e plan.Expr, fn uint32, target sqltype.Type, x coercion, pos int32) plan.Expr {
	args := []plan.Expr{e}
	out := sqltype.Of(target.OID)
	if f := builtin.FuncByOID(fn); f != nil {
		if len(f.Args) > 1 {
			args = append(args, int4Const(target.Mod))
			out.Mod = target.Mod
		}
		if len(f.Args) > 2 {
			args = append(args, boolConst(x == explicit))
		}
	}
	return b.at(&plan.Call{Func: plan.FuncID(fn), Args: args, T: out, Pos: pos}, b.where(e))
}

// applyMod applies a type's modifier (coerce_type_typmod): varchar(3), numeric(10,2).
func (b *binder) applyMod(e plan.Expr, target sqltype.Type, x coercion, pos int32) plan.Expr {
	if target.Mod < 0 || e.Type() == target {
		return e
	}
	if isArray(target.OID) {
		if out, err := b.coerceArray(e, target, x, pos); err == nil {
			return out
		}
	}
	c := builtin.CastFor(target.OID, target.OID)
	if c == nil || c.Method != 'f' {
		return b.at(&plan.Relabel{Arg: e, T: target}, b.where(e))
	}
	call := b.castCall(e, c.Func, target, x, pos).(*plan.Call)
	call.T = target
	return call
}

// coerceTo is coerce followed by applyMod, nil when there is no way (coerce_to_target_type).
func (b *binder) coerceTo(e plan.Expr, target sqltype.Type, x coercion, pos int32) (plan.Expr, error) {
	if !canCoerce(e.Type().OID, target.OID, x) {
		return nil, nil
	}
	out, err := b.coerce(e, target, x, pos)
	if err != nil {
		return nil, err
	}
	return b.applyMod(out, target, x, pos), nil
}

// toBool makes e a condition; construct names what needs it: WHERE, AND.
func (b *binder) toBool(e plan.Expr, construct string) (plan.Expr, error) {
	out, err := b.coerceTo(e, sqltype.Of(sqltype.Bool), assignment, -1)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must be type boolean, not type %s",
			construct, displayType(e.Type().OID)).At(b.where(e))
	}
	return out, nil
}

func cannotCast(source, target sqltype.OID, pos int32) error {
	return sqlerr.New(sqlerr.CannotCoerce, "cannot cast type %s to %s", displayType(source), displayType(target)).At(pos)
}
