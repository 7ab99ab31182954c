package kernel

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// Assigning to a part of an array (PostgreSQL's array_set_element and array_set_slice).
func init() {
	kernelsOf(map[uint32]Kernel{
		builtin.ArrayAssign:      arrayMaker(arrayAssign),
		builtin.ArrayAssignSlice: arrayMaker(arrayAssignSlice),
	})
}

func errNullSubscript() Err {
	return sqlerr.New(sqlerr.NullValueNotAllowed, "array subscript in assignment must not be null")
}

func errOutOfRange() Err {
	return sqlerr.New(sqlerr.ArraySubscriptError, "array subscript out of range")
}

func errSubscriptCount() Err {
	return sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts")
}

// arrayAssign is an array with another element: argument 0 with 1 at the subscripts behind it. A vector grows with NULLs in between.
func arrayAssign(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	at := make([]sqltype.Dim, len(c.Args)-2)
	for i, arg := range c.Args[2:] {
		if arg.Null(row) {
			return nil, errNullSubscript()
		}
		at[i] = sqltype.Dim{Lower: delta.Values[int32](arg)[arg.At(row)], Len: 1}
	}
	a := orEmpty(c.Args[0], row)
	put := func(int32) { elems.AppendFrom(c.Args[1], row) }
	if a.NDim == 0 {
		put(0)
		return at, asErr(codec.CheckBounds(at))
	}
	return c.replacePart(elems, &a, at, put)
}

// arrayAssignSlice is an array with other elements in a slice: argument 0 says which bounds there are, 1 is the array, 2 what comes in,
// of which more than are wanted are left.
func arrayAssignSlice(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	a := orEmpty(c.Args[1], row)
	span, err := assignedSpan(c, row, a.Dims())
	if err != nil {
		return nil, err
	}
	if c.Args[2].Null(row) { // assigning nothing changes nothing, but makes an empty array of none
		x := elementsOf(c.Type.OID, &a)
		elems.Gather(&x, nil)
		return a.Dims(), nil
	}
	value := arrayOf(c.Args[2], row)
	from := elementsOf(c.Type.OID, &value)
	if wanted := itemCount(span); wanted > int64(value.Elems.Len) {
		return nil, sqlerr.New(sqlerr.ArraySubscriptError, "source array too small")
	} else if a.NDim == 0 {
		for k := range int32(wanted) {
			elems.AppendFrom(&from, k)
		}
		return span, asErr(codec.CheckBounds(span))
	}
	return c.replacePart(elems, &a, span, func(k int32) { elems.AppendFrom(&from, k) })
}

// assignedSpan reads the bounds of a slice that is assigned to; those that are left out are the array's.
func assignedSpan(c *Call, row int32, dims []sqltype.Dim) ([]sqltype.Dim, Err) {
	form, next := c.Args[0].Bytes(row), 3
	span := make([]sqltype.Dim, max(len(form)/2, len(dims)))
	if len(dims) > 0 && len(form)/2 > len(dims) {
		return nil, errSubscriptCount()
	}
	for i := range span {
		var lower, upper int64
		if i < len(dims) {
			lower, upper = int64(dims[i].Lower), int64(dims[i].Upper())
		}
		for side := 0; side < 2 && 2*i < len(form); side++ {
			if form[2*i+side] == '-' {
				if len(dims) == 0 {
					return nil, sqlerr.New(sqlerr.ArraySubscriptError, "array slice subscript must provide both boundaries").
						WithDetail("When assigning to a slice of an empty array value, slice boundaries must be fully specified.")
				}
				continue
			}
			arg := c.Args[next]
			if next++; arg.Null(row) {
				return nil, errNullSubscript()
			}
			if v := int64(delta.Values[int32](arg)[arg.At(row)]); side == 0 {
				lower = v
			} else {
				upper = v
			}
		}
		switch {
		case lower > upper && len(dims) > 0:
			return nil, sqlerr.New(sqlerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
		case upper-lower+1 < 0 || upper-lower+1 > sqltype.MaxArrayItems:
			return nil, errArraySize()
		}
		span[i] = sqltype.Dim{Lower: int32(lower), Len: int32(upper - lower + 1)}
	}
	return span, nil
}

func itemCount(dims []sqltype.Dim) int64 {
	n := int64(1)
	for _, d := range dims {
		if n *= int64(d.Len); n > sqltype.MaxArrayItems {
			return n
		}
	}
	return n
}

// replacePart appends the elements of a with put's in a span: put is asked for each place of it in order. A vector grows to have the
// span; an array of more dimensions must have it.
func (c *Call) replacePart(elems *delta.Builder, a *sqltype.Array, span []sqltype.Dim, put func(k int32)) ([]sqltype.Dim, Err) {
	dims := append([]sqltype.Dim(nil), a.Dims()...)
	if len(span) != len(dims) {
		return nil, errSubscriptCount()
	}
	if len(dims) > 1 {
		for i, d := range dims {
			if span[i].Lower < d.Lower || span[i].Upper() > d.Upper() {
				return nil, errOutOfRange()
			}
		}
	} else {
		lower, upper := min(int64(span[0].Lower), int64(dims[0].Lower)), max(int64(span[0].Upper()), int64(dims[0].Upper()))
		if upper-lower+1 > sqltype.MaxArrayItems {
			return nil, errArraySize()
		}
		dims[0] = sqltype.Dim{Lower: int32(lower), Len: int32(upper - lower + 1)}
	}
	x := elementsOf(c.Type.OID, a)
	at := make([]int32, len(dims)) // the place, from 0, in each dimension of what comes out
	next := int32(0)
	for range itemCount(dims) {
		inside, old, within := true, int32(0), true
		for i, d := range dims {
			k := d.Lower + at[i]
			inside = inside && k >= span[i].Lower && k <= span[i].Upper()
			was := a.Dims()[i]
			within = within && k >= was.Lower && k <= was.Upper()
			old = old*was.Len + k - was.Lower
		}
		switch {
		case inside:
			put(next)
			next++
		case within:
			elems.AppendFrom(&x, old)
		default:
			elems.AppendNull()
		}
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < dims[i].Len {
				break
			}
			at[i] = 0
		}
	}
	return dims, asErr(codec.CheckBounds(dims))
}
