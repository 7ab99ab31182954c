package kernel

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// What is asked of arrays. Those that make arrays are in arraymake.go.
func init() {
	order := func(is func(c int) bool) Kernel {
		return arrayPair(func(c *Call, row int32, x, y *delta.Column, ops *sqltype.Ops) {
			c.Out.Bools()[row] = b2u(is(ops.Compare(&x.Vec, row, &y.Vec, row)))
		})
	}
	pickBy := func(sign int) Kernel {
		return arrayPair(func(c *Call, row int32, x, y *delta.Column, ops *sqltype.Ops) {
			if ops.Compare(&x.Vec, row, &y.Vec, row)*sign <= 0 {
				x = y
			}
			c.take(row, append(c.Out.Start(row), x.Bytes(row)...), nil)
		})
	}
	kernels(map[string]Kernel{
		"array_eq": order(func(c int) bool { return c == 0 }), "array_ne": order(func(c int) bool { return c != 0 }),
		"array_lt": order(func(c int) bool { return c < 0 }), "array_le": order(func(c int) bool { return c <= 0 }),
		"array_gt": order(func(c int) bool { return c > 0 }), "array_ge": order(func(c int) bool { return c >= 0 }),
		"btarraycmp": arrayPair(func(c *Call, row int32, x, y *delta.Column, ops *sqltype.Ops) {
			fixed[int32](c.Out)[row] = int32(ops.Compare(&x.Vec, row, &y.Vec, row))
		}),
		"array_larger": pickBy(1), "array_smaller": pickBy(-1),
		"arrayoverlap":   arraySets(overlap),
		"arraycontains":  arraySets(func(c *Call, x, y *delta.Column) (bool, Err) { return containsAll(c, x, y) }),
		"arraycontained": arraySets(func(c *Call, x, y *delta.Column) (bool, Err) { return containsAll(c, y, x) }),

		"array_ndims": arrayInt(func(_ *Call, a *sqltype.Array, _ int32) (int32, bool) { return int32(a.NDim), a.NDim > 0 }),
		"array_cardinality": arrayInt(func(_ *Call, a *sqltype.Array, _ int32) (int32, bool) {
			return int32(a.Elems.Len), true
		}),
		"array_length": arrayDim(func(d sqltype.Dim) int32 { return d.Len }),
		"array_lower":  arrayDim(func(d sqltype.Dim) int32 { return d.Lower }),
		"array_upper":  arrayDim(sqltype.Dim.Upper),
		"array_dims":   eachRow(arrayDims),

		"array_position":       arrayPosition,
		"array_position_start": arrayPosition,
	})
	kernelsOf(map[uint32]Kernel{builtin.ArrayElement: arrayElement})
}

// arrayOf is the array of an argument.
func arrayOf(a *delta.Column, row int32) sqltype.Array {
	return a.Array(row, sqltype.OpsOf(a.Type.Base().Elem()))
}

// elementsOf is a column of the elements of an array of type t.
func elementsOf(t sqltype.OID, a *sqltype.Array) delta.Column {
	return delta.Column{Type: t.Base().Elem(), Vec: a.Elems}
}

// errNoEquality is for elements that nothing compares; nil when something does.
func errNoEquality(elem sqltype.OID) Err {
	if _, ok := builtin.EqualityOf(elem); ok {
		return nil
	}
	return sqlerr.New(sqlerr.UndefinedFunction, "could not identify an equality operator for type %s", elem)
}

// arrayPair is a loop over two arrays of one type that have an order.
func arrayPair(f func(c *Call, row int32, x, y *delta.Column, ops *sqltype.Ops)) Kernel {
	return func(c *Call) {
		x, y := c.Args[0], c.Args[1]
		ops, refused := sqltype.OpsOf(x.Type), errNoEquality(x.Type.Elem())
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			if refused != nil {
				c.Fail(i, errNoEquality(x.Type.Elem()))
				continue
			}
			f(c, i, x, y, ops)
		}
	}
}

// arraySets is a loop over the elements of two arrays.
func arraySets(f func(c *Call, x, y *delta.Column) (bool, Err)) Kernel {
	return arrayPair(func(c *Call, row int32, x, y *delta.Column, _ *sqltype.Ops) {
		ax, ay := arrayOf(x, row), arrayOf(y, row)
		ex, ey := elementsOf(x.Type, &ax), elementsOf(y.Type, &ay)
		is, err := f(c, &ex, &ey)
		if err != nil {
			c.finish(row, err)
			return
		}
		c.Out.Bools()[row] = b2u(is)
	})
}

// findElement is the first element from on that equals one of y, which is not NULL; -1 if none.
func findElement(c *Call, x *delta.Column, from int32, y *delta.Column, j int32) (int32, Err) {
	compare := sqltype.OpsOf(x.Type).Compare
	for i := from; i < int32(x.Len); i++ {
		if i&1023 == 1023 {
			if err := c.breathe(); err != nil {
				return -1, err
			}
		}
		if compare(&x.Vec, i, &y.Vec, j) == 0 {
			return i, nil
		}
	}
	return -1, nil
}

// containsAll: a NULL in y is contained in nothing.
func containsAll(c *Call, x, y *delta.Column) (bool, Err) {
	for j := range int32(y.Len) {
		if y.Null(j) {
			return false, nil
		}
		if i, err := findElement(c, x, 0, y, j); i < 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}

func overlap(c *Call, x, y *delta.Column) (bool, Err) {
	for j := range int32(y.Len) {
		if y.Null(j) {
			continue
		}
		if i, err := findElement(c, x, 0, y, j); i >= 0 || err != nil {
			return i >= 0, err
		}
	}
	return false, nil
}

// arrayInt is a number of an array and perhaps an integer, or NULL.
func arrayInt(f func(c *Call, a *sqltype.Array, row int32) (int32, bool)) Kernel {
	return func(c *Call) {
		out := fixed[int32](c.Out)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			a := arrayOf(c.Args[0], i)
			n, ok := f(c, &a, i)
			if !ok {
				c.Out.SetNull(i)
				continue
			}
			out[i] = n
		}
	}
}

func arrayDim(of func(d sqltype.Dim) int32) Kernel {
	return arrayInt(func(c *Call, a *sqltype.Array, row int32) (int32, bool) {
		n := delta.Values[int32](c.Args[1])[c.Args[1].At(row)]
		if n < 1 || int(n) > a.NDim {
			return 0, false
		}
		return of(a.Dims()[n-1]), true
	})
}

func arrayDims(c *Call, dst []byte, row int32) ([]byte, Err) {
	a := arrayOf(c.Args[0], row)
	if a.NDim == 0 {
		return dst, errNull
	}
	for _, d := range a.Dims() {
		dst = strconv.AppendInt(append(dst, '['), int64(d.Lower), 10)
		dst = append(strconv.AppendInt(append(dst, ':'), int64(d.Upper()), 10), ']')
	}
	return dst, nil
}

// searched is the array to look for elements in; nil when the answer is NULL.
func searched(c *Call, row int32) (*sqltype.Array, Err) {
	if c.Args[0].Null(row) {
		return nil, nil
	}
	a := arrayOf(c.Args[0], row)
	if a.NDim > 1 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "searching for elements in multidimensional arrays is not supported")
	}
	return &a, nil
}

func arrayPosition(c *Call) {
	out := fixed[int32](c.Out)
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		at, err := c.position(i)
		if err != nil {
			c.finish(i, err)
			continue
		}
		out[i] = at
	}
}

func (c *Call) position(row int32) (int32, Err) {
	a, err := searched(c, row)
	if err != nil {
		return 0, err
	}
	wanted := c.Args[1]
	if a == nil || a.NDim == 0 || wanted.Null(row) && a.Elems.Valid == nil {
		return 0, errNull
	}
	lower, from := int64(a.Dims()[0].Lower), int64(0)
	if len(c.Args) > 2 {
		if c.Args[2].Null(row) {
			return 0, sqlerr.New(sqlerr.NullValueNotAllowed, "initial position must not be null")
		}
		from = max(0, int64(delta.Values[int32](c.Args[2])[c.Args[2].At(row)])-lower)
	}
	if err := errNoEquality(c.Args[0].Type.Elem()); err != nil {
		return 0, err
	}
	if from >= int64(a.Elems.Len) {
		return 0, errNull
	}
	x := elementsOf(c.Args[0].Type, a)
	at, err := findElement(c, &x, int32(from), wanted, row)
	if err == nil && at < 0 {
		err = errNull
	}
	return int32(lower) + at, err
}

// arrayElement is a[i][j]: NULL where there is none.
func arrayElement(c *Call) {
	elem := c.Args[0].Type.Elem()
	found := delta.NewBuilder(elem)
	sel := make([]int32, 0, len(c.Sel))
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		a := arrayOf(c.Args[0], i)
		at, ok := int64(0), a.NDim == len(c.Args)-1
		for k := 0; ok && k < a.NDim; k++ {
			d := a.Dims()[k]
			n := int64(delta.Values[int32](c.Args[k+1])[c.Args[k+1].At(i)]) - int64(d.Lower)
			ok = n >= 0 && n < int64(d.Len)
			at = at*int64(d.Len) + n
		}
		if !ok || a.Elems.Null(int32(at)) {
			c.Out.SetNull(i)
			continue
		}
		x := elementsOf(c.Args[0].Type, &a)
		found.AppendFrom(&x, int32(at))
		sel = append(sel, i)
	}
	values := found.Column()
	c.putRows(sel, &values)
}

// putRows writes the values of v, one for each of rows.
func (c *Call) putRows(rows []int32, v *delta.Column) {
	switch p := v.Phys; p {
	case sqltype.PhysBytes:
		for k, row := range rows {
			if err := c.Out.PutBytes(row, v.Bytes(int32(k))); err != nil {
				c.finish(row, err)
			}
		}
	case sqltype.PhysNumeric:
		for k, row := range rows {
			c.Out.PutNumeric(row, v.Numeric(int32(k)))
		}
	default:
		size := p.Size()
		for k, row := range rows {
			copy(c.Out.col.Data[int(row)*size:][:size], v.Data[k*size:])
		}
	}
}
