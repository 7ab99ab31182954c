package bind

import (
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// duration reads a constant interval as a length of time above zero.
func duration(k *plan.Const, what string, pos int32) (time.Duration, error) {
	d, err := fixedLength(k, what, pos)
	if err == nil && d <= 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s must be greater than zero", what).At(pos)
	}
	return d, err
}

// delay reads how far a watermark lags.
func delay(k *plan.Const, pos int32) (time.Duration, error) {
	d, err := fixedLength(k, "watermark delay", pos)
	if err == nil && d < 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "watermark delay must not be negative").At(pos)
	}
	return d, err
}

// fixedLength reads an interval without months, at most 100 years long.
func fixedLength(k *plan.Const, what string, pos int32) (time.Duration, error) {
	if k.Value.Null(0) {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s must not be null", what).At(pos)
	}
	iv := delta.Values[delta.Interval](&k.Value)[0]
	if iv.Months != 0 {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "%s with months or years is not supported", what).At(pos)
	}
	const day = 24 * 60 * 60 * 1_000_000
	const limit = 100 * 365 * int64(day)
	if int64(iv.Days) > limit/day || int64(iv.Days) < -limit/day || iv.Micros > limit || iv.Micros < -limit {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s is too long", what).At(pos)
	}
	micros := int64(iv.Days)*day + iv.Micros
	return time.Duration(micros) * time.Microsecond, nil
}
