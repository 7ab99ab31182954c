package ranges

import "github.com/tributary-db/tributary/internal/sqlerr"

// lesser is the first of equal bounds: numbers that are equal may look different, and PostgreSQL's choice is seen.
func lesser(k Kind, a, b *Bound) Bound {
	if compareBounds(k, a, b) <= 0 {
		return *a
	}
	return *b
}

func greater(k Kind, a, b *Bound) Bound {
	if compareBounds(k, a, b) >= 0 {
		return *a
	}
	return *b
}

// Union is the range of both, which must touch.
func Union(k Kind, a, b *Range) (Range, error) {
	if !a.Empty && !b.Empty && !a.Overlaps(k, b) && !a.Adjacent(k, b) {
		return None, sqlerr.New(sqlerr.DataException, "result of range union would not be contiguous")
	}
	return Merge(k, a, b)
}

// Merge is the smallest range that has both.
func Merge(k Kind, a, b *Range) (Range, error) {
	switch {
	case a.Empty:
		return *b, nil
	case b.Empty:
		return *a, nil
	}
	return Make(k, lesser(k, &b.Lower, &a.Lower), greater(k, &b.Upper, &a.Upper))
}

// Intersect is what both have.
func Intersect(k Kind, a, b *Range) (Range, error) {
	if !a.Overlaps(k, b) {
		return None, nil
	}
	return Make(k, greater(k, &a.Lower, &b.Lower), lesser(k, &a.Upper, &b.Upper))
}

// flipped is the other range's bound at the same place.
func (b Bound) flipped() Bound {
	b.Inclusive, b.Lower = !b.Inclusive, !b.Lower
	return b
}

// Minus is what a has and b has not, which must be one range.
func Minus(k Kind, a, b *Range) (Range, error) {
	if a.Empty || b.Empty {
		return *a, nil
	}
	left, right := compareBounds(k, &a.Lower, &b.Lower) < 0, compareBounds(k, &a.Upper, &b.Upper) > 0
	switch {
	case left && right:
		return None, sqlerr.New(sqlerr.DataException, "result of range difference would not be contiguous")
	case compareBounds(k, &a.Lower, &b.Upper) > 0 || compareBounds(k, &a.Upper, &b.Lower) < 0:
		return *a, nil
	case left:
		return Make(k, a.Lower, b.Lower.flipped())
	case right:
		return Make(k, b.Upper.flipped(), a.Upper)
	}
	return None, nil
}
