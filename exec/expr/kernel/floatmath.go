package kernel

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func init() {
	plain := func(f func(float64) float64) Kernel { return fn1(f) }
	kernels(map[string]Kernel{
		"dround": plain(math.RoundToEven), "dtrunc": plain(math.Trunc), "dceil": plain(math.Ceil), "dfloor": plain(math.Floor),
		"dsign": plain(floatSign),
		"dsqrt": fn1e(floatSqrt),
		"dcbrt": fn1e(func(a float64) (float64, Err) { return ranged(math.Cbrt(a), isInf(a), a == 0) }),
		"dpow":  fn2e(floatPower),
		"dexp":  fn1e(floatExp),
		"dlog1": fn1e(func(a float64) (float64, Err) { return floatLog(logarithm, a) }),
		"dlog10": fn1e(func(a float64) (float64, Err) {
			return floatLog(func(x float64) float64 { return logarithm(x) / math.Ln10 }, a)
		}),
		"dpi":     fn0c(func(*Call) (float64, Err) { return math.Pi, nil }),
		"degrees": fn1e(func(a float64) (float64, Err) { return floatDiv(a, math.Pi/180) }),
		"radians": fn1e(func(a float64) (float64, Err) { return floatMul(a, math.Pi/180) }),
		"dsin":    fn1e(func(a float64) (float64, Err) { return finiteArg(math.Sin, a) }),
		"dcos":    fn1e(func(a float64) (float64, Err) { return finiteArg(math.Cos, a) }),
		"dtan":    fn1e(func(a float64) (float64, Err) { return finiteArg(math.Tan, a) }),
		"dcot": fn1e(func(a float64) (float64, Err) {
			return finiteArg(func(x float64) float64 { return 1 / math.Tan(x) }, a)
		}),
		"dasin":   fn1e(func(a float64) (float64, Err) { return unitArg(math.Asin, a) }),
		"dacos":   fn1e(func(a float64) (float64, Err) { return unitArg(math.Acos, a) }),
		"datan":   plain(math.Atan),
		"datan2":  fn2(math.Atan2),
		"dsinh":   fn1(math.Sinh),
		"dcosh":   fn1(math.Cosh),
		"dtanh":   fn1(math.Tanh),
		"dasinh":  fn1(math.Asinh),
		"dacosh":  fn1e(floatAcosh),
		"datanh":  fn1e(floatAtanh),
		"dsind":   fn1e(func(a float64) (float64, Err) { return finiteArg(sinDegrees, a) }),
		"dcosd":   fn1e(func(a float64) (float64, Err) { return finiteArg(cosDegrees, a) }),
		"dcotd":   fn1e(func(a float64) (float64, Err) { return finiteArg(cotDegrees, a) }),
		"dasind":  fn1e(func(a float64) (float64, Err) { return unitArg(arcsinDegrees, a) }),
		"dacosd":  fn1e(func(a float64) (float64, Err) { return unitArg(arccosDegrees, a) }),
		"dtand":   fn1e(func(a float64) (float64, Err) { return finiteArg(tanDegrees, a) }),
		"datand":  plain(func(a float64) float64 { return math.Atan(a) / math.Atan(1) * 45 }),
		"datan2d": fn2(func(a, b float64) float64 { return math.Atan2(a, b) / math.Atan(1) * 45 }),
	})
}

func floatSign(a float64) float64 {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return 0 // NaN's too
}

func floatSqrt(a float64) (float64, Err) {
	if a < 0 {
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")
	}
	return math.Sqrt(a), nil
}

func floatExp(a float64) (float64, Err) {
	return ranged(math.Exp(a), isInf(a), math.IsInf(a, -1))
}

func floatLog(log func(float64) float64, a float64) (float64, Err) {
	if err := checkLogArg(a == 0, a < 0); err != nil {
		return 0, err
	}
	return ranged(log(a), isInf(a), a == 1)
}

// logarithm is math.Log, which is wrong for subnormal numbers on some processors.
func logarithm(a float64) float64 {
	if a < 0x1p-1022 {
		return math.Log(a*0x1p54) - 54*math.Ln2
	}
	return math.Log(a)
}

func checkLogArg(zero, negative bool) Err {
	switch {
	case zero:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of zero")
	case negative:
		return sqlerr.New(sqlerr.InvalidArgumentForLogarithm, "cannot take logarithm of a negative number")
	}
	return nil
}

// floatPower is POSIX pow with PostgreSQL's errors.
func floatPower(a, b float64) (float64, Err) {
	switch {
	case a != a:
		return pick(b == 0, 1, a), nil
	case b != b:
		return pick(a == 1, 1, b), nil
	case a == 0 && b < 0:
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "zero raised to a negative power is undefined")
	case a < 0 && math.Floor(b) != b:
		return 0, sqlerr.New(sqlerr.InvalidArgumentForPowerFunction, "a negative number raised to a non-integer power yields a complex result")
	case isInf(a) || isInf(b):
		return math.Pow(a, b), nil
	}
	return ranged(math.Pow(a, b), false, a == 0)
}

func finiteArg(f func(float64) float64, a float64) (float64, Err) {
	if isInf(a) {
		return 0, errInput()
	}
	return f(a), nil
}

func unitArg(f func(float64) float64, a float64) (float64, Err) {
	if a < -1 || a > 1 {
		return 0, errInput()
	}
	return f(a), nil
}

func floatAcosh(a float64) (float64, Err) {
	if a < 1 {
		return 0, errInput()
	}
	return math.Acosh(a), nil
}

func floatAtanh(a float64) (float64, Err) {
	if a < -1 || a > 1 {
		return 0, errInput()
	}
	return math.Atanh(a), nil
}

// The functions of degrees are exact at multiples of 30 and 45 degrees.

func sinDegrees(a float64) float64 {
	a, sign := math.Mod(a, 360), 1.0
	if a < 0 {
		a, sign = -a, -sign
	}
	if a > 180 {
		a, sign = 360-a, -sign
	}
	if a > 90 {
		a = 180 - a
	}
	return sign * sinQuadrant(a)
}

func cosDegrees(a float64) float64 {
	a, sign := math.Abs(math.Mod(a, 360)), 1.0
	if a > 180 {
		a = 360 - a
	}
	if a > 90 {
		a, sign = 180-a, -sign
	}
	return sign * cosQuadrant(a)
}

// firstQuadrant brings an angle to 0 to 90 degrees, for a function of period 180 that is odd; sign is what its value
// is taken times.
func firstQuadrant(a float64) (_, sign float64) {
	a, sign = math.Mod(a, 360), 1
	if a < 0 {
		a, sign = -a, -sign
	}
	if a > 180 {
		a, sign = 360-a, -sign
	}
	if a > 90 {
		a, sign = 180-a, -sign
	}
	return a, sign
}

func tanDegrees(a float64) float64 {
	a, sign := firstQuadrant(a)
	return sign*(sinQuadrant(a)/cosQuadrant(a))/(sinQuadrant(45)/cosQuadrant(45)) + 0 // no negative zero
}

func cotDegrees(a float64) float64 {
	a, sign := firstQuadrant(a)
	return sign*(cosQuadrant(a)/sinQuadrant(a))/(cosQuadrant(45)/sinQuadrant(45)) + 0
}

func arcsinDegrees(a float64) float64 {
	if a < 0 {
		return -arcsinDegrees(-a)
	}
	if a <= 0.5 {
		return math.Asin(a) / math.Asin(0.5) * 30
	}
	return 90 - math.Acos(a)/math.Acos(0.5)*60
}

func arccosDegrees(a float64) float64 {
	switch {
	case a < 0:
		return 90 + arcsinDegrees(-a)
	case a <= 0.5:
		return 90 - math.Asin(a)/math.Asin(0.5)*30
	}
	return math.Acos(a) / math.Acos(0.5) * 60
}

const radiansPerDegree = math.Pi / 180

// What the exact values are exact by: computed as the functions compute, rounded at run time, and not by the compiler.
var (
	sin30     = sinOf(30)
	versine60 = versineOf(60)
)

func sinOf(a float64) float64     { return math.Sin(a * radiansPerDegree) }
func versineOf(a float64) float64 { return 1 - math.Cos(a*radiansPerDegree) }

func sinQuadrant(a float64) float64 {
	if a <= 30 {
		return sinOf(a) / sin30 / 2
	}
	return cosOf(90 - a)
}

func cosQuadrant(a float64) float64 {
	if a <= 60 {
		return cosOf(a)
	}
	return sinQuadrant(90 - a)
}

// cosOf is cos of 0 to 60 degrees, exactly 1/2 at 60.
func cosOf(a float64) float64 {
	return 1 - versineOf(a)/versine60/2
}
