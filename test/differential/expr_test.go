package differential

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// kind is a type of SQL.
type kind int

const (
	integer kind = iota
	bigint
	numeric
	text
	timestamp
	boolean
	kinds
)

// column in scope, as it is written.
type column struct {
	name string
	kind kind
}

// gen makes expressions over the columns in scope.
type gen struct {
	*rand.Rand
	scope []column
	// exact: a numeric is a column or a constant scale, so that equal values look equal.
	exact bool
	// subqueries may be in conditions and be values; not in one another, where names would hide others.
	subqueries bool
}

func (g *gen) one(choices ...string) string { return choices[g.IntN(len(choices))] }

// expr is an expression of a kind, at most depth operators deep.
func (g *gen) expr(k kind, depth int) string {
	if depth <= 0 || g.IntN(4) == 0 || (k == numeric && g.exact) {
		return g.leaf(k)
	}
	if g.IntN(6) == 0 {
		return g.conditional(k, depth-1)
	}
	switch k {
	case integer:
		return g.integer(depth - 1)
	case bigint:
		return g.bigint(depth - 1)
	case numeric:
		return g.numeric(depth - 1)
	case text:
		return g.text(depth - 1)
	case timestamp:
		return g.timestamp(depth - 1)
	}
	return g.boolean(depth - 1)
}

// leaf is a column, more rarely a constant.
func (g *gen) leaf(k kind) string {
	var cols []string
	for _, c := range g.scope {
		if c.kind == k {
			cols = append(cols, c.name)
		}
	}
	if len(cols) > 0 && g.IntN(5) > 0 {
		return g.one(cols...)
	}
	return g.constant(k)
}

func (g *gen) constant(k kind) string {
	switch k {
	case integer:
		return fmt.Sprint(g.IntN(9) - 2)
	case bigint:
		return fmt.Sprintf("%d::bigint", []int64{0, 1, -7, 3_000_000_000, -5_000_000_000}[g.IntN(5)])
	case numeric:
		if g.exact {
			return fmt.Sprintf("%d.%d0", g.IntN(5)-2, g.IntN(9)+1)
		}
		return g.one("0.5", "-1.25", "2.0", "100.001", "0.0") // of an integer, floor and sign are double precision
	case text:
		return g.one("'a'", "'ab'", "''", "'B'", "'x_y'", "'zz%'")
	case timestamp:
		return "timestamp '2024-0" + g.one("1", "2", "3") + "-1" + g.one("0", "5") + " 0" + g.one("0", "7") + ":30:00'"
	}
	return g.one("true", "false")
}

func (g *gen) conditional(k kind, depth int) string {
	a, b := g.expr(k, depth), g.expr(k, depth)
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.expr(boolean, depth), a, b)
	case 1:
		return fmt.Sprintf("CASE WHEN %s THEN %s WHEN %s THEN %s END", g.expr(boolean, depth), a, g.expr(boolean, depth), b)
	case 2:
		return fmt.Sprintf("coalesce(%s, %s)", a, b)
	}
	return fmt.Sprintf("nullif(%s, %s)", a, b)
}

func (g *gen) integer(depth int) string {
	a, b := g.expr(integer, depth), g.expr(integer, depth)
	if g.subqueries && g.IntN(8) == 0 {
		inner, from := g.inner(tables[g.IntN(len(tables))])
		return fmt.Sprintf("%s::int", g.value(from+" WHERE "+inner.expr(boolean, 2)))
	}
	switch g.IntN(8) {
	case 0, 1:
		return fmt.Sprintf("(%s + %s)", a, b)
	case 2:
		return fmt.Sprintf("(%s - %s)", a, b)
	case 3:
		return fmt.Sprintf("(%s * %s)", a, b)
	case 4:
		return fmt.Sprintf("abs(%s)", a)
	case 5:
		return fmt.Sprintf("length(%s)", g.expr(text, depth))
	case 6:
		return fmt.Sprintf("(%s %% nullif(%s, 0))", a, b)
	}
	return fmt.Sprintf("(%s / nullif(%s, 0))", a, b)
}

func (g *gen) bigint(depth int) string {
	a := g.expr(bigint, depth)
	switch g.IntN(5) {
	case 0:
		return fmt.Sprintf("(%s + %s)", a, g.expr(integer, depth))
	case 1:
		return fmt.Sprintf("(%s - %s)", g.expr(integer, depth), a)
	case 2:
		return fmt.Sprintf("(- %s)", a)
	case 3:
		return fmt.Sprintf("greatest(%s, %s)", a, g.expr(bigint, depth))
	}
	return fmt.Sprintf("(%s)::bigint", g.expr(integer, depth))
}

func (g *gen) numeric(depth int) string {
	a, b := g.expr(numeric, depth), g.expr(numeric, depth)
	switch g.IntN(8) {
	case 0:
		return fmt.Sprintf("(%s + %s)", a, b)
	case 1:
		return fmt.Sprintf("(%s - %s)", a, b)
	case 2:
		return fmt.Sprintf("(%s * %s)", a, b)
	case 3:
		return fmt.Sprintf("(%s / nullif(%s, 0))", a, b)
	case 4:
		return fmt.Sprintf("round(%s, %d)", a, g.IntN(4)-1)
	case 5:
		return g.one("floor", "ceil", "abs", "trunc", "sign") + "(" + a + ")"
	case 6:
		return fmt.Sprintf("(%s + %s)", a, g.expr(integer, depth))
	}
	return fmt.Sprintf("(%s)::numeric", g.expr(integer, depth))
}

func (g *gen) text(depth int) string {
	a, b := g.expr(text, depth), g.expr(text, depth)
	switch g.IntN(8) {
	case 0, 1:
		return fmt.Sprintf("(%s || %s)", a, b)
	case 2:
		return g.one("upper", "lower", "trim", "reverse") + "(" + a + ")"
	case 3:
		return fmt.Sprintf("substr(%s, %d, %d)", a, g.IntN(4), g.IntN(3))
	case 4:
		return fmt.Sprintf("(%s)::text", g.expr([]kind{integer, bigint, boolean, timestamp}[g.IntN(4)], depth))
	case 5:
		return fmt.Sprintf("replace(%s, 'a', %s)", a, b)
	case 6:
		return fmt.Sprintf("left(%s, %d)", a, g.IntN(4)-1)
	}
	return fmt.Sprintf("concat(%s, %s)", a, g.expr(integer, depth))
}

func (g *gen) timestamp(depth int) string {
	a := g.expr(timestamp, depth)
	switch g.IntN(3) {
	case 0:
		return fmt.Sprintf("(%s %s interval '%s')", a, g.one("+", "-"), g.one("1 day", "1 month", "90 minutes", "1 year 2 hours"))
	case 1:
		return fmt.Sprintf("date_trunc('%s', %s)", g.one("hour", "day", "month", "week"), a)
	}
	return fmt.Sprintf("least(%s, %s)", a, g.expr(timestamp, depth))
}

func (g *gen) boolean(depth int) string {
	k := kind(g.IntN(int(kinds)))
	a, b := g.expr(k, depth), g.expr(k, depth)
	switch g.IntN(12) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", a, g.one("=", "<>", "<", "<=", ">", ">="), b)
	case 3:
		return fmt.Sprintf("(%s AND %s)", g.expr(boolean, depth), g.expr(boolean, depth))
	case 4:
		return fmt.Sprintf("(%s OR %s)", g.expr(boolean, depth), g.expr(boolean, depth))
	case 5:
		return fmt.Sprintf("(NOT %s)", g.expr(boolean, depth))
	case 6:
		return fmt.Sprintf("(%s IS %s)", a, g.one("NULL", "NOT NULL"))
	case 7:
		return fmt.Sprintf("(%s IS %sDISTINCT FROM %s)", a, g.one("", "NOT "), b)
	case 8:
		list := []string{g.constant(k), g.expr(k, depth), g.constant(k)}
		return fmt.Sprintf("(%s %sIN (%s))", a, g.one("", "NOT "), strings.Join(list[:1+g.IntN(3)], ", "))
	case 9:
		return fmt.Sprintf("(%s %sBETWEEN %s AND %s)", a, g.one("", "NOT "), b, g.expr(k, depth))
	}
	if g.subqueries && g.IntN(3) == 0 {
		return "(" + g.subquery(depth) + ")" // NOT EXISTS would bind less tightly than what is around
	}
	return fmt.Sprintf("(%s %sLIKE %s)", g.expr(text, depth), g.one("", "NOT "), g.one("'a%'", "'%b'", "'_'", "'%x\\_%'", "''"))
}

// subquery is a condition with a query, which may speak of the rows of the one around it.
func (g *gen) subquery(depth int) string {
	t := tables[g.IntN(len(tables))]
	inner, from := g.inner(t)
	where := inner.expr(boolean, 1+min(depth, 1))
	if g.IntN(2) == 0 { // what most are: an equality with the row around
		where = fmt.Sprintf("i.a = %s AND %s", g.leaf(integer), where)
	}
	from += " WHERE " + where
	switch g.IntN(7) {
	case 0, 1:
		return g.one("", "NOT ") + fmt.Sprintf("EXISTS (SELECT 1 FROM %s)", from)
	case 2:
		return fmt.Sprintf("EXISTS (SELECT i.a FROM %s GROUP BY i.a HAVING count(*) %s %d)", from, g.one(">", "=", "<"), g.IntN(3))
	case 3:
		return fmt.Sprintf("(%s %s %s)", g.expr(integer, depth), g.one(">", "=", "<>"), g.value(from))
	case 4:
		return fmt.Sprintf("(%s %s %s (SELECT i.a FROM %s))", g.expr(integer, depth), g.one("<", "=", "<>", ">="), g.one("ANY", "ALL"), from)
	}
	return fmt.Sprintf("(%s %sIN (SELECT i.a FROM %s))", g.expr(integer, depth), g.one("", "NOT "), from)
}

// inner is what makes the conditions of a query inside, over table t as i; its scope has the columns around.
func (g *gen) inner(t table) (in *gen, from string) {
	scope := qualified("i", t.columns)
	if g.IntN(3) > 0 {
		scope = append(scope, g.scope...)
	}
	return &gen{Rand: g.Rand, scope: scope, exact: true}, t.name + " i"
}

// value is a query that gives one integer, or none.
func (g *gen) value(from string) string {
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("(SELECT count(*) FROM %s)", from)
	case 1:
		return fmt.Sprintf("(SELECT i.a FROM %s ORDER BY i.a%s LIMIT 1)", from, g.one("", " DESC", " NULLS FIRST"))
	case 2:
		return fmt.Sprintf("(SELECT coalesce(%s(i.a), 7) + 1 FROM %s)", g.one("min", "max"), from)
	}
	return fmt.Sprintf("(SELECT %s(i.a) FROM %s)", g.one("min", "max", "count"), from)
}
