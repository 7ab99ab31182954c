package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a setting.
type Kind string

const (
	String   Kind = "string"
	Bool     Kind = "bool"
	Int      Kind = "int"
	Bytes    Kind = "bytes"
	Duration Kind = "duration"
	Enum     Kind = "enum"
)

// Definition is all there is to know about a setting.
type Definition struct {
	Name    string
	Group   string // the heading that it stands under
	Kind    Kind
	Default string // as Show prints it
	Doc     string
	Choices []string // of an enum
	Min     string   // as Show prints it; "" for kinds without a range
	Max     string

	set  func(text string) error
	show func() string
}

// Flag is the setting's command-line flag, without the dashes in front.
func (d *Definition) Flag() string { return strings.ReplaceAll(d.Name, "_", "-") }

func (d *Definition) name() string { return d.Name }

// Variable is the setting's environment variable.
func (d *Definition) Variable() string { return "TRIBUTARY_" + strings.ToUpper(d.Name) }

// group puts definitions under a heading.
func group(heading string, defs ...*Definition) []*Definition {
	for _, d := range defs {
		d.Group = heading
	}
	return defs
}

func text(dst *string, name, def, doc string) *Definition {
	*dst = def
	return &Definition{Name: name, Kind: String, Default: def, Doc: doc,
		set:  func(s string) error { *dst = s; return nil },
		show: func() string { return *dst },
	}
}

func enum(dst *string, name, def, doc string, choices ...string) *Definition {
	d := text(dst, name, def, doc)
	d.Kind, d.Choices = Enum, choices
	d.set = func(s string) error {
		s = strings.ToLower(strings.TrimSpace(s))
		if !slices.Contains(choices, s) {
			return fmt.Errorf("%w: %q is none of %s", ErrValue, s, strings.Join(choices, ", "))
		}
		*dst = s
		return nil
	}
	return d
}

func boolean(dst *bool, name string, def bool, doc string) *Definition {
	*dst = def
	show := func() string {
		if *dst {
			return "on"
		}
		return "off"
	}
	return &Definition{Name: name, Kind: Bool, Default: show(), Doc: doc, show: show,
		set: func(s string) (err error) {
			v, err := ParseBool(s)
			if err == nil {
				*dst = v
			}
			return err
		}}
}

func integer(dst *int64, name string, def, least, most int64, doc string) *Definition {
	format := func(n int64) string { return strconv.FormatInt(n, 10) }
	parse := func(s string) (int64, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is not a whole number", ErrValue, s)
		}
		return n, nil
	}
	return ranged(dst, name, Int, def, least, most, doc, parse, format)
}

func size(dst *int64, name string, def, least, most int64, doc string) *Definition {
	return ranged(dst, name, Bytes, def, least, most, doc, ParseBytes, FormatBytes)
}

func duration(dst *time.Duration, name string, def, least, most time.Duration, doc string) *Definition {
	parse := func(s string) (int64, error) {
		d, err := ParseDuration(s)
		return int64(d), err
	}
	format := func(n int64) string { return FormatDuration(time.Duration(n)) }
	return ranged((*int64)(dst), name, Duration, int64(def), int64(least), int64(most), doc, parse, format)
}

// durationOrOff is a duration that can also be -1, for never; that is kept as -1 ns.
func durationOrOff(dst *time.Duration, name string, def, most time.Duration, doc string) *Definition {
	parse := func(s string) (int64, error) {
		if strings.TrimSpace(s) == "-1" {
			return -1, nil
		}
		d, err := ParseDuration(s)
		return int64(d), err
	}
	format := func(n int64) string {
		if n == -1 {
			return "-1"
		}
		return FormatDuration(time.Duration(n))
	}
	return ranged((*int64)(dst), name, Duration, int64(def), -1, int64(most), doc, parse, format)
}

func ranged(dst *int64, name string, kind Kind, def, least, most int64, doc string,
	parse func(string) (int64, error), format func(int64) string) *Definition {
	*dst = def
	d := &Definition{Name: name, Kind: kind, Default: format(def), Doc: doc, Min: format(least), Max: format(most),
		show: func() string { return format(*dst) }}
	if most == math.MaxInt64 {
		d.Max = ""
	}
	d.set = func(s string) error {
		n, err := parse(s)
		if err != nil {
			return err
		}
		if n < least || n > most {
			return fmt.Errorf("%w: %s is outside the range from %s to %s", ErrValue, format(n), format(least), format(most))
		}
		*dst = n
		return nil
	}
	return d
}
