package bind

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// outcome is what describing a statement gives: columns and parameters, or an error code.
type outcome struct {
	names  []string
	types  []uint32
	params []uint32
	code   string
	detail string
	pos    int
}

func (o outcome) String() string {
	if o.code != "" {
		return fmt.Sprintf("%s %s at %d", o.code, o.detail, o.pos)
	}
	var b strings.Builder
	for i := range o.names {
		fmt.Fprintf(&b, "%s %s, ", o.names[i], sqltype.OID(o.types[i]))
	}
	fmt.Fprintf(&b, "params %v", o.params)
	return b.String()
}

func (o outcome) equal(p outcome) bool {
	return o.code == p.code && slices.Equal(o.names, p.names) && slices.Equal(o.types, p.types) && slices.Equal(o.params, p.params)
}

// differ describes statements with PostgreSQL and with the binder and collects the differences.
type differ struct {
	t       *testing.T
	conn    *pgx.Conn
	cat     *fakeCatalog
	checked int
	skipped map[string]int
	bad     []string
	// wider are the operators and functions that PostgreSQL has for types which are not here
	// as well: what is ambiguous there may be plain here.
	wider map[string]bool
	texts bool // compare the errors' texts and positions as well
}

func newDiffer(t *testing.T) *differ {
	conn := pgoracle.Start(t)
	d := &differ{t: t, conn: conn, cat: testCatalog(), skipped: map[string]int{}}
	d.findWider()
	for _, r := range d.cat.rels {
		if len(r.Columns) == 0 {
			continue
		}
		var cols []string
		for _, c := range r.Columns {
			name := c.Type.String()
			if c.Type.OID == sqltype.BPChar {
				name = "bpchar"
			}
			if c.NotNull {
				name += " not null"
			}
			cols = append(cols, c.Name+" "+name)
		}
		if len(r.PrimaryKey) > 0 && r.Kind == "table" {
			cols = append(cols, "primary key ("+r.Columns[r.PrimaryKey[0]].Name+")")
		}
		if _, err := conn.Exec(context.Background(), "CREATE TABLE "+r.Name+" ("+strings.Join(cols, ", ")+")"); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *differ) findWider() {
	d.wider = map[string]bool{}
	rows, err := d.conn.Query(context.Background(), `
		SELECT oprname, array[oprleft, oprright]::oid[] FROM pg_operator
		UNION ALL SELECT proname, proargtypes::oid[] FROM pg_proc`)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var args []uint32
		if err := rows.Scan(&name, &args); err != nil {
			d.t.Fatal(err)
		}
		for _, a := range args {
			if a != 0 && builtin.TypeByOID(sqltype.OID(a)) == nil {
				d.wider[name] = true
			}
		}
	}
	if err := rows.Err(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *differ) postgres(sql string) outcome {
	sd, err := d.conn.PgConn().Prepare(context.Background(), "", sql, nil)
	if err != nil {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			d.t.Fatalf("%s: %v", sql, err)
		}
		return outcome{code: e.Code, detail: e.Message, pos: int(e.Position)}
	}
	o := outcome{params: sd.ParamOIDs}
	for _, f := range sd.Fields {
		o.names = append(o.names, f.Name)
		o.types = append(o.types, f.DataTypeOID)
	}
	return o
}

func (d *differ) ours(sql string) outcome {
	q, err := d.bind(sql)
	if err != nil {
		o := outcome{code: string(sqlerr.CodeOf(err)), detail: err.Error()}
		var e *sqlerr.Error
		if errors.As(err, &e) && e.Location > 0 {
			o.pos = parse.Position(sql, e.Location-1)
		}
		return o
	}
	o := outcome{}
	for _, f := range q.Fields {
		o.names = append(o.names, f.Name)
		o.types = append(o.types, uint32(f.Type.OID))
	}
	for _, p := range q.Params {
		o.params = append(o.params, uint32(p.OID))
	}
	return o
}

func (d *differ) bind(sql string) (*plan.Query, error) {
	stmts, err := parse.Parse(sql)
	if err != nil {
		return nil, err
	}
	switch s := stmts[0].Body.(type) {
	case *parse.Select:
		return Query(s.Query, d.cat, Options{})
	case *parse.Insert:
		p, err := Insert(s, d.cat, Options{})
		if err != nil {
			return nil, err
		}
		return &plan.Query{Params: p.Source.Params}, nil
	case *parse.Update:
		p, err := Update(s, d.cat, Options{})
		if err != nil {
			return nil, err
		}
		return &plan.Query{Params: p.Source.Params}, nil
	}
	return nil, fmt.Errorf("no test for %T", stmts[0].Body)
}

// check compares one statement about the operator or function called name. What this server says it does not have (0A000), and results of
// types that it does not have, are counted apart.
func (d *differ) check(name, sql string) {
	ours := d.ours(sql)
	if ours.code == string(sqlerr.FeatureNotSupported) {
		d.skipped["not supported here"]++
		return
	}
	pg := d.postgres(sql)
	for _, t := range slices.Concat(pg.types, pg.params) {
		if b := builtin.TypeByOID(sqltype.OID(t)); b == nil || b.Kind == 'p' {
			d.skipped["type not here"]++
			return
		}
	}
	if d.wider[name] && (pg.code == string(sqlerr.AmbiguousFunction) || strings.Contains(sql, "NULL") || strings.Contains(sql, "$1")) && !ours.equal(pg) {
		d.skipped["more candidates there"]++
		return
	}
	d.checked++
	if !ours.equal(pg) || (d.texts && (ours.detail != pg.detail || ours.pos != pg.pos)) {
		d.bad = append(d.bad, fmt.Sprintf("%s\n   PostgreSQL: %s\n   ours:       %s", sql, pg, ours))
	}
}

func (d *differ) report(allowed int) {
	d.t.Helper()
	d.t.Logf("%d statements agree, %d differ, skipped %v", d.checked-len(d.bad), len(d.bad), d.skipped)
	if len(d.bad) <= allowed {
		return
	}
	sort.Strings(d.bad)
	shown := d.bad
	if os.Getenv("ALL_DIFFERENCES") == "" && len(shown) > 25 {
		shown = shown[:25]
	}
	d.t.Errorf("%d differences:\n%s", len(d.bad), strings.Join(shown, "\n"))
}

func columnTypes() []string {
	return []string{"bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "bytea", "date", "time", "timestamp", "timestamptz", "interval", "uuid", "jsonb", "json", "name", "oid", "inet", "timetz", "varbit", "money", "int4range", "nummultirange"}
}

// sample keeps about one statement in n, the same ones in every run.
func sample(n int) func() bool {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	return func() bool { return r.IntN(n) == 0 }
}

func TestOracleOperators(t *testing.T) {
	d := newDiffer(t)
	names := map[string]bool{}
	for _, o := range builtin.Operators() {
		names[o.Name] = true
	}
	ops := make([]string, 0, len(names))
	for n := range names {
		ops = append(ops, n)
	}
	sort.Strings(ops)
	keep := sample(6)
	for _, op := range ops {
		for _, a := range columnTypes() {
			d.check(op, fmt.Sprintf("SELECT %s c_%s FROM types", op, a))
			d.check(op, fmt.Sprintf("SELECT c_%s %s $1 FROM types", a, op))
			d.check(op, fmt.Sprintf("SELECT $1 %s c_%s FROM types", op, a))
			d.check(op, fmt.Sprintf("SELECT c_%s %s NULL FROM types", a, op))
			for _, b := range columnTypes() {
				if keep() {
					d.check(op, fmt.Sprintf("SELECT c_%s %s c_%s FROM types", a, op, b))
				}
			}
		}
	}
	d.report(0)
}

func TestOracleFunctions(t *testing.T) {
	d := newDiffer(t)
	names := map[string]bool{}
	for _, f := range builtin.Funcs() {
		if f.OID < builtin.FirstOwnOID || f.OID > builtin.LastOwnOID {
			names[f.Name] = true
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	types := columnTypes()
	keep1, keep2, keep3 := sample(4), sample(60), sample(3)
	for _, f := range list {
		if strings.HasPrefix(f, "pg_") {
			continue // of the server's administration, with defaults that are not kept
		}
		if f == "nextval" || f == "currval" || f == "setval" {
			continue // a parameter is the sequence's name here, a text: no client has the OID of a name at hand
		}
		if strings.Contains(f, "_populate_record") {
			continue // what is no row is refused before the statement runs, not when it does
		}
		name := `"` + f + `"`
		d.check(f, fmt.Sprintf("SELECT %s() FROM types", name))
		d.check(f, fmt.Sprintf("SELECT %s(NULL) FROM types", name))
		if keep3() {
			d.check(f, fmt.Sprintf("SELECT %s($1) FROM types", name))
			d.check(f, fmt.Sprintf("SELECT %s($1, NULL) FROM types", name))
		}
		for _, a := range types {
			if keep1() {
				d.check(f, fmt.Sprintf("SELECT %s(c_%s) FROM types", name, a))
				d.check(f, fmt.Sprintf("SELECT %s(c_%s, $1) FROM types", name, a))
			}
			for _, b := range types {
				if keep2() {
					d.check(f, fmt.Sprintf("SELECT %s(c_%s, c_%s) FROM types", name, a, b))
				}
			}
		}
	}
	d.report(0)
}

func TestOracleTypes(t *testing.T) {
	d := newDiffer(t)
	for _, a := range columnTypes() {
		d.check("", fmt.Sprintf("SELECT c_%s::text, -c_%s FROM types", a, a))
		d.check("", fmt.Sprintf("SELECT sum(c_%s) FROM types", a))
		d.check("", fmt.Sprintf("SELECT count(DISTINCT c_%s), max(c_%s) FROM types GROUP BY c_%s ORDER BY 1", a, a, a))
		d.check("", fmt.Sprintf("INSERT INTO types (c_%s) VALUES ($1)", a))
		for _, b := range columnTypes() {
			for _, form := range []string{
				"SELECT c_%s::%s FROM types",
				"SELECT CASE WHEN true THEN c_%s ELSE c_%s END FROM types",
				"SELECT coalesce(c_%s, c_%s, NULL) FROM types",
				"SELECT c_%s FROM types UNION ALL SELECT c_%s FROM types",
				"SELECT greatest(c_%s, NULL, c_%s) FROM types",
				"SELECT nullif(c_%s, c_%s) FROM types",
				"SELECT c_%s IN (c_%s, NULL) FROM types",
				"SELECT c_%s IN (NULL, CAST(NULL AS %s), $1) FROM types",
				"INSERT INTO types (c_%[2]s) SELECT c_%[1]s FROM types",
				"INSERT INTO types (c_%[2]s) VALUES (NULL::%[1]s)",
				"UPDATE types SET c_%[2]s = c_%[1]s",
				"SELECT x.c_%s FROM types x JOIN types y ON x.c_%[1]s = y.c_%[2]s",
			} {
				if strings.HasPrefix(form, "SELECT greatest") && a == "json" && b == "json" {
					continue // refused here when bound, there when run
				}
				d.check("", fmt.Sprintf(form, a, b))
			}
		}
	}
	d.report(0)
}

// TestOracleStatements compares whole statements: names, clauses, and the errors of each.
func TestOracleStatements(t *testing.T) {
	d := newDiffer(t)
	d.texts = true
	for _, sql := range strings.Split(strings.TrimSpace(oracleStatements), "\n") {
		d.check("", sql)
	}
	if n := d.skipped["not supported here"]; n > 0 {
		t.Errorf("%d statements of the list are not supported", n)
	}
	d.report(0)
}

const oracleStatements = `
SELECT * FROM t
SELECT t.*, u.x FROM t, u
SELECT public.t.id FROM t
SELECT public.t.id FROM t AS z
SELECT a.id FROM t a CROSS JOIN u b
SELECT id FROM t a, u b
SELECT * FROM t JOIN u USING (id)
SELECT id, t.id, u.id FROM t JOIN u USING (id)
SELECT j.id FROM (t JOIN u USING (id)) AS j
SELECT t.id FROM (t JOIN u USING (id)) AS j
SELECT * FROM t NATURAL JOIN u
SELECT * FROM t JOIN u USING (zz)
SELECT * FROM t JOIN u USING (x)
SELECT * FROM t JOIN u ON t.id = u.id AND zz = 1
SELECT * FROM t JOIN u ON t.id
SELECT z.q FROM t AS z (q, w)
SELECT z.a FROM t AS z (q, w)
SELECT z.b FROM t AS z (a1, a2, a3, a4, a5, a6, a7, a8)
SELECT x.* FROM (SELECT 1 AS a, 'b' AS b) AS x
SELECT x.a || 'c' FROM (SELECT 'a' AS a) AS x
SELECT x.column1 + 1 FROM (VALUES (1), (2.5)) AS x
SELECT x.q FROM (VALUES (1, 'a'), (2, NULL)) AS x (p, q)
SELECT * FROM (VALUES (1), (1, 2)) AS x
VALUES (1, $1), ($2, 'a')
VALUES (1), ('x')
VALUES (1), (true)
WITH q AS (SELECT a FROM t) SELECT * FROM q
WITH q (z) AS (SELECT a FROM t) SELECT z FROM q
WITH q AS (SELECT 1), q AS (SELECT 2) SELECT 1
WITH q AS (SELECT a FROM t), r AS (SELECT a + 1 AS b FROM q) SELECT r.b, q.a FROM q, r
SELECT 1 AS a UNION SELECT 2.5 ORDER BY a
SELECT 1 AS a UNION SELECT 2.5 ORDER BY b
SELECT 1 AS a UNION ALL SELECT NULL UNION ALL SELECT 3.5
SELECT 'a' UNION SELECT 1
SELECT 'a' UNION SELECT b FROM t
SELECT NULL UNION SELECT NULL UNION SELECT 1
SELECT $1 UNION SELECT 1
SELECT 1, 2 UNION SELECT 1
SELECT 1 UNION SELECT true
(SELECT a FROM t ORDER BY b LIMIT 1) UNION ALL SELECT 1
SELECT a, count(*) FROM t GROUP BY a
SELECT a, count(*) FROM t GROUP BY 1
SELECT a AS z, count(*) FROM t GROUP BY z
SELECT a AS b, count(*) FROM t GROUP BY b
SELECT a + 1, count(*) FROM t GROUP BY a + 1
SELECT a + 2, count(*) FROM t GROUP BY a + 1
SELECT a, count(*) FROM t GROUP BY b
SELECT * FROM t GROUP BY id
SELECT t.b, u.b FROM t, u GROUP BY t.id
SELECT t.b, u.b FROM t, u GROUP BY t.id, u.b
SELECT count(*) FROM t GROUP BY 2
SELECT count(*) FROM t GROUP BY 1
SELECT count(*) FROM t GROUP BY 'x'
SELECT count(*) FROM t GROUP BY NULL
SELECT count(*) FROM t HAVING a > 1
SELECT count(*) FROM t HAVING count(*) > 1
SELECT 1 FROM t HAVING true
SELECT a FROM t HAVING true
SELECT count(*) FROM t WHERE count(*) > 1
SELECT sum(count(*)) FROM t
SELECT count(DISTINCT a), sum(DISTINCT c) FROM t
SELECT count(a) FILTER (WHERE b = 'x') FROM t
SELECT count(a) FILTER (WHERE b) FROM t
SELECT count(a) FILTER (WHERE count(*) > 1) FROM t
SELECT count() FROM t
SELECT count(a, b) FROM t
SELECT sum(*) FROM t
SELECT lower(*) FROM t
SELECT lower(DISTINCT b) FROM t
SELECT lower(b) FILTER (WHERE f) FROM t
SELECT max(b), min(e), avg(d), sum(a), sum(c), sum(d), bool_and(f) FROM t
SELECT DISTINCT a, b FROM t ORDER BY b
SELECT DISTINCT a FROM t ORDER BY b
SELECT DISTINCT a + 1 FROM t ORDER BY a + 1
SELECT a FROM t ORDER BY 1, b DESC NULLS LAST
SELECT a FROM t ORDER BY 2
SELECT a FROM t ORDER BY 'x'
SELECT a AS x, b AS x FROM t ORDER BY x
SELECT a AS x, a AS x FROM t ORDER BY x
SELECT a AS b FROM t ORDER BY b || 'x'
SELECT a FROM t ORDER BY count(*)
SELECT a FROM t LIMIT 1 OFFSET 2
SELECT a FROM t LIMIT $1 OFFSET $2
SELECT a FROM t LIMIT 'x'
SELECT a FROM t LIMIT '5'
SELECT a FROM t LIMIT true
SELECT a FROM t LIMIT a
SELECT a FROM t LIMIT 2.5
SELECT a FROM t LIMIT ALL
SELECT a FROM t FETCH FIRST 3 ROWS ONLY
SELECT a FROM t WHERE b
SELECT a FROM t WHERE 't'
SELECT a FROM t WHERE 'zz'
SELECT a FROM t WHERE $1
SELECT a FROM t WHERE NULL
SELECT a FROM t WHERE a = '5' AND e > '2020-01-01' AND c = '1.5' AND f = 'yes'
SELECT a FROM t WHERE a = '5x'
SELECT a FROM t WHERE e > 'yesterdayish'
SELECT a FROM t WHERE c = 'abc'
SELECT a FROM t WHERE a = $1 OR b = $2 OR c < $3 OR e >= $4
SELECT a FROM t WHERE $1 = $2
SELECT $1
SELECT $1 + 1, $2 || 'x', $3::date
SELECT $1 + $1
SELECT $1::int, $1::text
SELECT $1::int + $1
SELECT $2
SELECT a FROM t WHERE a IN ($1, $2) AND b IN ($3, 'x')
SELECT a BETWEEN 1 AND 2.5, a NOT BETWEEN $1 AND $2, a BETWEEN SYMMETRIC 5 AND b::int FROM t
SELECT a IS NULL, a IS NOT NULL, f IS TRUE, f IS NOT UNKNOWN, a IS DISTINCT FROM 3, b IS NOT DISTINCT FROM NULL FROM t
SELECT a IS TRUE FROM t
SELECT NULL IS NULL, NULL IS TRUE
SELECT b LIKE 'x%', b NOT ILIKE $1, b LIKE b ESCAPE '!', b SIMILAR TO 'x' FROM t
SELECT a LIKE 'x' FROM t
SELECT CASE WHEN a > 1 THEN 'x' END, CASE a WHEN 1 THEN 2.5 ELSE 3 END FROM t
SELECT CASE a WHEN 'x' THEN 1 END FROM t
SELECT CASE WHEN 1 THEN 2 END
SELECT CASE WHEN true THEN NULL END, CASE WHEN true THEN '1' ELSE 2 END
SELECT COALESCE(a, 'x') FROM t
SELECT COALESCE(NULL, NULL), COALESCE(a, 1.5), COALESCE(b, 'x') FROM t
SELECT NULLIF(a, 1), NULLIF(b, 'x'), NULLIF(1, 2.5), NULLIF('a', 'b'), NULLIF(NULL, 1)
SELECT NULLIF(a, 'x') FROM t
SELECT GREATEST(1, 2.5, NULL), LEAST('a', 'b')
SELECT 1 = 1.5, 1 + 1.5, 1 / 2, 1::int8 + 1, 1::int2 + 1::int2, 2 ^ 3, 5 % 3, -5, +5, @ -5, |/ 4
SELECT 'a' || 'b', 'a' || 1, 1 || 'a', 1 || 2
SELECT 'a' + 1
SELECT '1' + 1, '1' + '1'
SELECT 1 < 'x'
SELECT - 'x'
SELECT NOT 1
SELECT 1 AND true
SELECT 9223372036854775807, 9223372036854775808, 2147483648, 1e5, .5, 007
SELECT '2020-01-01'::date + 1, date '2020-01-01' - date '2019-01-01', timestamp '2020-01-01' - interval '1 day'
SELECT interval '1' hour, interval '1-2' year to month, interval(3) '1.5 s', '1 day'::interval * 2
SELECT e - e, e + interval '1 s', e::date, e::time, e::text, extract(epoch FROM e), date_trunc('hour', e) FROM t
SELECT extract(foo FROM b) FROM t
SELECT substring(b FROM 2 FOR 3), substring(b, 2), trim(both 'x' FROM b), ltrim(b), position('a' IN b), overlay(b PLACING 'x' FROM 1) FROM t
SELECT e AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', timezone('UTC', e) FROM t
SELECT current_date, current_timestamp, localtimestamp, current_timestamp(3), localtime
SELECT current_user, session_user, user, current_catalog, current_schema, current_role
SELECT CAST(a AS text), a::varchar(3), c::numeric(5,2), b::char(2), '1'::int2 FROM t
SELECT 'x'::int, 'abc'::numeric
SELECT '2020-13-45'::date
SELECT 1::bool, true::int, 1.5::int, 'yes'::bool, 1::text
SELECT 1.5::bool
SELECT a::date FROM t
SELECT b::int, b::date, c::float4, d::numeric FROM t
SELECT 1::foo
SELECT 1::numeric(0)
SELECT 1::numeric(1001)
SELECT 'a'::varchar(0)
SELECT 1::int(3)
SELECT a::numeric(5, 2) + 1 FROM t
SELECT int4(1.5), text(5), date('2020-01-01'), float8(a), bool('t') FROM t
SELECT foo(1)
SELECT length(1)
SELECT length()
SELECT abs('x')
SELECT abs('1'), sqrt('4'), round(2.5), round(2.567, 2), round('2.5')
SELECT lower('A'), upper(b), concat(a, b, 1, NULL), concat_ws(',', a, b), coalesce(b, '') FROM t
SELECT nope.t.a FROM t
SELECT t.a.b FROM t
SELECT a.b FROM t
SELECT zz.* FROM t
SELECT *
SELECT nosuch FROM t
SELECT * FROM nosuch
SELECT * FROM nosuch.t
SELECT t.nosuch FROM t
SELECT 1 FROM t, t
SELECT 1 FROM t a, u a
SELECT make_interval(hours => 2), make_interval(1, mins => 30), make_interval(secs => 1.5, days => 2)
SELECT make_interval(hours => 2, hours => 3)
SELECT make_interval(hours => 2, 3)
SELECT make_interval(nosuch => 2)
SELECT make_interval(1, years => 2)
SELECT (a, b) = (1, 'x'), (a, b) <> (1, 'x'), (a, b, c) < (1, 'x', 2), (a, c) >= (1, $1) FROM t
SELECT (a, b) = (1, 2, 3) FROM t
SELECT (a, b) < (1, 2) FROM t
SELECT (a, b) IN ((1, 'x'), (2, 'y')), (a, b) NOT IN ((1, 'x')) FROM t
SELECT a, (SELECT max(x) FROM u) FROM t WHERE a > (SELECT avg(x) FROM u)
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u) AND id IN (SELECT x FROM u) AND b IN (SELECT b FROM u)
SELECT EXISTS (SELECT 1), (SELECT b FROM u LIMIT 1), (SELECT 1 AS q)
SELECT (SELECT x, id FROM u LIMIT 1) FROM t
SELECT a FROM t WHERE id IN (SELECT x, id FROM u)
SELECT a FROM t WHERE b IN (SELECT x FROM u)
SELECT a FROM t WHERE (SELECT 1)
SELECT a FROM t WHERE zz IN (SELECT x FROM u)
SELECT a FROM t WHERE id IN (SELECT zz FROM u)
SELECT b, count(*) FROM t GROUP BY b HAVING count(*) > (SELECT count(*) FROM u) ORDER BY (SELECT 1)
INSERT INTO t (id) VALUES (1)
INSERT INTO t VALUES (1, 2, 'x', 4, 5, '2020-01-01', true)
INSERT INTO t VALUES (1, 2, 'x', 4, 5, '2020-01-01', true, 9)
INSERT INTO t (id, a) VALUES (1)
INSERT INTO t (id) VALUES (1, 2)
INSERT INTO t (id, zz) VALUES (1, 2)
INSERT INTO t (id, id) VALUES (1, 2)
INSERT INTO t (id, a) SELECT 1, '2'
INSERT INTO t (id, a) SELECT 1, b FROM t
INSERT INTO t (id, a) SELECT id, x FROM u
INSERT INTO t (id, a) SELECT id FROM u
INSERT INTO t (id, b) VALUES (1, 5), (2, 'x'), ($1, $2)
INSERT INTO t (id, e) VALUES (1, 'nonsense')
INSERT INTO t (id, e) VALUES (1, 5)
INSERT INTO t (id, c, d) VALUES ('1', '2.5', $1)
INSERT INTO t (id, a) VALUES (1, DEFAULT), (DEFAULT, 2)
INSERT INTO t (id, a) VALUES (1, 2.7), (2, 1e3)
INSERT INTO t (id, a) VALUES (a, 1)
INSERT INTO t (id, a) VALUES (count(*), 1)
INSERT INTO t DEFAULT VALUES
INSERT INTO nosuch VALUES (1)
INSERT INTO t (id, a) SELECT $1, $2
INSERT INTO t (id, a) SELECT 1, NULL UNION ALL SELECT 2, 3
INSERT INTO t (id, b) SELECT 1, 'x' UNION SELECT 2, 'y'
INSERT INTO t (id, b) VALUES (1, 2), (3)
UPDATE t SET a = 1
UPDATE t SET a = a + 1, b = b || 'x' WHERE id = $1
UPDATE t SET a = 'x'
UPDATE t SET a = '5', e = '2020-01-01', c = $1
UPDATE t SET a = b
UPDATE t SET zz = 1
UPDATE t SET a = 1, a = 2
UPDATE t SET (a, b) = (1, 'x')
UPDATE t SET (a, b) = (1, 'x', 3)
UPDATE t AS z SET a = z.id
UPDATE t AS z SET a = t.id
UPDATE t SET a = DEFAULT WHERE b
UPDATE t SET a = count(*)
UPDATE nosuch SET a = 1
`
