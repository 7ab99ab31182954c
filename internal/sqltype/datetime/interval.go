package datetime

import "math/bits"

// Interval is PostgreSQL's: three fields that do not mix.
type Interval struct {
	Micros int64
	Days   int32
	Months int32
}

// Span is the length an interval compares by: months of 30 days, days of 24 hours, as a
// 128-bit number of microseconds.
func (v Interval) Span() (hi int64, lo uint64) {
	days := int64(v.Months)*30 + int64(v.Days)
	h, l := bits.Mul64(uint64(days), uint64(UsecsPerDay))
	if days < 0 {
		h -= uint64(UsecsPerDay)
	}
	l, c := bits.Add64(l, uint64(v.Micros), 0)
	h, _ = bits.Add64(h, uint64(v.Micros>>63), c)
	return int64(h), l
}

// CompareIntervals is SQL order: 1 day = 24 hours, 1 month = 30 days.
func CompareIntervals(a, b Interval) int {
	ah, al := a.Span()
	bh, bl := b.Span()
	switch {
	case ah < bh || ah == bh && al < bl:
		return -1
	case ah == bh && al == bl:
		return 0
	}
	return 1
}
