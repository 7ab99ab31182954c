package nexmark

import (
	"fmt"
	"strconv"
	"time"
)

// Source is what CREATE STREAM … WITH (connector = 'nexmark', …) asks for.
type Source struct {
	Table  Table
	Events int64 // of all tables together; 0 = endless
	Config Config
}

// OptionError says which option has a value that cannot be used.
type OptionError struct{ Name, Value, Want string }

func (e *OptionError) Error() string {
	return fmt.Sprintf("invalid value for option %q: %q, it must be %s", e.Name, e.Value, e.Want)
}

// ParseSource reads the options table, rate, events, seed and base_time; others are passed over.
// Absent ones have their default, but table must be there. The error is an *OptionError.
func ParseSource(options map[string]string) (Source, error) {
	var s Source
	s.Table = Table(options["table"])
	if Columns(s.Table) == nil {
		return s, &OptionError{"table", options["table"], "one of bid, auction, person"}
	}
	var err error
	if s.Config.Rate, err = number(options, "rate", 1, MaxRate); err != nil {
		return s, err
	}
	if s.Events, err = number(options, "events", 0, MaxEvents); err != nil {
		return s, err
	}
	if v, ok := options["seed"]; ok {
		if s.Config.Seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			return s, &OptionError{"seed", v, "a whole number from 0 on"}
		}
	}
	if v, ok := options["base_time"]; ok {
		if s.Config.BaseTime, err = ParseTime(v); err != nil {
			return s, &OptionError{"base_time", v, "a timestamp such as 2015-07-15 00:00:00"}
		}
	}
	return s, s.Config.fill()
}

// number reads a whole number; 0 when the option is absent.
func number(options map[string]string, name string, low, high int64) (int64, error) {
	v, ok := options[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < low || n > high {
		return 0, &OptionError{name, v, fmt.Sprintf("a whole number from %d to %d", low, high)}
	}
	return n, nil
}

// ParseTime reads a base time: a date, with or without time of day and zone; UTC without one.
func ParseTime(v string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, v); err == nil {
			if t.Year() < 1 { // year 0 is the zero value's neighbour and no year of SQL
				break
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: base time %q", ErrConfig, v)
}
