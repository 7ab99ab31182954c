package decode

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// arrayPutter takes arrays, each depth a dimension, or the text of an array. Elements are taken as values of
// their type are; of json and jsonb an inner array is an element.
func arrayPutter(t sqltype.Type) putter {
	elem := sqltype.Type{OID: t.OID.Elem(), Mod: t.Mod}
	put := putterOf(elem)
	elems := delta.NewBuilder(elem.OID)
	return func(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
		if k != kindArray {
			return putString(b, t, raw, k)
		}
		elems.Clear()
		r := arrayReader{raw: raw, elem: elem, put: put, out: elems, whole: elem.OID == sqltype.JSON || elem.OID == sqltype.JSONB}
		if _, err := r.array(0, 0); err != nil {
			return err
		}
		dims := make([]sqltype.Dim, r.depth)
		for i := range dims {
			dims[i] = sqltype.Dim{Len: r.sizes[i], Lower: 1}
		}
		codec.AppendElements(b, dims, elems)
		return nil
	}
}

// arrayReader puts the elements of a JSON array, which is valid, into a builder.
type arrayReader struct {
	raw   []byte
	elem  sqltype.Type
	put   putter
	out   *delta.Builder
	whole bool // inner arrays are elements

	depth int // of the elements, 0 before the first
	sizes [sqltype.MaxDims]int32
	known [sqltype.MaxDims]bool
}

func errRagged() error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "cannot convert JSON array to an array: its inner arrays differ in size")
}

// array reads the one at i, at a depth, and gives what follows it.
func (r *arrayReader) array(i, depth int) (int, error) {
	if depth >= sqltype.MaxDims {
		return i, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", depth+1, sqltype.MaxDims)
	}
	n := int32(0)
	for i = skipBlanks(r.raw, i+1); r.raw[i] != ']'; n++ {
		from, end, next, k, ok := valueEnd(r.raw, i)
		if !ok {
			return i, errKind(kindArray, r.elem) // cannot happen: the record was scanned
		}
		var err error
		switch {
		case k == kindArray && !r.whole:
			next, err = r.array(from, depth+1)
		case r.depth != 0 && r.depth != depth+1:
			err = errRagged()
		default:
			if r.depth = depth + 1; k == kindNull {
				r.out.AppendNull()
				break
			}
			if r.whole && (k == kindString || k == kindEscaped) {
				from, end = from-1, end+1
			}
			err = r.put(r.out, r.elem, r.raw[from:end], k)
		}
		if err != nil {
			return i, err
		}
		if i = skipBlanks(r.raw, next); r.raw[i] == ',' {
			i = skipBlanks(r.raw, i+1)
		}
	}
	if r.known[depth] && r.sizes[depth] != n || n == 0 && depth > 0 {
		return i, errRagged()
	}
	r.sizes[depth], r.known[depth] = n, true
	return i + 1, nil
}
