package kernel

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

func init() {
	sensitive, insensitive := likeKernel(0, false), likeKernel(0, true)
	not, notInsensitive := likeKernel(1, false), likeKernel(1, true)
	kernels(map[string]Kernel{
		"textlike": sensitive, "textnlike": not, "texticlike": insensitive, "texticnlike": notInsensitive,
		"namelike": sensitive, "namenlike": not, "nameiclike": insensitive, "nameicnlike": notInsensitive,
		"bytealike": byteaLike(0), "byteanlike": byteaLike(1),
		"like_escape":       fn2e(likeEscape),
		"like_escape_bytea": fn2e(func(p, e []byte) ([]byte, Err) { return likeEscapeBytes(p, e, len(e)) }),
	})
}

func errEndEscape() Err {
	return sqlerr.New(sqlerr.InvalidEscapeSequence, "LIKE pattern must not end with escape character")
}

// likePattern is a prepared LIKE pattern. Most patterns are literal text with % at the ends.
type likePattern struct {
	source      string
	literal     []byte // of a simple pattern
	open, close bool   // a simple pattern begins, ends with %
	simple      bool
}

// likeState is what a LIKE call keeps: the pattern of the last row, usually a constant.
type likeState struct {
	pattern likePattern
	ready   bool
	folded  []byte
}

func likeKernel(flip uint8, fold bool) Kernel {
	return func(c *Call) {
		st, _ := c.State.(*likeState)
		if st == nil {
			st = &likeState{}
			c.State = st
		}
		out := c.Out.Bools()
		if !fold && c.Args[1].Const && !c.Args[0].Const {
			st.prepare(view(c.Args[1].Bytes(0)), false)
			if st.pattern.simple {
				st.pattern.loop(c, out, flip)
				return
			}
		}
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			st.prepare(view(c.Args[1].Bytes(i)), fold)
			s := c.Args[0].Bytes(i)
			if fold {
				st.folded = mapRunes(st.folded[:0], view(s), unicode.ToLower)
				s = st.folded
			}
			matched, err := st.pattern.match(s)
			if err != nil {
				c.Fail(i, err)
				continue
			}
			out[i] = b2u(matched) ^ flip
		}
	}
}

// prepare makes the pattern of source, unless it is the last one again.
func (st *likeState) prepare(source string, fold bool) {
	if st.ready && st.pattern.source == source {
		return
	}
	p := likePattern{source: strings.Clone(source)}
	text := p.source
	if fold {
		text = string(mapRunes(nil, text, unicode.ToLower))
	}
	p.literal, p.open, p.close, p.simple = simplify(text)
	if !p.simple {
		p.literal = []byte(text)
	}
	st.pattern, st.ready = p, true
}

// simplify recognizes patterns without _ and without % inside.
func simplify(p string) (literal []byte, open, close, simple bool) {
	trimmed := strings.TrimLeft(p, "%")
	open = trimmed != p
	for i := 0; i < len(trimmed); i++ {
		switch trimmed[i] {
		case '_':
			return nil, false, false, false
		case '%':
			if strings.Trim(trimmed[i:], "%") != "" {
				return nil, false, false, false
			}
			return literal, open, true, true
		case '\\':
			if i++; i == len(trimmed) {
				return nil, false, false, false // The general matcher decides whether it is an error.
			}
		}
		literal = append(literal, trimmed[i])
	}
	return literal, open, open && trimmed == "", true
}

func (p *likePattern) loop(c *Call, out []uint8, flip uint8) {
	offs, vars := delta.Offsets(c.Args[0]), c.Args[0].Var
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		out[i] = b2u(p.matchSimple(vars[offs[i]:offs[i+1]])) ^ flip
	}
}

func (p *likePattern) matchSimple(s []byte) bool {
	switch {
	case p.open && p.close:
		return bytes.Contains(s, p.literal)
	case p.open:
		return bytes.HasSuffix(s, p.literal)
	case p.close:
		return bytes.HasPrefix(s, p.literal)
	}
	return string(s) == string(p.literal)
}

func (p *likePattern) match(s []byte) (bool, Err) {
	if p.simple {
		return p.matchSimple(s), nil
	}
	return likeMatch(s, p.literal, true)
}

// likeMatch is the general matcher, in linear memory and, by falling back to the last % only,
// in at most len(s)*len(p) steps. chars says that _ is a character and not a byte.
func likeMatch(s, p []byte, chars bool) (bool, Err) {
	i, j := 0, 0
	star, starAt := -1, 0 // after the last %, and where it tries to go on in s
	for i < len(s) {
		if j < len(p) && p[j] == s[i] && !special(p[j]) {
			i++
			j++
			continue
		}
		matched, size, used, err := likeStep(s[i:], p[j:], chars)
		if err != nil {
			return false, err
		}
		switch {
		case used > 0 && p[j] == '%':
			j++
			star, starAt = j, i
		case matched:
			i += size
			j += used
		case star >= 0:
			starAt += charSize(s[starAt:], chars)
			run := star // the text behind the %, which is looked for as a whole
			for run < len(p) && !special(p[run]) {
				run++
			}
			next := bytes.Index(s[starAt:], p[star:run])
			if next < 0 {
				return false, nil
			}
			starAt += next
			i, j = starAt, star
		default:
			return false, nil
		}
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p), nil
}

func special(c byte) bool { return c == '%' || c == '_' || c == '\\' }

// likeStep compares the first character of s, which is not empty, with the first element of p.
func likeStep(s, p []byte, chars bool) (matched bool, size, used int, err Err) {
	if len(p) == 0 {
		return false, 0, 0, nil
	}
	switch p[0] {
	case '%':
		return false, 0, 1, nil
	case '_':
		return true, charSize(s, chars), 1, nil
	case '\\':
		if len(p) < 2 {
			return false, 0, 0, errEndEscape()
		}
		return s[0] == p[1], 1, 2, nil
	}
	return s[0] == p[0], 1, 1, nil
}

func charSize(s []byte, chars bool) int {
	if !chars || s[0] < utf8.RuneSelf {
		return 1
	}
	_, size := utf8.DecodeRune(s)
	return size
}

func byteaLike(flip uint8) Kernel {
	return fn2e(func(s, p []byte) (bool, Err) {
		matched, err := likeMatch(s, p, false)
		return b2u(matched)^flip != 0, err
	})
}

// likeEscape rewrites a pattern with another escape character to one with the backslash.
func likeEscape(pattern, escape string) (string, Err) {
	out, err := likeEscapeBytes([]byte(pattern), []byte(escape), utf8.RuneCountInString(escape))
	return string(out), err
}

// likeEscapeBytes does it for an escape of so many characters.
func likeEscapeBytes(pattern, escape []byte, chars int) ([]byte, Err) {
	out := make([]byte, 0, len(pattern)+8)
	if len(escape) == 0 {
		for _, c := range pattern {
			if c == '\\' {
				out = append(out, '\\')
			}
			out = append(out, c)
		}
		return out, nil
	}
	if chars != 1 {
		return nil, sqlerr.New(sqlerr.InvalidEscapeSequence, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	if string(escape) == `\` {
		return append(out, pattern...), nil
	}
	for after := false; len(pattern) > 0; {
		switch {
		case bytes.HasPrefix(pattern, escape) && !after:
			out, after = append(out, '\\'), true
			pattern = pattern[len(escape):]
			continue
		case pattern[0] == '\\' && !after:
			out = append(out, '\\', '\\')
		default:
			out = append(out, pattern[0])
		}
		pattern, after = pattern[1:], false
	}
	return out, nil
}
