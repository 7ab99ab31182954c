package parse

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// Bounds of what Lift looks at: longer texts come once.
const (
	maxLiftedText   = 4 << 10
	maxLiftedValues = 16
)

// Lifted is the text of a statement with the literals that it compares with, sets or inserts as parameters:
// what differs only in them has one text, and so one plan.
type Lifted struct {
	Text string
	// Types of the parameters as PostgreSQL reads such literals; 0 for a string, which is of the
	// type that its place wants, as a parameter without a type is.
	Types  []sqltype.OID
	Values [][]byte
	// shifts are where Text and the original part: from an offset in Text on, so many bytes to add.
	shifts []shift
}

type shift struct{ from, by int }

// Lift takes the literals out of a text that is one SELECT, INSERT, UPDATE or DELETE; ok is false when there is
// none to take, or when the text is of a kind where a parameter would not mean the same.
//
// A literal is taken only where it is a whole operand and a parameter is resolved as the literal is: behind a
// comparison in a WHERE, behind the = of a SET, a number that is added to or taken from a column there, and as the
// whole of a column of VALUES. Where expressions are compared with each
// other (GROUP BY, DISTINCT, set operations) a literal is more than its value, so such texts stay
// as they are.
func Lift(sql string) (l Lifted, ok bool) {
	if len(sql) > maxLiftedText {
		return l, false
	}
	x := lexer{src: sql}
	first := x.next()
	z := lifting{kind: strings.ToLower(x.text(first))}
	if first.kind != tokWord || !liftedKinds[z.kind] {
		return l, false
	}
	var out strings.Builder
	copied := 0 // of sql, into out
	t := x.next()
	for t.kind != tokEOF {
		text := x.text(t)
		next := x.next()
		if !z.goesOn(text, t.kind, next.kind) {
			return l, false
		}
		end, sign := t.end, ""
		if text == "-" && t.kind == tokOp && next.kind == tokNumber && z.takes(0) {
			// The type is that of the number without its sign, as PostgreSQL reads it.
			sign, text, end = "-", x.text(next), next.end
			t.kind, next = tokNumber, x.next()
		}
		if t.kind == tokString || t.kind == tokNumber {
			value, typ, plain := literal(text)
			if plain && z.takes(typ) && z.endsOperand(x.text(next), next.kind) {
				if len(l.Values) == maxLiftedValues {
					return l, false
				}
				l.Values, l.Types = append(l.Values, append([]byte(sign), value...)), append(l.Types, typ)
				out.WriteString(sql[copied:t.start])
				out.WriteByte('$')
				out.WriteString(strconv.Itoa(len(l.Values)))
				copied = int(end)
				l.shifts = append(l.shifts, shift{out.Len(), copied - out.Len()})
			}
		}
		z.behind(text, t.kind)
		t = next
	}
	if len(l.Values) == 0 {
		return l, false
	}
	out.WriteString(sql[copied:])
	l.Text = out.String()
	return l, true
}

// lifting is where a Lift is in a statement.
type lifting struct {
	kind string // the statement's first word
	part string // where, set, values: what the last of these words began; empty before, and from RETURNING on
	// depth of parentheses since VALUES; rows of it have ended.
	depth, rows int
	last, prior string // the two tokens before, as tokens of lastKind and priorKind
	lastKind    tokenKind
	priorKind   tokenKind
}

var liftedKinds = map[string]bool{"select": true, "insert": true, "update": true, "delete": true}

// goesOn looks at a token; false when the text stays as it is.
func (z *lifting) goesOn(text string, kind, next tokenKind) bool {
	switch kind {
	case tokParam:
		return false
	case tokWord:
		word := strings.ToLower(text)
		switch {
		case noLift[word], word == "into" && z.kind != "insert", word == "select" && z.kind == "insert":
			return false
		case word == "where" && z.kind != "insert", word == "set" && z.kind == "update" && z.part == "", word == "values" && z.kind == "insert" && z.part == "":
			z.part = word
		case word == "returning", word == "on" && z.part == "values":
			z.part = "done"
		}
	case tokOp:
		switch {
		case text == ";" && next != tokEOF:
			return false
		case z.part == "values" && text == "(":
			if z.depth++; z.depth == 1 {
				z.rows++
			}
			return z.rows == 1 // a list of rows has types of its own
		case z.part == "values" && text == ")":
			z.depth--
		}
	}
	return true
}

// takes reports whether a literal of a type may be taken behind the tokens before it.
func (z *lifting) takes(typ sqltype.OID) bool {
	if z.lastKind != tokOp {
		return false
	}
	switch z.part {
	case "where":
		return comparisons[z.last]
	case "set":
		// Behind an operand the sign is no part of the number.
		return z.last == "=" || typ != 0 && (z.last == "+" || z.last == "-") && z.priorKind == tokWord
	case "values":
		return z.depth == 1 && (z.last == "(" || z.last == ",")
	}
	return false
}

func (z *lifting) behind(text string, kind tokenKind) {
	z.prior, z.priorKind = z.last, z.lastKind
	z.last, z.lastKind = text, kind
}

// Original is the offset in the text given to Lift of one in Text.
func (l *Lifted) Original(offset int) int {
	by := 0
	for _, s := range l.shifts {
		if offset >= s.from {
			by = s.by
		}
	}
	return offset + by
}

var comparisons = map[string]bool{"=": true, "<": true, ">": true, "<=": true, ">=": true, "<>": true, "!=": true}

// noLift are the words of texts that stay as they are.
var noLift = map[string]bool{
	"group": true, "having": true, "distinct": true, "union": true, "intersect": true, "except": true,
	"emit": true, "window": true, "over": true,
}

// endsOperand: what stands before this token is a whole operand.
func (z *lifting) endsOperand(text string, kind tokenKind) bool {
	switch kind {
	case tokEOF:
		return true
	case tokOp:
		return text == ")" || text == ";" || text == "," && (z.part == "set" || z.part == "values")
	case tokWord:
		switch strings.ToLower(text) {
		case "and", "or", "order", "limit", "offset", "fetch", "returning":
			return true
		case "where", "from":
			return z.part == "set"
		}
	}
	return false
}

// literal is the value of a plain string or number.
func literal(text string) (value []byte, typ sqltype.OID, ok bool) {
	if text[0] == '\'' {
		if len(text) < 2 || text[len(text)-1] != '\'' || strings.ContainsAny(text, "\n\r\x00") {
			return nil, 0, false // unterminated, or perhaps in two pieces
		}
		inner := text[1 : len(text)-1]
		if strings.Count(inner, "'") != 2*strings.Count(inner, "''") {
			return nil, 0, false // unterminated: the last quote is of a doubled one
		}
		return []byte(strings.ReplaceAll(inner, "''", "'")), 0, true
	}
	dots := 0
	for _, c := range []byte(text) {
		if c == '.' {
			dots++
		} else if !isDigit(c) {
			return nil, 0, false
		}
	}
	if dots > 0 {
		return []byte(text), sqltype.Numeric, dots == 1 && isDigit(text[0]) && isDigit(text[len(text)-1])
	}
	v, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, 0, false
	case v == int64(int32(v)):
		return []byte(text), sqltype.Int4, true
	}
	return []byte(text), sqltype.Int8, true
}
