package kernel

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxText is the size past which PostgreSQL refuses to build a value.
const maxText = 0x3fffffff

func errLengthTooLarge() Err {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "requested length too large")
}

func init() {
	kernels(map[string]Kernel{
		"textlen":        fn1c((*Call).textLength),
		"bpcharlen":      fn1c(func(c *Call, s string) (int32, Err) { return c.textLength(strings.TrimRight(s, " ")) }),
		"textoctetlen":   fn1(func(s string) int32 { return int32(len(s)) }),
		"bpcharoctetlen": fn1(func(s string) int32 { return int32(len(s)) }),
		"upper":          app1(func(c *Call, dst []byte, s string) ([]byte, Err) { return c.mapRunes(dst, s, unicode.ToUpper) }),
		"lower":          app1(func(c *Call, dst []byte, s string) ([]byte, Err) { return c.mapRunes(dst, s, unicode.ToLower) }),
		"initcap":        app1(appendInitcap),
		"textcat":        app2((*Call).concat),
		"text_substr": fn3e(func(s string, from, n int32) (string, Err) {
			if n < 0 && int64(from)+int64(n) < int64(from) {
				return "", sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
			}
			return substring(s, int64(from), int64(from)+int64(n)), nil
		}),
		"text_substr_no_len": fn2(func(s string, from int32) string { return substring(s, int64(from), math.MaxInt64) }),
		"textpos":            fn2c(position),
		"text_left":          fn2(left),
		"text_right":         fn2(right),
		"text_reverse":       app1(appendReverse),
		"repeat":             app2(appendRepeat),
		"replace_text":       app3(appendReplaced),
		"split_part":         fn3e(splitPart),
		"translate":          app3(appendTranslated),
		"text_starts_with":   fn2(strings.HasPrefix),
		"ascii":              fn1(ascii),
		"chr":                fn1e(chr),
		"textoverlay":        fn4c(overlay),
		"textoverlay_no_len": fn3c(func(c *Call, s, by string, from int32) (string, Err) {
			return overlay(c, s, by, from, int32(utf8.RuneCountInString(by)))
		}),
	})
	kernelsOf(map[uint32]Kernel{
		1810: fn1(func(s []byte) int32 { return int32(len(s)) * 8 }), // bit_length(bytea)
		1811: fn1(func(s string) int32 { return int32(len(s)) * 8 }), // bit_length(text)
	})
}

// pieces gives s a step at a time, cut between characters, and breathes in between.
func (c *Call) pieces(s string, each func(part string) Err) Err {
	for len(s) > step {
		end := step
		for end > step-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		if err := each(s[:end]); err != nil {
			return err
		}
		if err := c.breathe(); err != nil {
			return err
		}
		s = s[end:]
	}
	return each(s)
}

// runes counts characters.
func (c *Call) runes(s string) (n int, err Err) {
	err = c.pieces(s, func(part string) Err {
		n += utf8.RuneCountInString(part)
		return nil
	})
	return n, err
}

func (c *Call) textLength(s string) (int32, Err) {
	n, err := c.runes(s)
	return int32(n), err
}

// concat appends both.
func (c *Call) concat(dst []byte, a, b string) ([]byte, Err) {
	dst, err := c.Out.Grow(dst, len(a)+len(b))
	if err != nil {
		return dst, err
	}
	return append(append(dst, a...), b...), nil
}

// mapRunes appends s with f, which keeps ASCII ASCII, applied to each character.
func (c *Call) mapRunes(dst []byte, s string, f func(rune) rune) ([]byte, Err) {
	err := c.pieces(s, func(part string) (err Err) {
		if dst, err = c.Out.Grow(dst, len(part)); err == nil {
			dst = mapRunes(dst, part, f)
		}
		return err
	})
	return dst, err
}

// mapRunes is that without an end in between.
func mapRunes(dst []byte, s string, f func(rune) rune) []byte {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			dst = append(dst, byte(f(rune(s[i]))))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		dst = utf8.AppendRune(dst, f(r))
		i += size
	}
	return dst
}

func appendInitcap(c *Call, dst []byte, s string) ([]byte, Err) {
	inWord := false
	err := c.pieces(s, func(part string) (err Err) {
		if dst, err = c.Out.Grow(dst, len(part)); err != nil {
			return err
		}
		for _, r := range part {
			if inWord {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			} else {
				dst = utf8.AppendRune(dst, unicode.ToUpper(r))
			}
			inWord = unicode.IsLetter(r) || unicode.IsDigit(r)
		}
		return nil
	})
	return dst, err
}

// substring is the characters from, inclusive, to to, exclusive, counted from 1; both may lie
// outside.
func substring(s string, from, to int64) string {
	from = max(from, 1)
	if to <= from {
		return ""
	}
	start := byteOffset(s, from-1)
	return s[start : start+byteOffset(s[start:], to-from)]
}

// byteOffset is where character n begins; the end of s when it is shorter.
func byteOffset(s string, n int64) int {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i
}

func position(c *Call, s, part string) (int32, Err) {
	i, err := c.index(s, part)
	if i < 0 || err != nil {
		return 0, err
	}
	n, err := c.runes(s[:i])
	return int32(n) + 1, err
}

// index is strings.Index by steps.
func (c *Call) index(s, part string) (int, Err) {
	for from := 0; ; from += step {
		if err := c.breathe(); err != nil {
			return 0, err
		}
		if len(s)-from <= step+len(part) {
			if i := strings.Index(s[from:], part); i >= 0 {
				return from + i, nil
			}
			return -1, nil
		}
		if i := strings.Index(s[from:from+step+len(part)], part); i >= 0 {
			return from + i, nil
		}
	}
}

func left(s string, n int32) string {
	if n < 0 {
		return s[:byteOffset(s, int64(utf8.RuneCountInString(s))+int64(n))]
	}
	return s[:byteOffset(s, int64(n))]
}

func right(s string, n int32) string {
	if n == math.MinInt32 { // PostgreSQL's -n is then negative still.
		return s
	}
	if n < 0 {
		return s[byteOffset(s, -int64(n)):]
	}
	return s[byteOffset(s, int64(utf8.RuneCountInString(s))-int64(n)):]
}

func appendReverse(c *Call, dst []byte, s string) ([]byte, Err) {
	dst, err := c.Out.Grow(dst, len(s))
	if err != nil {
		return dst, err
	}
	at := len(dst) + len(s)
	dst = dst[:at]
	err = c.pieces(s, func(part string) Err {
		for i := 0; i < len(part); {
			_, size := utf8.DecodeRuneInString(part[i:])
			at -= size
			copy(dst[at:], part[i:i+size])
			i += size
		}
		return nil
	})
	return dst, err
}

func appendRepeat(c *Call, dst []byte, s string, n int32) ([]byte, Err) {
	if n <= 0 || s == "" {
		return dst, nil
	}
	if int64(len(s))*int64(n) > maxText-4 {
		return dst, errLengthTooLarge()
	}
	return c.appendTimes(dst, s, int(n))
}

// appendTimes appends s n times.
func (c *Call) appendTimes(dst []byte, s string, n int) ([]byte, Err) {
	if len(s) > 0 && n > maxText/len(s) {
		return dst, errLengthTooLarge()
	}
	dst, err := c.Out.Grow(dst, len(s)*n)
	if err != nil {
		return dst, err
	}
	for since := 0; n > 0; n-- {
		dst = append(dst, s...)
		if since += len(s); since >= step {
			since = 0
			if err := c.breathe(); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

// appendSized is append with its room asked for.
func (c *Call) appendSized(dst []byte, s string) ([]byte, Err) {
	dst, err := c.Out.Grow(dst, len(s))
	if err != nil {
		return dst, err
	}
	return append(dst, s...), nil
}

func appendReplaced(c *Call, dst []byte, s, from, to string) ([]byte, Err) {
	if from == "" {
		return c.appendSized(dst, s)
	}
	for {
		at, err := c.index(s, from)
		if err != nil || at < 0 {
			if err == nil {
				dst, err = c.appendSized(dst, s)
			}
			return dst, err
		}
		if dst, err = c.concat(dst, s[:at], to); err != nil {
			return dst, err
		}
		s = s[at+len(from):]
	}
}

func splitPart(s, by string, n int32) (string, Err) {
	if n == 0 {
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "field position must not be zero")
	}
	if s == "" {
		return "", nil
	}
	if by == "" {
		return pick(n == 1 || n == -1, s, ""), nil
	}
	if n < 0 {
		return splitBack(s, by, n), nil
	}
	for ; n > 1; n-- {
		_, rest, ok := strings.Cut(s, by)
		if !ok {
			return "", nil
		}
		s = rest
	}
	first, _, _ := strings.Cut(s, by)
	return first, nil
}

// splitBack is field n, counted from the end by negative numbers. The fields are those that are
// found from the front.
func splitBack(s, by string, n int32) string {
	if n = int32(strings.Count(s, by)) + 1 + n; n < 0 {
		return ""
	}
	for ; n > 0; n-- {
		_, s, _ = strings.Cut(s, by)
	}
	first, _, _ := strings.Cut(s, by)
	return first
}

// removed marks a character that translate leaves out.
const removed = -1

// translation is what a call of translate keeps: the last pair of sets, usually constants.
type translation struct {
	from, to string
	runes    map[rune]rune
}

// translation makes the map of from and to; what is in from twice counts the first time.
func (c *Call) translation(from, to string) (map[rune]rune, Err) {
	if st, ok := c.State.(*translation); ok && st.from == from && st.to == to {
		return st.runes, nil
	}
	st := &translation{from: strings.Clone(from), to: strings.Clone(to), runes: map[rune]rune{}}
	err := c.pieces(from, func(part string) Err {
		for _, r := range part {
			by := rune(removed)
			if to != "" {
				first, size := utf8.DecodeRuneInString(to)
				by, to = first, to[size:]
			}
			if _, seen := st.runes[r]; !seen {
				st.runes[r] = by
			}
		}
		return nil
	})
	if err == nil {
		c.State = st
	}
	return st.runes, err
}

func appendTranslated(c *Call, dst []byte, s, from, to string) ([]byte, Err) {
	runes, err := c.translation(from, to)
	if err != nil {
		return dst, err
	}
	err = c.pieces(s, func(part string) (err Err) {
		if dst, err = c.Out.Grow(dst, len(part)*utf8.UTFMax); err != nil {
			return err
		}
		for _, r := range part {
			by, found := runes[r]
			switch {
			case !found:
				dst = utf8.AppendRune(dst, r)
			case by != removed:
				dst = utf8.AppendRune(dst, by)
			}
		}
		return nil
	})
	return dst, err
}

func ascii(s string) int32 {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return int32(r)
}

func chr(n int32) (string, Err) {
	switch {
	case n < 0:
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "character number must be positive")
	case n == 0:
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "null character not permitted")
	case n > unicode.MaxRune:
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character too large for encoding: %d", n)
	case !utf8.ValidRune(n):
		return "", sqlerr.New(sqlerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", n)
	}
	return string(n), nil
}

func overlay(c *Call, s, by string, from, n int32) (string, Err) {
	if from <= 0 {
		return "", sqlerr.New(sqlerr.SubstringError, "negative substring length not allowed")
	}
	after, ok := add(from, n)
	if !ok {
		return "", errIntegerRange()
	}
	if err := c.Scratch(len(s) + len(by)); err != nil {
		return "", err
	}
	return substring(s, 1, int64(from)) + by + substring(s, int64(after), math.MaxInt64), nil
}
