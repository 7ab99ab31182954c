package bind

import (
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Pseudo-types of pg_proc that stand for others.
const (
	anyNonArray           sqltype.OID = 2776
	anyCompatible         sqltype.OID = 5077
	anyCompatibleArray    sqltype.OID = 5078
	anyCompatibleNonArray sqltype.OID = 5079

	anyCompatibleRange      sqltype.OID = 5080
	anyCompatibleMultirange sqltype.OID = 4538
)

// polymorphic reports whether t stands for a type that the arguments decide.
func polymorphic(t sqltype.OID) bool {
	switch t {
	case sqltype.AnyElement, sqltype.AnyArray, anyNonArray, anyCompatible, anyCompatibleArray, anyCompatibleNonArray,
		sqltype.AnyRange, sqltype.AnyMultirange, sqltype.AnyEnum, anyCompatibleRange, anyCompatibleMultirange:
		return true
	}
	return false
}

func isArray(t sqltype.OID) bool { return t.Elem() != sqltype.Invalid }

// standIns are what the pseudo-types of a signature stand for in a call, Invalid where only literals
// of no type speak of them: elem those of the anyelement family, which must all be the same,
// compatible those of the anycompatible family, which must have a common type.
type standIns struct {
	elem, compatible sqltype.OID
	ranges, wide     *sqltype.RangeType // of the anyelement family, and of the anycompatible one
}

// standInsOf is PostgreSQL's check_generic_type_consistency: ok is false where no types fit.
func standInsOf(in, declared []sqltype.OID) (s standIns, ok bool) {
	var compatible []sqltype.OID
	for i, d := range declared {
		t := in[i]
		if !polymorphic(d) || t == sqltype.Unknown {
			continue
		}
		switch d {
		case sqltype.AnyArray, anyCompatibleArray:
			if t = t.Base().Elem(); t == sqltype.Invalid {
				return s, false
			}
		case anyNonArray, anyCompatibleNonArray:
			if isArray(t.Base()) {
				return s, false
			}
		}
		switch d {
		case sqltype.AnyRange, sqltype.AnyMultirange, anyCompatibleRange, anyCompatibleMultirange:
			r := s.takeRange(d, t.Base())
			if r == nil {
				return s, false
			}
			t = r.Elem
		}
		switch d {
		case anyCompatible, anyCompatibleArray, anyCompatibleNonArray, anyCompatibleRange, anyCompatibleMultirange:
			compatible = append(compatible, t)
		default:
			if s.elem != sqltype.Invalid && s.elem != t {
				return s, false
			}
			s.elem = t
		}
	}
	if slices.Contains(declared, sqltype.AnyEnum) && !sqltype.IsEnum(s.elem) {
		return s, false
	}
	if len(compatible) == 0 {
		return s, true
	}
	if s.compatible = commonOf(compatible); s.compatible == sqltype.Invalid {
		return s, false
	}
	if s.wide != nil && s.wide.Elem != s.compatible {
		return s, false // ranges are cast to no others
	}
	for _, d := range declared {
		if (d == anyCompatibleNonArray || d == anyCompatibleArray) && isArray(s.compatible) {
			return s, false // there are no arrays of arrays
		}
	}
	for _, t := range compatible {
		if !canCoerce(t, s.compatible, implicit) {
			return s, false
		}
	}
	return s, true
}

// commonOf is select_common_type of types that are known, Invalid where there is none.
func commonOf(types []sqltype.OID) sqltype.OID {
	t := types[0]
	for _, next := range types[1:] {
		switch {
		case next == t:
		case category(next) != category(t):
			return sqltype.Invalid
		case !preferred(t) && canCoerce(t, next, implicit) && !canCoerce(next, t, implicit):
			t = next
		}
	}
	return t
}

// of is the type that d stands for; of others than pseudo-types itself.
func (s standIns) of(d sqltype.OID) (sqltype.OID, error) {
	t := s.elem
	switch d {
	case anyCompatible, anyCompatibleArray, anyCompatibleNonArray:
		if t = s.compatible; t == sqltype.Invalid {
			t = sqltype.Text
		}
	case sqltype.AnyRange, sqltype.AnyMultirange, anyCompatibleRange, anyCompatibleMultirange:
		if t = s.rangeOf(d); t == sqltype.Invalid {
			return t, sqlerr.New(sqlerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
		}
	case sqltype.AnyElement, sqltype.AnyArray, anyNonArray, sqltype.AnyEnum:
		if t == sqltype.Invalid {
			return t, sqlerr.New(sqlerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
		}
	default:
		return d, nil
	}
	if d == sqltype.AnyArray || d == anyCompatibleArray {
		return arrayOver(t)
	}
	return t, nil
}

// arrayOver is the type of arrays of t.
func arrayOver(t sqltype.OID) (sqltype.OID, error) {
	if a := t.Array(); a != sqltype.Invalid {
		return a, nil
	}
	return sqltype.Invalid, sqlerr.New(sqlerr.UndefinedObject, "could not find array type for data type %s", displayType(t))
}

// fit makes arguments those of a signature and gives what it returns (enforce_generic_type_consistency).
func (b *binder) fit(args []plan.Expr, declared []sqltype.OID, ret sqltype.OID, pos int32) ([]plan.Expr, sqltype.OID, error) {
	if !polymorphic(ret) && ret != sqltype.Regtype { // but for pg_typeof, "any" is of the value and not of its domain
		args = slices.Clone(args)
		for i := range args {
			if d := declared[i]; d == sqltype.Any || polymorphic(d) {
				args[i] = b.undomained(args[i])
			}
		}
	}
	s, _ := standInsOf(typesOf(args), declared)
	out := make([]plan.Expr, len(args))
	for i, a := range args {
		t, err := s.of(declared[i])
		if err != nil {
			return nil, 0, located(err, pos)
		}
		if t == sqltype.Any && a.Type().OID == sqltype.Unknown {
			// A literal for "any" has no other type to become; pg_typeof, which alone gives a regtype of one, tells of it as it is.
			if t = sqltype.Text; ret == sqltype.Regtype {
				t = sqltype.Unknown
			}
			if p, isParam := a.(*plan.Param); isParam {
				return nil, 0, sqlerr.New(sqlerr.IndeterminateDatatype, "could not determine data type of parameter $%d", p.Index).At(b.where(a))
			}
		}
		if out[i], err = b.coerce(a, sqltype.Of(t), implicit, -1); err != nil {
			return nil, 0, err
		}
	}
	ret, err := s.of(ret)
	return out, ret, located(err, pos)
}
