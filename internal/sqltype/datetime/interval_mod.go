package datetime

// ValidDate reports whether d is a finite date of PostgreSQL's range.
func ValidDate(d int32) bool { return int64(d) >= minDate && int64(d) < endDate }

// ApplyIntervalMod cuts v to a range of fields and rounds it to a precision (-1 = none).
func ApplyIntervalMod(v Interval, fields, precision int32) Interval {
	switch fields {
	case RangeYear:
		v.Months = v.Months / 12 * 12
		v.Days, v.Micros = 0, 0
	case RangeMonth, RangeYear | RangeMonth:
		v.Days, v.Micros = 0, 0
	case RangeDay:
		v.Micros = 0
	case RangeHour, RangeDay | RangeHour:
		v.Micros = v.Micros / UsecsPerHour * UsecsPerHour
	case RangeMinute, RangeHour | RangeMinute, RangeDay | RangeHour | RangeMinute:
		v.Micros = v.Micros / UsecsPerMinute * UsecsPerMinute
	}
	if precision >= 0 {
		v.Micros = RoundMicros(v.Micros, precision)
	}
	return v
}
