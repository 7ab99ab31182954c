package parse

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	// MaxTextBytes is the longest text unless Limits say otherwise.
	MaxTextBytes = 16 << 20
	// What a token takes while the tree is made (C's nodes, their protocol buffer twice, ours)
	// and afterwards, measured over lists of constants and rows of VALUES, the worst there is;
	// and a byte of text on the way, however few tokens it holds.
	tokenBytesAtWork, tokenBytesKept, textBytesAtWork = 136, 104, 2
	// maxNesting bounds the depth of any parse tree: pg_query walks trees with recursive C that
	// knows no stack limit, and 40,000 levels kill the process.
	maxNesting = 4000
	// maxCommentSteps bounds work of PostgreSQL's scanner that grows with the square of the text:
	// 40 kB of "/*/*/*…" take seconds, in C, where nothing can cancel them.
	maxCommentSteps = 8 << 20
)

// level is one open parenthesis, bracket or CASE (or the statement itself) in the guard's walk.
type level struct {
	run     int // tokens since the last separator: what can hang below one another
	joins   int // JOIN, UNION, INTERSECT, EXCEPT since the level began
	between int // BETWEENs whose AND is still to come
	isCase  bool
	closer  byte
}

// walk counts the tokens of a text and refuses what pg_query must not see: it bounds the depth
// of the tree that the text can parse to, without parsing. What nests needs tokens, and a comma, AND, OR or semicolon makes siblings. Chains that go on over
// these (JOIN, UNION, …) are counted apart. An AND that belongs to a BETWEEN separates nothing.
func walk(sql string) (tokens int, err error) {
	lx := lexer{src: sql}
	levels := make([]level, 1, 16)
	below := 0 // sum over the levels under the top one
	label := false
	for {
		t := lx.next()
		if lx.commentSteps > maxCommentSteps {
			return 0, sqlerr.New(sqlerr.ProgramLimitExceeded, "too many comments open in runs of operator characters").At(t.start)
		}
		if t.kind == tokEOF {
			return tokens, nil
		}
		tokens++
		top := &levels[len(levels)-1]
		top.run++
		push, pop := step(top, t, sql, label)
		switch {
		case push != 0:
			below += top.run + top.joins
			levels = append(levels, level{isCase: push == 'E', closer: push})
		case pop && len(levels) > 1:
			levels = levels[:len(levels)-1]
			top = &levels[len(levels)-1]
			below -= top.run + top.joins
		}
		top = &levels[len(levels)-1]
		if below+top.run+top.joins > maxNesting {
			return 0, stackDepth().At(t.start)
		}
		// What follows a dot or AS is a name, whatever it spells.
		label = sql[t.start:t.end] == "." || (t.kind == tokWord && strings.EqualFold(sql[t.start:t.end], "as"))
	}
}

// step applies one token to its level; push is the closer of a level that it opens.
func step(top *level, t token, sql string, label bool) (push byte, pop bool) {
	if t.kind == tokOp && t.end == t.start+1 {
		switch c := sql[t.start]; c {
		case '(':
			return ')', false
		case '[':
			return ']', false
		case ')', ']':
			return 0, top.closer == c
		case ',':
			top.run = 0
		case ';':
			*top = level{isCase: top.isCase, closer: top.closer}
		}
		return 0, false
	}
	if t.kind != tokWord || label || t.end-t.start > 9 {
		return 0, false
	}
	switch strings.ToLower(sql[t.start:t.end]) {
	case "case":
		return 'E', false
	case "end":
		return 0, top.isCase
	case "between":
		top.between++
	case "and":
		if top.between > 0 {
			top.between--
			break
		}
		top.run = 0
	case "or", "when", "then", "else":
		top.run = 0
	case "join", "union", "intersect", "except":
		top.joins++
	}
	return 0, false
}

func stackDepth() *sqlerr.Error {
	return sqlerr.New(sqlerr.StatementTooComplex, "stack depth limit exceeded").
		WithHint("The statement nests deeper than %d levels; split it, or use IN lists, VALUES or COPY instead of long chains of operators.", maxNesting)
}
