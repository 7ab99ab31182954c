package differential

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// accessTables are what is read by keys: of every kind of type, with NULLs, and values that are equal and look different.
var accessTables = []string{
	"CREATE TABLE p (id int PRIMARY KEY, g int, t text, n numeric, ts timestamp, b bool, f float8, k varchar(10))",
	"CREATE TABLE q (a bigint, b int, c text, d date NOT NULL, PRIMARY KEY (a, b))",
	"CREATE TABLE r (g smallint, t text, f float8)",
}

// accessIndexes are made of some of these, before or after there are rows.
var accessIndexes = []string{
	"CREATE INDEX p_g ON p (g)", "CREATE INDEX p_g_desc ON p (g DESC, id)", "CREATE INDEX p_t ON p (t, g)",
	"CREATE INDEX p_n ON p (n NULLS FIRST)", "CREATE INDEX p_ts ON p (ts DESC NULLS LAST)", "CREATE INDEX p_b ON p (b, ts)",
	"CREATE INDEX p_lower ON p (lower(t), id)", "CREATE INDEX p_part ON p (g, t) WHERE b", "CREATE INDEX p_mod ON p ((g % 3))",
	"CREATE UNIQUE INDEX p_u ON p (n, id)", "CREATE INDEX p_f ON p (f)", "CREATE INDEX p_k ON p (k text_pattern_ops)",
	"CREATE INDEX q_b ON q (b, d)", "CREATE INDEX q_c ON q (c)", "CREATE UNIQUE INDEX q_d ON q (d, a, b)",
	"CREATE INDEX r_g ON r (g)", "CREATE INDEX r_t ON r (t)", "CREATE INDEX r_f ON r (f, g)",
}

// accessModes are the settings under which each query is asked; the first ask for every way there is, the last for none.
var accessModes = [][]string{
	{"SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_indexscan = on", "SET enable_nestloop = on"},
	{"SET enable_seqscan = on", "SET enable_hashjoin = on"},
	{"SET enable_indexscan = off", "SET enable_nestloop = off"},
}

// TestAccess compares queries that can be read by keys with PostgreSQL, and with themselves read without: over random histories, inside
// transactions that have written and gone back to savepoints, at snapshots beside writers, after a kill.
func TestAccess(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TRIBUTARY_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("TRIBUTARY_TEST_SEED: %v", err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	rounds := 4
	if os.Getenv("TRIBUTARY_TEST_LONG") == "1" {
		rounds = 60
	}
	dsn := pgoracle.DSN(t)
	r := &accessRun{run: &run{T: t, ctx: t.Context(), lacking: map[string]int{}}, dsn: dsn, dir: t.TempDir(), shards: []string{"1", "2", "5"}[seed%3]}
	r.start()
	for i := range rounds {
		r.g = &accessGen{rand.New(rand.NewPCG(seed, uint64(i)))}
		r.round()
		if t.Failed() {
			t.Fatalf("round %d of seed %d", i, seed)
		}
	}
	t.Logf("%d answers with %d rows compared, %d without rows, %d where PostgreSQL raises an error", r.compared, r.rows, r.empty, r.both)
	if r.compared < rounds*150 || r.empty > r.compared/2 {
		t.Errorf("too few answers to compare")
	}
}

type accessRun struct {
	*run
	g              *accessGen
	dsn, dir       string
	shards         string
	server         *harness.Server
	other, pgOther *pgx.Conn // who reads at a snapshot meanwhile
}

// start opens the server, or opens it again.
func (r *accessRun) start() {
	r.server = harness.Start(r.T, r.dir, "--shards="+r.shards, "--min-shard-rows=1", "--workers=5")
	r.ours, r.other = r.server.Connect(r.T), r.server.Connect(r.T)
	r.oracle, r.pgOther = pgoracle.Connect(r.T, r.dsn), pgoracle.Connect(r.T, r.dsn)
}

func (r *accessRun) round() {
	r.history = nil
	for _, sql := range accessTables {
		r.change(sql)
	}
	late := r.g.IntN(2) == 0
	var indexes []string
	for _, sql := range accessIndexes {
		if r.g.IntN(5) < 3 {
			indexes = append(indexes, sql)
		}
	}
	if !late {
		r.all(indexes)
	}
	r.all(r.g.inserts(30 + r.g.IntN(60)))
	if late {
		r.all(indexes)
	}
	r.ask(25)
	r.transaction()
	r.ask(10)
	if r.g.IntN(2) == 0 {
		r.server.Kill()
		r.start()
		r.ask(15)
	}
	r.change("DROP TABLE p, q, r")
}

func (r *accessRun) all(list []string) {
	for _, sql := range list {
		r.change(sql)
	}
}

// transaction asks inside one that writes, and beside it at a snapshot from before.
func (r *accessRun) transaction() {
	for _, c := range []*pgx.Conn{r.other, r.pgOther} {
		r.must(c, "BEGIN ISOLATION LEVEL REPEATABLE READ")
		r.must(c, "SELECT count(*) FROM p")
	}
	r.change("BEGIN")
	r.all(r.g.changes(8))
	r.ask(10)
	r.change("SAVEPOINT s")
	r.all(r.g.changes(6))
	r.ask(8)
	if r.g.IntN(2) == 0 {
		r.change("ROLLBACK TO s")
		r.ask(6)
		r.all(r.g.changes(3))
	}
	r.change("COMMIT")
	ours, oracle := r.ours, r.oracle
	r.ours, r.oracle = r.other, r.pgOther
	r.ask(10)
	r.must(r.other, "COMMIT")
	r.must(r.pgOther, "COMMIT")
	r.ours, r.oracle = ours, oracle
}

// ask compares some queries.
func (r *accessRun) ask(n int) {
	for range n {
		q := r.g.query()
		want, wantErr := answer(r.run, r.oracle, q)
		if wantErr != nil {
			r.Fatalf("PostgreSQL: %v\n%s", wantErr, q.sql)
		}
		for i, mode := range accessModes {
			for _, set := range mode {
				r.must(r.ours, set)
			}
			got, err := answer(r.run, r.ours, q)
			r.compared++
			r.rows += len(got)
			if len(got) == 0 {
				r.empty++
			}
			if err == nil && slices.Equal(got, want) {
				continue
			}
			plan, _ := answer(r.run, r.ours, accessQuery{sql: "EXPLAIN " + q.sql, ordered: true})
			r.Fatalf("mode %d\n%s\ngot %v\n %s\nwant\n %s\nplan\n%s\nafter\n%s", i, q.sql, err, strings.Join(got, "\n "), strings.Join(want, "\n "),
				strings.Join(plan, "\n"), strings.Join(r.history, ";\n"))
		}
	}
}

type accessQuery struct {
	sql     string
	ordered bool
}

// answer is a query's rows as texts, in their order if that is asked for.
func answer(r *run, c *pgx.Conn, q accessQuery) ([]string, error) {
	results, err := c.PgConn().Exec(r.ctx, q.sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, row := range results[0].Rows {
		parts := make([]string, len(row))
		for i, v := range row {
			if parts[i] = "NULL"; v != nil {
				parts[i] = strconv.Quote(string(v))
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	if !q.ordered {
		slices.Sort(out)
	}
	return out, nil
}

// accessGen makes statements.
type accessGen struct{ *rand.Rand }

func (g *accessGen) one(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g *accessGen) value(column string) string {
	switch column {
	case "id", "a":
		return fmt.Sprint(g.IntN(120))
	case "g", "q.b":
		return fmt.Sprint(g.IntN(12) - 2)
	case "t", "c", "k":
		return g.one("''", "'a'", "'ab'", "'abc'", "'abd'", "'b'", "'Ba'", "'zz'", "'a%'", "'ä'")
	case "n":
		return g.one("1", "1.0", "1.00", "-2.5", "0", "10.25", "'NaN'", "7")
	case "f":
		return g.one("0", "'-0'", "1.5", "-3", "'NaN'", "'Infinity'", "'-Infinity'")
	case "b":
		return g.one("true", "false")
	case "ts":
		return fmt.Sprintf("'2024-01-%02d 0%d:00'", 1+g.IntN(28), g.IntN(9))
	case "d":
		return fmt.Sprintf("'2024-02-%02d'", 1+g.IntN(28))
	}
	panic(column)
}

func (g *accessGen) orNull(column string) string {
	if g.IntN(6) == 0 {
		return "NULL"
	}
	return g.value(column)
}

func (g *accessGen) inserts(n int) (out []string) {
	for i := range n {
		out = append(out, g.insertP(i), fmt.Sprintf("INSERT INTO q VALUES (%d, %s, %s, %s) ON CONFLICT DO NOTHING", g.IntN(30), g.value("q.b"), g.orNull("c"), g.value("d")),
			fmt.Sprintf("INSERT INTO r VALUES (%s, %s, %s)", g.orNull("g"), g.orNull("t"), g.orNull("f")))
	}
	return out
}

func (g *accessGen) insertP(id int) string {
	list := []string{fmt.Sprint(id)}
	for _, c := range []string{"g", "t", "n", "ts", "b", "f", "k"} {
		list = append(list, g.orNull(c))
	}
	return "INSERT INTO p VALUES (" + strings.Join(list, ", ") + ") ON CONFLICT (id) DO NOTHING"
}

func (g *accessGen) changes(n int) (out []string) {
	for range n {
		switch g.IntN(6) {
		case 0:
			out = append(out, g.insertP(g.IntN(150)))
		case 1:
			out = append(out, "DELETE FROM p WHERE "+g.cond("p"))
		case 2:
			c := g.one("g", "t", "n", "ts", "b", "f", "k")
			out = append(out, fmt.Sprintf("UPDATE p SET %s = %s WHERE id IN (%d, %d, %d)", c, g.orNull(c), g.IntN(90), g.IntN(90), g.IntN(90)))
		case 3:
			out = append(out, fmt.Sprintf("UPDATE p SET id = id + 1000, g = %s WHERE id = %d", g.orNull("g"), g.IntN(90)))
		case 4:
			out = append(out, fmt.Sprintf("UPDATE q SET c = %s WHERE a > %d AND b = %s", g.orNull("c"), g.IntN(30), g.value("q.b")))
		case 5:
			out = append(out, fmt.Sprintf("DELETE FROM r WHERE t = %s AND g > 7", g.value("t")), fmt.Sprintf("INSERT INTO r VALUES (%s, %s, %s)", g.orNull("g"), g.orNull("t"), g.orNull("f")))
		}
	}
	return out
}

// cond is about one row of a table.
func (g *accessGen) cond(table string) string {
	columns := map[string][]string{"p": {"id", "g", "t", "n", "ts", "b", "f", "k"}, "q": {"a", "q.b", "c", "d"}, "r": {"g", "t", "f"}}[table]
	c := columns[g.IntN(len(columns))]
	name, op := table+"."+strings.TrimPrefix(c, "q."), g.one("=", "<", "<=", ">", ">=", "=")
	switch g.IntN(12) {
	case 0:
		return fmt.Sprintf("%s BETWEEN %s AND %s", name, g.value(c), g.value(c))
	case 1:
		return fmt.Sprintf("%s IN (%s, %s, %s)", name, g.value(c), g.value(c), g.value(c))
	case 2:
		if table == "p" {
			return fmt.Sprintf("p.id = ANY (ARRAY[%s, %s, NULL, %s]::%s[])", g.value("id"), g.value("id"), g.value("id"), g.one("int", "bigint", "smallint"))
		}
	case 3:
		return name + g.one(" IS NULL", " IS NOT NULL")
	case 4:
		if table == "p" {
			return fmt.Sprintf("p.%s LIKE '%s'", g.one("t", "k"), g.one("a%", "ab_", "a\\%%", "%b", "abc", "", "zz%"))
		}
	case 5:
		switch table {
		case "p":
			return g.one(fmt.Sprintf("(p.g, p.id) %s (%s, %s)", g.one("<", "<=", ">", ">="), g.value("g"), g.value("id")),
				fmt.Sprintf("(p.t, p.g, p.id) %s (%s, %s, %s)", g.one("<", "<=", ">", ">="), g.value("t"), g.orNull("g"), g.value("id")))
		case "q":
			return fmt.Sprintf("(q.a, q.b) %s (%s, %s)", g.one("<", "<=", ">", ">="), g.value("a"), g.value("q.b"))
		}
	case 6:
		if table == "p" {
			return g.one("lower(p.t) = "+g.value("t"), "p.g % 3 = 1", "p.g > 3 AND p.b", "lower(p.t) > "+g.value("t"))
		}
	case 7:
		if table == "p" {
			return fmt.Sprintf("p.id %s %s::%s", op, g.value("id"), g.one("bigint", "smallint", "numeric"))
		}
	}
	return fmt.Sprintf("%s %s %s", name, op, g.value(c))
}

func (g *accessGen) conds(table string) string {
	list := []string{g.cond(table)}
	for g.IntN(2) == 0 {
		list = append(list, g.cond(table))
	}
	return strings.Join(list, g.one(" AND ", " AND ", " AND ", " OR "))
}

// key is how p is joined with q.
func (g *accessGen) key() string {
	return g.one("q.a = p.id", "q.a = p.g AND q.b = p.g", "q.b = p.g", "q.c = p.t", "q.a = p.id AND q.b > p.g", "q.b = p.g AND q.d > p.ts", "q.c = p.k AND q.a > 3",
		"q.a = p.g AND q.b = 3", "q.a = p.g + 1")
}

func (g *accessGen) query() accessQuery {
	k := g.one("g", "t", "n", "ts", "b", "f", "k", "id", "lower(t)", "g % 3")
	dir := g.one("", " DESC", " NULLS FIRST", " DESC NULLS LAST")
	switch g.IntN(15) {
	case 0, 1:
		return accessQuery{"SELECT * FROM " + g.one("p WHERE "+g.conds("p"), "q WHERE "+g.conds("q"), "r WHERE "+g.conds("r")), false}
	case 2, 3:
		limit := g.one("", fmt.Sprintf(" LIMIT %d", g.IntN(6)), fmt.Sprintf(" LIMIT %d OFFSET %d", g.IntN(20), g.IntN(4)))
		return accessQuery{fmt.Sprintf("SELECT id, %s FROM p WHERE %s ORDER BY %s%s, id%s%s", k, g.conds("p"), k, dir, g.one("", " DESC"), limit), true}
	case 4:
		return accessQuery{fmt.Sprintf("SELECT id, g, t FROM p ORDER BY %s%s, id LIMIT %d", k, dir, 1+g.IntN(20)), true}
	case 5:
		where := g.one("", " WHERE "+g.conds("p"))
		return accessQuery{fmt.Sprintf("SELECT %s(%s) FROM p%s", g.one("min", "max"), g.one("id", "g", "t", "ts"), where), true}
	case 6:
		return accessQuery{fmt.Sprintf("SELECT a, b, c FROM q WHERE %s ORDER BY a%s, b LIMIT 7", g.conds("q"), g.one("", " DESC")), true}
	case 7:
		join := g.one("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
		on := g.key()
		if join == "FULL JOIN" {
			on = "q.b = p.g"
		}
		return accessQuery{fmt.Sprintf("SELECT * FROM p %s q ON %s WHERE %s", join, on, g.one(g.conds("p"), g.conds("p"), "true")), false}
	case 8:
		return accessQuery{fmt.Sprintf("SELECT p.* FROM p WHERE %s (SELECT 1 FROM q WHERE %s AND %s)", g.one("EXISTS", "NOT EXISTS"), g.key(), g.cond("q")), false}
	case 9:
		return accessQuery{fmt.Sprintf("SELECT * FROM p WHERE %s %s (SELECT %s FROM q WHERE %s)", "id", g.one("IN", "NOT IN"), "a::int", g.conds("q")), false}
	case 10:
		return accessQuery{fmt.Sprintf("SELECT id, (SELECT %s FROM q WHERE %s) FROM p WHERE %s", g.one("max(d)", "count(*)", "min(c)"), g.key(), g.conds("p")), false}
	case 14:
		return accessQuery{fmt.Sprintf("SELECT * FROM p WHERE g %s (SELECT %s FROM q WHERE %s) AND %s", g.one("<", ">", "="), g.one("max(b)", "count(*)", "min(a)::int"), g.key(), g.cond("p")), false}
	case 11:
		return accessQuery{fmt.Sprintf("SELECT q.a, q.b, x.id FROM q, LATERAL (SELECT id FROM p WHERE %s ORDER BY id%s LIMIT %d) x WHERE %s",
			g.key(), g.one("", " DESC"), 1+g.IntN(3), g.conds("q")), false}
	case 12:
		return accessQuery{fmt.Sprintf("SELECT p.id, q.a, q.b, r.f FROM p JOIN q ON %s LEFT JOIN r ON r.g = p.g AND r.t = q.c WHERE %s", g.key(), g.conds("p")), false}
	}
	return accessQuery{fmt.Sprintf("SELECT q.a, (SELECT p.t FROM p WHERE p.id = q.b) FROM q WHERE %s", g.conds("q")), false}
}
