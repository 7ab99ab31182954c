package kernel

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

type dec = decimal.Dec

func init() {
	kernels(compareNumerics())
	kernels(map[string]Kernel{
		"numeric_cmp":       fn2(func(a, b dec) int32 { return int32(decimal.Cmp(a, b)) }),
		"numeric_larger":    fn2(func(a, b dec) dec { return pick(decimal.Cmp(a, b) > 0, a, b) }),
		"numeric_smaller":   fn2(func(a, b dec) dec { return pick(decimal.Cmp(a, b) < 0, a, b) }),
		"numeric_add":       arithmetic(decimal.Add, decimal.AddRows),
		"numeric_sub":       arithmetic(decimal.Sub, decimal.SubRows),
		"numeric_mul":       arithmetic(decimal.Mul, decimal.MulRows),
		"numeric_div":       decimals(decimal.Div),
		"numeric_div_trunc": decimals(decimal.DivTrunc),
		"numeric_mod":       decimals(decimal.Mod),
		"numeric_uminus":    fn1(decimal.Neg),
		"numeric_uplus":     fn1(func(a dec) dec { return a }),
		"numeric_abs":       fn1(decimal.Abs),
		"numeric_sign":      fn1(decimal.SignOf),
		"numeric_ceil":      fn1(decimal.Ceil),
		"numeric_floor":     fn1(decimal.Floor),
		"numeric_round":     fn2(func(a dec, scale int32) dec { return decimal.Round(a, int(scale)) }),
		"numeric_trunc":     fn2(func(a dec, scale int32) dec { return decimal.Trunc(a, int(scale)) }),
		"numeric_inc":       fn1e(func(a dec) (dec, Err) { return decResult(decimal.Add(a, decimal.FromInt64(1))) }),
		"numeric_scale":     fn1e(numericScale),
		"numeric_min_scale": fn1e(func(a dec) (int32, Err) {
			if !a.IsFinite() {
				return 0, errNull
			}
			return int32(decimal.MinScale(a)), nil
		}),
		"numeric_trim_scale": fn1(decimal.TrimScale),
		"numeric": fn2e(func(a dec, mod int32) (dec, Err) {
			precision, scale, ok := sqltype.NumericMod(mod)
			if !ok {
				return a, nil
			}
			return decResult(decimal.ApplyMod(a, precision, scale))
		}),
		"numeric_sqrt":   ok1(decimal.Sqrt),
		"numeric_exp":    ok1(decimal.Exp),
		"numeric_ln":     ok1(decimal.Ln),
		"numeric_log":    ok2(decimal.Log),
		"numeric_power":  ok2(decimal.Power),
		"int2_numeric":   fn1(func(a int16) dec { return decimal.FromInt64(int64(a)) }),
		"int4_numeric":   fn1(func(a int32) dec { return decimal.FromInt64(int64(a)) }),
		"int8_numeric":   fn1(decimal.FromInt64),
		"float4_numeric": fn1(decimal.FromFloat32),
		"float8_numeric": fn1(decimal.FromFloat64),
		"numeric_int2":   fn1e(numericToInt[int16](16, "smallint")),
		"numeric_int4":   fn1e(numericToInt[int32](32, "integer")),
		"numeric_int8":   fn1e(numericToInt[int64](64, "bigint")),
		"numeric_float4": fn1e(func(a dec) (float32, Err) { v, err := a.Float32(); return v, asErr(err) }),
		"numeric_float8": fn1e(func(a dec) (float64, Err) { v, err := a.Float64(); return v, asErr(err) }),
	})
	kernelsOf(map[uint32]Kernel{
		1708: fn1(func(a dec) dec { return decimal.Round(a, 0) }),
		1481: ok1(decimal.Log10),
		1741: ok1(decimal.Log10),
		1710: fn1(func(a dec) dec { return decimal.Trunc(a, 0) }),
	})
}

func decResult(d dec, err error) (dec, Err) { return d, asErr(err) }

func decimals(f func(a, b dec) (dec, error)) Kernel {
	return fn2e(func(a, b dec) (dec, Err) { return decResult(f(a, b)) })
}

func numericScale(a dec) (int32, Err) {
	if !a.IsFinite() {
		return 0, errNull
	}
	return int32(a.Scale), nil
}

func numericToInt[T integer](bits int, name string) func(a dec) (T, Err) {
	return func(a dec) (T, Err) {
		v, err := a.ToInt64(bits, name)
		return T(v), asErr(err)
	}
}
