package generated

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// column is one in scope: how it is written, and its type's name.
type column struct{ name, kind string }

// relation is what FROM may name.
type relation struct {
	name    string
	columns []column
}

// grammar writes statements. What exists it asks the server for now and then; statements that name what is gone, or make
// what is there, are as welcome as others.
type grammar struct {
	*rand.Rand
	functions map[string][]function // by the type they return
	operators map[string][]function // the same; binary
	sets      []function            // functions that return rows
	relations []relation
	tables    []relation // those of relations that change
	scope     []column
	depth     int // of queries inside queries
}

// function is one that can be called, or an operator.
type function struct {
	name string
	args []string
}

func (g *grammar) one(choices ...string) string { return choices[g.IntN(len(choices))] }

// maybe is a text, or nothing.
func (g *grammar) maybe(text string) string {
	if g.IntN(2) == 0 {
		return ""
	}
	return text
}

// some is one to most texts, joined.
func (g *grammar) some(most int, by string, text func() string) string {
	out := make([]string, 1+g.IntN(most))
	for i := range out {
		out[i] = text()
	}
	return strings.Join(out, by)
}

// expr is an expression of a type, by its name as format_type has it.
func (g *grammar) expr(kind string, depth int) string {
	if depth <= 0 || g.IntN(5) == 0 {
		return g.leaf(kind)
	}
	depth--
	switch g.IntN(14) {
	case 0, 1, 2, 3:
		if f := g.functions[kind]; len(f) > 0 {
			return g.call(f[g.IntN(len(f))], depth)
		}
	case 4, 5, 6:
		if f := g.operators[kind]; len(f) > 0 {
			o := f[g.IntN(len(f))]
			return fmt.Sprintf("(%s %s %s)", g.expr(o.args[0], depth), o.name, g.expr(o.args[1], depth))
		}
	case 7:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.expr("boolean", depth), g.expr(kind, depth), g.expr(kind, depth))
	case 8:
		return fmt.Sprintf("%s(%s, %s)", g.one("COALESCE", "NULLIF", "GREATEST", "LEAST"), g.expr(kind, depth), g.expr(kind, depth))
	case 9:
		if g.IntN(3) == 0 {
			return fmt.Sprintf("CAST(%s AS %s)", g.expr(g.kind(), depth), kind)
		}
	case 10:
		return fmt.Sprintf("(%s)::text::%s", g.expr(kind, depth), kind)
	case 11:
		if g.depth < 2 {
			return g.one("(SELECT x FROM ("+g.query(kind)+") AS s (x) LIMIT 1)", "("+g.query(kind)+")")
		}
	case 12:
		return fmt.Sprintf("(ARRAY[%s, %s])[%s]", g.expr(kind, depth), g.expr(kind, depth), g.expr("integer", depth))
	case 13:
		if kind == "boolean" {
			return g.condition(depth)
		}
	}
	return g.leaf(kind)
}

func (g *grammar) call(f function, depth int) string {
	args := make([]string, len(f.args))
	for i, kind := range f.args {
		args[i] = g.expr(kind, depth)
	}
	return f.name + "(" + strings.Join(args, ", ") + ")"
}

// condition is a boolean in the forms that are no functions.
func (g *grammar) condition(depth int) string {
	kind := g.kind()
	a, b := g.expr(kind, depth), g.expr(kind, depth)
	switch g.IntN(9) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", a, g.one("=", "<>", "<", ">=", "IS DISTINCT FROM"), b)
	case 1:
		return fmt.Sprintf("(%s IS %s NULL)", a, g.one("", "NOT"))
	case 2:
		return fmt.Sprintf("(%s %s IN (%s, %s, NULL))", a, g.one("", "NOT"), b, g.leaf(kind))
	case 3:
		return fmt.Sprintf("(%s BETWEEN %s %s AND %s)", a, g.one("", "SYMMETRIC"), b, g.leaf(kind))
	case 4:
		return fmt.Sprintf("(%s %s %s)", g.expr("boolean", depth), g.one("AND", "OR"), g.expr("boolean", depth))
	case 5:
		return fmt.Sprintf("(%s %s ANY (ARRAY[%s, %s]))", a, g.one("=", "<", "<>"), b, g.leaf(kind))
	case 6:
		return fmt.Sprintf("(ROW(%s, %s) %s ROW(%s, 1))", a, g.expr("integer", depth), g.one("=", "<", "IS DISTINCT FROM"), b)
	case 7:
		if g.depth < 2 {
			return fmt.Sprintf("(%s %s (%s))", a, g.one("IN", "NOT IN", "= ANY", "< ALL"), g.query(kind))
		}
	case 8:
		if g.depth < 2 {
			return fmt.Sprintf("%s (%s)", g.one("EXISTS", "NOT EXISTS"), g.query(kind))
		}
	}
	return fmt.Sprintf("(NOT %s)", g.expr("boolean", depth))
}

// leaf is a column of the type, or a value.
func (g *grammar) leaf(kind string) string {
	if g.IntN(3) > 0 {
		var fit []string
		for _, c := range g.scope {
			if c.kind == kind {
				fit = append(fit, c.name)
			}
		}
		if len(fit) > 0 {
			return g.one(fit...)
		}
	}
	return g.value(kind)
}

// kind is a type's name; frequent ones more often.
func (g *grammar) kind() string {
	if g.IntN(3) > 0 {
		return g.one("integer", "bigint", "text", "numeric", "boolean", "double precision", "timestamp without time zone", "jsonb", "integer[]")
	}
	return kinds[g.IntN(len(kinds))]
}
