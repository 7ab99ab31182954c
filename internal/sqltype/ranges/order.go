package ranges

import "cmp"

// Compare orders ranges: the empty one first, then by lower and upper bounds.
func Compare(k Kind, a, b *Range) int {
	switch {
	case a.Empty || b.Empty:
		return cmp.Compare(b2i(b.Empty), b2i(a.Empty))
	default:
		return cmp.Or(compareBounds(k, &a.Lower, &b.Lower), compareBounds(k, &a.Upper, &b.Upper))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// CompareMulti orders multiranges by their ranges, the shorter first where it is the start of the longer.
func CompareMulti(k Kind, a, b Multi) int {
	for i := range min(len(a), len(b)) {
		if c := Compare(k, &a[i], &b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// HashWords gives each word that tells unequal ranges apart: equal ones have equal words.
func (r *Range) HashWords(k Kind, word func(uint64)) {
	word(uint64(r.Flags()))
	if r.Empty {
		return
	}
	for _, b := range []*Bound{&r.Lower, &r.Upper} {
		switch {
		case b.Infinite:
		case k == Numeric:
			word(b.Dec.Hash())
		default:
			word(uint64(b.Int))
		}
	}
}

// Contains reports whether all of b is in a.
func (r *Range) Contains(k Kind, b *Range) bool {
	switch {
	case b.Empty:
		return true
	case r.Empty:
		return false
	}
	return compareBounds(k, &r.Lower, &b.Lower) <= 0 && compareBounds(k, &r.Upper, &b.Upper) >= 0
}

// ContainsValue reports whether a value, given as an inclusive bound, is in r.
func (r *Range) ContainsValue(k Kind, v *Bound) bool {
	return !r.Empty && compareBounds(k, &r.Lower, v) <= 0 && compareBounds(k, &r.Upper, v) >= 0
}

// Overlaps reports whether they have a value in common.
func (r *Range) Overlaps(k Kind, b *Range) bool {
	if r.Empty || b.Empty {
		return false
	}
	return compareBounds(k, &r.Lower, &b.Lower) >= 0 && compareBounds(k, &r.Lower, &b.Upper) <= 0 ||
		compareBounds(k, &b.Lower, &r.Lower) >= 0 && compareBounds(k, &b.Lower, &r.Upper) <= 0
}

// Before reports whether all of r is left of b.
func (r *Range) Before(k Kind, b *Range) bool {
	return !r.Empty && !b.Empty && compareBounds(k, &r.Upper, &b.Lower) < 0
}

// OverLeft reports whether r does not go further right than b.
func (r *Range) OverLeft(k Kind, b *Range) bool {
	return !r.Empty && !b.Empty && compareBounds(k, &r.Upper, &b.Upper) <= 0
}

// OverRight reports whether r does not go further left than b.
func (r *Range) OverRight(k Kind, b *Range) bool {
	return !r.Empty && !b.Empty && compareBounds(k, &r.Lower, &b.Lower) >= 0
}

// Adjacent reports whether nothing is between them, and they have nothing in common.
func (r *Range) Adjacent(k Kind, b *Range) bool {
	return !r.Empty && !b.Empty && (meet(k, r.Upper, b.Lower) || meet(k, b.Upper, r.Lower))
}

// meet reports whether an upper and a lower bound have nothing between them and no value in common.
func meet(k Kind, upper, lower Bound) bool {
	if upper.Infinite || lower.Infinite {
		return false
	}
	switch c := compareValues(k, &upper, &lower); {
	case c > 0:
		return false
	case c == 0:
		return upper.Inclusive != lower.Inclusive
	}
	if k > Date {
		return false
	}
	upper.Inclusive, lower.Inclusive = !upper.Inclusive, !lower.Inclusive
	gap, err := Make(k, upper, lower)
	return err == nil && gap.Empty
}
