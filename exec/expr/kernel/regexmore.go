package kernel

import (
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// The regexp functions with a start, a number of the match, flags and a group.
func init() {
	count := func(names ...string) Kernel { return ofMatches("regexp_count()", countFrom, names) }
	position := func(names ...string) Kernel { return ofMatches("regexp_instr()", positionFrom, names) }
	kernels(map[string]Kernel{
		"regexp_count_no_flags":              count("start"),
		"regexp_count":                       count("start", "flags"),
		"regexp_instr_no_n":                  position("start"),
		"regexp_instr_no_endoption":          position("start", "n"),
		"regexp_instr_no_flags":              position("start", "n", "endoption"),
		"regexp_instr_no_subexpr":            position("start", "n", "endoption", "flags"),
		"regexp_instr":                       position("start", "n", "endoption", "flags", "subexpr"),
		"regexp_substr_no_n":                 matchText("start"),
		"regexp_substr_no_flags":             matchText("start", "n"),
		"regexp_substr_no_subexpr":           matchText("start", "n", "flags"),
		"regexp_substr":                      matchText("start", "n", "flags", "subexpr"),
		"textregexreplace_extended_no_n":     replaceFrom("start"),
		"textregexreplace_extended_no_flags": replaceFrom("start", "n"),
		"textregexreplace_extended":          replaceFrom("start", "n", "flags"),
	})
}

// matching are the arguments of a call, as they are where they are left out.
type matching struct {
	s          string
	start, nth int32
	end        int32 // of regexp_instr: 1 = behind the match
	group      int32
	st         *regexState
}

// read reads the arguments of a row; names are those from the place first on. A function has no use for the flag g;
// for regexp_replace, without a name here, match 0 is all of them.
func (m *matching) read(c *Call, row int32, first int, names []string, function string) Err {
	*m = matching{s: view(c.Args[0].Bytes(row)), start: 1, nth: 1}
	flags := ""
	for i, name := range names {
		a := c.Args[first+i]
		if name == "flags" {
			flags = view(a.Bytes(row))
			continue
		}
		v := delta.Values[int32](a)[a.At(row)]
		ok := v >= 0
		switch name {
		case "start":
			m.start, ok = v, v > 0
		case "n":
			m.nth, ok = v, v > 0 || v == 0 && function == ""
		case "endoption":
			m.end, ok = v, v == 0 || v == 1
		case "subexpr":
			m.group = v
		}
		if !ok {
			return sqlerr.New(sqlerr.InvalidParameterValue, `invalid value for parameter "%s": %d`, name, v)
		}
	}
	if function != "" && strings.ContainsRune(flags, 'g') {
		return errGlobal(function)
	}
	var err Err
	m.st, err = c.regex(view(c.Args[1].Bytes(row)), flags, false)
	return err
}

// from is the offset of character start, -1 where the text ends before.
func (m *matching) from() int {
	at := 0
	for n := m.start; n > 1; n-- {
		if at == len(m.s) {
			return -1
		}
		_, size := utf8.DecodeRuneInString(m.s[at:])
		at += size
	}
	return at
}

// each visits the matches from start on.
func (m *matching) each(c *Call, visit func(at []int) Err) Err {
	from := m.from()
	if from < 0 {
		return nil
	}
	return m.st.re.EachFrom(m.s, from, c.breathe, visit)
}

// errFound ends a search; it is no error.
var errFound = &sqlerr.Error{Message: "found"}

// find gives the ends of the group in match nth; ok is false where there is none.
func (m *matching) find(c *Call) (from, to int, ok bool, err Err) {
	n, group := int32(0), int(m.group)
	if group == 1 && m.st.re.Groups() == 0 {
		group = 0 // the whole match stands for the one group
	}
	err = m.each(c, func(at []int) Err {
		if n++; n < m.nth {
			return nil
		}
		if g := 2 * group; g < len(at) && at[g] >= 0 {
			from, to, ok = at[g], at[g+1], true
		}
		return errFound
	})
	if err == errFound {
		err = nil
	}
	return from, to, ok, err
}

// ofMatches is the loop of a function with a number for its result.
func ofMatches(function string, f func(c *Call, m *matching) (int32, Err), names []string) Kernel {
	return func(c *Call) {
		put := kindOf[int32]().store(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			var m matching
			v, err := int32(0), m.read(c, i, 2, names, function)
			if err == nil {
				v, err = f(c, &m)
			}
			if err != nil {
				c.finish(i, err)
				continue
			}
			put(i, v)
		}
	}
}

func countFrom(c *Call, m *matching) (n int32, err Err) {
	err = m.each(c, func([]int) Err {
		n++
		return nil
	})
	return n, err
}

// positionFrom is the character that a match begins at, or that is behind it.
func positionFrom(c *Call, m *matching) (int32, Err) {
	from, to, ok, err := m.find(c)
	if err != nil || !ok {
		return 0, err
	}
	if m.end == 1 {
		from = to
	}
	return int32(utf8.RuneCountInString(m.s[:from])) + 1, nil
}

func matchText(names ...string) Kernel {
	return eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
		var m matching
		if err := m.read(c, row, 2, names, "regexp_substr()"); err != nil {
			return dst, err
		}
		from, to, ok, err := m.find(c)
		if err == nil && !ok {
			err = errNull
		}
		if err != nil {
			return dst, err
		}
		return c.appendSized(dst, m.s[from:to])
	})
}

// replaceFrom is regexp_replace of match n, or of all.
func replaceFrom(names ...string) Kernel {
	return eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
		var m matching
		if err := m.read(c, row, 3, names, ""); err != nil {
			return dst, err
		}
		by, done, n := view(c.Args[2].Bytes(row)), 0, int32(0)
		err := m.each(c, func(at []int) (err Err) {
			if n++; m.nth > 0 && n < m.nth {
				return nil
			}
			if dst, err = c.appendSized(dst, m.s[done:at[0]]); err == nil {
				dst, err = c.appendReplacement(dst, m.s, by, at)
			}
			if done = at[1]; err == nil && m.nth > 0 {
				err = errFound
			}
			return err
		})
		if err != nil && err != errFound {
			return dst, err
		}
		return c.appendSized(dst, m.s[done:])
	})
}
