package kernel

import "github.com/tributary-db/tributary/internal/delta"

// number are the fixed-width types with Go operators.
type number interface {
	~uint8 | ~uint32 | ~int16 | ~int32 | ~int64 | ~float32 | ~float64
}

// vector is a column's values and a mask for row numbers that leads every row of a constant
// to its one value.
func vector[T delta.Fixed](c *delta.Column) (values []T, mask int32) {
	if c.Const {
		return delta.Values[T](c), 0
	}
	return delta.Values[T](c), -1
}

// The comparisons hold PostgreSQL's order of floats: NaN equals itself and is above all. For
// integers the compiler drops the tests for NaN.

func eq[T number](a, b T) bool { return a == b || (a != a && b != b) }
func lt[T number](a, b T) bool { return a < b || (b != b && a == a) }
func le[T number](a, b T) bool { return a <= b || b != b }

type fixedNumber interface {
	delta.Fixed
	number
}

// eqKernel is a = b, or a <> b with flip 1.
func eqKernel[T fixedNumber](flip uint8) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		if len(c.Sel) == c.N && ma != 0 && mb == 0 {
			k := b[0]
			for i, v := range a[:len(out)] {
				out[i] = b2u(eq(v, k)) ^ flip
			}
			return
		}
		if len(c.Sel) == c.N && ma != 0 {
			b = b[:len(out)]
			for i, v := range a[:len(out)] {
				out[i] = b2u(eq(v, b[i])) ^ flip
			}
			return
		}
		for _, i := range c.Sel {
			out[i] = b2u(eq(a[i&ma], b[i&mb])) ^ flip
		}
	}
}

// lessKernel is a < b, or b < a when swapped.
func lessKernel[T fixedNumber](swap bool) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		if swap {
			a, ma, b, mb = b, mb, a, ma
		}
		switch {
		case len(c.Sel) == c.N && ma != 0 && mb == 0:
			k := b[0]
			for i, v := range a[:len(out)] {
				out[i] = b2u(lt(v, k))
			}
		case len(c.Sel) == c.N && ma == 0 && mb != 0:
			k := a[0]
			for i, v := range b[:len(out)] {
				out[i] = b2u(lt(k, v))
			}
		case len(c.Sel) == c.N && ma != 0:
			b = b[:len(out)]
			for i, v := range a[:len(out)] {
				out[i] = b2u(lt(v, b[i]))
			}
		default:
			for _, i := range c.Sel {
				out[i] = b2u(lt(a[i&ma], b[i&mb]))
			}
		}
	}
}

// lessEqualKernel is a <= b, or b <= a when swapped.
func lessEqualKernel[T fixedNumber](swap bool) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		if swap {
			a, ma, b, mb = b, mb, a, ma
		}
		switch {
		case len(c.Sel) == c.N && ma != 0 && mb == 0:
			k := b[0]
			for i, v := range a[:len(out)] {
				out[i] = b2u(le(v, k))
			}
		case len(c.Sel) == c.N && ma == 0 && mb != 0:
			k := a[0]
			for i, v := range b[:len(out)] {
				out[i] = b2u(le(k, v))
			}
		case len(c.Sel) == c.N && ma != 0:
			b = b[:len(out)]
			for i, v := range a[:len(out)] {
				out[i] = b2u(le(v, b[i]))
			}
		default:
			for _, i := range c.Sel {
				out[i] = b2u(le(a[i&ma], b[i&mb]))
			}
		}
	}
}

// arith is the loop of an operator over one fixed type that can overflow.
func arith[T fixedNumber](op func(a, b T) (T, bool), overflow func() Err) Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			v, ok := op(a[i&ma], b[i&mb])
			out[i] = v
			if !ok {
				c.Fail(i, overflow())
			}
		}
	}
}
