package kernel

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Functions that give another value each time they are asked.
func init() {
	kernels(map[string]Kernel{
		"drandom": fn0c(func(*Call) (float64, Err) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails
			return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53), nil
		}),
		"clock_timestamp": fn0c(wallClock),
		"timeofday": fn0c(func(c *Call) (string, Err) {
			us, err := wallClock(c)
			if err != nil {
				return "", err
			}
			t := time.UnixMicro(us - datetime.UnixEpochMicros).In(c.zone())
			return t.Format("Mon Jan 02 15:04:05") + fmt.Sprintf(".%06d", t.Nanosecond()/1000) + t.Format(" 2006 MST"), nil
		}),
	})
	kernelsOf(map[uint32]Kernel{
		2059: fn1c(func(c *Call, ts int64) (interval, Err) { // age(timestamp)
			today, err := localMidnight(c)
			if err != nil {
				return interval{}, err
			}
			v, aerr := datetime.Age(today, ts)
			return v, asErr(aerr)
		}),
		1386: fn1c(func(c *Call, ts int64) (interval, Err) { // age(timestamptz)
			today, err := localMidnight(c)
			if err == nil {
				today, err = zoned(today, c.zone())
			}
			if err != nil {
				return interval{}, err
			}
			v, aerr := datetime.AgeTZ(today, ts, c.zone())
			return v, asErr(aerr)
		}),
	})
}

// wallClock is the time now, microseconds since 2000-01-01.
func wallClock(c *Call) (int64, Err) {
	if s := c.Env.Settings.Session; s != nil && s.Clock != nil {
		return s.Clock(), nil
	}
	return 0, sqlerr.New(sqlerr.FeatureNotSupported, "the current time cannot be used here")
}

// localMidnight is current_date as a timestamp.
func localMidnight(c *Call) (int64, Err) {
	now, err := transactionTime(c)
	if err != nil {
		return 0, err
	}
	local, ok := datetime.ToLocal(now, c.zone())
	if !ok {
		return 0, errTimestampRange()
	}
	day, terr := datetime.Trunc("day", local)
	return day, asErr(terr)
}
