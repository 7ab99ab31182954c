package tsearch

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// HeadlineOptions say how long a headline is and how its words are marked.
type HeadlineOptions struct {
	Start, Stop, Delimiter string
	Most, Least, Short     int // words of a headline, and the bytes of a word that none ends with
	Fragments              int
	All                    bool // the whole text
}

// DefaultHeadline are those of who says none.
var DefaultHeadline = HeadlineOptions{Start: "<b>", Stop: "</b>", Delimiter: " ... ", Most: 35, Least: 15, Short: 3}

// ParseHeadlineOptions reads them: names and values, with commas between.
func ParseHeadlineOptions(text string) (HeadlineOptions, error) {
	o := DefaultHeadline
	list, err := optionList(text)
	if err != nil {
		return o, err
	}
	for _, opt := range list {
		number := func(to *int) {
			n, e := strconv.ParseInt(strings.TrimSpace(opt.value), 10, 32)
			if e != nil {
				err = sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", "integer", opt.value)
			}
			*to = int(n)
		}
		switch strings.ToLower(opt.name) {
		case "maxwords":
			number(&o.Most)
		case "minwords":
			number(&o.Least)
		case "shortword":
			number(&o.Short)
		case "maxfragments":
			number(&o.Fragments)
		case "startsel":
			o.Start = opt.value
		case "stopsel":
			o.Stop = opt.value
		case "fragmentdelimiter":
			o.Delimiter = opt.value
		case "highlightall":
			switch strings.ToLower(opt.value) {
			case "1", "on", "true", "t", "y", "yes":
				o.All = true
			default:
				o.All = false
			}
		default:
			return o, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized headline parameter: \"%s\"", opt.name)
		}
		if err != nil {
			return o, err
		}
	}
	return o, o.check()
}

func (o *HeadlineOptions) check() error {
	wrong := func(text string) error { return sqlerr.New(sqlerr.InvalidParameterValue, "%s", text) }
	switch {
	case o.All:
	case o.Least >= o.Most:
		return wrong("MinWords should be less than MaxWords")
	case o.Least <= 0:
		return wrong("MinWords should be positive")
	case o.Short < 0:
		return wrong("ShortWord should be >= 0")
	case o.Fragments < 0:
		return wrong("MaxFragments should be >= 0")
	}
	return nil
}

type option struct{ name, value string }

// optionList reads name = value, …; names and values may stand in quotes.
func optionList(text string) (list []option, err error) {
	rest := text
	wrong := func() ([]option, error) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "invalid parameter list format: \"%s\"", text)
	}
	for {
		rest = strings.TrimLeft(rest, " \t\r\n\v\f,")
		if rest == "" {
			return list, nil
		}
		var o option
		var ok bool
		if o.name, rest, ok = optionWord(rest, true); !ok {
			return wrong()
		}
		rest = strings.TrimLeft(rest, " \t\r\n\v\f")
		if !strings.HasPrefix(rest, "=") {
			return wrong()
		}
		rest = strings.TrimLeft(rest[1:], " \t\r\n\v\f")
		if o.value, rest, ok = optionWord(rest, false); !ok {
			return wrong()
		}
		list = append(list, o)
	}
}

// optionWord reads a name, or a value, to its end.
func optionWord(s string, name bool) (word, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	quote := s[0]
	if quote != '"' && (name || quote != '\'') {
		end := strings.IndexAny(s, " \t\r\n\v\f,")
		if name {
			end = strings.IndexAny(s, " \t\r\n\v\f=")
			if !letterAt(s) {
				return "", "", false
			}
		}
		if end < 0 {
			end = len(s)
		}
		if name {
			return strings.ToLower(s[:end]), s[end:], true
		}
		return s[:end], s[end:], true
	}
	var out []byte
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return string(out), s[i+1:], true
		case s[i] == '\\' && !name && i+1 < len(s):
			i++
		}
		out = append(out, s[i])
	}
	return "", "", false
}
