package datetime

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Template is a format of to_date and to_timestamp, or a strict one.
type Template struct {
	nodes  []templateNode
	strict bool
}

// templateNode is a field, or a character of the template.
type templateNode struct {
	field string // as written; "" = a character
	kind  fieldKind
	fill  bool   // FM
	th    bool   // an ordinal's two letters follow
	char  string // the character
	sep   bool   // a space or a separator, outside quotes
}

// fieldKind is how a field is read.
type fieldKind struct {
	read  func(r *templateReader, n *templateNode, next bool) error
	digit bool
	mode  byte // 'g' Gregorian, 'w' week date, 0 either
}

// TemplateSize is about what a byte of a format takes in a Template.
const TemplateSize = 80

// NewTemplate reads a format; nil when stop, which is asked now and then, has said so.
func NewTemplate(format string, stop func() bool) *Template {
	t := &Template{}
	if err := t.parse(format, stop); err != nil {
		return nil
	}
	return t
}

var errTemplateStopped = errors.New("stopped")

func (t *Template) parse(format string, stop func() bool) error {
	for s := format; s != ""; {
		if len(t.nodes)&4095 == 4095 && stop() {
			return errTemplateStopped
		}
		fill, rest := false, s
		if len(s) > 1 && (strings.EqualFold(s[:2], "FM") || strings.EqualFold(s[:2], "TM")) && (s[0]|0x20 == s[0]) == (s[1]|0x20 == s[1]) {
			fill, rest = s[0]|0x20 == 'f', s[2:]
		}
		if strings.HasPrefix(rest, "FX") {
			t.nodes = append(t.nodes, templateNode{field: "FX", kind: fieldKind{read: (*templateReader).fixed}})
			s = rest[2:]
			continue
		}
		if p := match([]byte(rest)); p != nil {
			n := templateNode{field: p.name, kind: fieldKinds[fieldID(p.name)], fill: fill}
			s = rest[len(p.name):]
			if strings.HasPrefix(s, "TH") || strings.HasPrefix(s, "th") {
				n.th, s = true, s[2:]
			}
			t.nodes = append(t.nodes, n)
			continue
		}
		if len(rest) < len(s) {
			s = rest // a prefix without a field is dropped
			continue
		}
		if t.strict && s[0] != '"' && !strings.Contains(strictSeparators, s[:1]) {
			return sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid datetime format separator: \"%s\"", s[:charLen(s)])
		}
		s = t.text(s)
	}
	return nil
}

// fieldID is the name of a field without its case.
func fieldID(name string) string { return strings.ToUpper(name) }

// text reads a quoted text or one character.
func (t *Template) text(s string) (rest string) {
	if s[0] != '"' {
		if strings.HasPrefix(s, `\"`) {
			s = s[1:]
		}
		sep := isSpace(s[0]) || isPunct(s[0])
		return t.character(s, sep)
	}
	for s = s[1:]; s != ""; {
		if s[0] == '"' {
			return s[1:]
		}
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		s = t.character(s, false)
	}
	return s
}

func (t *Template) character(s string, sep bool) (rest string) {
	n := charLen(s)
	t.nodes = append(t.nodes, templateNode{char: s[:n], sep: sep})
	return s[n:]
}

// charLen is the length of the character that s begins with.
func charLen(s string) int {
	n := 1
	for n < len(s) && s[0] >= 0xc0 && s[n]&0xc0 == 0x80 {
		n++
	}
	return n
}

// templateReader is the text that is read, and what is known of it.
type templateReader struct {
	s, whole string
	skipped  int // characters more than the template has
	isFixed  bool
	mode     byte

	hh, mi, ss, ssss, ms, us     int
	pm, clock12                  bool
	d, dd, ddd, ww, w, mm        int
	year, yearDigits, cc, julian int
	bc                           bool
	zoneSign, zoneHour, zoneMin  int
	pmSet, bcSet                 int
}

func (r *templateReader) skipSpaces() {
	for r.s != "" && isSpace(r.s[0]) {
		r.s = r.s[1:]
		r.skipped++
	}
}

// read reads the text by a template, as far as both go.
func (r *templateReader) read(t *Template) error {
	r.isFixed = t.strict
	i := 0
	for ; i < len(t.nodes) && r.s != ""; i++ {
		n := &t.nodes[i]
		if !r.isFixed && n.field != "FX" && (n.field != "" || i == 0) {
			r.skipSpaces()
		}
		if n.field == "" {
			if t.strict {
				if err := r.exactly(n); err != nil {
					return err
				}
				continue
			}
			r.character(n)
			continue
		}
		if n.kind.mode != 0 {
			if r.mode != 0 && r.mode != n.kind.mode {
				return sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid combination of date conventions").
					WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
			}
			r.mode = n.kind.mode
		}
		if n.kind.read == nil {
			return sqlerr.New(sqlerr.FeatureNotSupported, "formatting field \"%s\" is only supported in to_char", n.field)
		}
		if err := n.kind.read(r, n, openEnded(t.nodes, i)); err != nil {
			return err
		}
		if !r.isFixed {
			r.skipped = 0
			r.skipSpaces()
		}
	}
	if t.strict {
		return r.ended(i == len(t.nodes))
	}
	return nil
}

// character passes over one character of the template.
func (r *templateReader) character(n *templateNode) {
	switch {
	case r.s == "":
	case r.isFixed:
		r.s = r.s[charLen(r.s):]
	case n.sep:
		r.skipped--
		if isSpace(r.s[0]) || isPunct(r.s[0]) {
			r.s = r.s[1:]
			r.skipped++
		}
	case r.skipped > 0:
		r.skipped--
	default:
		r.s = r.s[charLen(r.s):]
	}
}

// openEnded: no digit can follow the field in nodes[i], so that it takes all that there are.
func openEnded(nodes []templateNode, i int) bool {
	if nodes[i].th || i+1 == len(nodes) {
		return true
	}
	next := &nodes[i+1]
	if next.field != "" {
		return !next.kind.digit
	}
	return len(next.char) > 1 || next.char[0] < '0' || next.char[0] > '9'
}

func (r *templateReader) fixed(*templateNode, bool) error {
	r.isFixed = true
	return nil
}

// number reads an integer of width characters, or of as many as there are. used counts the spaces before it too.
func (r *templateReader) number(n *templateNode, width int, open bool) (v, used int, err error) {
	init := r.s
	for r.s != "" && isSpace(r.s[0]) {
		r.s = r.s[1:]
	}
	field := r.s[:min(width, len(r.s))]
	outOfRange := false
	if n.fill || open {
		var size int
		if v, size, outOfRange = leadingInt(r.s); size == 0 {
			r.s = init
		} else {
			r.s = r.s[size:]
		}
	} else {
		if len(r.s) < width {
			return 0, 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, "source string too short for \"%s\" formatting field", n.field).
				WithDetail("Field requires %d characters, but only %d remain.", width, len(r.s)).
				WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
		}
		var size int
		if v, size, outOfRange = leadingInt(field); size > 0 && size < width {
			return 0, 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", field, n.field).
				WithDetail("Field requires %d characters, but only %d could be parsed.", width, size).
				WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
		}
		r.s = r.s[size:]
	}
	used = len(init) - len(r.s)
	switch {
	case used == 0:
		return 0, 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", field, n.field).
			WithDetail("Value must be an integer.")
	case outOfRange:
		return 0, 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "value for \"%s\" in source string is out of range", n.field).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	return v, used, nil
}

// leadingInt is the integer that s begins with, spaces and a sign before it; size 0 = there is none.
func leadingInt(s string) (v, size int, outOfRange bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	from := i
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == digits {
		return 0, 0, false
	}
	wide, err := strconv.ParseInt(s[from:i], 10, 64)
	return int(wide), i, err != nil || wide < math.MinInt32 || wide > math.MaxInt32
}

// put sets a field, which may have been set to the same before.
func (r *templateReader) put(to *int, v int, n *templateNode) error {
	if *to != 0 && *to != v {
		return sqlerr.New(sqlerr.InvalidDatetimeFormat, "conflicting values for \"%s\" field in formatting string", n.field).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	*to = v
	return nil
}

// passTH passes over the two letters of an ordinal.
func (r *templateReader) passTH(n *templateNode) {
	for k := 0; n.th && k < 2 && r.s != ""; k++ {
		r.s = r.s[charLen(r.s):]
	}
}

// word reads one of some words, in any case, and gives its number.
func (r *templateReader) word(n *templateNode, words []string) (int, error) {
	for i, w := range words {
		if len(r.s) >= len(w) && strings.EqualFold(r.s[:len(w)], w) {
			r.s = r.s[len(w):]
			return i, nil
		}
	}
	shown := r.s
	if at := strings.IndexAny(shown, " \t\n\r\f"); at >= 0 {
		shown = shown[:at]
	}
	return 0, sqlerr.New(sqlerr.InvalidDatetimeFormat, "invalid value \"%s\" for \"%s\"", shown, n.field).
		WithDetail("The given value did not match any of the allowed values for this field.")
}
