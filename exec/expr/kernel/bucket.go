package kernel

import (
	"math"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// width_bucket: which of so many equal parts of a range, or of the parts between thresholds, a value is in.
func init() {
	kernels(map[string]Kernel{
		"width_bucket_float8":  fn4e(bucketFloat),
		"width_bucket_numeric": fn4e(bucketNumeric),
		"width_bucket_array":   bucketOf,
	})
}

func errBucket(what string) Err {
	return sqlerr.New(sqlerr.InvalidArgumentForWidthBucket, "%s", what)
}

func errBucketRange() Err { return sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range") }

// pastLast is the bucket behind the last.
func pastLast(count int32) (int32, Err) {
	if count == math.MaxInt32 {
		return 0, errBucketRange()
	}
	return count + 1, nil
}

func checkBuckets(count int32, nan, infinite, same bool) Err {
	switch {
	case count <= 0:
		return errBucket("count must be greater than zero")
	case nan:
		return errBucket("operand, lower bound, and upper bound cannot be NaN")
	case infinite:
		return errBucket("lower and upper bounds must be finite")
	case same:
		return errBucket("lower bound cannot equal upper bound")
	}
	return nil
}

func bucketFloat(v, low, high float64, count int32) (int32, Err) {
	if err := checkBuckets(count, v != v || low != low || high != high, math.IsInf(low, 0) || math.IsInf(high, 0), low == high); err != nil {
		return 0, err
	}
	if low > high {
		v, low, high = -v, -low, -high
	}
	switch {
	case v < low:
		return 0, nil
	case v >= high:
		return pastLast(count)
	}
	share := (v - low) / (high - low)
	if math.IsInf(high-low, 0) {
		share = (v/2 - low/2) / (high/2 - low/2)
	}
	return min(int32(float64(count)*share), count-1) + 1, nil
}

func bucketNumeric(v, low, high dec, count int32) (int32, Err) {
	if err := checkBuckets(count, v.IsNaN() || low.IsNaN() || high.IsNaN(), low.IsInf() || high.IsInf(), decimal.Cmp(low, high) == 0); err != nil {
		return 0, err
	}
	if decimal.Cmp(low, high) > 0 {
		v, low, high = decimal.Neg(v), decimal.Neg(low), decimal.Neg(high)
	}
	switch {
	case decimal.Cmp(v, low) < 0:
		return 0, nil
	case decimal.Cmp(v, high) >= 0:
		return pastLast(count)
	}
	n := decimal.FromInt64(int64(count))
	from, err := decimal.Sub(v, low)
	if err == nil {
		from, err = decimal.Mul(from, n)
	}
	width := high
	if err == nil {
		width, err = decimal.Sub(high, low)
	}
	if err == nil {
		from, err = decimal.Div(from, width)
	}
	if err != nil {
		return 0, asErr(err)
	}
	at, err := decimal.Floor(from).ToInt64(32, "integer")
	return min(int32(at), count-1) + 1, asErr(err)
}

// bucketOf counts the thresholds, which are in order, that are not above a value.
func bucketOf(c *Call) {
	t := c.Args[1].Type.Elem()
	ops := sqltype.OpsOf(t)
	out := fixed[int32](c.Out)
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		a := arrayOf(c.Args[1], i)
		switch {
		case a.NDim > 1:
			c.Fail(i, sqlerr.New(sqlerr.ArraySubscriptError, "thresholds must be one-dimensional array"))
			continue
		case a.Elems.Valid != nil:
			c.Fail(i, sqlerr.New(sqlerr.NullValueNotAllowed, "thresholds array must not contain NULLs"))
			continue
		}
		if _, ok := builtin.CompareOf(t); !ok {
			c.Fail(i, sqlerr.New(sqlerr.UndefinedFunction, "could not identify a comparison function for type %s", t))
			continue
		}
		from, to := int32(0), int32(a.Elems.Len)
		for from < to {
			if mid := (from + to) / 2; ops.Compare(&c.Args[0].Vec, i, &a.Elems, mid) < 0 {
				to = mid
			} else {
				from = mid + 1
			}
		}
		out[i] = from
	}
}
