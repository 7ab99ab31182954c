package generated

import (
	"fmt"
	"strings"
)

// query is a SELECT with one column of a type, or of any where it is empty, and then of several.
func (g *grammar) query(kind string) string {
	outer := g.scope
	g.depth++
	defer func() { g.scope, g.depth = outer, g.depth-1 }()
	if g.depth > 3 {
		return "SELECT " + g.value(g.or(kind))
	}
	switch g.IntN(12) {
	case 0:
		k := g.or(kind)
		return fmt.Sprintf("(%s) %s (%s)", g.query(k), g.one("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"), g.query(k))
	case 1:
		k := g.or(kind)
		inner := g.query(k)
		if g.IntN(3) > 0 {
			return fmt.Sprintf("SELECT x FROM (%s) AS d (x)", inner)
		}
		g.relations = append(g.relations, relation{"w", []column{{"x", k}}})
		defer func() { g.relations = g.relations[:len(g.relations)-1] }()
		return fmt.Sprintf("WITH w (x) AS %s (%s) %s", g.one("", "MATERIALIZED", "NOT MATERIALIZED"), inner, g.query(k))
	case 2:
		k := g.or(kind)
		return fmt.Sprintf("WITH RECURSIVE r (n, x) AS (SELECT 1, %s UNION %s SELECT n + 1, %s FROM r WHERE n < %d) SELECT x FROM r",
			g.expr(k, 2), g.one("ALL", ""), g.expr(k, 2), g.IntN(6))
	case 3:
		k := g.or(kind)
		return "VALUES " + g.some(3, ", ", func() string { return "(" + g.expr(k, 2) + ")" })
	}
	from := g.from()
	if g.IntN(3) == 0 {
		return g.grouped(kind, from)
	}
	item := func() string { return g.item(g.or(kind)) }
	list := item()
	if kind == "" {
		list = g.some(3, ", ", item)
	}
	text := "SELECT " + g.one("", "", "", "DISTINCT ", "ALL ") + list + from + g.where()
	if g.IntN(3) > 0 {
		return text + g.one("", "", " LIMIT 5", " FOR UPDATE")
	}
	return text + " ORDER BY " + g.some(2, ", ", func() string { return g.one("1", g.expr(g.kind(), 2)) + g.one("", " DESC", " NULLS FIRST") }) +
		g.one("", " LIMIT 5", " OFFSET 1", " FETCH FIRST 2 ROWS WITH TIES", " LIMIT NULL")
}

func (g *grammar) or(kind string) string {
	if kind == "" {
		return g.kind()
	}
	return kind
}

// item is an expression, a window function or a set.
func (g *grammar) item(kind string) string {
	switch g.IntN(8) {
	case 0:
		frame := g.maybe(g.one("ROWS", "RANGE", "GROUPS") + " BETWEEN " + g.one("UNBOUNDED PRECEDING", "CURRENT ROW", g.expr("integer", 1)+" PRECEDING", g.value("interval")+" PRECEDING") +
			" AND " + g.one("UNBOUNDED FOLLOWING", "CURRENT ROW", "2 FOLLOWING") + g.one("", " EXCLUDE TIES", " EXCLUDE CURRENT ROW"))
		return fmt.Sprintf("%s OVER (%s ORDER BY %s %s)", g.windowed(kind), g.maybe("PARTITION BY "+g.expr(g.kind(), 2)), g.expr(g.kind(), 2), frame)
	case 1:
		if len(g.sets) > 0 && g.depth == 1 {
			return g.call(g.sets[g.IntN(len(g.sets))], 2)
		}
	}
	return g.expr(kind, 4)
}

func (g *grammar) windowed(kind string) string {
	switch g.IntN(4) {
	case 0:
		return g.one("row_number()", "rank()", "dense_rank()", "ntile(3)", "percent_rank()", "cume_dist()")
	case 1:
		return fmt.Sprintf("%s(%s, %s)", g.one("lag", "lead", "nth_value"), g.expr(kind, 2), g.expr("integer", 1))
	case 2:
		return fmt.Sprintf("%s(%s)", g.one("first_value", "last_value"), g.expr(kind, 2))
	}
	return g.aggregate()
}

func (g *grammar) aggregate() string {
	kind := g.kind()
	name := g.one("count", "sum", "avg", "min", "max", "array_agg", "string_agg", "json_agg", "jsonb_agg", "bool_and", "bit_or", "stddev", "variance",
		"jsonb_object_agg", "range_agg", "corr", "mode", "percentile_cont", "rank", "every", "bit_xor", "xmlagg", "regr_slope", "range_intersect_agg")
	switch name {
	case "mode":
		return "mode() WITHIN GROUP (ORDER BY " + g.expr(kind, 2) + ")"
	case "percentile_cont":
		return "percentile_" + g.one("cont", "disc") + "(" + g.one("0.5", "1.5", "NULL", "ARRAY[0,0.3,1]") + ") WITHIN GROUP (ORDER BY " + g.expr(g.one("double precision", "interval", "integer"), 2) + ")"
	case "rank":
		return g.one("rank", "cume_dist") + "(" + g.expr(kind, 1) + ") WITHIN GROUP (ORDER BY " + g.expr(kind, 2) + ")"
	case "string_agg", "jsonb_object_agg", "corr", "regr_slope":
		return fmt.Sprintf("%s(%s, %s)", name, g.expr(g.one("text", "double precision"), 2), g.expr(g.one("text", "double precision"), 2))
	}
	return fmt.Sprintf("%s(%s%s%s)%s", name, g.one("", "DISTINCT "), g.expr(kind, 2), g.maybe(" ORDER BY "+g.expr(kind, 1)), g.maybe(" FILTER (WHERE "+g.expr("boolean", 2)+")"))
}

func (g *grammar) grouped(kind, from string) string {
	key := g.expr(g.or(kind), 3)
	by := g.one(key, "1", "ROLLUP ("+key+", "+g.expr(g.kind(), 2)+")", "CUBE ("+key+")", "GROUPING SETS ((), ("+key+"))")
	list := key
	if kind == "" {
		list += ", " + g.some(3, ", ", g.aggregate)
	}
	return "SELECT " + list + from + g.where() + " GROUP BY " + by + g.maybe(" HAVING "+g.aggregate()+" IS NOT NULL")
}

func (g *grammar) where() string {
	if g.IntN(2) == 0 {
		return ""
	}
	return " WHERE " + g.expr("boolean", 4)
}

// from brings relations into scope.
func (g *grammar) from() string {
	if g.IntN(8) == 0 {
		return ""
	}
	text := " FROM " + g.place()
	for range g.IntN(3) {
		switch g.IntN(4) {
		case 0:
			text += ", " + g.place()
		case 1:
			text += g.one(" CROSS JOIN ", " NATURAL JOIN ", " NATURAL LEFT JOIN ") + g.place()
		default:
			text += g.one(" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ") + g.place() + " ON " + g.expr("boolean", 3)
		}
	}
	return text
}

// place is a relation, a query or a function in FROM, under a name of its own.
func (g *grammar) place() string {
	alias := fmt.Sprintf("r%d", g.IntN(1000))
	switch n := g.IntN(8); {
	case n == 0 && g.depth < 3:
		kind := g.kind()
		q := g.query(kind)
		g.scope = append(g.scope, column{alias + ".x", kind})
		return fmt.Sprintf("%s(%s) AS %s (x)", g.one("", "LATERAL "), q, alias)
	case n == 1 && len(g.sets) > 0:
		f := g.call(g.sets[g.IntN(len(g.sets))], 1)
		g.scope = append(g.scope, column{alias + ".x", g.kind()})
		return f + g.maybe(" WITH ORDINALITY") + " AS " + alias + " (x)"
	case n == 2:
		g.scope = append(g.scope, column{alias + ".x", "integer"})
		return fmt.Sprintf("generate_series(%s, %s) AS %s (x)", g.one("1", "1", "1", "-2147483648"), g.one("3", "5", "3", "2147483647", "(-1)"), alias)
	}
	if len(g.relations) == 0 {
		return "(SELECT 1) AS " + alias
	}
	r := g.relations[g.IntN(len(g.relations))]
	for _, c := range r.columns {
		g.scope = append(g.scope, column{alias + "." + c.name, c.kind})
	}
	return r.name + " AS " + alias
}

// torn is a statement with words lost, doubled and exchanged.
func (g *grammar) torn(sql string) string {
	words := strings.Fields(sql)
	for range 1 + g.IntN(3) {
		i, j := g.IntN(len(words)), g.IntN(len(words))
		switch g.IntN(3) {
		case 0:
			words[i] = ""
		case 1:
			words[i] += " " + words[i]
		case 2:
			words[i], words[j] = words[j], words[i]
		}
	}
	return strings.Join(words, " ")
}
