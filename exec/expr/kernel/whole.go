package kernel

import (
	"math/big"
	"strconv"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Functions of whole numbers, and sizes in units.
func init() {
	kernels(map[string]Kernel{
		"numeric_gcd":            fn2c((*Call).numericGCD),
		"numeric_lcm":            fn2c((*Call).numericLCM),
		"numeric_fac":            fn1c((*Call).factorial),
		"pg_size_pretty":         fn1(func(size int64) string { return prettySize(size) }),
		"pg_size_pretty_numeric": fn1e(prettyNumeric),
	})
}

// numericGCD has the larger scale of both.
func (c *Call) numericGCD(a, b dec) (dec, Err) {
	if !a.IsFinite() || !b.IsFinite() {
		return decimal.NotANumber, nil
	}
	scale := max(int(a.Scale), int(b.Scale))
	for !b.IsZero() {
		if err := c.breathe(); err != nil {
			return a, err
		}
		rest, err := decimal.Mod(a, b)
		if err != nil {
			return a, asErr(err)
		}
		a, b = b, rest
	}
	return decimal.Round(decimal.Abs(a), scale), nil
}

func (c *Call) numericLCM(a, b dec) (dec, Err) {
	if !a.IsFinite() || !b.IsFinite() {
		return decimal.NotANumber, nil
	}
	scale := max(int(a.Scale), int(b.Scale))
	if a.IsZero() || b.IsZero() {
		return decimal.New(0, scale), nil
	}
	divisor, e := c.numericGCD(a, b)
	if e != nil {
		return a, e
	}
	times, err := decimal.DivTrunc(a, divisor)
	if err == nil {
		a, err = decimal.Mul(times, b)
	}
	return decimal.Round(decimal.Abs(a), scale), asErr(err)
}

// maxFactorial is the largest whose factorial is a numeric.
const maxFactorial = 32177

// factorial multiplies halves, so that large factors are of about one size.
func (c *Call) factorial(n int64) (dec, Err) {
	switch {
	case n < 0:
		return dec{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "factorial of a negative number is undefined")
	case n > maxFactorial:
		return dec{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	if err := c.breathe(); err != nil {
		return dec{}, err
	}
	return decResult(decimal.Parse(new(big.Int).MulRange(1, n).Append(nil, 10)))
}

// sizeUnits: a size below the limit is shown in the unit; all but the first are counted in halves until then.
var sizeUnits = []struct {
	name  string
	limit int64
	bits  uint
}{
	{"bytes", 10 * 1024, 0}, {"kB", 20*1024 - 1, 10}, {"MB", 20*1024 - 1, 20}, {"GB", 20*1024 - 1, 30}, {"TB", 20*1024 - 1, 40}, {"PB", 20*1024 - 1, 50},
}

// unitShift is by how much a size in unit i is divided for the next.
func unitShift(i int) uint {
	shift := sizeUnits[i+1].bits - sizeUnits[i].bits
	if i == 0 {
		shift-- // the next is in halves
	}
	return shift
}

func prettySize(size int64) string {
	for i, u := range sizeUnits {
		if i == len(sizeUnits)-1 || size < u.limit && size > -u.limit {
			if i > 0 {
				half := int64(1)
				if size < 0 {
					half = -1
				}
				size = (size + half) / 2
			}
			return strconv.FormatInt(size, 10) + " " + u.name
		}
		size /= 1 << unitShift(i)
	}
	return ""
}

func prettyNumeric(size dec) (string, Err) {
	for i, u := range sizeUnits {
		var err error
		if i == len(sizeUnits)-1 || decimal.Cmp(decimal.Abs(size), decimal.FromInt64(u.limit)) < 0 {
			if i > 0 {
				half := decimal.FromInt64(1)
				if size.Sign() < 0 {
					half = decimal.FromInt64(-1)
				}
				if size, err = decimal.Add(size, half); err == nil {
					size, err = decimal.DivTrunc(size, decimal.FromInt64(2))
				}
			}
			return size.String() + " " + u.name, asErr(err)
		}
		if size, err = decimal.DivTrunc(size, decimal.FromInt64(1<<unitShift(i))); err != nil {
			return "", asErr(err)
		}
	}
	return "", nil
}
