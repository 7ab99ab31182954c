package generated

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// sorted are the names of types that values has.
func sorted(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// harmful are functions that do what is asked of them to the session or to the server.
var harmful = []string{"pg_terminate_backend", "pg_cancel_backend", "set_config", "pg_sleep_until", "pg_advisory_", "pg_try_advisory_", "pg_sleep", "pg_reload_conf", "pg_notify"}

// TestStatements runs what the grammar writes.
func TestStatements(t *testing.T) {
	d := newDriver(t)
	d.schema()
	d.supported()
	seed := number(t, "TRIBUTARY_TEST_SEED", usualSeed(time.Now().UnixNano()))
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	g := &grammar{Rand: rand.New(rand.NewPCG(uint64(seed), 0))}
	d.learn(g)
	for i := range number(t, "TRIBUTARY_TEST_STATEMENTS", 1000) {
		if i%50 == 0 || d.aborted {
			d.run("ROLLBACK")
			d.aborted = false
		}
		if i%50 == 0 {
			d.behind()
			d.relations(g)
		}
		d.run(g.statement())
	}
	d.told()
	if d.codes["00000"] == 0 {
		t.Error("no statement ran")
	}
}

func (g *grammar) statement() string {
	var sql string
	g.scope, g.depth = nil, 0
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		sql = g.query("")
	case 4, 5, 6:
		sql = g.ddl()
	case 7, 8:
		sql = g.dml()
	default:
		sql = g.control()
	}
	if g.IntN(15) == 0 {
		return g.torn(sql)
	}
	return sql
}

// learn reads which functions and operators there are.
func (d *driver) learn(g *grammar) {
	d.Helper()
	g.functions, g.operators = map[string][]function{}, map[string][]function{}
	d.rows(`SELECT quote_ident(proname), format_type(prorettype, NULL), proretset,
		COALESCE((SELECT string_agg(format_type(a.oid, NULL), ';' ORDER BY a.at) FROM unnest(proargtypes) WITH ORDINALITY AS a (oid, at)), '')
		FROM smith.pg_proc WHERE prokind = 'f' ORDER BY oid`, func(v []string) {
		if slices.ContainsFunc(harmful, func(p string) bool { return strings.HasPrefix(v[0], p) }) {
			return
		}
		f := function{name: v[0], args: split(v[3])}
		if v[2] == "t" {
			g.sets = append(g.sets, f)
			return
		}
		g.functions[poly(v[1])] = append(g.functions[poly(v[1])], f)
	})
	d.rows(`SELECT oprname, format_type(oprresult, NULL), format_type(oprleft, NULL), format_type(oprright, NULL) FROM smith.pg_operator ORDER BY oid`, func(v []string) {
		g.operators[v[1]] = append(g.operators[v[1]], function{name: v[0], args: []string{poly(v[2]), poly(v[3])}})
	})
}

// poly puts one type where a function takes any.
func poly(kind string) string {
	switch kind {
	case "anyelement", "anycompatible", "anynonarray", "\"any\"":
		return "integer"
	case "anyarray", "anycompatiblearray":
		return "integer[]"
	case "anyrange", "anycompatiblerange":
		return "int4range"
	case "anymultirange", "anycompatiblemultirange":
		return "int4multirange"
	case "anyenum":
		return "mood"
	}
	return kind
}

func split(args string) []string {
	if args == "" {
		return nil
	}
	out := strings.Split(args, ";")
	for i := range out {
		out[i] = poly(out[i])
	}
	return out
}

// relations asks which relations there are now.
func (d *driver) relations(g *grammar) {
	d.Helper()
	// What would fill for ever has shown by now that it does no harm.
	d.rows(`SELECT format('DROP MATERIALIZED VIEW %I.%I CASCADE', schema, name) FROM tributary.dataflows WHERE kind = 'materialized view' AND state = 'backfilling'`,
		func(v []string) { d.run(v[0]) })
	byName, changing := map[string]int{}, map[string]bool{}
	g.relations, g.tables = nil, nil
	d.rows(`SELECT format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format_type(a.atttypid, NULL), c.relkind
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm') AND (n.nspname NOT IN ('pg_catalog', 'information_schema', 'tributary', 'smith')
		OR c.relname IN ('pg_class', 'pg_attribute', 'pg_index', 'dataflows', 'columns', 'pg_stat_activity')) ORDER BY 1, a.attnum`, func(v []string) {
		at, ok := byName[v[0]]
		if !ok {
			at = len(g.relations)
			byName[v[0]] = at
			g.relations = append(g.relations, relation{name: v[0]})
		}
		g.relations[at].columns = append(g.relations[at].columns, column{v[1], v[2]})
		if v[3] == "r" && !strings.HasSuffix(v[0], "_errors") && !strings.HasPrefix(v[0], "pg_catalog.") {
			changing[v[0]] = true
		}
	})
	for _, r := range g.relations {
		if changing[r.name] {
			g.tables = append(g.tables, r)
		}
	}
}

// rows hands on the rows of a query as texts.
func (d *driver) rows(sql string, row func([]string)) {
	d.Helper()
	c := d.server.Connect(d)
	defer func() { _ = c.Close(d.Context()) }()
	results, err := c.PgConn().Exec(d.Context(), sql).ReadAll()
	if err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
	for _, r := range results[0].Rows {
		out := make([]string, len(r))
		for i, v := range r {
			out[i] = string(v)
		}
		row(out)
	}
}
