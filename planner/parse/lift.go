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

// Lifted is the text of a SELECT with the literals that its conditions compare with as parameters:
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

// Lift takes the literals out of a text that is one SELECT; ok is false when there is none to
// take, or when the text is of a kind where a parameter would not mean the same.
//
// A literal is taken only where it stands behind a comparison in a WHERE and nothing else is done
// to it: there a parameter is resolved as the literal is. Where expressions are compared with each
// other (GROUP BY, DISTINCT, set operations) a literal is more than its value, so such texts stay
// as they are.
func Lift(sql string) (l Lifted, ok bool) {
	if len(sql) > maxLiftedText {
		return l, false
	}
	x := lexer{src: sql}
	if first := x.next(); first.kind != tokWord || !strings.EqualFold(x.text(first), "select") {
		return l, false
	}
	var out strings.Builder
	copied := 0 // of sql, into out
	where, compared := false, false
	t := x.next()
	for t.kind != tokEOF {
		text := x.text(t)
		next := x.next()
		switch t.kind {
		case tokParam:
			return l, false
		case tokWord:
			switch word := strings.ToLower(text); {
			case noLift[word]:
				return l, false
			case word == "where":
				where = true
			}
		case tokOp:
			if text == ";" && next.kind != tokEOF {
				return l, false
			}
		case tokString, tokNumber:
			if !where || !compared || !endsOperand(x.text(next), next.kind) {
				break
			}
			value, typ, ok := literal(text)
			if !ok {
				break
			}
			if len(l.Values) == maxLiftedValues {
				return l, false
			}
			l.Values, l.Types = append(l.Values, value), append(l.Types, typ)
			out.WriteString(sql[copied:t.start])
			out.WriteByte('$')
			out.WriteString(strconv.Itoa(len(l.Values)))
			copied = int(t.end)
			l.shifts = append(l.shifts, shift{out.Len(), copied - out.Len()})
		}
		compared = t.kind == tokOp && comparisons[text]
		t = next
	}
	if len(l.Values) == 0 {
		return l, false
	}
	out.WriteString(sql[copied:])
	l.Text = out.String()
	return l, true
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
	"emit": true, "into": true, "window": true, "over": true,
}

// endsOperand: what stands before this token is a whole operand.
func endsOperand(text string, kind tokenKind) bool {
	switch kind {
	case tokEOF:
		return true
	case tokOp:
		return text == ")" || text == ";"
	case tokWord:
		switch strings.ToLower(text) {
		case "and", "or", "order", "limit", "offset", "fetch":
			return true
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
