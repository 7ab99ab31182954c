package kernel

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Fields of dates and times: extract, date_part, date_trunc, make_…, to_char, time zones.
func init() {
	extract := map[string]Kernel{}
	fieldKernels(extract, "timestamp", func(_ *Call, unit string, ts int64) (datetime.Field, error) { return datetime.Extract(unit, ts) })
	fieldKernels(extract, "timestamptz", func(c *Call, unit string, ts int64) (datetime.Field, error) {
		return datetime.ExtractTZ(unit, ts, c.zone())
	})
	fieldKernels(extract, "interval", func(_ *Call, unit string, v interval) (datetime.Field, error) {
		return datetime.ExtractInterval(unit, v)
	})
	fieldKernels(extract, "time", func(_ *Call, unit string, us int64) (datetime.Field, error) { return datetime.ExtractTime(unit, us) })
	kernels(extract)
	kernels(map[string]Kernel{
		"extract_date": fn2e(func(unit string, d int32) (dec, Err) {
			f, err := datetime.ExtractDate(unit, d)
			return fieldResult(f, err)
		}),
		"timestamp_trunc":   ok2(datetime.Trunc),
		"timestamptz_trunc": local2(datetime.TruncTZ),
		"interval_trunc":    ok2(datetime.TruncInterval),
		"timestamptz_trunc_zone": fn3e(func(unit string, ts int64, zone string) (int64, Err) {
			if !datetime.FiniteTimestamp(ts) {
				return ts, nil
			}
			loc, err := zoneNamed(zone)
			if err != nil {
				return 0, err
			}
			out, oerr := datetime.TruncTZ(unit, ts, loc)
			return out, asErr(oerr)
		}),
		"make_date": ok3(datetime.MakeDate),
		"make_time": ok3(datetime.MakeTime),

		"make_timestamp":               makeTimestamp(false, func(*Call, int32) (*time.Location, Err) { return time.UTC, nil }),
		"make_timestamptz":             makeTimestamp(true, func(c *Call, _ int32) (*time.Location, Err) { return c.zone(), nil }),
		"make_timestamptz_at_timezone": makeTimestamp(true, func(c *Call, row int32) (*time.Location, Err) { return zoneGiven(string(c.Args[6].Bytes(row))) }),
		"make_interval":                makeInterval,
		"float8_timestamptz":           ok1(datetime.FromEpoch),
		"interval_to_char": app2(func(c *Call, dst []byte, v interval, format []byte) ([]byte, Err) {
			f, err := c.charFormat(format)
			if err != nil {
				return dst, err
			}
			out, ok, ferr := f.Interval(dst, v)
			if ferr == nil && !ok {
				return out, errNull
			}
			return out, asErr(ferr)
		}),
		"timestamp_to_char": app2(func(c *Call, dst []byte, ts int64, format []byte) ([]byte, Err) {
			f, err := c.charFormat(format)
			if err != nil {
				return dst, err
			}
			out, ok := f.Timestamp(dst, ts)
			return out, nullUnless(ok)
		}),
		"timestamptz_to_char": app2(func(c *Call, dst []byte, ts int64, format []byte) ([]byte, Err) {
			f, err := c.charFormat(format)
			if err != nil {
				return dst, err
			}
			out, ok := f.TimestampTZ(dst, ts, c.zone())
			return out, nullUnless(ok)
		}),
		"timestamptz_zone":  fn2e(func(zone string, ts int64) (int64, Err) { return atZone(zone, ts, true) }),
		"timestamp_zone":    fn2e(func(zone string, ts int64) (int64, Err) { return atZone(zone, ts, false) }),
		"timestamptz_izone": fn2c(func(c *Call, by interval, ts int64) (int64, Err) { return atOffset(c, by, ts, true) }),
		"timestamp_izone":   fn2c(func(c *Call, by interval, ts int64) (int64, Err) { return atOffset(c, by, ts, false) }),
	})
	kernelsOf(map[uint32]Kernel{
		1384: fn2e(func(unit string, d int32) (float64, Err) { // date_part(text, date): of midnight's timestamp
			ts, err := datetime.TimestampOfDate(d)
			if err != nil {
				return 0, asErr(err)
			}
			f, err := datetime.Extract(unit, ts)
			return fieldFloat(f, err)
		}),
	})
}

// fieldKernels are extract (numeric) and date_part (double) of a type.
func fieldKernels[T any](m map[string]Kernel, t string, f func(c *Call, unit string, v T) (datetime.Field, error)) {
	m["extract_"+t] = fn2c(func(c *Call, unit string, v T) (dec, Err) { return fieldResult(f(c, unit, v)) })
	m[t+"_part"] = fn2c(func(c *Call, unit string, v T) (float64, Err) { return fieldFloat(f(c, unit, v)) })
}

func nullUnless(ok bool) Err {
	if ok {
		return nil
	}
	return errNull
}

func fieldResult(f datetime.Field, err error) (dec, Err) {
	if err != nil {
		return dec{}, asErr(err)
	}
	return f.Dec, nullUnless(!f.Null)
}

func fieldFloat(f datetime.Field, err error) (float64, Err) {
	d, rowErr := fieldResult(f, err)
	if rowErr != nil {
		return 0, rowErr
	}
	v, err := d.Float64()
	return v, asErr(err)
}

// makeTimestamp has more arguments than the row loops know.
func makeTimestamp(zonedResult bool, zone func(c *Call, row int32) (*time.Location, Err)) Kernel {
	return func(c *Call) {
		out, put := kindOf[float64]().load(c.Args[5]), fixed[int64](c.Out)
		var ints [5]func(int32) int32
		for i := range ints {
			ints[i] = kindOf[int32]().load(c.Args[i])
		}
		for _, i := range c.Sel {
			ts, err := datetime.MakeTimestamp(ints[0](i), ints[1](i), ints[2](i), ints[3](i), ints[4](i), out(i))
			rowErr := asErr(err)
			if rowErr == nil && zonedResult {
				var loc *time.Location
				if loc, rowErr = zone(c, i); rowErr == nil {
					ts, rowErr = zoned(ts, loc)
				}
			}
			if rowErr != nil {
				c.finish(i, rowErr)
				continue
			}
			put[i] = ts
		}
	}
}

func makeInterval(c *Call) {
	var n [6]func(int32) int32
	for i := range n {
		n[i] = kindOf[int32]().load(c.Args[i])
	}
	secs, put := kindOf[float64]().load(c.Args[6]), fixed[interval](c.Out)
	for _, i := range c.Sel {
		v, err := datetime.MakeInterval(n[0](i), n[1](i), n[2](i), n[3](i), n[4](i), n[5](i), secs(i))
		if err != nil {
			c.finish(i, asErr(err))
			continue
		}
		put[i] = v
	}
}

// zoneNamed finds the time zone that AT TIME ZONE and its kin name.
func zoneNamed(name string) (*time.Location, Err) {
	loc, ok := datetime.FindZone(name)
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, `time zone "%s" not recognized`, name)
	}
	return loc, nil
}

// maxZoneHours bounds a time zone that is a number of hours.
const maxZoneHours = 15

// zoneGiven is the time zone of make_timestamptz: a number is east of UTC, with a sign, as it is in a timestamp.
func zoneGiven(name string) (*time.Location, Err) {
	switch {
	case name != "" && name[0] >= '0' && name[0] <= '9':
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, `invalid input syntax for type numeric time zone: "%s"`, name).
			WithHint("Numeric time zones must have \"-\" or \"+\" as first character.")
	case name == "" || name[0] != '+' && name[0] != '-':
		return zoneNamed(name)
	}
	loc, err := zoneNamed(name)
	if err != nil {
		return nil, err
	}
	_, west := time.Unix(0, 0).In(loc).Zone() // POSIX counts to the west
	if west <= -(maxZoneHours+1)*3600 || west >= (maxZoneHours+1)*3600 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, `numeric time zone "%s" out of range`, name)
	}
	return datetime.FixedZone(-west), nil
}

// atZone is AT TIME ZONE: the local time of a timestamptz, or the timestamptz of a local time.
func atZone(name string, ts int64, toLocal bool) (int64, Err) {
	if !datetime.FiniteTimestamp(ts) {
		return ts, nil
	}
	loc, err := zoneNamed(name)
	if err != nil {
		return 0, err
	}
	if !toLocal {
		return zoned(ts, loc)
	}
	local, ok := datetime.ToLocal(ts, loc)
	if !ok {
		return 0, errTimestampRange()
	}
	return local, nil
}

// atOffset is AT TIME ZONE INTERVAL.
func atOffset(c *Call, by interval, ts int64, toLocal bool) (int64, Err) {
	if !datetime.FiniteTimestamp(ts) {
		return ts, nil
	}
	if by.Months != 0 || by.Days != 0 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, `interval time zone "%s" must not include months or days`,
			datetime.AppendInterval(nil, by, c.Env.codec.IntervalStyle))
	}
	offset := by.Micros / datetime.UsecsPerSecond * datetime.UsecsPerSecond
	if !toLocal {
		offset = -offset
	}
	if ts += offset; !datetime.ValidTimestamp(ts) {
		return 0, errTimestampRange()
	}
	return ts, nil
}
