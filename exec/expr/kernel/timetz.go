package kernel

import (
	"bytes"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// timetz is a time of day with its zone; its bytes order as it does.
type timetz = [16]byte

func compareTimetz(a, b timetz) int { return bytes.Compare(a[:], b[:]) }

func init() {
	compareBy("timetz", longNames, compareTimetz)
	fields := map[string]Kernel{}
	fieldKernels(fields, "timetz", func(_ *Call, unit string, v timetz) (datetime.Field, error) { return datetime.ExtractTimeTZ(unit, v) })
	kernels(fields)
	kernels(map[string]Kernel{
		"timetz_cmp":         threeWay(compareTimetz),
		"timetz_larger":      fn2(func(a, b timetz) timetz { return pick(compareTimetz(a, b) > 0, a, b) }),
		"timetz_smaller":     fn2(func(a, b timetz) timetz { return pick(compareTimetz(a, b) < 0, a, b) }),
		"timetz_pl_interval": fn2(datetime.AddToTimeTZ),
		"timetz_mi_interval": fn2(func(v timetz, by interval) timetz {
			by.Micros = -(by.Micros % datetime.UsecsPerDay)
			return datetime.AddToTimeTZ(v, by)
		}),
		"timetz_scale": fn2(func(v timetz, mod int32) timetz {
			us, west := datetime.SplitTimeTZ(v)
			return datetime.TimeTZ(datetime.RoundMicros(us, mod), west)
		}),
		"timetz_time": fn1(func(v timetz) int64 {
			us, _ := datetime.SplitTimeTZ(v)
			return us
		}),
		"time_timetz": fn1c(func(c *Call, us int64) (timetz, Err) {
			east, err := c.presentOffset(c.zone())
			return datetime.TimeTZ(us, int32(-east)), err
		}),
		"timestamptz_timetz": fn1c(func(c *Call, ts int64) (timetz, Err) {
			v, ok := datetime.TimeTZOf(ts, c.zone())
			return v, nullUnless(ok)
		}),
		"datetimetz_timestamptz": ok2(datetime.AtTimeTZ),
		"timetz_zone": fn2c(func(c *Call, zone string, v timetz) (timetz, Err) {
			loc, err := zoneNamed(zone)
			if err != nil {
				return v, err
			}
			east, err := c.presentOffset(loc)
			return datetime.InOffset(v, east), err
		}),
		"timetz_izone":    fn2c(timetzAtOffset),
		"overlaps_timetz": overlapsTimetz,
	})
	kernelsOf(map[uint32]Kernel{
		1298: ok2(swap(datetime.AtTimeTZ)),                                                   // timetz + date
		2547: fn2(func(by interval, v timetz) timetz { return datetime.AddToTimeTZ(v, by) }), // interval + timetz
	})
}

// presentOffset is a zone's offset now, in seconds east; an error where there is no now and the zone has had several.
func (c *Call) presentOffset(loc *time.Location) (int, Err) {
	if east, ok := datetime.FixedOffset(loc); ok {
		return east, nil
	}
	now, err := transactionTime(c)
	if err != nil {
		return 0, err
	}
	return datetime.OffsetAt(loc, now), nil
}

func timetzAtOffset(c *Call, by interval, v timetz) (timetz, Err) {
	if by.Months != 0 || by.Days != 0 {
		text := datetime.AppendInterval(nil, by, c.Env.codec.IntervalStyle)
		return v, sqlerr.New(sqlerr.InvalidParameterValue, "interval time zone \"%s\" must not include months or days", text)
	}
	return datetime.InOffset(v, int(by.Micros/datetime.UsecsPerSecond)), nil
}

// overlapsTimetz is (a, b) OVERLAPS (c, d). Each value stands for how many of the four are before it: that is all that counts.
func overlapsTimetz(c *Call) {
	out := c.Out.Bools()
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		var values [4]timetz
		var m [4]moment
		for k, a := range c.Args {
			if m[k].null = a.Null(i); !m[k].null {
				values[k] = delta.Values[timetz](a)[a.At(i)]
			}
		}
		for k := range m {
			for j := range values {
				if !m[j].null && compareTimetz(values[j], values[k]) < 0 {
					m[k].at++
				}
			}
		}
		is, known := meet(m[0], m[1], m[2], m[3])
		if !known {
			c.Out.SetNull(i)
		}
		out[i] = b2u(is)
	}
}
