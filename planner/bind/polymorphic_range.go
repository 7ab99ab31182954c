package bind

import "github.com/tributary-db/tributary/internal/sqltype"

// Pseudo-types of pg_proc that stand for ranges and multiranges. The functions that take the anycompatible ones are input and output
// only: no call speaks of them.

// takeRange notes that an argument of type t is one of a range or multirange pseudo-type; ok is false where it does not fit.
func (s *standIns) takeRange(declared, t sqltype.OID) (ok bool) {
	r := sqltype.RangeOf(t)
	if r == nil || (declared == sqltype.AnyRange) != (r.Range == t) || s.ranges != nil && s.ranges != r {
		return false
	}
	s.ranges = r
	return true
}

// rangeOf is the type that a range or multirange pseudo-type stands for, Invalid where nothing says.
func (s standIns) rangeOf(declared sqltype.OID) sqltype.OID {
	switch {
	case s.ranges == nil:
		return sqltype.Invalid
	case declared == sqltype.AnyRange:
		return s.ranges.Range
	}
	return s.ranges.Multi
}
