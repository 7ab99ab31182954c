package bind

import "github.com/tributary-db/tributary/internal/sqltype"

// Pseudo-types of pg_proc that stand for ranges and multiranges: those of the anyelement family, and those of the anycompatible one, whose
// elements must be of the common type as they are.

// isRangeStandIn: t stands for a range or a multirange.
func isRangeStandIn(t sqltype.OID) bool {
	switch t {
	case sqltype.AnyRange, sqltype.AnyMultirange, anyCompatibleRange, anyCompatibleMultirange:
		return true
	}
	return false
}

// takeRange notes that an argument of type t is one of a range or multirange pseudo-type; nil where it does not fit.
func (s *standIns) takeRange(declared, t sqltype.OID) *sqltype.RangeType {
	noted := &s.ranges
	if declared == anyCompatibleRange || declared == anyCompatibleMultirange {
		noted = &s.wide
	}
	r := sqltype.RangeOf(t)
	if r == nil || (declared == sqltype.AnyRange || declared == anyCompatibleRange) != (r.Range == t) || *noted != nil && *noted != r {
		return nil
	}
	*noted = r
	return r
}

// rangeOf is the type that a range or multirange pseudo-type stands for, Invalid where nothing says.
func (s standIns) rangeOf(declared sqltype.OID) sqltype.OID {
	of := s.ranges
	if declared == anyCompatibleRange || declared == anyCompatibleMultirange {
		of = s.wide
	}
	switch {
	case of == nil:
		return sqltype.Invalid
	case declared == sqltype.AnyRange || declared == anyCompatibleRange:
		return of.Range
	}
	return of.Multi
}
