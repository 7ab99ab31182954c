package pgcatalog

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
)

func appendOID(dst []byte, oid uint32) []byte { return strconv.AppendUint(dst, uint64(oid), 10) }

func nameList(r *catalog.Relation, at []int) []string {
	out := make([]string, len(at))
	for i, n := range at {
		out[i] = ident.Quote(r.Columns[n].Name)
	}
	return out
}

func qualified(r *catalog.Relation) string { return ident.Quote(r.Schema) + "." + ident.Quote(r.Name) }

// ConstraintDef is pg_get_constraintdef.
func (v *View) ConstraintDef(oid uint32, pretty bool) (string, bool) {
	c, ok := v.constraint(oid)
	if !ok {
		return "", false
	}
	switch c.kind {
	case 'f':
		return v.foreignKeyText(&c), true
	case 'p', 'u':
		x, _ := v.index(c.index)
		return x.constraintText(c.kind == 'p'), true
	}
	valid := ""
	if c.invalid {
		valid = " NOT VALID"
	}
	switch {
	case pretty && c.pretty != "":
		return "CHECK (" + c.pretty + ")" + valid, true
	case c.pretty != "":
		return "CHECK (" + c.check + ")" + valid, true
	case pretty:
		return "CHECK (" + Pretty(c.check) + ")" + valid, true
	}
	return "CHECK ((" + c.check + "))" + valid, true
}

// ViewDef is the query of a view as it was written, with today's names.
func (v *View) ViewDef(oid uint32) (string, bool) {
	r := v.byOID(oid)
	if r == nil || r.Query == "" || relkind(r) == 'r' {
		return "", false
	}
	return " " + strings.TrimSuffix(strings.TrimSpace(r.Shown()), ";") + ";", true
}

// Pretty is an expression without the parentheses that stand around all of it.
func Pretty(e string) string {
	for strings.HasPrefix(e, "(") && strings.HasSuffix(e, ")") {
		depth, quoted := 0, false
		for i := range len(e) {
			switch {
			case e[i] == '\'':
				quoted = !quoted
			case quoted:
			case e[i] == '(':
				depth++
			case e[i] == ')':
				depth--
			}
			if depth == 0 && i < len(e)-1 {
				return e
			}
		}
		e = e[1 : len(e)-1]
	}
	return e
}

// defaultText is a column's default, or what a generated column has.
func (v *View) defaultText(c *catalog.Column) string {
	switch {
	case c.Generated != "":
		return "(" + Pretty(c.Generated) + ")"
	case c.Sequence != 0:
		return "nextval(" + ident.Text(v.className(uint32(c.Sequence))) + "::regclass)"
	case literal(c.Default):
		return c.Default + "::" + sqltype.TypeName(sqltype.Of(c.Type.OID))
	}
	return c.Default
}

// literal reports whether an expression is a string in quotes and nothing else.
func literal(e string) bool {
	if len(e) < 2 || e[0] != '\'' || e[len(e)-1] != '\'' {
		return false
	}
	return !strings.Contains(strings.ReplaceAll(e[1:len(e)-1], "''", ""), "'")
}

// mentioned are the columns whose names are words of an expression.
func mentioned(r *catalog.Relation, e string) []int {
	var out []int
	words := strings.Split(e, "'")
	for i := 1; i < len(words); i += 2 {
		words[i] = "" // what is in quotes is no column
	}
	e = strings.Join(words, "'")
	for i := range r.Columns {
		if !r.Columns[i].Dropped && hasWord(e, ident.Quote(r.Columns[i].Name)) {
			out = append(out, i)
		}
	}
	return out
}

func hasWord(text, word string) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] == '"' || text[i] >= '0' && text[i] <= '9' || text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z')
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		if !letter(i-1) && !letter(i+len(word)) {
			return true
		}
		from = i + 1
	}
}
