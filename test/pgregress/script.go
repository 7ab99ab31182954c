package pgregress

import (
	"strings"
)

// step is one thing a file asks for: a statement, or a command of psql's.
type step struct {
	line int
	text string // the statement without its semicolon, variables still in it
	meta string // the command of psql's, if it is one; behind text where the statement ends with it (\gset)
	data string // the lines behind COPY … FROM stdin
}

// scanner walks a file as psql does.
type scanner struct {
	src        string
	pos        int
	line       int
	parens     int
	atomic     int // BEGIN ATOMIC and CASE that are open in a function's body
	sawCreate  bool
	identCount int
}

// read cuts a file into steps.
func read(src string) []step {
	s := &scanner{src: src, line: 1}
	var steps []step
	for {
		st, ok := s.next()
		if !ok {
			return steps
		}
		steps = append(steps, st)
	}
}

// next reads the next step.
func (s *scanner) next() (step, bool) {
	s.parens, s.atomic, s.sawCreate, s.identCount = 0, 0, false, 0
	start, begun, line := s.pos, false, s.line
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		switch {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r':
			s.pos++
		case strings.HasPrefix(s.src[s.pos:], "--"):
			s.to("\n")
		case strings.HasPrefix(s.src[s.pos:], "/*"):
			s.comment()
		case c == '\\' && s.pos+1 < len(s.src) && s.src[s.pos+1] == ';':
			s.pos += 2
		case c == '\\':
			text := strings.TrimSpace(s.src[start:s.pos])
			meta := s.rest()
			if !begun {
				return step{line: s.line, meta: meta}, true
			}
			return step{line: line, text: text, meta: meta}, true
		case c == ';' && s.parens == 0 && s.atomic == 0:
			text := strings.TrimSpace(s.src[start:s.pos])
			s.pos++
			st := step{line: line, text: text}
			if copiesIn(text) {
				st.data = s.copyData()
			}
			return st, true
		default:
			if !begun {
				begun, line, start = true, s.line, s.pos
			}
			s.token(c)
		}
	}
	text := strings.TrimSpace(s.src[start:])
	return step{line: line, text: text}, begun && text != ""
}

// token passes one token of a statement.
func (s *scanner) token(c byte) {
	switch {
	case c == '(':
		s.parens++
		s.pos++
	case c == ')':
		s.parens = max(s.parens-1, 0)
		s.pos++
	case c == '\'':
		s.quoted(s.pos > 0 && (s.src[s.pos-1] == 'E' || s.src[s.pos-1] == 'e') && (s.pos < 2 || !isWord(s.src[s.pos-2])))
	case c == '"':
		s.pos++
		s.to(`"`)
	case c == '$':
		s.dollar()
	case isWord(c):
		s.word()
	default:
		s.pos++
	}
}

// word passes a word, and follows how deep a body of BEGIN ATOMIC is.
func (s *scanner) word() {
	from := s.pos
	for s.pos < len(s.src) && isWord(s.src[s.pos]) {
		s.pos++
	}
	s.identCount++
	switch w := strings.ToLower(s.src[from:s.pos]); {
	case w == "create" && s.identCount == 1:
		s.sawCreate = true
	case s.sawCreate && w == "begin" && s.identCount > 3:
		s.atomic++
	case s.atomic > 0 && w == "case":
		s.atomic++
	case s.atomic > 0 && w == "end":
		s.atomic--
	}
}

// to goes behind the next end, or to the end of the file; lines are counted.
func (s *scanner) to(end string) {
	at := strings.Index(s.src[s.pos:], end)
	if at < 0 {
		at = len(s.src) - s.pos - len(end)
	}
	passed := s.src[s.pos : s.pos+at+len(end)]
	s.line += strings.Count(passed, "\n")
	s.pos += len(passed)
}

// comment passes a comment, which may hold others.
func (s *scanner) comment() {
	depth := 0
	for s.pos < len(s.src) {
		switch {
		case strings.HasPrefix(s.src[s.pos:], "/*"):
			depth++
			s.pos += 2
		case strings.HasPrefix(s.src[s.pos:], "*/"):
			depth--
			s.pos += 2
			if depth == 0 {
				return
			}
		default:
			if s.src[s.pos] == '\n' {
				s.line++
			}
			s.pos++
		}
	}
}

// quoted passes a string; with escapes a backslash takes the next byte with it.
func (s *scanner) quoted(escapes bool) {
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case '\n':
			s.line++
		case '\\':
			if escapes {
				s.pos++
			}
		case '\'':
			s.pos++
			return
		}
	}
}

// dollar passes a string between $tag$, or a parameter's sign.
func (s *scanner) dollar() {
	end := s.pos + 1
	for end < len(s.src) && isWord(s.src[end]) && s.src[end] != '$' {
		end++
	}
	if end >= len(s.src) || s.src[end] != '$' || (end > s.pos+1 && s.src[s.pos+1] >= '0' && s.src[s.pos+1] <= '9') {
		s.pos++
		return
	}
	tag := s.src[s.pos : end+1]
	s.pos = end + 1
	s.to(tag)
}

// rest is the rest of the line: a command of psql's.
func (s *scanner) rest() string {
	end := strings.IndexByte(s.src[s.pos:], '\n')
	if end < 0 {
		end = len(s.src) - s.pos
	}
	text := s.src[s.pos : s.pos+end]
	s.pos += end
	return strings.TrimSpace(text)
}

// copyData is what stands between the line of a COPY and a line \. of its own.
func (s *scanner) copyData() string {
	s.rest()
	s.pos++
	s.line++
	var data strings.Builder
	for s.pos < len(s.src) {
		line := s.src[s.pos:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end+1]
		}
		s.pos += len(line)
		s.line++
		if strings.TrimRight(line, "\r\n") == `\.` {
			break
		}
		data.WriteString(line)
	}
	return data.String()
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
