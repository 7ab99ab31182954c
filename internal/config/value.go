package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrValue says that a text is no value of a setting's type.
var ErrValue = errors.New("invalid value")

type unit struct {
	name string
	size int64
}

// Largest first: the first that divides a value is the one it is shown in.
var byteUnits = []unit{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}

var timeUnits = []unit{
	{"d", int64(24 * time.Hour)}, {"h", int64(time.Hour)}, {"min", int64(time.Minute)},
	{"s", int64(time.Second)}, {"ms", int64(time.Millisecond)}, {"us", int64(time.Microsecond)},
}

// ParseBytes reads a size: a number with an optional unit, bytes if it has none.
func ParseBytes(s string) (int64, error) { return parseUnits(s, byteUnits, 1) }

// FormatBytes prints a size in the largest unit that leaves it whole.
func FormatBytes(n int64) string { return formatUnits(n, byteUnits) }

// ParseDuration reads a time: a number with an optional unit, milliseconds if it has none.
func ParseDuration(s string) (time.Duration, error) {
	n, err := parseUnits(s, timeUnits, int64(time.Millisecond))
	return time.Duration(n), err
}

// FormatDuration prints a time in the largest unit that leaves it whole; 0 is "0".
func FormatDuration(d time.Duration) string { return formatUnits(int64(d), timeUnits) }

// ParseBool reads a boolean as PostgreSQL does.
func ParseBool(s string) (bool, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	is := func(word string, least int) bool { return len(s) >= least && strings.HasPrefix(word, s) }
	switch {
	case s == "1", is("true", 1), is("yes", 1), is("on", 2):
		return true, nil
	case s == "0", is("false", 1), is("no", 1), is("off", 2):
		return false, nil
	}
	return false, fmt.Errorf("%w: %q is not a boolean (on or off)", ErrValue, s)
}

func parseUnits(s string, units []unit, bare int64) (int64, error) {
	s = strings.TrimSpace(s)
	cut := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune("+-.", r) })
	if cut < 0 {
		cut = len(s)
	}
	number, name := s[:cut], strings.TrimSpace(s[cut:])
	size := int64(0)
	for _, u := range units {
		if u.name == name {
			size = u.size
		}
	}
	if name == "" {
		size = bare
	}
	if size == 0 {
		return 0, fmt.Errorf("%w: %q has no unit known here (%s)", ErrValue, s, unitNames(units))
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		if n > math.MaxInt64/size || n < math.MinInt64/size {
			return 0, fmt.Errorf("%w: %q is out of range", ErrValue, s)
		}
		return n * size, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(f) {
		return 0, fmt.Errorf("%w: %q is not a number with a unit (%s)", ErrValue, s, unitNames(units))
	}
	if f = math.RoundToEven(f * float64(size)); math.Abs(f) >= math.MaxInt64 {
		return 0, fmt.Errorf("%w: %q is out of range", ErrValue, s)
	}
	return int64(f), nil
}

func formatUnits(n int64, units []unit) string {
	if n == 0 {
		return "0"
	}
	for _, u := range units {
		if n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "ns"
}

func unitNames(units []unit) string {
	var names []string
	for i := len(units) - 1; i >= 0; i-- {
		names = append(names, units[i].name)
	}
	return strings.Join(names, ", ")
}
