package datetime

import (
	"math"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// AddInterval is timestamp + interval: months first (a day past the month's end becomes its
// last), then days, then microseconds. Infinities stay.
func AddInterval(ts int64, v Interval) (int64, error) {
	if !FiniteTimestamp(ts) {
		return ts, nil
	}
	local, ok := addMonthsDays(ts, v)
	if !ok {
		return 0, errTimestampRange()
	}
	return addMicros(local, v.Micros)
}

// AddIntervalTZ is timestamptz + interval: months and days are added to the local time of loc.
func AddIntervalTZ(ts int64, v Interval, loc *time.Location) (int64, error) {
	if !FiniteTimestamp(ts) {
		return ts, nil
	}
	if v.Months != 0 || v.Days != 0 {
		local, ok := addMonthsDays(ts+int64(offsetAt(loc, ts))*UsecsPerSecond, v)
		if !ok {
			return 0, errTimestampRange()
		}
		if ts, ok = ToUTC(local, loc); !ok {
			return 0, errTimestampRange()
		}
	}
	return addMicros(ts, v.Micros)
}

func addMicros(ts, us int64) (int64, error) {
	sum := ts + us
	if (sum > ts) != (us > 0) && us != 0 || !ValidTimestamp(sum) {
		return 0, errTimestampRange()
	}
	return sum, nil
}

func addMonthsDays(ts int64, v Interval) (int64, bool) {
	if v.Months != 0 {
		f := Split(ts)
		months := int64(f.Month) - 1 + int64(v.Months)
		year := int64(f.Year) + floorDiv(months, 12)
		if year < -5000 || year > 300000 {
			return 0, false
		}
		f.Year, f.Month = int(year), int(months-floorDiv(months, 12)*12)+1
		f.Day = min(f.Day, DaysIn(f.Year, f.Month))
		var ok bool
		if ts, ok = f.Join(); !ok {
			return 0, false
		}
	}
	if v.Days != 0 {
		day := floorDiv(ts, UsecsPerDay)
		sum := day + int64(v.Days)
		if sum+postgresEpochJulian < 0 || sum+postgresEpochJulian >= endTimestampJulian {
			return 0, false
		}
		ts = sum*UsecsPerDay + (ts - day*UsecsPerDay)
		if !ValidTimestamp(ts) {
			return 0, false
		}
	}
	return ts, true
}

// Neg is -v.
func (v Interval) Neg() (Interval, error) {
	if v.Micros == math.MinInt64 || v.Days == math.MinInt32 || v.Months == math.MinInt32 {
		return v, errIntervalRange()
	}
	return Interval{Micros: -v.Micros, Days: -v.Days, Months: -v.Months}, nil
}

// Add is v + w, field by field.
func (v Interval) Add(w Interval) (Interval, error) {
	months, days := int64(v.Months)+int64(w.Months), int64(v.Days)+int64(w.Days)
	us := v.Micros + w.Micros
	if int64(int32(months)) != months || int64(int32(days)) != days || (us > v.Micros) != (w.Micros > 0) && w.Micros != 0 {
		return v, errIntervalRange()
	}
	return Interval{Micros: us, Days: int32(days), Months: int32(months)}, nil
}

// Sub is v - w, field by field.
func (v Interval) Sub(w Interval) (Interval, error) {
	months, days := int64(v.Months)-int64(w.Months), int64(v.Days)-int64(w.Days)
	us := v.Micros - w.Micros
	if int64(int32(months)) != months || int64(int32(days)) != days || (us < v.Micros) != (w.Micros > 0) && w.Micros != 0 {
		return v, errIntervalRange()
	}
	return Interval{Micros: us, Days: int32(days), Months: int32(months)}, nil
}

// Mul is v * factor; fractions of months become days, of days seconds.
func (v Interval) Mul(factor float64) (Interval, error) {
	return v.scaled(func(x float64) float64 { return x * factor })
}

// Div is v / factor.
func (v Interval) Div(factor float64) (Interval, error) {
	if factor == 0 {
		return v, sqlerr.New(sqlerr.DivisionByZero, "division by zero")
	}
	return v.scaled(func(x float64) float64 { return x / factor })
}

// tsRound rounds to a microsecond of a second, as PostgreSQL's TSROUND.
func tsRound(x float64) float64 { return math.RoundToEven(x*1e6) / 1e6 }

func (v Interval) scaled(f func(float64) float64) (Interval, error) {
	months, days := f(float64(v.Months)), f(float64(v.Days))
	if !inInt32(months) || !inInt32(days) {
		return v, errIntervalRange()
	}
	out := Interval{Months: int32(months), Days: int32(days)}
	monthDays := tsRound((months - float64(out.Months)) * 30)
	sec := tsRound((days - float64(out.Days) + monthDays - math.Trunc(monthDays)) * 86400)
	carry := int64(0)
	if math.Abs(sec) >= 86400 {
		carry = int64(sec / 86400)
		sec -= float64(carry) * 86400
	}
	sum := int64(out.Days) + carry + int64(monthDays)
	us := math.RoundToEven(f(float64(v.Micros)) + sec*1e6)
	if int64(int32(sum)) != sum || math.IsNaN(us) || us < math.MinInt64 || us >= math.MaxInt64 {
		return v, errIntervalRange()
	}
	out.Days, out.Micros = int32(sum), int64(us)
	return out, nil
}

func inInt32(x float64) bool { return x >= math.MinInt32 && x <= math.MaxInt32 }

// JustifyHours turns every 24 hours into a day.
func (v Interval) JustifyHours() (Interval, error) {
	days := int64(v.Days) + v.Micros/UsecsPerDay
	us := v.Micros % UsecsPerDay
	if days > 0 && us < 0 {
		us += UsecsPerDay
		days--
	} else if days < 0 && us > 0 {
		us -= UsecsPerDay
		days++
	}
	if int64(int32(days)) != days {
		return v, errIntervalRange()
	}
	return Interval{Micros: us, Days: int32(days), Months: v.Months}, nil
}

// JustifyDays turns every 30 days into a month.
func (v Interval) JustifyDays() (Interval, error) {
	months, days := int64(v.Months)+int64(v.Days/30), v.Days%30
	if months > 0 && days < 0 {
		days += 30
		months--
	} else if months < 0 && days > 0 {
		days -= 30
		months++
	}
	if int64(int32(months)) != months {
		return v, errIntervalRange()
	}
	return Interval{Micros: v.Micros, Days: days, Months: int32(months)}, nil
}

// Justify turns 24 hours into days, 30 days into months, and makes the signs agree.
func (v Interval) Justify() (Interval, error) {
	us := v.Micros % UsecsPerDay
	days := int64(v.Days) + v.Micros/UsecsPerDay
	months := int64(v.Months) + days/30
	days %= 30
	if months > 0 && (days < 0 || days == 0 && us < 0) {
		days += 30
		months--
	} else if months < 0 && (days > 0 || days == 0 && us > 0) {
		days -= 30
		months++
	}
	if days > 0 && us < 0 {
		us += UsecsPerDay
		days--
	} else if days < 0 && us > 0 {
		us -= UsecsPerDay
		days++
	}
	if int64(int32(months)) != months {
		return v, errIntervalRange()
	}
	return Interval{Micros: us, Days: int32(days), Months: int32(months)}, nil
}

// SubTimestamps is a - b in days and microseconds, for timestamps of either kind.
func SubTimestamps(a, b int64) (Interval, error) {
	if !FiniteTimestamp(a) || !FiniteTimestamp(b) {
		return Interval{}, sqlerr.New(sqlerr.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	us := a - b
	if (us < a) != (b > 0) && b != 0 {
		return Interval{}, errIntervalRange()
	}
	return Interval{Micros: us}.JustifyHours()
}

// Age is age(a, b): the difference in years, months, days and time, as a calendar counts.
func Age(a, b int64) (Interval, error) {
	if !FiniteTimestamp(a) || !FiniteTimestamp(b) {
		return Interval{}, errTimestampRange()
	}
	f, g := Split(a), Split(b)
	sign := 1
	if a < b {
		sign = -1
	}
	us := f.timeOfDay() - g.timeOfDay()
	days, months := f.Day-g.Day, f.Month-g.Month
	years := f.Year - g.Year
	us, days, months, years = us*int64(sign), days*sign, months*sign, years*sign
	if us < 0 {
		us += UsecsPerDay
		days--
	}
	for days < 0 {
		if sign < 0 {
			days += DaysIn(f.Year, f.Month)
		} else {
			days += DaysIn(g.Year, g.Month)
		}
		months--
	}
	for months < 0 {
		months += 12
		years--
	}
	return Interval{Micros: us * int64(sign), Days: int32(days * sign), Months: int32((years*12 + months) * sign)}, nil
}

// AgeTZ is age of timestamptz values, by the calendar of loc.
func AgeTZ(a, b int64, loc *time.Location) (Interval, error) {
	la, okA := ToLocal(a, loc)
	lb, okB := ToLocal(b, loc)
	if !okA || !okB {
		return Interval{}, errTimestampRange()
	}
	return Age(la, lb)
}

// DateBin is date_bin(stride, ts, origin): the start of ts's bin.
func DateBin(stride Interval, ts, origin int64) (int64, error) {
	if !FiniteTimestamp(ts) {
		return ts, nil
	}
	if !FiniteTimestamp(origin) {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "origin out of range")
	}
	width, err := BinWidth(stride)
	if err != nil {
		return 0, err
	}
	diff := ts - origin
	if (diff < ts) != (origin > 0) && origin != 0 {
		return 0, errIntervalRange()
	}
	step := floorDiv(diff, width) * width
	out := origin + step
	if !ValidTimestamp(out) || (out < origin) != (step < 0) {
		return 0, errTimestampRange()
	}
	return out, nil
}

// BinWidth is the width of date_bin's stride in microseconds, which must be positive and free
// of months.
func BinWidth(stride Interval) (int64, error) {
	if stride.Months != 0 {
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	days := int64(stride.Days) * UsecsPerDay
	width := days + stride.Micros
	if stride.Days != 0 && days/UsecsPerDay != int64(stride.Days) || (width > days) != (stride.Micros > 0) && stride.Micros != 0 {
		return 0, errIntervalRange()
	}
	if width <= 0 {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	return width, nil
}
