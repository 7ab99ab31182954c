package op

import (
	"math"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// intervalSum is sum and avg of intervals: a count, and sums of months, days and (128 bits of)
// microseconds.
type intervalSum struct {
	cellsOnly
	avg bool
}

func (c *intervalSum) cells() []state.CellType {
	return []state.CellType{state.CellInt64, state.CellInt64, state.CellInt64, state.CellInt64, state.CellInt64}
}

func (c *intervalSum) add(a addition) error {
	n, months, days := a.cells.Int64(c.first), a.cells.Int64(c.first+1), a.cells.Int64(c.first+2)
	lo, hi := a.cells.Int64(c.first+3), a.cells.Int64(c.first+4)
	values := delta.Values[delta.Interval](a.arg)
	for i, row := range a.rows {
		s, w, v := a.slots[i], a.weight(row), values[a.arg.At(row)]
		n[s] += w
		months[s] += w * int64(v.Months)
		days[s] += w * int64(v.Days)
		addProduct(&lo[s], &hi[s], v.Micros, w)
	}
	return nil
}

func (c *intervalSum) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	n, months, days := c.groups.Int64(c.first), c.groups.Int64(c.first+1), c.groups.Int64(c.first+2)
	lo, hi := c.groups.Int64(c.first+3), c.groups.Int64(c.first+4)
	for i, s := range slots {
		if n.At(s) == 0 {
			b.AppendNull()
			continue
		}
		v := delta.Interval{Months: int32(months.At(s)), Days: int32(days.At(s)), Micros: lo.At(s)}
		ok := int64(v.Months) == months.At(s) && int64(v.Days) == days.At(s) && hi.At(s) == lo.At(s)>>63
		if ok && c.avg {
			v, ok = divideInterval(v, float64(n.At(s)))
		}
		if !ok {
			b.AppendNull()
			fail(i, sqlerr.New(sqlerr.DatetimeFieldOverflow, "interval out of range"))
			continue
		}
		delta.Append(b, v)
	}
	return nil
}

const (
	secondsPerDay = 86400.0
	daysPerMonth  = 30.0
)

// divideInterval is interval / float8 as PostgreSQL defines it: what a month or day leaves over
// spills into days and seconds, rounded to microseconds on the way.
func divideInterval(v delta.Interval, by float64) (delta.Interval, bool) {
	months, days := float64(v.Months)/by, float64(v.Days)/by
	out := delta.Interval{Months: int32(months), Days: int32(days)}
	spillDays := roundMicros((months - float64(out.Months)) * daysPerMonth)
	seconds := roundMicros((days - float64(out.Days) + spillDays - math.Trunc(spillDays)) * secondsPerDay)
	if math.Abs(seconds) >= secondsPerDay {
		whole := math.Trunc(seconds / secondsPerDay)
		out.Days += int32(whole)
		seconds -= whole * secondsPerDay
	}
	out.Days += int32(spillDays)
	micros := math.RoundToEven(float64(v.Micros)/by + seconds*1e6)
	if micros >= math.MaxInt64 || micros <= math.MinInt64 {
		return out, false
	}
	out.Micros = int64(micros)
	return out, true
}

func roundMicros(v float64) float64 { return math.RoundToEven(v*1e6) / 1e6 }

func (c *intervalSum) merge(cells state.Cells, other begunGroups) error {
	addCells(cells, c.first, other.part(0, 3))
	add128s(cells, c.first+3, other.part(3, 5))
	return nil
}
