package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// (a, b) OVERLAPS (c, d), where the end of a period may be given by its length.
func init() {
	kernels(map[string]Kernel{"overlaps_timestamp": overlaps(nil), "overlaps_time": overlaps(nil)})
	plus := map[string]addLength{
		"timestamp": func(_ *Call, t int64, by delta.Interval) (int64, error) { return datetime.AddInterval(t, by) },
		"timestamptz": func(c *Call, t int64, by delta.Interval) (int64, error) {
			return datetime.AddIntervalTZ(t, by, c.zone())
		},
		"time": func(_ *Call, t int64, by delta.Interval) (int64, error) { return datetime.AddToTime(t, by), nil },
	}
	kernelsOf(map[uint32]Kernel{
		1305: overlaps(plus["timestamptz"], 1, 3), 1306: overlaps(plus["timestamptz"], 3), 1307: overlaps(plus["timestamptz"], 1),
		2042: overlaps(plus["timestamp"], 1, 3), 2043: overlaps(plus["timestamp"], 3), 2044: overlaps(plus["timestamp"], 1),
		1309: overlaps(plus["time"], 1, 3), 1310: overlaps(plus["time"], 3), 1311: overlaps(plus["time"], 1),
	})
}

// addLength is the end of a period that starts at t.
type addLength func(c *Call, t int64, by delta.Interval) (int64, error)

// moment is a point in time, or NULL.
type moment struct {
	at   int64
	null bool
}

// overlaps compares two periods of four arguments; those at the places of lengths are intervals.
func overlaps(plus addLength, lengths ...int) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			var m [4]moment
			var err error
			for k, a := range c.Args {
				if m[k].null = a.Null(i); m[k].null {
					continue
				}
				isLength := false
				for _, l := range lengths {
					isLength = isLength || l == k
				}
				switch {
				case !isLength:
					m[k].at = delta.Values[int64](a)[a.At(i)]
				case m[k-1].null:
					m[k].null = true
				case err == nil:
					m[k].at, err = plus(c, m[k-1].at, delta.Values[delta.Interval](a)[a.At(i)])
				}
			}
			if err != nil {
				c.finish(i, asErr(err))
				continue
			}
			is, known := meet(m[0], m[1], m[2], m[3])
			if !known {
				c.Out.SetNull(i)
			}
			out[i] = b2u(is)
		}
	}
}

// meet: periods without their ends have a moment in common; one whose ends are the same is that moment. known is
// false where a NULL decides.
func meet(a, b, c, d moment) (is, known bool) {
	a, b = inOrder(a, b)
	c, d = inOrder(c, d)
	switch {
	case a.null || c.null:
		return false, false
	case a.at > c.at:
		a, b, c, d = c, d, a, b
		fallthrough
	case a.at < c.at:
		switch {
		case b.null:
			return false, false
		case c.at < b.at:
			return true, true
		case d.null:
			return false, false
		}
		return false, true
	}
	return true, !b.null && !d.null
}

// inOrder puts a period's earlier end first, one that is NULL last.
func inOrder(a, b moment) (moment, moment) {
	if a.null || !b.null && a.at > b.at {
		return b, a
	}
	return a, b
}
