package sqltype

import (
	"bytes"
	"cmp"
	"encoding/binary"
)

// ArrayOf is the Ops of arrays of elem; oid is that of the elements, which the binary form names.
func ArrayOf(elem *Ops, oid OID) *Ops {
	o := form(PhysBytes, arrayOrder(elem, elem.Compare), arrayHash(elem))
	o.Elem, o.Version, o.OneImage, o.JSON, o.Opaque = elem, elem.Version, elem.OneImage, JSONArray, true
	o.Image = NullsLast(arrayOrder(elem, elem.Image))
	if !elem.OneImage {
		// Arrays in which all elements are equal come after one another by the first that looks different.
		byValue, byImage := o.Compare, o.Image
		o.Image = func(a *Vec, i int32, b *Vec, j int32) int {
			return cmp.Or(byValue(a, i, b, j), byImage(a, i, b, j))
		}
	}
	o.Text, o.Binary = arrayText(elem, oid.Delimiter()), arrayBinary(elem, oid)
	return &o
}

// arrayOrder compares the elements one by one, then the number of them, then dimensions.
func arrayOrder(elem *Ops, by Comparer) Comparer {
	return func(a *Vec, i int32, b *Vec, j int32) int {
		x, y := a.Array(i, elem), b.Array(j, elem)
		for k := range int32(min(x.Elems.Len, y.Elems.Len)) {
			if c := by(&x.Elems, k, &y.Elems, k); c != 0 {
				return c
			}
		}
		if c := cmp.Or(cmp.Compare(x.Elems.Len, y.Elems.Len), cmp.Compare(x.NDim, y.NDim)); c != 0 {
			return c
		}
		for d := range x.Dims() {
			if c := cmp.Compare(x.dims[d].Len, y.dims[d].Len); c != 0 {
				return c
			}
		}
		for d := range x.Dims() {
			if c := cmp.Compare(x.dims[d].Lower, y.dims[d].Lower); c != 0 {
				return c
			}
		}
		return 0
	}
}

// arrayHash is of the elements; dimensions are equal where it matters.
func arrayHash(elem *Ops) HashFunc {
	return func(v *Vec, sel []int32, out []uint64) {
		var hashes []uint64
		for i := range out {
			row := int32(i)
			if sel != nil {
				row = sel[i]
			}
			if v.Null(row) {
				continue
			}
			x := v.Array(row, elem)
			hashes = append(hashes[:0], make([]uint64, x.Elems.Len)...)
			elem.Hash(&x.Elems, nil, hashes)
			out[i] = uint64(x.Elems.Len)
			for _, h := range hashes {
				out[i] = Combine(out[i], h)
			}
		}
	}
}

// arrayText is array_out: braces by dimension, in front of them the bounds if one does not start at 1.
func arrayText(elem *Ops, delimiter byte) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		x := v.Array(row, elem)
		if x.NDim == 0 {
			return append(dst, "{}"...)
		}
		dst = appendBounds(dst, x.Dims())
		last := x.Dims()[x.NDim-1].Len
		for k := range int32(x.Elems.Len) {
			if k > 0 {
				dst = append(dst, delimiter)
			}
			for n, d := int32(1), x.NDim-1; d >= 0; d-- { // those that start here
				if n *= x.dims[d].Len; k%n == 0 {
					dst = append(dst, '{')
				}
			}
			if x.Elems.Null(k) {
				dst = append(dst, "NULL"...)
			} else {
				start := len(dst)
				dst = quoteElement(elem.Text(dst, &x.Elems, k, env), start, delimiter)
			}
			if (k+1)%last == 0 {
				for n, d := int32(1), x.NDim-1; d >= 0; d-- {
					if n *= x.dims[d].Len; (k+1)%n == 0 {
						dst = append(dst, '}')
					}
				}
			}
		}
		return dst
	}
}

func appendBounds(dst []byte, dims []Dim) []byte {
	plain := true
	for _, d := range dims {
		plain = plain && d.Lower == 1
	}
	if plain {
		return dst
	}
	for _, d := range dims {
		dst = append(dst, '[')
		dst = appendInt(dst, int64(d.Lower))
		dst = append(dst, ':')
		dst = appendInt(dst, int64(d.Upper()))
		dst = append(dst, ']')
	}
	return append(dst, '=')
}

// quoteElement puts dst[start:] into quotes where array_in would read something else.
func quoteElement(dst []byte, start int, delimiter byte) []byte {
	text := dst[start:]
	quote := len(text) == 0 || bytes.EqualFold(text, []byte("null"))
	more := 0
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			quote = true
			more++
		case c == '{' || c == '}' || c == delimiter || ArraySpace(c):
			quote = true
		}
	}
	if !quote {
		return dst
	}
	if more == 0 {
		dst = append(dst, 0, '"')
		copy(dst[start+1:], dst[start:len(dst)-2])
		dst[start] = '"'
		return dst
	}
	text = bytes.Clone(text)
	dst = append(dst[:start], '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// ArraySpace is what array literals skip.
func ArraySpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// arrayBinary is array_send.
func arrayBinary(elem *Ops, oid OID) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		x := v.Array(row, elem)
		be := binary.BigEndian
		flags := uint32(0)
		if x.Elems.Valid != nil {
			flags = 1
		}
		dst = be.AppendUint32(dst, uint32(x.NDim))
		dst = be.AppendUint32(dst, flags)
		dst = be.AppendUint32(dst, uint32(oid))
		for _, d := range x.Dims() {
			dst = be.AppendUint32(dst, uint32(d.Len))
			dst = be.AppendUint32(dst, uint32(d.Lower))
		}
		for k := range int32(x.Elems.Len) {
			if x.Elems.Null(k) {
				dst = be.AppendUint32(dst, 1<<32-1)
				continue
			}
			at := len(dst)
			dst = elem.Binary(append(dst, 0, 0, 0, 0), &x.Elems, k, env)
			be.PutUint32(dst[at:], uint32(len(dst)-at-4))
		}
		return dst
	}
}
