package datetime

import (
	"math"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// ToTimestamp is to_timestamp(text, format), in the local time of loc where the text has no zone.
func (t *Template) ToTimestamp(src string, loc *time.Location) (int64, error) {
	r := templateReader{s: src, whole: src}
	f, err := r.fields(t)
	if err != nil {
		return 0, err
	}
	ts, ok := f.Join()
	if !ok {
		return 0, errTimestampRange()
	}
	if r.zoneSign != 0 {
		ts -= int64(f.Offset) * UsecsPerSecond
		ok = ValidTimestamp(ts)
	} else {
		ts, ok = ToUTC(ts, loc)
	}
	if !ok {
		return 0, errTimestampRange()
	}
	return RoundMicros(ts, t.precision()), nil
}

// ToDate is to_date(text, format).
func (t *Template) ToDate(src string) (int32, error) {
	r := templateReader{s: src, whole: src}
	f, err := r.fields(t)
	if err != nil {
		return 0, err
	}
	d, ok := DateOf(f.Year, f.Month, f.Day)
	if !ok {
		return 0, errDateText([]byte(src))
	}
	return d, nil
}

// fields reads a text and puts together what it says.
func (r *templateReader) fields(t *Template) (f Fields, err error) {
	if err := r.read(t); err != nil {
		return f, err
	}
	r.pm, r.bc = r.pmSet != 0, r.bcSet != 0
	f = Fields{Month: 1, Day: 1}
	if err := r.clock(&f); err != nil {
		return f, err
	}
	got := r.yearOf(&f)
	if r.julian != 0 {
		if r.julian < 0 {
			f.Year = math.MinInt32 // out of range
		} else {
			f.Year, f.Month, f.Day = CivilDate(int64(r.julian))
		}
		got |= hasDate
	}
	more, err := r.day(&f)
	if err != nil {
		return f, err
	}
	got |= more
	f.Micros = r.ms*1000 + r.us
	switch {
	case got&hasMonth != 0 && (f.Month < 1 || f.Month > 12),
		got&hasDay != 0 && (f.Day < 1 || f.Day > 31),
		got == hasDate && f.Day > DaysIn(f.Year, f.Month),
		f.Hour < 0 || f.Hour > 23 || f.Minute < 0 || f.Minute > 59 || f.Second < 0 || f.Second > 59,
		f.Micros < 0 || f.Micros >= 1000000:
		return f, fieldOverflow.error("timestamp", []byte(r.whole), "")
	}
	if r.zoneSign != 0 {
		if r.zoneHour < 0 || r.zoneHour > 15 || r.zoneMin < 0 || r.zoneMin > 59 {
			return f, zoneOverflow.error("timestamp", []byte(r.whole), "")
		}
		f.Offset = r.zoneSign * (r.zoneHour*3600 + r.zoneMin*60)
	}
	return f, nil
}

func (r *templateReader) clock(f *Fields) error {
	f.Hour, f.Minute, f.Second = r.ssss/3600, r.ssss%3600/60, r.ssss%60
	if r.ss != 0 {
		f.Second = r.ss
	}
	if r.mi != 0 {
		f.Minute = r.mi
	}
	if r.hh != 0 {
		f.Hour = r.hh
	}
	if !r.clock12 {
		return nil
	}
	if f.Hour < 1 || f.Hour > 12 {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "hour \"%d\" is invalid for the 12-hour clock", f.Hour).
			WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
	}
	if r.pm && f.Hour < 12 {
		f.Hour += 12
	} else if !r.pm && f.Hour == 12 {
		f.Hour = 0
	}
	return nil
}

// yearOf finds the year, of which a century and its last digits may be given.
func (r *templateReader) yearOf(f *Fields) (got have) {
	cc := r.cc
	if r.bc {
		cc = -cc
	}
	switch {
	case r.year != 0 && r.cc != 0 && r.yearDigits <= 2:
		switch f.Year = r.year % 100; {
		case f.Year != 0 && cc >= 0:
			f.Year += (cc - 1) * 100
		case f.Year != 0:
			f.Year = (cc+1)*100 - f.Year + 1
		case cc >= 0:
			f.Year = cc * 100
		default:
			f.Year = cc*100 + 1
		}
	case r.year != 0:
		if f.Year = r.year; r.bc {
			f.Year = -f.Year
		}
		if f.Year < 0 {
			f.Year++ // there is no year 0
		}
	case cc > 0:
		f.Year = (cc-1)*100 + 1
	case cc < 0:
		f.Year = cc*100 + 1
	default:
		return 0
	}
	return hasYear
}

// isoWeekStart is the Julian day of the Monday of a week of an ISO year.
func isoWeekStart(year, week int) int64 {
	fourth := JulianDay(year, 1, 4)
	return int64(week-1)*7 + fourth - (fourth%7+7)%7
}

// day finds month and day by what is given of them.
func (r *templateReader) day(f *Fields) (got have, err error) {
	civil := func(j int64) {
		if j < 0 {
			f.Month = 0 // out of range
		} else {
			f.Year, f.Month, f.Day = CivilDate(j)
		}
		got |= hasDate
	}
	switch {
	case r.ww != 0 && r.mode == 'w':
		j := isoWeekStart(f.Year, r.ww)
		if r.d > 1 {
			j += int64(r.d - 2)
		} else if r.d != 0 {
			j += 6
		}
		civil(j)
	case r.ww != 0:
		r.ddd = (r.ww-1)*7 + 1
	}
	if r.w != 0 {
		r.dd = (r.w-1)*7 + 1
	}
	if r.dd != 0 {
		f.Day = r.dd
		got |= hasDay
	}
	if r.mm != 0 {
		f.Month = r.mm
		got |= hasMonth
	}
	if r.ddd == 0 || f.Month > 1 && f.Day > 1 {
		return got, nil
	}
	if f.Year == 0 && !r.bc {
		return got, sqlerr.New(sqlerr.InvalidDatetimeFormat, "cannot calculate day of year without year information")
	}
	if r.mode == 'w' {
		civil(isoWeekStart(f.Year, 1) - 1 + int64(r.ddd))
		return got, nil
	}
	month, before := 1, 0
	for month <= 12 && r.ddd > before+DaysIn(f.Year, month) {
		before += DaysIn(f.Year, month)
		month++
	}
	if f.Month <= 1 {
		f.Month = month
	}
	if f.Day <= 1 {
		f.Day = r.ddd - before
	}
	return got | hasMonth | hasDay, nil
}
