package differential

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// table of a round.
type table struct {
	name    string
	create  string
	columns []column
}

var tables = []table{
	{"t1", "CREATE TABLE t1 (id int PRIMARY KEY, a int, b bigint, n numeric(10,2), s text, ts timestamp, f bool)", []column{
		{"id", integer}, {"a", integer}, {"b", bigint}, {"n", numeric}, {"s", text}, {"ts", timestamp}, {"f", boolean}}},
	{"t2", "CREATE TABLE t2 (a int, c int, m numeric(10,2), s text, ts timestamp)", []column{
		{"a", integer}, {"c", integer}, {"m", numeric}, {"s", text}, {"ts", timestamp}}},
	{"t3", "CREATE TABLE t3 (k text, b bigint, a int NOT NULL, f bool, PRIMARY KEY (a, k))", []column{
		{"k", text}, {"b", bigint}, {"a", integer}, {"f", boolean}}},
}

// query is a generated SELECT.
type query struct {
	sql     string
	columns int
	ordered bool // its rows have one order
}

// from is FROM and WHERE over one to three tables, which become the scope of g.
func (g *gen) from() string {
	first := tables[g.IntN(len(tables))]
	out := first.name + " x"
	g.scope = qualified("x", first.columns)
	for i, alias := range []string{"y", "z"} {
		if g.IntN(2+i) > 0 {
			break
		}
		t := tables[g.IntN(len(tables))]
		left := g.scope
		g.scope = append(g.scope, qualified(alias, t.columns)...)
		switch g.IntN(8) {
		case 0:
			out += fmt.Sprintf(" CROSS JOIN %s %s", t.name, alias)
			continue
		case 1:
			// PostgreSQL has no full join without an equality.
			out += fmt.Sprintf(" FULL JOIN %s %s ON x.a = %s.a", t.name, alias, alias)
			if g.IntN(2) == 0 {
				out += " AND " + g.expr(boolean, 1)
			}
			continue
		}
		kind := g.one("", "", "LEFT ", "RIGHT ")
		out += fmt.Sprintf(" %sJOIN %s %s ON %s", kind, t.name, alias, g.joinCondition(left, qualified(alias, t.columns)))
	}
	if g.IntN(8) == 0 {
		out += g.lateral()
	}
	if g.IntN(3) == 0 {
		out += " WHERE " + g.expr(boolean, 3)
	}
	return out
}

// lateral is one more item of FROM, computed for each row of those before it.
func (g *gen) lateral() string {
	inner, from := g.inner(tables[g.IntN(len(tables))])
	from += " WHERE " + inner.expr(boolean, 2)
	list := []string{
		"SELECT i.a AS a, count(*) AS b FROM " + from + " GROUP BY i.a", "SELECT max(i.a) AS a, count(*) AS b FROM " + from,
		"SELECT i.a, i.a + 1::bigint AS b FROM " + from + " ORDER BY i.a DESC LIMIT 2",
		fmt.Sprintf("SELECT %s AS a, 1::bigint AS b", g.leaf(integer)),
	}[g.IntN(4)]
	join := g.one(" CROSS JOIN LATERAL (%s) w", " LEFT JOIN LATERAL (%s) w ON true", " LEFT JOIN LATERAL (%s) w ON w.a > x.a")
	g.scope = append(g.scope, qualified("w", []column{{"a", integer}, {"b", bigint}})...)
	return fmt.Sprintf(join, list)
}

func qualified(alias string, cols []column) []column {
	out := make([]column, len(cols))
	for i, c := range cols {
		out[i] = column{alias + "." + c.name, c.kind}
	}
	return out
}

// joinCondition is an equality of two columns where there is one, and perhaps more.
func (g *gen) joinCondition(left, right []column) string {
	var conds []string
	for range 1 + g.IntN(2) {
		l, r := left[g.IntN(len(left))], right[g.IntN(len(right))]
		number := func(k kind) bool { return k <= numeric }
		switch {
		case l.kind == r.kind || number(l.kind) && number(r.kind):
			conds = append(conds, fmt.Sprintf("%s = %s", l.name, r.name))
		case g.IntN(2) == 0:
			conds = append(conds, g.expr(boolean, 2))
		}
	}
	if len(conds) == 0 {
		return "x.a = " + right[0].name[:1] + ".a"
	}
	return strings.Join(conds, " AND ")
}

// query is a SELECT of a random shape.
func (r *round) query() query {
	g := &gen{Rand: r.rnd, subqueries: true}
	switch g.IntN(13) {
	case 11, 12:
		return g.windows()
	case 10:
		return g.failing()
	case 0, 1, 2, 3:
		return g.grouped()
	case 4:
		return g.distinct()
	case 5:
		return g.union()
	case 6, 7:
		return g.top()
	case 8:
		return g.derived()
	}
	from := g.from()
	list, n := g.list(3)
	return query{sql: "SELECT " + list + " FROM " + from, columns: n}
}

func (g *gen) list(depth int) (list string, n int) {
	n = 1 + g.IntN(4)
	out := make([]string, n)
	for i := range out {
		out[i] = g.expr(kind(g.IntN(int(kinds))), depth)
	}
	return strings.Join(out, ", "), n
}

func (g *gen) aggregate() string {
	k := kind(g.IntN(int(timestamp) + 1))
	distinct := g.one("", "", "DISTINCT ")
	switch g.IntN(6) {
	case 0:
		return "count(*)"
	case 1:
		return fmt.Sprintf("count(%s%s)", distinct, g.expr(k, 2))
	case 2:
		return fmt.Sprintf("sum(%s%s)", distinct, g.expr(kind(g.IntN(3)), 2))
	case 3:
		return fmt.Sprintf("avg(%s%s)", distinct, g.expr(kind(g.IntN(3)), 2))
	case 4:
		return fmt.Sprintf("%s(%s)", g.one("bool_and", "bool_or"), g.expr(boolean, 2))
	}
	was := g.exact
	g.exact = true // of equal numerics the scale is left open
	defer func() { g.exact = was }()
	return fmt.Sprintf("%s(%s)", g.one("min", "max"), g.expr(k, 2))
}

func (g *gen) grouped() query {
	g.exact = true
	from := g.from()
	keys := make([]string, g.IntN(3))
	for i := range keys {
		keys[i] = g.expr(kind(g.IntN(int(kinds))), 2)
		if !strings.Contains(keys[i], ".") || !strings.ContainsAny(keys[i], "xyz") {
			keys[i] = "x.a" // a constant is no key, an integer would be a position
		}
	}
	items := append([]string(nil), keys...)
	g.exact = false
	for range 1 + g.IntN(3) {
		items = append(items, g.aggregate())
	}
	sql := "SELECT " + strings.Join(items, ", ") + " FROM " + from
	if len(keys) > 0 {
		sql += " GROUP BY " + fmt.Sprintf(g.one("%s", "%s", "ROLLUP (%s)", "CUBE (%s)", "GROUPING SETS ((%s), (), ())"), strings.Join(keys, ", "))
	}
	if g.IntN(3) == 0 {
		sql += fmt.Sprintf(" HAVING count(*) %s %d", g.one(">", "<", "=", "<>"), g.IntN(5))
	}
	return query{sql: sql, columns: len(items)}
}

// failing raises an error while some rows are there: which rows is not left open, so a view must
// heal when they go.
func (g *gen) failing() query {
	g.scope = qualified("x", tables[1].columns)
	where := g.expr(boolean, 2)
	if g.IntN(2) == 0 {
		return query{sql: "SELECT x.s, " + g.expr(integer, 1) + ", 12 / x.c FROM t2 x WHERE " + where, columns: 3}
	}
	return query{sql: "SELECT x.s, count(*), sum(12 / x.c) FROM t2 x WHERE " + where + " GROUP BY x.s", columns: 3}
}

// windows is window functions over rows, some of whose numbers may be bounded. Functions that tell rows
// apart have an order that does too, of columns of all tables.
func (g *gen) windows() query {
	g.exact = true
	t := tables[g.IntN(len(tables))]
	g.scope = qualified("x", t.columns)
	from := t.name + " x"
	if g.IntN(3) == 0 {
		from += " WHERE " + g.expr(boolean, 2)
	}
	items := make([]string, 1+g.IntN(4))
	for i := range items {
		items[i] = g.windowFunction()
	}
	list := strings.Join(qualifiedNames(g.scope), ", ")
	sql := "SELECT " + list + ", " + strings.Join(items, ", ") + " FROM " + from
	n := len(t.columns) + len(items)
	if g.IntN(3) > 0 {
		return query{sql: sql, columns: n}
	}
	sql = fmt.Sprintf("SELECT %s, %s AS rn FROM %s", list, fmt.Sprintf(g.one("row_number() OVER (%s ORDER BY %s)", "rank() OVER (%s ORDER BY %s)"),
		g.partition(), g.total()), from)
	return query{sql: fmt.Sprintf("SELECT * FROM (%s) q WHERE q.rn %s %d", sql, g.one("<", "<=", "="), g.IntN(4)), columns: len(t.columns) + 1}
}

func qualifiedNames(cols []column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.name
	}
	return out
}

func (g *gen) partition() string {
	if g.IntN(4) == 0 {
		return ""
	}
	return "PARTITION BY " + g.scope[g.IntN(len(g.scope))].name
}

// total orders by all columns, so that only equal rows tie.
func (g *gen) total() string {
	out := make([]string, len(g.scope))
	for i, at := range g.Perm(len(g.scope)) {
		out[i] = g.scope[at].name + g.one("", " DESC") + g.one("", "", " NULLS FIRST", " NULLS LAST")
	}
	return strings.Join(out, ", ")
}

func (g *gen) windowFunction() string {
	of := func(k kind) string {
		for _, at := range g.Perm(len(g.scope)) {
			if g.scope[at].kind == k {
				return g.scope[at].name
			}
		}
		return g.constant(k)
	}
	some := g.scope[g.IntN(len(g.scope))]
	frame := ""
	if g.IntN(2) == 0 {
		frame = " " + g.one("ROWS", "GROUPS") + " BETWEEN " +
			g.one("UNBOUNDED PRECEDING", "2 PRECEDING", "CURRENT ROW", "1 FOLLOWING") + " AND " +
			g.one("UNBOUNDED FOLLOWING", "2 FOLLOWING", "3 FOLLOWING") +
			g.one("", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES")
	}
	switch g.IntN(8) {
	case 0:
		call := g.one("row_number()", "ntile(3)", "lag("+some.name+")", "lead("+some.name+", 2)", "lag("+of(integer)+", 1, 7)")
		return fmt.Sprintf("%s OVER (%s ORDER BY %s)", call, g.partition(), g.total())
	case 1:
		return fmt.Sprintf("%s OVER (%s ORDER BY %s)", g.one("rank()", "dense_rank()"), g.partition(), some.name)
	case 2:
		call := g.one("first_value(%s)", "last_value(%s)", "nth_value(%s, 2)")
		return fmt.Sprintf(call+" OVER (%s ORDER BY %s%s)", some.name, g.partition(), g.total(), frame)
	case 3:
		return fmt.Sprintf("count(*) OVER (%s ORDER BY %s RANGE BETWEEN %d PRECEDING AND %d FOLLOWING)", g.partition(), of(integer), g.IntN(9), g.IntN(9))
	case 4:
		return fmt.Sprintf("sum(%s) OVER (%s ORDER BY %s RANGE BETWEEN CURRENT ROW AND %d FOLLOWING)", of(bigint), g.partition(), of(numeric), g.IntN(9))
	case 5:
		return fmt.Sprintf("%s(%s) FILTER (WHERE %s) OVER (%s)", g.one("min", "max"), of(kind(g.IntN(int(timestamp)+1))), g.expr(boolean, 1), g.partition())
	case 6:
		return fmt.Sprintf("%s(%s) OVER (%s ORDER BY %s%s)", g.one("min", "max"), of(text), g.partition(), g.total(), frame)
	}
	return fmt.Sprintf("%s(%s) OVER (%s ORDER BY %s%s)", g.one("sum", "avg", "count"), of(integer), g.partition(), g.total(), frame)
}

func (g *gen) distinct() query {
	g.exact = true
	from := g.from()
	list, n := g.list(2)
	if g.IntN(2) == 0 {
		return query{sql: "SELECT DISTINCT " + list + " FROM " + from, columns: n}
	}
	// Ordered by all it selects, so that which row is the first is not left open.
	order, on := g.orderBy(n), make([]string, 1+g.IntN(n))
	for i := range on {
		on[i], _, _ = strings.Cut(order[i], " ")
	}
	return query{sql: fmt.Sprintf("SELECT DISTINCT ON (%s) %s FROM %s ORDER BY %s",
		strings.Join(on, ", "), list, from, strings.Join(order, ", ")), columns: n, ordered: true}
}

// orderBy lists n columns in some order, each in some direction.
func (g *gen) orderBy(n int) []string {
	order := make([]string, n)
	for i, at := range g.Perm(n) {
		order[i] = fmt.Sprintf("%d%s%s", at+1, g.one("", " DESC"), g.one("", "", " NULLS FIRST", " NULLS LAST"))
	}
	return order
}

// union puts queries together by UNION ALL or, where they are exact, by any of the set operations.
func (g *gen) union() query {
	list := make([]kind, 1+g.IntN(3))
	for i := range list {
		list[i] = kind(g.IntN(int(kinds)))
	}
	g.exact = g.IntN(2) == 0
	arms := make([]string, 2+g.IntN(2))
	for i := range arms {
		from := g.from()
		items := make([]string, len(list))
		for j, k := range list {
			items[j] = g.expr(k, 2)
		}
		arms[i] = "SELECT " + strings.Join(items, ", ") + " FROM " + from
	}
	if !g.exact {
		return query{sql: strings.Join(arms, " UNION ALL "), columns: len(list)}
	}
	sql := arms[0]
	for _, arm := range arms[1:] {
		sql = g.one("(%s) %s %s", "%s %s %s", "%[3]s %[2]s (%[1]s)")
		sql = fmt.Sprintf(sql, arms[0], g.one("UNION", "INTERSECT", "EXCEPT")+g.one("", " ALL"), arm)
		arms[0] = sql
	}
	return query{sql: sql, columns: len(list)}
}

// top is ordered by all it selects, so that rows which tie are equal.
func (g *gen) top() query {
	g.exact = true
	from := g.from()
	list, n := g.list(2)
	sql := "SELECT " + list + " FROM " + from + " ORDER BY " + strings.Join(g.orderBy(n), ", ")
	if g.IntN(4) == 0 {
		return query{sql: sql + fmt.Sprintf(" OFFSET %d FETCH FIRST %d ROWS WITH TIES", g.IntN(4), g.IntN(10)), columns: n, ordered: true}
	}
	if g.IntN(4) > 0 {
		sql += fmt.Sprintf(" LIMIT %d", g.IntN(30))
	}
	if g.IntN(3) == 0 {
		sql += fmt.Sprintf(" OFFSET %d", g.IntN(4))
	}
	return query{sql: sql, columns: n, ordered: true}
}

// derived is a query over a grouped or plain one.
func (g *gen) derived() query {
	g.exact = true
	from := g.from()
	inner := make([]string, int(kinds))
	for k := range kinds {
		inner[k] = fmt.Sprintf("%s AS c%d", g.expr(k, 2), k)
	}
	sub := "SELECT " + g.one("", "DISTINCT ") + strings.Join(inner, ", ") + " FROM " + from
	var cols []column
	for k := range kinds {
		cols = append(cols, column{fmt.Sprintf("c%d", k), k})
	}
	g.scope = qualified("q", cols)
	if g.IntN(2) == 0 {
		key := g.leaf(text)
		if !strings.HasPrefix(key, "q.") {
			key = "q.c3"
		}
		return query{sql: fmt.Sprintf("SELECT %s, count(*), sum(%s) FROM (%s) q WHERE %s GROUP BY %s",
			key, g.expr(integer, 1), sub, g.expr(boolean, 2), key), columns: 3}
	}
	list, n := g.list(2)
	return query{sql: fmt.Sprintf("SELECT %s FROM (%s) q WHERE %s", list, sub, g.expr(boolean, 2)), columns: n}
}

// changes is a batch of DML.
func (r *round) changes(n int) []string {
	out := make([]string, n)
	for i := range out {
		t := tables[r.rnd.IntN(len(tables))]
		g := &gen{Rand: r.rnd, scope: t.columns, exact: true}
		switch g.IntN(6) {
		case 0:
			out[i] = fmt.Sprintf("DELETE FROM %s WHERE %s", t.name, g.expr(boolean, 2))
		case 1, 2:
			set := t.columns[1+g.IntN(len(t.columns)-1)]
			if t.name == "t3" {
				set = t.columns[1] // not the key: which row conflicts first is left open
			}
			out[i] = fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", t.name, set.name, g.expr(set.kind, 2), g.expr(boolean, 1))
		default:
			out[i] = r.insert(t, 1+g.IntN(5))
		}
	}
	return out
}

// insert puts n rows of few distinct values, some NULL.
func (r *round) insert(t table, n int) string {
	rows := make([]string, n)
	for i := range rows {
		vals := make([]string, len(t.columns))
		for j, c := range t.columns {
			vals[j] = r.value(c.kind)
		}
		r.key++
		switch t.name {
		case "t1":
			vals[0] = fmt.Sprint(r.key)
		case "t3":
			vals[0], vals[2] = fmt.Sprintf("'k%d'", r.key%7), fmt.Sprint(r.key/7)
		}
		rows[i] = "(" + strings.Join(vals, ", ") + ")"
	}
	return "INSERT INTO " + t.name + " VALUES " + strings.Join(rows, ", ")
}

func (r *round) value(k kind) string {
	if r.rnd.IntN(6) == 0 {
		return "NULL"
	}
	g := &gen{Rand: r.rnd, exact: true}
	return g.constant(k)
}

// round is three tables, their queries, and what happens to them.
type round struct {
	rnd *rand.Rand
	key int
}
