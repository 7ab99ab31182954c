package generated

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/test/harness"
)

// TestSQLSmith runs queries that sqlsmith writes over the schema and the system catalogs.
func TestSQLSmith(t *testing.T) {
	program := harness.Tool(t, "sqlsmith")
	d := newDriver(t)
	d.schema()
	d.supported()
	count := number(t, "TRIBUTARY_TEST_STATEMENTS", 300)
	seed := number(t, "TRIBUTARY_TEST_SEED", usualSeed(int64(os.Getpid())))
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	proxy := proxied(t, d.server.PGAddr(), "pg_catalog.pg_operator", "smith.pg_operator")
	target := fmt.Sprintf("host=%s port=%d user=tributary dbname=tributary sslmode=disable "+
		"options='-c search_path=smith,pg_catalog,public -c statement_timeout=60s'", proxy.IP, proxy.Port)
	smith := exec.CommandContext(t.Context(), program, "--dry-run", "--target="+target,
		fmt.Sprintf("--seed=%d", seed), fmt.Sprintf("--max-queries=%d", count))
	out, err := smith.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := smith.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var sql strings.Builder
	for lines.Scan() {
		sql.WriteString(lines.Text() + "\n")
		if strings.HasSuffix(lines.Text(), ";") {
			d.run(adapted(sql.String()))
			sql.Reset()
		}
	}
	if err := smith.Wait(); err != nil {
		t.Errorf("sqlsmith: %v", err)
	}
	d.told()
	if d.codes["00000"] == 0 {
		t.Error("no statement ran")
	}
}

var (
	sample    = regexp.MustCompile(` tablesample (system|bernoulli) \([0-9.]+\)`)
	anyRanges = strings.NewReplacer("cast(null as anyrange)", "cast(null as int4range)", "cast(null as anymultirange)", "cast(null as int4multirange)",
		"cast(null as anyarray)", "cast(null as int4[])", "cast(null as anyelement)", "cast(null as int4)", `cast(null as "any")`, "cast(null as text)",
		"cast(null as anyenum)", "cast(null as mood)", "cast(null as anycompatible)", "cast(null as int4)", "cast(null as record)", "row(1, 'a')")
)

// adapted is a statement without what no statement here has: samples, and NULLs of types that are not of values.
func adapted(sql string) string {
	return anyRanges.Replace(sample.ReplaceAllString(sql, ""))
}

// supported makes a schema before pg_catalog in the path, whose pg_proc and pg_operator have what a call of gets another
// answer than 0A000.
func (d *driver) supported() {
	d.Helper()
	d.server.Exec(d, "CREATE SCHEMA smith")
	d.callable("pg_proc", `SELECT p.oid, 'SELECT ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' ||
		COALESCE((SELECT string_agg('NULL::' || format_type(a.oid, NULL), ', ' ORDER BY a.at) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (oid, at)), '') || ')'
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace`)
	d.callable("pg_operator", `SELECT oid, format('SELECT NULL::%s OPERATOR(pg_catalog.%s) NULL::%s', oprleft::regtype, oprname, oprright::regtype)
		FROM pg_operator WHERE 0 NOT IN (oprleft, oprright, oprresult)`)
}

// callable makes the relation of the schema smith that has the rows of one of pg_catalog whose call is known here. The
// query gives the OID of each with its call.
func (d *driver) callable(relation, query string) {
	d.Helper()
	rows, err := d.server.Connect(d).Query(d.Context(), query)
	if err != nil {
		d.Fatal(err)
	}
	calls := map[uint32]string{}
	for rows.Next() {
		var oid uint32
		var call string
		if err := rows.Scan(&oid, &call); err != nil {
			d.Fatal(err)
		}
		calls[oid] = call
	}
	if rows.Err() != nil {
		d.Fatal(rows.Err())
	}
	var known []string
	for oid, call := range calls {
		refused := d.refused()
		if d.run(call); d.refused() == refused {
			known = append(known, fmt.Sprintf("(%d)", oid))
		}
	}
	d.Logf("%d of %d rows of %s can be called", len(known), len(calls), relation)
	clear(d.codes)
	clear(d.lacking)
	d.server.Exec(d, "CREATE TABLE smith.known_"+relation+" (oid oid)", "INSERT INTO smith.known_"+relation+" VALUES "+strings.Join(known, ", "),
		fmt.Sprintf("CREATE VIEW smith.%[1]s AS SELECT * FROM pg_catalog.%[1]s WHERE oid IN (SELECT oid FROM smith.known_%[1]s)", relation))
}

// refused is how many statements so far named what is not here.
func (d *driver) refused() int { return d.codes["0A000"] + d.codes["42704"] + d.codes["42883"] }

// schema is what statements are about: a relation of every kind, columns of many types.
func (d *driver) schema() {
	d.Helper()
	b, err := os.ReadFile("testdata/schema.sql")
	if err != nil {
		d.Fatal(err)
	}
	c := d.server.Connect(d)
	if _, err := c.PgConn().Exec(d.Context(), string(b)).ReadAll(); err != nil {
		d.Fatal(err)
	}
}
