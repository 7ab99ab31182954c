package kernel

import (
	"cmp"
	"math"
	"strings"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Functions of money, which is cents. Where PostgreSQL 15 overflows silently, ours are errors.
func init() {
	compareNumbers[int64]("cash", longNames)
	kernels(map[string]Kernel{
		"cash_cmp":    threeWay(cmp.Compare[int64]),
		"cashlarger":  fn2(func(a, b int64) int64 { return max(a, b) }),
		"cashsmaller": fn2(func(a, b int64) int64 { return min(a, b) }),
		"cash_pl": fn2e(func(a, b int64) (int64, Err) {
			sum := a + b
			return sum, moneyRange((sum > a) == (b > 0))
		}),
		"cash_mi": fn2e(func(a, b int64) (int64, Err) {
			diff := a - b
			return diff, moneyRange((diff < a) == (b > 0))
		}),
		"cash_mul_int2": fn2e(timesWhole[int16]), "cash_mul_int4": fn2e(timesWhole[int32]), "cash_mul_int8": fn2e(timesWhole[int64]),
		"int2_mul_cash": fn2e(wholeTimes[int16]), "int4_mul_cash": fn2e(wholeTimes[int32]), "int8_mul_cash": fn2e(wholeTimes[int64]),
		"cash_div_int2": fn2e(overWhole[int16]), "cash_div_int4": fn2e(overWhole[int32]), "cash_div_int8": fn2e(overWhole[int64]),
		"cash_mul_flt4": fn2e(func(a int64, f float32) (int64, Err) { return roundMoney(float64(a) * float64(f)) }),
		"cash_mul_flt8": fn2e(func(a int64, f float64) (int64, Err) { return roundMoney(float64(a) * f) }),
		"flt4_mul_cash": fn2e(func(f float32, a int64) (int64, Err) { return roundMoney(float64(f) * float64(a)) }),
		"flt8_mul_cash": fn2e(func(f float64, a int64) (int64, Err) { return roundMoney(f * float64(a)) }),
		"cash_div_flt4": fn2e(func(a int64, f float32) (int64, Err) { return overFloat(a, float64(f)) }),
		"cash_div_flt8": fn2e(overFloat),
		"cash_div_cash": fn2e(func(a, b int64) (float64, Err) {
			if b == 0 {
				return 0, errDivisionByZero()
			}
			return float64(a) / float64(b), nil
		}),
		"cash_numeric": fn1(func(a int64) dec { return decimal.New(a, 2) }),
		"numeric_cash": fn1e(func(d dec) (int64, Err) {
			cents, err := decimal.Mul(d, decimal.New(100, 0))
			if err != nil {
				return 0, asErr(err)
			}
			return numericToInt[int64](64, "bigint")(cents)
		}),
		"int4_cash": fn1e(func(a int32) (int64, Err) { return int64(a) * 100, nil }),
		"int8_cash": fn1e(func(a int64) (int64, Err) {
			if v, ok := mulInt64(a, 100); ok {
				return v, nil
			}
			return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "bigint out of range")
		}),
		"cash_words": fn1(moneyWords),
	})
}

func moneyRange(ok bool) Err {
	if ok {
		return nil
	}
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "money out of range")
}

func mulInt64(a, b int64) (int64, bool) {
	p := a * b
	return p, a == 0 || p/a == b && (a != -1 || b != math.MinInt64)
}

func timesWhole[T int16 | int32 | int64](a int64, n T) (int64, Err) {
	p, ok := mulInt64(a, int64(n))
	return p, moneyRange(ok)
}

func wholeTimes[T int16 | int32 | int64](n T, a int64) (int64, Err) { return timesWhole(a, n) }

func overWhole[T int16 | int32 | int64](a int64, n T) (int64, Err) {
	switch {
	case n == 0:
		return 0, errDivisionByZero()
	case a == math.MinInt64 && n == -1:
		return 0, moneyRange(false)
	}
	return a / int64(n), nil
}

func overFloat(a int64, f float64) (int64, Err) {
	if f == 0 {
		return 0, errDivisionByZero()
	}
	return roundMoney(float64(a) / f)
}

func roundMoney(f float64) (int64, Err) {
	f = math.RoundToEven(f)
	if !(f >= -1<<63 && f < 1<<63) {
		return 0, moneyRange(false)
	}
	return int64(f), nil
}

var (
	smallWords = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tenWords   = strings.Fields("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
)

// moneyWords is an amount in English.
func moneyWords(cents int64) string {
	var b strings.Builder
	v := uint64(cents)
	if cents < 0 {
		v = -v
		b.WriteString("minus ")
	}
	none := true
	for i, name := range []string{" quadrillion ", " trillion ", " billion ", " million ", " thousand ", ""} {
		part := v / 100
		for range 5 - i {
			part /= 1000
		}
		if part %= 1000; part != 0 {
			b.WriteString(numberWords(int(part)) + name)
			none = false
		}
	}
	if none {
		b.WriteString("zero")
	}
	b.WriteString(pick(v/100 == 1, " dollar and ", " dollars and "))
	b.WriteString(numberWords(int(v%100)) + pick(v%100 == 1, " cent", " cents"))
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

// numberWords is a number below 1000.
func numberWords(v int) string {
	rest := v % 100
	tens := func() string {
		switch {
		case rest < 20:
			return smallWords[rest]
		case rest%10 == 0:
			return tenWords[rest/10]
		}
		return tenWords[rest/10] + " " + smallWords[rest%10]
	}
	switch hundreds := v / 100; {
	case hundreds == 0:
		return tens()
	case rest == 0:
		return smallWords[hundreds] + " hundred"
	case rest < 20:
		return smallWords[hundreds] + " hundred and " + tens()
	default:
		return smallWords[hundreds] + " hundred " + tens()
	}
}
