package kernel

import (
	"math"
	"math/bits"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

type integer interface{ int16 | int32 | int64 }

func errSmallintRange() Err {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "smallint out of range")
}
func errIntegerRange() Err { return sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range") }
func errBigintRange() Err  { return sqlerr.New(sqlerr.NumericValueOutOfRange, "bigint out of range") }
func errDivisionByZero() Err {
	return sqlerr.New(sqlerr.DivisionByZero, "division by zero")
}

// rangeOf is the error of an integer type's overflow.
func rangeOf[T integer]() func() Err {
	var zero T
	switch any(zero).(type) {
	case int16:
		return errSmallintRange
	case int32:
		return errIntegerRange
	}
	return errBigintRange
}

func init() {
	sameWidth[int16]("int2")
	sameWidth[int32]("int4")
	sameWidth[int64]("int8")
	crossWidth[int16, int32, int32]("int24")
	crossWidth[int32, int16, int32]("int42")
	crossWidth[int16, int64, int64]("int28")
	crossWidth[int64, int16, int64]("int82")
	crossWidth[int32, int64, int64]("int48")
	crossWidth[int64, int32, int64]("int84")
	kernels(map[string]Kernel{
		"int2shl":  fn2(func(a int16, b int32) int16 { return int16(int32(a) << (uint32(b) & 31)) }),
		"int2shr":  fn2(func(a int16, b int32) int16 { return int16(int32(a) >> (uint32(b) & 31)) }),
		"int4shl":  fn2(func(a, b int32) int32 { return a << (uint32(b) & 31) }),
		"int4shr":  fn2(func(a, b int32) int32 { return a >> (uint32(b) & 31) }),
		"int8shl":  fn2(func(a int64, b int32) int64 { return a << (uint32(b) & 63) }),
		"int8shr":  fn2(func(a int64, b int32) int64 { return a >> (uint32(b) & 63) }),
		"int4inc":  fn1e(func(a int32) (int32, Err) { return checked(add(a, 1)) }),
		"int8inc":  fn1e(func(a int64) (int64, Err) { return checked(add(a, 1)) }),
		"int4gcd":  fn2e(gcd[int32]),
		"int8gcd":  fn2e(gcd[int64]),
		"int4lcm":  fn2e(lcm[int32]),
		"int8lcm":  fn2e(lcm[int64]),
		"i2toi4":   fn1(func(a int16) int32 { return int32(a) }),
		"int28":    fn1(func(a int16) int64 { return int64(a) }),
		"int48":    fn1(func(a int32) int64 { return int64(a) }),
		"i4toi2":   fn1e(narrow[int32, int16]),
		"int82":    fn1e(narrow[int64, int16]),
		"int84":    fn1e(narrow[int64, int32]),
		"i8tooid":  fn1e(int8ToOID),
		"oidtoi8":  fn1(func(a int32) int64 { return int64(uint32(a)) }),
		"to_hex32": app1(func(_ *Call, dst []byte, a int32) ([]byte, Err) { return appendHex(dst, uint64(uint32(a))), nil }),
		"to_hex64": app1(func(_ *Call, dst []byte, a int64) ([]byte, Err) { return appendHex(dst, uint64(a)), nil }),
	})
}

func sameWidth[T integer](t string) {
	overflow := rangeOf[T]()
	kernels(map[string]Kernel{
		t + "pl":      addKernel[T](overflow),
		t + "mi":      subKernel[T](overflow),
		t + "mul":     arith(mul[T], overflow),
		t + "div":     fn2e(div[T]),
		t + "mod":     fn2e(mod[T]),
		t + "um":      fn1e(func(a T) (T, Err) { return checked(sub(0, a)) }),
		t + "up":      fn1(func(a T) T { return a }),
		t + "abs":     fn1e(abs[T]),
		t + "and":     fn2(func(a, b T) T { return a & b }),
		t + "or":      fn2(func(a, b T) T { return a | b }),
		t + "xor":     fn2(func(a, b T) T { return a ^ b }),
		t + "not":     fn1(func(a T) T { return ^a }),
		t + "larger":  fn2(func(a, b T) T { return max(a, b) }),
		t + "smaller": fn2(func(a, b T) T { return min(a, b) }),
	})
}

func crossWidth[A, B, R integer](t string) {
	kernels(map[string]Kernel{
		t + "pl":  fn2e(func(a A, b B) (R, Err) { return checked(add(R(a), R(b))) }),
		t + "mi":  fn2e(func(a A, b B) (R, Err) { return checked(sub(R(a), R(b))) }),
		t + "mul": fn2e(func(a A, b B) (R, Err) { return checked(mul(R(a), R(b))) }),
		t + "div": fn2e(func(a A, b B) (R, Err) { return div(R(a), R(b)) }),
	})
}

func add[T integer](a, b T) (T, bool) {
	r := a + b
	return r, (a^r)&(b^r) >= 0
}

func sub[T integer](a, b T) (T, bool) {
	r := a - b
	return r, (a^b)&(a^r) >= 0
}

func mul[T integer](a, b T) (T, bool) {
	x, y := int64(a), int64(b)
	if r := x * y; int64(int32(x)) == x && int64(int32(y)) == y {
		return T(r), int64(T(r)) == r
	}
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	// The signed product's high half.
	high := int64(hi) - (x>>63)&y - (y>>63)&x
	r := int64(lo)
	return T(r), high == r>>63 && int64(T(r)) == r
}

func checked[T integer](v T, ok bool) (T, Err) {
	if !ok {
		return v, rangeOf[T]()()
	}
	return v, nil
}

func div[T integer](a, b T) (T, Err) {
	switch b {
	case 0:
		return 0, errDivisionByZero()
	case -1:
		return checked(sub(0, a))
	}
	return a / b, nil
}

func mod[T integer](a, b T) (T, Err) {
	switch b {
	case 0:
		return 0, errDivisionByZero()
	case -1:
		return 0, nil
	}
	return a % b, nil
}

func abs[T integer](a T) (T, Err) {
	if a < 0 {
		return checked(sub(0, a))
	}
	return a, nil
}

func gcd[T integer](a, b T) (T, Err) {
	for b != 0 {
		if b == -1 { // a % -1 would trap for the smallest a.
			a, b = 1, 0
			break
		}
		a, b = b, a%b
	}
	return abs(a)
}

func lcm[T integer](a, b T) (T, Err) {
	if a == 0 || b == 0 {
		return 0, nil
	}
	g, err := gcd(a, b)
	if err != nil {
		return 0, err
	}
	r, ok := mul(a/g, b)
	if !ok {
		return 0, rangeOf[T]()()
	}
	return abs(r)
}

func narrow[A, R integer](a A) (R, Err) {
	r := R(a)
	return checked(r, A(r) == a)
}

func int8ToOID(a int64) (int32, Err) {
	if a < 0 || a > math.MaxUint32 {
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "OID out of range")
	}
	return int32(uint32(a)), nil
}

func appendHex(dst []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	n := max((bits.Len64(v)+3)/4, 1)
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, digits[v>>(4*i)&15])
	}
	return dst
}

// addKernel and subKernel are loops of their own, being on the short list.
func addKernel[T integer](overflow func() Err) Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			x, y := a[i&ma], b[i&mb]
			r := x + y
			out[i] = r
			if (x^r)&(y^r) < 0 {
				c.Fail(i, overflow())
			}
		}
	}
}

func subKernel[T integer](overflow func() Err) Kernel {
	return func(c *Call) {
		out := fixed[T](c.Out)
		a, ma := vector[T](c.Args[0])
		b, mb := vector[T](c.Args[1])
		for _, i := range c.Sel {
			x, y := a[i&ma], b[i&mb]
			r := x - y
			out[i] = r
			if (x^y)&(x^r) < 0 {
				c.Fail(i, overflow())
			}
		}
	}
}
