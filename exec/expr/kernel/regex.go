package kernel

import (
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/regex"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func init() {
	is, isNot := regexTest(0, false), regexTest(1, false)
	isFold, isNotFold := regexTest(0, true), regexTest(1, true)
	kernels(map[string]Kernel{
		"textregexeq": is, "textregexne": isNot, "texticregexeq": isFold, "texticregexne": isNotFold,
		"nameregexeq": is, "nameregexne": isNot, "nameicregexeq": isFold, "nameicregexne": isNotFold,
		"regexp_like_no_flags": fn2c(func(c *Call, s, p string) (bool, Err) { return regexLike(c, s, p, "") }),
		"regexp_like":          fn3c(regexLike),
		"textregexsubstr":      fn2c(regexSubstring),
		"textregexreplace_noopt": app3(func(c *Call, dst []byte, s, p, by string) ([]byte, Err) {
			return regexReplace(c, dst, s, p, by, "")
		}),
		"textregexreplace":      app4(regexReplace),
		"regexp_count_no_start": fn2c(regexCount),
		"regexp_substr_no_start": fn2c(func(c *Call, s, p string) (string, Err) {
			return regexWhole(c, s, p)
		}),
		"regexp_instr_no_start": fn2c(regexPosition),
		"similar_to_escape_1":   fn1e(func(p string) (string, Err) { return similarTo(p, `\`) }),
		"similar_to_escape_2":   fn2e(similarTo),
	})
}

// regexState keeps the last pattern compiled, usually the only one.
type regexState struct {
	pattern, flags string
	fold, global   bool
	re             *regex.Regexp
}

func (c *Call) regex(pattern, flags string, fold bool) (*regexState, Err) {
	st, _ := c.State.(*regexState)
	if st != nil && st.pattern == pattern && st.flags == flags && st.fold == fold {
		return st, nil
	}
	st = &regexState{pattern: strings.Clone(pattern), flags: strings.Clone(flags), fold: fold}
	var err Err
	if fold {
		st.re, err = regex.Compile(st.pattern, true)
	} else {
		st.re, st.global, err = regex.CompileFlags(st.pattern, st.flags)
	}
	if err != nil {
		return nil, err
	}
	c.State = st
	return st, nil
}

func regexTest(flip uint8, fold bool) Kernel {
	return fn2c(func(c *Call, s, pattern string) (bool, Err) {
		st, err := c.regex(pattern, "", fold)
		if err != nil {
			return false, err
		}
		matched, err := st.re.Match(s, c.breathe)
		return b2u(matched)^flip != 0, err
	})
}

func errGlobal(function string) Err {
	return sqlerr.New(sqlerr.InvalidParameterValue, `%s does not support the "global" option`, function)
}

func regexLike(c *Call, s, pattern, flags string) (bool, Err) {
	if strings.ContainsRune(flags, 'g') {
		return false, errGlobal("regexp_like()")
	}
	st, err := c.regex(pattern, flags, false)
	if err != nil {
		return false, err
	}
	return st.re.Match(s, c.breathe)
}

// regexSubstring is the first group's text, the whole match's when there is no group.
func regexSubstring(c *Call, s, pattern string) (string, Err) {
	st, err := c.regex(pattern, "", false)
	if err != nil {
		return "", err
	}
	at, err := st.re.Find(s, c.breathe)
	if err != nil {
		return "", err
	}
	group := min(st.re.Groups(), 1)
	if at == nil || at[2*group] < 0 {
		return "", errNull
	}
	return s[at[2*group]:at[2*group+1]], nil
}

func regexWhole(c *Call, s, pattern string) (string, Err) {
	st, err := c.regex(pattern, "", false)
	if err != nil {
		return "", err
	}
	at, err := st.re.Find(s, c.breathe)
	if err != nil {
		return "", err
	}
	if at == nil {
		return "", errNull
	}
	return s[at[0]:at[1]], nil
}

func regexCount(c *Call, s, pattern string) (int32, Err) {
	st, err := c.regex(pattern, "", false)
	if err != nil {
		return 0, err
	}
	n := int32(0)
	err = st.re.Each(s, c.breathe, func([]int) Err { n++; return nil })
	return n, err
}

func regexPosition(c *Call, s, pattern string) (int32, Err) {
	st, err := c.regex(pattern, "", false)
	if err != nil {
		return 0, err
	}
	at, err := st.re.Find(s, c.breathe)
	if err != nil || at == nil {
		return 0, err
	}
	return int32(utf8.RuneCountInString(s[:at[0]])) + 1, nil
}

func regexReplace(c *Call, dst []byte, s, pattern, by, flags string) ([]byte, Err) {
	if flags != "" && isDigit(flags[0]) {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, `invalid regular expression option: "%c"`, flags[0]).
			WithHint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.")
	}
	st, err := c.regex(pattern, flags, false)
	if err != nil {
		return dst, err
	}
	done := 0
	replace := func(at []int) (err Err) {
		if dst, err = c.appendSized(dst, s[done:at[0]]); err == nil {
			dst, err = c.appendReplacement(dst, s, by, at)
		}
		done = at[1]
		return err
	}
	if st.global {
		err = st.re.Each(s, c.breathe, replace)
	} else if at, ferr := st.re.Find(s, c.breathe); at != nil && ferr == nil {
		err = replace(at)
	} else {
		err = ferr
	}
	if err != nil {
		return dst, err
	}
	return c.appendSized(dst, s[done:])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// appendReplacement expands \1 to \9, \& and \\.
func (c *Call) appendReplacement(dst []byte, s, by string, at []int) (_ []byte, err Err) {
	for {
		plain := strings.IndexByte(by, '\\')
		if plain < 0 || plain+1 == len(by) {
			return c.appendSized(dst, by)
		}
		part := ""
		switch n := by[plain+1]; {
		case n == '&':
			part = s[at[0]:at[1]]
		case n >= '1' && n <= '9':
			if group := 2 * int(n-'0'); group < len(at) && at[group] >= 0 {
				part = s[at[group]:at[group+1]]
			}
		case n == '\\':
			part = by[plain : plain+1]
		default: // the backslash stands for itself, and what follows is read again
			if dst, err = c.appendSized(dst, by[:plain+1]); err != nil {
				return dst, err
			}
			by = by[plain+1:]
			continue
		}
		if dst, err = c.concat(dst, by[:plain], part); err != nil {
			return dst, err
		}
		by = by[plain+2:]
	}
}

// similarTo rewrites a SIMILAR TO pattern as a regular expression.
func similarTo(pattern, escape string) (string, Err) {
	if utf8.RuneCountInString(escape) > 1 {
		return "", sqlerr.New(sqlerr.InvalidEscapeSequence, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	var b strings.Builder
	b.WriteString("^(?:")
	escaped, inBracket, quotes := false, false, 0
	for _, r := range pattern {
		switch {
		case escaped && r == '"' && !inBracket:
			switch quotes {
			case 0:
				b.WriteString("){1,1}?(")
			case 1:
				b.WriteString("){1,1}(?:")
			default:
				return "", sqlerr.New("2200C", "SQL regular expression may not contain more than two escape-double-quote separators")
			}
			quotes++
			escaped = false
		case escaped:
			b.WriteByte('\\')
			b.WriteRune(r)
			escaped = false
		case escape != "" && string(r) == escape:
			escaped = true
		case inBracket:
			if r == '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			inBracket = r != ']'
		default:
			inBracket = r == '['
			writeSimilar(&b, r)
		}
	}
	b.WriteString(")$")
	return b.String(), nil
}

func writeSimilar(b *strings.Builder, r rune) {
	switch r {
	case '%':
		b.WriteString(".*")
	case '_':
		b.WriteByte('.')
	case '(':
		b.WriteString("(?:")
	case '\\', '.', '^', '$':
		b.WriteByte('\\')
		b.WriteRune(r)
	default:
		b.WriteRune(r)
	}
}
