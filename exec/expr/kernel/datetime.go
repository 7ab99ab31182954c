package kernel

import (
	"cmp"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

type interval = datetime.Interval

// zone is the session's time zone.
func (c *Call) zone() *time.Location { return c.Env.codec.Location }

// ok1 … ok3 make kernels of functions that return Go errors.
func ok1[A, R any](f func(A) (R, error)) Kernel {
	return fn1e(func(a A) (R, Err) { v, err := f(a); return v, asErr(err) })
}

func ok2[A, B, R any](f func(A, B) (R, error)) Kernel {
	return fn2e(func(a A, b B) (R, Err) { v, err := f(a, b); return v, asErr(err) })
}

func ok3[A, B, C, R any](f func(A, B, C) (R, error)) Kernel {
	return fn3e(func(a A, b B, c C) (R, Err) { v, err := f(a, b, c); return v, asErr(err) })
}

// local2 is ok2 of a function that also needs the session's zone.
func local2[A, B, R any](f func(A, B, *time.Location) (R, error)) Kernel {
	return fn2c(func(c *Call, a A, b B) (R, Err) { v, err := f(a, b, c.zone()); return v, asErr(err) })
}

func local1[A, R any](f func(A, *time.Location) (R, error)) Kernel {
	return fn1c(func(c *Call, a A) (R, Err) { v, err := f(a, c.zone()); return v, asErr(err) })
}

func swap[A, B, R any](f func(A, B) (R, error)) func(B, A) (R, error) {
	return func(b B, a A) (R, error) { return f(a, b) }
}

func init() {
	compareBy("interval", longNames, datetime.CompareIntervals)
	dateTimestamp := func(c *Call, d int32, ts int64) int { return cmp.Compare(timestampOf(d), ts) }
	dateTimestamptz := func(c *Call, d int32, ts int64) int { return cmp.Compare(c.toUTC(timestampOf(d)), ts) }
	mixed := func(c *Call, a, b int64) int { return cmp.Compare(c.toUTC(a), b) }
	compareMixed("date", "timestamp", dateTimestamp)
	compareMixed("date", "timestamptz", dateTimestamptz)
	compareMixed("timestamp", "timestamptz", mixed)
	kernels(map[string]Kernel{
		"interval_cmp":     fn2(func(a, b interval) int32 { return int32(datetime.CompareIntervals(a, b)) }),
		"interval_larger":  fn2(func(a, b interval) interval { return pick(datetime.CompareIntervals(a, b) > 0, a, b) }),
		"interval_smaller": fn2(func(a, b interval) interval { return pick(datetime.CompareIntervals(a, b) < 0, a, b) }),
		"interval_um":      ok1(interval.Neg),
		"interval_pl":      ok2(interval.Add),
		"interval_mi":      ok2(interval.Sub),
		"interval_mul":     ok2(interval.Mul),
		"mul_d_interval":   ok2(swap(interval.Mul)),
		"interval_div":     ok2(interval.Div),

		"interval_justify_hours":    ok1(interval.JustifyHours),
		"interval_justify_days":     ok1(interval.JustifyDays),
		"interval_justify_interval": ok1(interval.Justify),

		"timestamp_pl_interval":   ok2(datetime.AddInterval),
		"timestamp_mi_interval":   ok2(subInterval),
		"timestamptz_pl_interval": local2(datetime.AddIntervalTZ),
		"timestamptz_mi_interval": local2(subIntervalTZ),
		"timestamp_mi":            ok2(datetime.SubTimestamps),
		"timestamp_age":           ok2(datetime.Age),
		"timestamptz_age":         local2(datetime.AgeTZ),
		"timestamp_bin":           ok3(datetime.DateBin),
		"timestamptz_bin":         ok3(datetime.DateBin),
		"tumble_start":            ok2(tumbleStart),
		"tumble_end":              ok2(tumbleEnd),

		"date_mi":  ok2(datetime.SubDates),
		"date_pli": ok2(func(d, n int32) (int32, error) { return datetime.AddDays(d, int64(n)) }),
		"date_mii": ok2(func(d, n int32) (int32, error) { return datetime.AddDays(d, -int64(n)) }),

		"date_pl_interval": ok2(datePlusInterval),
		"date_mi_interval": ok2(dateMinusInterval),
		"time_pl_interval": fn2(datetime.AddToTime),
		"time_mi_interval": fn2(func(a int64, v interval) int64 {
			v.Micros = -(v.Micros % datetime.UsecsPerDay)
			return datetime.AddToTime(a, v)
		}),
		"time_mi_time":        fn2(func(a, b int64) interval { return interval{Micros: a - b} }),
		"datetime_timestamp":  ok2(dateAndTime),
		"date_finite":         fn1(datetime.FiniteDate),
		"timestamp_finite":    fn1(datetime.FiniteTimestamp),
		"interval_finite":     fn1(func(interval) bool { return true }),
		"now":                 fn0c(transactionTime),
		"statement_timestamp": fn0c(transactionTime),
	})
	kernelsOf(map[uint32]Kernel{
		1176: fn2c(func(c *Call, d int32, us int64) (int64, Err) { // timestamptz(date, time)
			ts, err := dateAndTime(d, us)
			if err != nil {
				return 0, asErr(err)
			}
			return zoned(ts, c.zone())
		}),
		1296: ok2(swap(dateAndTime)),                                                     // time + date
		1848: fn2(func(v interval, us int64) int64 { return datetime.AddToTime(us, v) }), // interval + time
		2546: ok2(swap(datePlusInterval)),                                                // interval + date
		2548: ok2(swap(datetime.AddInterval)),                                            // interval + timestamp
		2549: fn2c(func(c *Call, v interval, ts int64) (int64, Err) { // interval + timestamptz
			out, err := datetime.AddIntervalTZ(ts, v, c.zone())
			return out, asErr(err)
		}),
		2550: ok2(func(n, d int32) (int32, error) { return datetime.AddDays(d, int64(n)) }), // integer + date
	})
}

// compareMixed registers the comparisons of two types, both ways round, and the three-way ones.
func compareMixed[A, B any](a, b string, by func(c *Call, a A, b B) int) {
	tests := [6]func(int) bool{
		func(n int) bool { return n == 0 }, func(n int) bool { return n != 0 }, func(n int) bool { return n < 0 },
		func(n int) bool { return n <= 0 }, func(n int) bool { return n > 0 }, func(n int) bool { return n >= 0 },
	}
	for i, test := range tests {
		kernels(map[string]Kernel{
			a + longNames[i] + "_" + b: fn2c(func(c *Call, x A, y B) (bool, Err) { return test(by(c, x, y)), nil }),
			b + longNames[i] + "_" + a: fn2c(func(c *Call, y B, x A) (bool, Err) { return test(-by(c, x, y)), nil }),
		})
	}
	kernels(map[string]Kernel{
		a + "_cmp_" + b: fn2c(func(c *Call, x A, y B) (int32, Err) { return int32(by(c, x, y)), nil }),
		b + "_cmp_" + a: fn2c(func(c *Call, y B, x A) (int32, Err) { return int32(-by(c, x, y)), nil }),
	})
}

// timestampOf is midnight of a date for comparisons: a date past the timestamps' range is above
// all of them and below infinity.
func timestampOf(d int32) int64 {
	ts, err := datetime.TimestampOfDate(d)
	if err != nil {
		return datetime.TimestampInfinity - 1
	}
	return ts
}

// toUTC reads a timestamp as local time, for comparisons: without a limit.
func (c *Call) toUTC(local int64) int64 {
	if local == datetime.TimestampInfinity-1 {
		return local
	}
	ts, _ := datetime.ToUTC(local, c.zone())
	return ts
}

func subInterval(ts int64, v interval) (int64, error) {
	neg, err := v.Neg()
	if err != nil {
		return 0, err
	}
	return datetime.AddInterval(ts, neg)
}

func subIntervalTZ(ts int64, v interval, loc *time.Location) (int64, error) {
	neg, err := v.Neg()
	if err != nil {
		return 0, err
	}
	return datetime.AddIntervalTZ(ts, neg, loc)
}

func datePlusInterval(d int32, v interval) (int64, error) {
	ts, err := datetime.TimestampOfDate(d)
	if err != nil {
		return 0, err
	}
	return datetime.AddInterval(ts, v)
}

func dateMinusInterval(d int32, v interval) (int64, error) {
	ts, err := datetime.TimestampOfDate(d)
	if err != nil {
		return 0, err
	}
	return subInterval(ts, v)
}

func dateAndTime(d int32, us int64) (int64, error) {
	ts, err := datetime.TimestampOfDate(d)
	if err != nil || !datetime.FiniteTimestamp(ts) {
		return ts, err
	}
	if ts += us; !datetime.ValidTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}

func errTimestampRange() Err {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
}

// zoned reads a timestamp as local time of loc.
func zoned(local int64, loc *time.Location) (int64, Err) {
	ts, ok := datetime.ToUTC(local, loc)
	if !ok {
		return 0, errTimestampRange()
	}
	return ts, nil
}

func transactionTime(c *Call) (int64, Err) {
	if !c.Env.HasNow {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "the current time cannot be used here")
	}
	return c.Env.Now, nil
}

// tumbleStart is the start of the window of a size that ts lies in; windows are aligned to
// 1970-01-01 00:00 UTC.
func tumbleStart(ts int64, size interval) (int64, error) {
	if err := checkWindow(size); err != nil {
		return 0, err
	}
	return datetime.DateBin(size, ts, datetime.UnixEpochMicros)
}

func tumbleEnd(ts int64, size interval) (int64, error) {
	start, err := tumbleStart(ts, size)
	if err != nil {
		return 0, err
	}
	return datetime.AddInterval(start, interval{Micros: int64(size.Days)*datetime.UsecsPerDay + size.Micros})
}

func checkWindow(size interval) error {
	if size.Months != 0 {
		return sqlerr.New(sqlerr.FeatureNotSupported, "windows of months or years are not supported")
	}
	if width, err := datetime.BinWidth(size); err != nil && width <= 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "window size must be greater than zero")
	}
	return nil
}

// Casts and modifiers.
func init() {
	kernels(map[string]Kernel{
		"date_timestamp":   ok1(datetime.TimestampOfDate),
		"date_timestamptz": local1(datetime.TimestamptzOfDate),
		"timestamp_date":   fn1(datetime.DateOfTimestamp),
		"timestamptz_date": fn1c(func(c *Call, ts int64) (int32, Err) {
			local, err := c.toLocal(ts)
			return datetime.DateOfTimestamp(local), err
		}),
		"timestamp_time":        fn1e(timeOf),
		"timestamptz_time":      fn1c(timeOfLocal),
		"timestamptz_timestamp": fn1c((*Call).toLocal),
		"timestamp_timestamptz": fn1c(func(c *Call, ts int64) (int64, Err) { return zoned(ts, c.zone()) }),
		"time_interval":         fn1(func(us int64) interval { return interval{Micros: us} }),
		"interval_time":         fn1(func(v interval) int64 { return datetime.AddToTime(0, v) }),
		"timestamp_scale":       fn2e(roundTimestamp),
		"timestamptz_scale":     fn2e(roundTimestamp),
		"time_scale":            fn2(datetime.RoundMicros),
		"interval_scale": fn2(func(v interval, mod int32) interval {
			if mod < 0 {
				return v
			}
			return datetime.ApplyIntervalMod(v, sqltype.IntervalFields(mod), sqltype.IntervalPrecision(mod))
		}),
	})
}

// toLocal is the session's local time.
func (c *Call) toLocal(ts int64) (int64, Err) {
	local, ok := datetime.ToLocal(ts, c.zone())
	if !ok {
		return 0, errTimestampRange()
	}
	return local, nil
}

func timeOf(ts int64) (int64, Err) {
	us, ok := datetime.TimeOfTimestamp(ts)
	if !ok {
		return 0, errNull
	}
	return us, nil
}

func timeOfLocal(c *Call, ts int64) (int64, Err) {
	local, err := c.toLocal(ts)
	if err != nil {
		return 0, err
	}
	return timeOf(local)
}

func roundTimestamp(ts int64, precision int32) (int64, Err) {
	if !datetime.FiniteTimestamp(ts) {
		return ts, nil
	}
	return datetime.RoundMicros(ts, precision), nil
}
