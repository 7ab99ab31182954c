package pgclients

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// restricted are lines of a dump that are others each time.
var (
	restricted = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)
	database   = regexp.MustCompile(`dbname=\S+`)
)

// TestDump comes last in the package, as recordings name OIDs of a PostgreSQL that is new. It dumps a whole database with pg_dump and loads it with psql: from here into PostgreSQL, from PostgreSQL into here, and from here into here,
// where a dump of what was loaded is the same dump.
func TestDump(t *testing.T) {
	for _, program := range []string{"pg_dump", "psql"} {
		if out, err := exec.Command(program, "--version").Output(); err != nil || !strings.Contains(string(out), " 15.") {
			t.Skipf("%s 15 is not installed: skipped", program)
		}
	}
	fixture, err := os.ReadFile("testdata/dump.sql")
	if err != nil {
		t.Fatal(err)
	}
	there := pgoracle.DSN(t)
	admin := pgoracle.Connect(t, there)
	for _, sql := range []string{"CREATE DATABASE made", "CREATE DATABASE loaded"} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	theirs := database.ReplaceAllString(there, "dbname=made")
	servers := make([]string, 3) // one that the fixture is loaded into, and two for dumps
	for i := range servers {
		s := harness.Start(t, t.TempDir())
		servers[i] = fmt.Sprintf("host=%s port=%s user=tributary dbname=tributary sslmode=disable", s.PGHost, s.PGPort)
	}
	ours := servers[0]
	load(t, ours, string(fixture))
	load(t, theirs, string(fixture))
	want := whole(t, theirs)
	differ(t, "the fixture, here", whole(t, ours), want)
	for _, c := range []struct{ name, from, to string }{
		{"from here into PostgreSQL", ours, database.ReplaceAllString(there, "dbname=loaded")},
		{"from PostgreSQL into here", theirs, servers[1]},
		{"from here into here", ours, servers[2]},
	} {
		load(t, c.to, dumped(t, c.from))
		differ(t, c.name, whole(t, c.to), want)
	}
	differ(t, "the dump of what was loaded from here", strings.Split(dumped(t, servers[2]), "\n"), strings.Split(dumped(t, ours), "\n"))
}

func dumped(t *testing.T, conninfo string) string {
	t.Helper()
	out, err := exec.Command("pg_dump", "--no-owner", "-d", conninfo).Output()
	if err != nil {
		t.Fatalf("pg_dump of %s: %v", conninfo, err)
	}
	return restricted.ReplaceAllString(string(out), "")
}

// load runs a script, of which nothing may fail.
func load(t *testing.T, conninfo, script string) {
	t.Helper()
	c := exec.Command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo)
	c.Stdin = strings.NewReader(script)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("psql on %s: %v\n%s", conninfo, err, out)
	}
}

const users = "n.nspname !~ '^(pg_|information_schema$|tributary$)' AND c.relname !~ '_errors$'"

// whole is what a database has: rows of all its relations, their columns, defaults, constraints and indexes.
func whole(t *testing.T, conninfo string) []string {
	t.Helper()
	db, err := pgx.Connect(t.Context(), conninfo)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(t.Context()) }()
	query := func(sql string) []string {
		rows, err := db.PgConn().Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Errorf("%s on %s: %v", sql, conninfo, err)
			return nil
		}
		var out []string
		for _, row := range rows[len(rows)-1].Rows {
			out = append(out, fmt.Sprintf("%q", row))
		}
		slices.Sort(out)
		return out
	}
	out := query("SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
		"JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'v', 'm') AND a.attnum > 0 AND " + users)
	out = append(out, query("SELECT conname, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace n WHERE nspname IN ('shop', 'public', 'Odd Names'))")...)
	out = append(out, query("SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "+users)...)
	for _, rel := range query("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'S') AND " + users) {
		name := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(rel, `["`), `"]`), `\"`, `"`)
		columns := "*"
		if strings.Contains(name, "_seq") {
			columns = "last_value, is_called"
		}
		for _, row := range query("SELECT " + columns + " FROM " + name) {
			out = append(out, name+" "+row)
		}
	}
	return out
}

func differ(t *testing.T, what string, have, want []string) {
	t.Helper()
	for _, line := range have {
		if !slices.Contains(want, line) {
			t.Errorf("%s: has\n%s", what, line)
		}
	}
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Errorf("%s: lacks\n%s", what, line)
		}
	}
}
