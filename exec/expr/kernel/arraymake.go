package kernel

import (
	"math"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// Functions that make arrays.
func init() {
	kernels(map[string]Kernel{
		"array_append":  arrayMaker(arrayAppend),
		"array_prepend": arrayMaker(arrayPrepend),
		"array_cat":     arrayMaker(arrayCat),
		"array_remove":  arrayMaker(arrayRemove),
		"array_replace": arrayMaker(arrayReplace),
		"trim_array":    arrayMaker(trimArray),
		"array_fill":    arrayMaker(arrayFill), "array_fill_with_lower_bounds": arrayMaker(arrayFill),
		"array_positions": arrayMaker(arrayPositions),
		"current_schemas": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return nil, err
			}
			for _, name := range x.SearchPath(c.Args[0].Data[c.Args[0].At(row)] != 0) {
				elems.AppendString(name)
			}
			return vectorDims(elems), nil
		}),
		"acldefault_sql": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return nil, err
			}
			sort := string(c.Args[0].Bytes(row))
			grants, ok := defaultGrants[sort]
			if !ok {
				return nil, sqlerr.New(sqlerr.InternalError, "unrecognized object type abbreviation: %s", sort)
			}
			owner, ok := x.Role(uint32(delta.Values[int32](c.Args[1])[c.Args[1].At(row)]))
			if !ok {
				owner = string(appendNumber(nil, uint32(delta.Values[int32](c.Args[1])[c.Args[1].At(row)])))
			}
			for _, grant := range grants {
				elems.AppendString(strings.ReplaceAll(grant, "o", ident.Quote(owner)))
			}
			return vectorDims(elems), nil
		}),
	})
	kernelsOf(map[uint32]Kernel{
		builtin.ArrayOfElements: arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			for _, a := range c.Args {
				elems.AppendFrom(a, row)
			}
			return vectorDims(elems), nil
		}),
		builtin.ArrayOfArrays: arrayMaker(arrayOfArrays),
		builtin.ArraySlice:    arrayMaker(arraySlice),
	})
}

// defaultGrants are the access privileges of objects that nobody has granted any of; o is the owner's name.
var defaultGrants = map[string][]string{
	"c": nil, "r": {"o=arwdDxt/o"}, "s": {"o=rwU/o"}, "d": {"=Tc/o", "o=CTc/o"}, "n": {"o=UC/o"}, "f": {"=X/o", "o=X/o"},
	"T": {"=U/o", "o=U/o"}, "l": {"=U/o", "o=U/o"}, "L": {"o=rw/o"}, "F": {"o=U/o"}, "S": {"o=U/o"}, "p": {"o=sA/o"}, "t": {"o=C/o"},
}

// arrayMaker is the loop of a function whose result is an array: it puts the elements into a builder, which is
// empty, and says their dimensions.
func arrayMaker(f func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err)) Kernel {
	return func(c *Call) {
		elems, charged := delta.NewBuilder(c.Type.OID.Elem()), 0
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			elems.Clear()
			dims, err := f(c, i, elems)
			if more := elems.Size() - charged; err == nil && more > step {
				charged += more
				err = c.Scratch(more)
			}
			if err != nil {
				c.finish(i, err)
				continue
			}
			c.putArray(i, dims, elems)
		}
	}
}

// putArray writes a row.
func (c *Call) putArray(row int32, dims []sqltype.Dim, elems *delta.Builder) {
	if elems.Len() > sqltype.MaxArrayItems {
		c.Fail(row, errArraySize())
		return
	}
	const head = 1 + 8*sqltype.MaxDims
	dst, err := c.Out.Grow(c.Out.Start(row), head+elems.Size())
	if err != nil {
		c.finish(row, err)
		return
	}
	col := elems.Column()
	c.take(row, sqltype.AppendArray(dst, dims, &col.Vec), nil)
}

func errArraySize() Err {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", sqltype.MaxArrayItems)
}

func vectorDims(elems *delta.Builder) []sqltype.Dim {
	return []sqltype.Dim{{Len: int32(elems.Len()), Lower: 1}}
}

// orEmpty is an argument's array, the empty one for NULL.
func orEmpty(a *delta.Column, row int32) sqltype.Array {
	if a.Null(row) {
		return sqltype.Array{}
	}
	return arrayOf(a, row)
}

func errOneDimension() Err {
	return sqlerr.New(sqlerr.DataException, "argument must be empty or one-dimensional array")
}

// lengthened is a vector's dimension with one element more, at its end or its beginning.
func lengthened(a *sqltype.Array, atEnd bool) ([]sqltype.Dim, Err) {
	if a.NDim == 0 {
		return []sqltype.Dim{{Len: 1, Lower: 1}}, nil
	}
	if a.NDim > 1 {
		return nil, errOneDimension()
	}
	d := a.Dims()[0]
	if atEnd && d.Upper() == math.MaxInt32 || !atEnd && d.Lower == math.MinInt32 {
		return nil, sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range")
	}
	d.Len++
	return []sqltype.Dim{d}, asErr(codec.CheckBounds([]sqltype.Dim{d}))
}

func arrayAppend(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	a := orEmpty(c.Args[0], row)
	dims, err := lengthened(&a, true)
	x := elementsOf(c.Type.OID, &a)
	elems.Gather(&x, nil)
	elems.AppendFrom(c.Args[1], row)
	return dims, err
}

// arrayPrepend keeps the lower bound.
func arrayPrepend(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	a := orEmpty(c.Args[1], row)
	dims, err := lengthened(&a, false)
	x := elementsOf(c.Type.OID, &a)
	elems.AppendFrom(c.Args[0], row)
	elems.Gather(&x, nil)
	return dims, err
}

func arrayCat(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	if c.Args[0].Null(row) && c.Args[1].Null(row) {
		return nil, errNull
	}
	a, b := orEmpty(c.Args[0], row), orEmpty(c.Args[1], row)
	x, y := elementsOf(c.Type.OID, &a), elementsOf(c.Type.OID, &b)
	elems.Gather(&x, nil)
	elems.Gather(&y, nil)
	if b.NDim == 0 {
		return a.Dims(), nil
	}
	if a.NDim == 0 {
		return b.Dims(), nil
	}
	return catDims(a.Dims(), b.Dims())
}

// catDims are those of two arrays behind one another: of as many dimensions, or one of them an element of the
// other's outermost.
func catDims(a, b []sqltype.Dim) ([]sqltype.Dim, Err) {
	refuse := func(detail string, args ...any) ([]sqltype.Dim, Err) {
		return nil, sqlerr.New(sqlerr.ArraySubscriptError, "cannot concatenate incompatible arrays").WithDetail(detail, args...)
	}
	same := func(x, y []sqltype.Dim) bool {
		for i := range x {
			if x[i] != y[i] {
				return false
			}
		}
		return true
	}
	var dims []sqltype.Dim
	switch len(a) - len(b) {
	case 0:
		if !same(a[1:], b[1:]) {
			return refuse("Arrays with differing element dimensions are not compatible for concatenation.")
		}
		dims = append(dims, a...)
		dims[0].Len += b[0].Len
	case 1:
		if !same(a[1:], b) {
			return refuse("Arrays with differing dimensions are not compatible for concatenation.")
		}
		dims = append(dims, a...)
		dims[0].Len++
	case -1:
		if !same(b[1:], a) {
			return refuse("Arrays with differing dimensions are not compatible for concatenation.")
		}
		dims = append(dims, b...)
		dims[0].Len++
	default:
		return refuse("Arrays of %d and %d dimensions are not compatible for concatenation.", len(a), len(b))
	}
	return dims, asErr(codec.CheckBounds(dims))
}

// arrayOfArrays is ARRAY[a, b]: a dimension more; NULL and empty ones make an empty array if all are such.
func arrayOfArrays(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	refuse := func() ([]sqltype.Dim, Err) {
		return nil, sqlerr.New(sqlerr.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions")
	}
	var dims []sqltype.Dim
	empty, filled := false, int32(0)
	for _, arg := range c.Args {
		a := orEmpty(arg, row)
		if a.NDim == 0 {
			empty = true
			continue
		}
		if filled++; dims == nil {
			if a.NDim >= sqltype.MaxDims {
				return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)",
					a.NDim+1, sqltype.MaxDims)
			}
			dims = append([]sqltype.Dim{{Lower: 1}}, a.Dims()...)
		} else if len(dims) != a.NDim+1 {
			return refuse()
		}
		for i, d := range a.Dims() {
			if dims[i+1] != d {
				return refuse()
			}
		}
		x := elementsOf(arg.Type, &a)
		elems.Gather(&x, nil)
	}
	if empty && filled > 0 {
		return refuse()
	}
	if filled > 0 {
		dims[0].Len = filled
	}
	return dims, nil
}

// arrayRemove drops the elements that are the one given, NULL being the same as NULL.
func arrayRemove(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	if c.Args[0].Null(row) {
		return nil, errNull
	}
	a := arrayOf(c.Args[0], row)
	if a.NDim > 1 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "removing elements from multidimensional arrays is not supported")
	}
	x := elementsOf(c.Type.OID, &a)
	err := c.changed(&x, row, func(k int32) { elems.AppendFrom(&x, k) }, func() {})
	if err != nil || elems.Len() == 0 {
		return nil, err
	}
	return []sqltype.Dim{{Len: int32(elems.Len()), Lower: a.Dims()[0].Lower}}, nil
}

func arrayReplace(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	if c.Args[0].Null(row) {
		return nil, errNull
	}
	a := arrayOf(c.Args[0], row)
	x := elementsOf(c.Type.OID, &a)
	err := c.changed(&x, row, func(k int32) { elems.AppendFrom(&x, k) }, func() { elems.AppendFrom(c.Args[2], row) })
	return a.Dims(), err
}

// changed calls one function for each element that is argument 1, the other for the others.
func (c *Call) changed(x *delta.Column, row int32, keep func(k int32), hit func()) Err {
	if err := errNoEquality(x.Type); err != nil {
		return err
	}
	compare := sqltype.OpsOf(x.Type).Compare
	for k := range int32(x.Len) {
		if k&1023 == 1023 {
			if err := c.breathe(); err != nil {
				return err
			}
		}
		if compare(&x.Vec, k, &c.Args[1].Vec, row) == 0 {
			hit()
		} else {
			keep(k)
		}
	}
	return nil
}

func arrayPositions(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	a, err := searched(c, row)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, errNull
	}
	if a.NDim == 0 {
		return nil, nil
	}
	x := elementsOf(c.Args[0].Type, a)
	at := a.Dims()[0].Lower
	err = c.changed(&x, row, func(int32) { at++ }, func() {
		delta.Append(elems, at)
		at++
	})
	return vectorDims(elems), err
}

// part appends the elements between two subscripts of each dimension and gives the dimensions, from 1 on.
func part(elems *delta.Builder, t sqltype.OID, a *sqltype.Array, lower, upper []int32) []sqltype.Dim {
	dims := make([]sqltype.Dim, a.NDim)
	for i, d := range a.Dims() {
		lo, up := max(lower[i], d.Lower), min(upper[i], d.Upper())
		if lo > up {
			return nil
		}
		dims[i] = sqltype.Dim{Len: up - lo + 1, Lower: 1}
		lower[i] = lo - d.Lower // from here on: of the first, counted from 0
	}
	x := elementsOf(t, a)
	var sel []int32
	at := make([]int32, a.NDim)
	for {
		k := int32(0)
		for i, d := range a.Dims() {
			k = k*d.Len + lower[i] + at[i]
		}
		sel = append(sel, k)
		i := a.NDim - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < dims[i].Len {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			break
		}
	}
	elems.Gather(&x, sel)
	return dims
}

func trimArray(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	a := arrayOf(c.Args[0], row)
	n, length := delta.Values[int32](c.Args[1])[c.Args[1].At(row)], int32(0)
	if a.NDim > 0 {
		length = a.Dims()[0].Len
	}
	if n < 0 || n > length {
		return nil, sqlerr.New(sqlerr.ArraySubscriptError, "number of elements to trim must be between 0 and %d", length)
	}
	if n == length {
		return nil, nil
	}
	lower, upper := everything()
	upper[0] = a.Dims()[0].Upper() - n
	return part(elems, c.Type.OID, &a, lower, upper), nil
}

func everything() (lower, upper []int32) {
	lower, upper = make([]int32, sqltype.MaxDims), make([]int32, sqltype.MaxDims)
	for i := range lower {
		lower[i], upper[i] = math.MinInt32, math.MaxInt32
	}
	return lower, upper
}

// arraySlice is a[l:u]: argument 0 says which bounds there are.
func arraySlice(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	form, next := c.Args[0].Bytes(row), 2
	a := arrayOf(c.Args[1], row)
	lower, upper := everything()
	for i, mark := range form {
		if mark == '-' {
			continue
		}
		v := delta.Values[int32](c.Args[next])[c.Args[next].At(row)]
		if next++; mark == 'l' {
			lower[i/2] = v
		} else {
			upper[i/2] = v
		}
	}
	if a.NDim == 0 || a.NDim < len(form)/2 {
		return nil, nil
	}
	return part(elems, c.Type.OID, &a, lower, upper), nil
}

// sizes reads an array of integers that are lengths or bounds.
func sizes(arg *delta.Column, row int32) ([]int32, Err) {
	a := arrayOf(arg, row)
	if a.NDim > 1 {
		return nil, sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts").WithDetail("Dimension array must be one dimensional.")
	}
	if a.Elems.Valid != nil {
		return nil, sqlerr.New(sqlerr.NullValueNotAllowed, "dimension values cannot be null")
	}
	return sqltype.Values[int32](&a.Elems), nil
}

func arrayFill(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
	for _, a := range c.Args[1:] {
		if a.Null(row) {
			return nil, sqlerr.New(sqlerr.NullValueNotAllowed, "dimension array or low bound array cannot be null")
		}
	}
	lengths, err := sizes(c.Args[1], row)
	if err != nil {
		return nil, err
	}
	if len(lengths) > sqltype.MaxDims {
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(lengths), sqltype.MaxDims)
	}
	dims := make([]sqltype.Dim, len(lengths))
	for i, n := range lengths {
		dims[i] = sqltype.Dim{Len: n, Lower: 1}
	}
	if len(c.Args) > 2 {
		bounds, err := sizes(c.Args[2], row)
		if err != nil {
			return nil, err
		}
		if len(bounds) != len(lengths) {
			return nil, sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts").
				WithDetail("Low bound array has different size than dimensions array.")
		}
		for i, n := range bounds {
			dims[i].Lower = n
		}
	}
	items := int64(min(1, len(lengths)))
	for _, n := range lengths {
		if items *= int64(n); n < 0 || items > sqltype.MaxArrayItems {
			return nil, errArraySize()
		}
	}
	if err := codec.CheckBounds(dims); err != nil {
		return nil, asErr(err)
	}
	return dims, c.repeat(elems, row, int(items))
}

// repeat appends argument 0 so many times, by steps.
func (c *Call) repeat(elems *delta.Builder, row int32, n int) Err {
	size := sqltype.OpsOf(elems.Type()).Phys.Size() + 4
	if elems.Type().Phys() == sqltype.PhysBytes && !c.Args[0].Null(row) {
		size += len(c.Args[0].Bytes(row))
	}
	if int64(size)*int64(n) > maxText {
		return errArraySize()
	}
	if err := c.Scratch(2 * size * n); err != nil {
		return err
	}
	for n > 0 {
		if err := c.breathe(); err != nil {
			return err
		}
		for k := min(n, 4096); k > 0; k-- {
			elems.AppendFrom(c.Args[0], row)
			n--
		}
	}
	return nil
}
