package ranges

import (
	"slices"
	"sort"
)

// Multi is a multirange: ranges in order, none empty, with something between each and the next.
type Multi []Range

// Normalize makes a multirange of ranges in any order, which it changes.
func Normalize(k Kind, all []Range) (Multi, error) {
	all = slices.DeleteFunc(all, func(r Range) bool { return r.Empty })
	slices.SortStableFunc(all, func(a, b Range) int { return Compare(k, &a, &b) })
	out := all[:0]
	for _, r := range all {
		if n := len(out); n > 0 {
			if last := &out[n-1]; last.Adjacent(k, &r) || !last.Before(k, &r) {
				both, err := Merge(k, last, &r)
				if err != nil {
					return nil, err
				}
				*last = both
				continue
			}
		}
		out = append(out, r)
	}
	return Multi(out), nil
}

// AppendMulti appends a multirange's value.
func AppendMulti(dst []byte, k Kind, m Multi) []byte {
	for i := range m {
		dst = Append(dst, k, &m[i])
	}
	return dst
}

// DecodeMulti reads a multirange's value.
func DecodeMulti(k Kind, v []byte) (m Multi) {
	for len(v) > 0 {
		var r Range
		if r, v = Decode(k, v); !r.Empty {
			m = append(m, r)
		}
	}
	return m
}

// Hull is the smallest range that has all.
func (m Multi) Hull() Range {
	if len(m) == 0 {
		return None
	}
	return Range{Lower: m[0].Lower, Upper: m[len(m)-1].Upper}
}

// at is the first range that does not end before r begins; there is none past len(m)-1.
func (m Multi) at(k Kind, r *Range) int {
	return sort.Search(len(m), func(i int) bool { return compareBounds(k, &m[i].Upper, &r.Lower) >= 0 })
}

// Contains reports whether all of r is in m.
func (m Multi) Contains(k Kind, r *Range) bool {
	if r.Empty {
		return true
	}
	i := m.at(k, r)
	return i < len(m) && m[i].Contains(k, r)
}

// ContainsMulti reports whether all of b is in m.
func (m Multi) ContainsMulti(k Kind, b Multi) bool {
	for i := range b {
		if !m.Contains(k, &b[i]) {
			return false
		}
	}
	return true
}

// ContainsValue reports whether a value, given as an inclusive bound, is in m.
func (m Multi) ContainsValue(k Kind, v *Bound) bool {
	i := sort.Search(len(m), func(i int) bool { return compareBounds(k, &m[i].Upper, v) >= 0 })
	return i < len(m) && m[i].ContainsValue(k, v)
}

// Overlaps reports whether m and r have a value in common.
func (m Multi) Overlaps(k Kind, r *Range) bool {
	if r.Empty {
		return false
	}
	i := m.at(k, r)
	return i < len(m) && m[i].Overlaps(k, r)
}

// OverlapsMulti reports whether m and b have a value in common.
func (m Multi) OverlapsMulti(k Kind, b Multi) bool {
	return slices.ContainsFunc(b, func(r Range) bool { return m.Overlaps(k, &r) })
}

// UnionMulti is what one of both has.
func UnionMulti(k Kind, a, b Multi) (Multi, error) { return Normalize(k, slices.Concat(a, b)) }

// IntersectMulti is what both have.
func IntersectMulti(k Kind, a, b Multi) (Multi, error) {
	var out []Range
	for i, j := 0, 0; i < len(a) && j < len(b); {
		r, err := Intersect(k, &a[i], &b[j])
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		if compareBounds(k, &a[i].Upper, &b[j].Upper) < 0 {
			i++
		} else {
			j++
		}
	}
	return Normalize(k, out)
}

// MinusMulti is what a has and b has not.
func MinusMulti(k Kind, a, b Multi) (Multi, error) {
	var out []Range
	for _, r := range a {
		for j := b.at(k, &r); j < len(b) && !r.Empty && r.Overlaps(k, &b[j]); j++ {
			if compareBounds(k, &r.Lower, &b[j].Lower) < 0 {
				left, err := Make(k, r.Lower, b[j].Lower.flipped())
				if err != nil {
					return nil, err
				}
				out = append(out, left)
			}
			if compareBounds(k, &r.Upper, &b[j].Upper) <= 0 {
				r = None
				break
			}
			right, err := Make(k, b[j].Upper.flipped(), r.Upper)
			if err != nil {
				return nil, err
			}
			r = right
		}
		out = append(out, r)
	}
	return Normalize(k, out)
}
