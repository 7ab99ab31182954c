package kernel

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

type float interface{ float32 | float64 }

func errOverflow() Err {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
}

func errUnderflow() Err {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: underflow")
}

func errInput() Err {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "input is out of range")
}

func init() {
	floats[float32]("float4")
	floats[float64]("float8")
	crossFloats[float32, float64]("float48")
	crossFloats[float64, float32]("float84")
	kernels(map[string]Kernel{
		"ftod":  fn1(func(a float32) float64 { return float64(a) }),
		"dtof":  fn1e(doubleToFloat),
		"i2tod": fn1(func(a int16) float64 { return float64(a) }),
		"i4tod": fn1(func(a int32) float64 { return float64(a) }),
		"i8tod": fn1(func(a int64) float64 { return float64(a) }),
		"i2tof": fn1(func(a int16) float32 { return float32(a) }),
		"i4tof": fn1(func(a int32) float32 { return float32(a) }),
		"i8tof": fn1(func(a int64) float32 { return float32(a) }),
		"dtoi2": fn1e(toInteger[float64, int16]),
		"dtoi4": fn1e(toInteger[float64, int32]),
		"dtoi8": fn1e(toInteger[float64, int64]),
		"ftoi2": fn1e(toInteger[float32, int16]),
		"ftoi4": fn1e(toInteger[float32, int32]),
		"ftoi8": fn1e(toInteger[float32, int64]),
	})
}

func floats[T float](t string) {
	kernels(map[string]Kernel{
		t + "pl":  addFloats[T](),
		t + "mi":  subFloats[T](),
		t + "mul": mulFloats[T](),
		t + "div": fn2e(floatDiv[T]),
		t + "um":  fn1(func(a T) T { return -a }),
		t + "up":  fn1(func(a T) T { return a }),
		t + "abs": fn1(func(a T) T { return T(math.Abs(float64(a))) }),
	})
}

func crossFloats[A, B float](t string) {
	wide := func(f func(a, b float64) (float64, Err)) Kernel {
		return fn2e(func(a A, b B) (float64, Err) { return f(float64(a), float64(b)) })
	}
	kernels(map[string]Kernel{
		t + "pl":  wide(floatAdd[float64]),
		t + "mi":  wide(floatSub[float64]),
		t + "mul": wide(floatMul[float64]),
		t + "div": wide(floatDiv[float64]),
	})
}

func isInf[T float](v T) bool { return math.IsInf(float64(v), 0) }

// ranged refuses an infinity or a zero that the operands did not bring.
func ranged[T float](v T, infAllowed, zeroAllowed bool) (T, Err) {
	switch {
	case isInf(v) && !infAllowed:
		return 0, errOverflow()
	case v == 0 && !zeroAllowed:
		return 0, errUnderflow()
	}
	return v, nil
}

func floatAdd[T float](a, b T) (T, Err) { return ranged(a+b, isInf(a) || isInf(b), true) }
func floatSub[T float](a, b T) (T, Err) { return ranged(a-b, isInf(a) || isInf(b), true) }
func floatMul[T float](a, b T) (T, Err) {
	return ranged(a*b, isInf(a) || isInf(b), a == 0 || b == 0)
}

func floatDiv[T float](a, b T) (T, Err) {
	if b == 0 && a == a {
		return 0, errDivisionByZero()
	}
	return ranged(a/b, isInf(a), a == 0 || isInf(b))
}

func doubleToFloat(a float64) (float32, Err) {
	return ranged(float32(a), isInf(a), a == 0)
}

// toInteger rounds to the nearest, halves to even.
func toInteger[A float, R integer](a A) (R, Err) {
	v := math.RoundToEven(float64(a))
	low := -math.Pow(2, float64(bitsOf[R]()-1))
	if !(v >= low && v < -low) {
		return 0, rangeOf[R]()()
	}
	return R(v), nil
}

func bitsOf[T integer]() int {
	switch any(T(0)).(type) {
	case int16:
		return 16
	case int32:
		return 32
	}
	return 64
}
