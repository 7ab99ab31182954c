package sqltype

import (
	"encoding/binary"
	"unsafe"

	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// addRanges adds the range types and the multirange types.
func addRanges(types map[OID]*Ops, bytes Ops) {
	for i := range rangeTypes {
		t := &rangeTypes[i]
		elem := types[t.Elem]
		types[t.Range] = bytes.with(func(o *Ops) {
			o.setOrder(t, func(a, b []byte) int {
				x, _ := ranges.Decode(t.Kind, a)
				y, _ := ranges.Decode(t.Kind, b)
				return ranges.Compare(t.Kind, &x, &y)
			})
			o.Text = func(dst []byte, v *Vec, row int32, env *Env) []byte {
				r, _ := ranges.Decode(t.Kind, v.Bytes(row))
				return t.appendText(dst, &r, elem, env)
			}
			o.Binary = func(dst []byte, v *Vec, row int32, env *Env) []byte {
				r, _ := ranges.Decode(t.Kind, v.Bytes(row))
				return t.appendBinary(dst, &r, elem, env)
			}
		})
		types[t.Multi] = bytes.with(func(o *Ops) {
			o.setOrder(t, func(a, b []byte) int {
				return ranges.CompareMulti(t.Kind, ranges.DecodeMulti(t.Kind, a), ranges.DecodeMulti(t.Kind, b))
			})
			o.Text, o.Binary = t.multiText(elem), t.multiBinary(elem)
		})
	}
}

// setOrder makes the order, and the hash that goes with it. Numbers that are equal may look different.
func (o *Ops) setOrder(t *RangeType, compare func(a, b []byte) int) {
	by := func(a *Vec, i int32, b *Vec, j int32) int { return compare(a.Bytes(i), b.Bytes(j)) }
	o.Range, o.Opaque, o.Words = t, true, nil
	o.Compare, o.Image = NullsLast(by), NullsLast(by)
	o.Equal = equalBy(o.Compare)
	if t.Kind == ranges.Numeric {
		o.OneImage, o.Image = false, NullsLast(thenBytes(by))
		o.Hash = nullsHashed(hashBytes(hashRanges(t.Kind)))
	}
}

func hashRanges(k ranges.Kind) func(v []byte) uint64 {
	return func(v []byte) uint64 {
		h := uint64(hashK1)
		for len(v) > 0 {
			var r ranges.Range
			r, v = ranges.Decode(k, v)
			r.HashWords(k, func(w uint64) { h = Combine(h, w) })
		}
		return h
	}
}

func bytesOf[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

func (t *RangeType) appendText(dst []byte, r *ranges.Range, elem *Ops, env *Env) []byte {
	if r.Empty {
		return append(dst, "empty"...)
	}
	open, end := byte('('), byte(')')
	if r.Lower.Inclusive {
		open = '['
	}
	if r.Upper.Inclusive {
		end = ']'
	}
	dst = append(dst, open)
	for i, b := range []*ranges.Bound{&r.Lower, &r.Upper} {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !b.Infinite {
			start := len(dst)
			dst = quoteBound(elem.Text(dst, t.Value(b), 0, env), start)
		}
	}
	return append(dst, end)
}

// quoteBound puts dst[start:] into quotes where it has a blank, as timestamps do: nothing else that range_in minds is in a bound.
func quoteBound(dst []byte, start int) []byte {
	text := string(dst[start:])
	for i := range len(text) {
		if text[i] == ' ' {
			return append(append(append(dst[:start], '"'), text...), '"')
		}
	}
	return dst
}

func (t *RangeType) multiText(elem *Ops) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		dst = append(dst, '{')
		for i, r := range ranges.DecodeMulti(t.Kind, v.Bytes(row)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = t.appendText(dst, &r, elem, env)
		}
		return append(dst, '}')
	}
}

func (t *RangeType) appendBinary(dst []byte, r *ranges.Range, elem *Ops, env *Env) []byte {
	dst = append(dst, r.Flags())
	if r.Empty {
		return dst
	}
	for _, b := range []*ranges.Bound{&r.Lower, &r.Upper} {
		if !b.Infinite {
			dst = sized(dst, func(dst []byte) []byte { return elem.Binary(dst, t.Value(b), 0, env) })
		}
	}
	return dst
}

// sized puts the length of what f appends in front of it.
func sized(dst []byte, f func(dst []byte) []byte) []byte {
	at := len(dst)
	dst = f(append(dst, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func (t *RangeType) multiBinary(elem *Ops) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		m := ranges.DecodeMulti(t.Kind, v.Bytes(row))
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(m)))
		for i := range m {
			dst = sized(dst, func(dst []byte) []byte { return t.appendBinary(dst, &m[i], elem, env) })
		}
		return dst
	}
}
