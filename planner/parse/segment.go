package parse

import "strings"

// segment is the tokens of one statement, without its semicolon.
type segment struct {
	src  string
	toks []token
}

// split cuts a text at its semicolons outside parentheses. It is used only on texts that
// PostgreSQL's grammar refused.
func split(sql string) []segment {
	var out []segment
	lx := lexer{src: sql}
	cur := segment{src: sql}
	depth := 0
	for {
		t := lx.next()
		if t.kind == tokEOF {
			break
		}
		if t.kind == tokOp {
			switch sql[t.start:t.end] {
			case "(", "[":
				depth++
			case ")", "]":
				depth--
			case ";":
				if depth <= 0 {
					if len(cur.toks) > 0 {
						out = append(out, cur)
					}
					cur, depth = segment{src: sql}, 0
					continue
				}
			}
		}
		cur.toks = append(cur.toks, t)
	}
	if len(cur.toks) > 0 {
		out = append(out, cur)
	}
	return out
}

func (s *segment) start() int { return int(s.toks[0].start) }
func (s *segment) end() int   { return int(s.toks[len(s.toks)-1].end) }

// text of token i, empty past the end.
func (s *segment) text(i int) string {
	if i < 0 || i >= len(s.toks) {
		return ""
	}
	return s.src[s.toks[i].start:s.toks[i].end]
}

// is reports whether the tokens from i on are these words (not quoted) or symbols.
func (s *segment) is(i int, words ...string) bool {
	for k, w := range words {
		if i+k < 0 || i+k >= len(s.toks) {
			return false
		}
		if t := s.toks[i+k]; (t.kind != tokWord && t.kind != tokOp) || !strings.EqualFold(s.src[t.start:t.end], w) {
			return false
		}
	}
	return true
}

func (s *segment) kind(i int) tokenKind {
	if i < 0 || i >= len(s.toks) {
		return tokEOF
	}
	return s.toks[i].kind
}

// pos is the byte offset of token i, the end of the segment when there is none.
func (s *segment) pos(i int) int32 {
	if i >= len(s.toks) {
		return int32(s.end())
	}
	return s.toks[i].start
}

// identifier gives the name that token i spells: a word folded to lower case, or a quoted
// identifier as it is.
func (s *segment) identifier(i int) (string, bool) {
	switch text := s.text(i); s.kind(i) {
	case tokWord:
		return strings.ToLower(text), true
	case tokQuoted:
		if text[0] != '"' || len(text) < 3 || text[len(text)-1] != '"' {
			return "", false
		}
		return strings.ReplaceAll(text[1:len(text)-1], `""`, `"`), true
	}
	return "", false
}

// literal gives the value of a plain 'string' at token i.
func (s *segment) literal(i int) (string, bool) {
	text := s.text(i)
	if s.kind(i) != tokString || len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return "", false
	}
	return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), true
}

// qualified reads name or schema.name from token i on and tells how many tokens it took.
func (s *segment) qualified(i int) (Name, int, bool) {
	first, ok := s.identifier(i)
	if !ok {
		return Name{}, 0, false
	}
	n := Name{Name: first, Pos: s.pos(i)}
	if !s.is(i+1, ".") {
		return n, 1, true
	}
	second, ok := s.identifier(i + 2)
	if !ok {
		return Name{}, 0, false
	}
	n.Schema, n.Name = first, second
	return n, 3, true
}
