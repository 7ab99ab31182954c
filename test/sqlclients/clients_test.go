package sqlclients

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var update = flag.Bool("update", false, "write docs/sql-clients.md")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// client is one client: what runs it, and whether it is there.
type client struct {
	name    string
	program []string
	needs   []string // a command that succeeds where it is installed
}

func clients() []client {
	python, node, jars, programs := os.Getenv("TRIBUTARY_TEST_SQL_PYTHON"), os.Getenv("TRIBUTARY_TEST_SQL_NODE"), os.Getenv("TRIBUTARY_TEST_SQL_JARS"), os.Getenv("TRIBUTARY_TEST_SQL_GO")
	py := func(name, module, file string, args ...string) client {
		return client{name, append([]string{python, file}, args...), []string{python, "-c", "import " + module}}
	}
	js := func(name, module string) client {
		return client{name, []string{"node", "node.js", module}, []string{"test", "-d", filepath.Join(node, module)}}
	}
	return []client{
		{"psql, pgbench, pg_dump", []string{"bash", "tools.sh"}, []string{"bash", "-c", "psql --version && pgbench --version && pg_dump --version"}},
		py("psycopg 3", "psycopg", "dbapi.py", "psycopg"), py("psycopg 2", "psycopg2", "dbapi.py", "psycopg2"), py("asyncpg", "asyncpg", "asyncpg_.py"),
		py("SQLAlchemy", "sqlalchemy, psycopg2", "sqlalchemy_.py"), py("Alembic", "alembic, psycopg2", "alembic_.py"), py("Django", "django, psycopg2", "django_.py"),
		py("dbt-postgres", "dbt.adapters.postgres", "dbt_.py"),
		js("node-postgres", "pg"), js("postgres.js", "postgres"), js("TypeORM", "typeorm"), js("Sequelize", "sequelize"), js("Knex", "knex"), js("Drizzle", "drizzle-orm"),
		{"pgjdbc", []string{"bash", "jdbc.sh"}, []string{"bash", "-c", "java -version && ls '" + jars + "'/postgresql-*.jar"}},
		{"tokio-postgres", []string{filepath.Join(programs, "tokio_client")}, []string{"test", "-x", filepath.Join(programs, "tokio_client")}},
		{"pgcli", []string{"bash", "pgcli_.sh"}, []string{"bash", "-c", "test -x \"$PGCLI\""}},
		{"pgbouncer in front", []string{"bash", "pgbouncer.sh"}, []string{"pgbouncer", "--version"}},
		{"postgres_fdw", []string{"bash", "fdw.sh"}, []string{"bash", "-c", "test -f \"$(pg_config --pkglibdir)/postgres_fdw.so\" || ls /usr/lib/postgresql/15/lib/postgres_fdw.so"}},
		py("psqlODBC", "pyodbc, os; assert os.path.exists(os.environ['ODBC_DRIVER'])", "odbc_.py"),
		{"GORM, pgx", []string{filepath.Join(programs, "gorm")}, []string{"test", "-x", filepath.Join(programs, "gorm")}},
		{"lib/pq", []string{filepath.Join(programs, "libpq")}, []string{"test", "-x", filepath.Join(programs, "libpq")}},
	}
}

var steps = []string{"connect", "introspect", "migrate", "crud", "transactions"}

// notThere is the exit code of a client that has no such step.
const notThere = 3

// place is a server with the fixture.
type place struct{ host, port, user, database string }

// compared is the PostgreSQL that clients are compared with: some go through it.
var compared place

// TestClients: what a client sees here is what it sees on PostgreSQL.
func TestClients(t *testing.T) {
	fixture, err := os.ReadFile("clients/fixture.sql")
	if err != nil {
		t.Fatal(err)
	}
	dsn := pgoracle.DSN(t)
	network, address := pgoracle.Socket(t, dsn)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Start(t, t.TempDir())
	here := place{server.PGHost, server.PGPort, "tributary", "tributary"}
	admin, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), "CREATE ROLE tributary SUPERUSER LOGIN"); err != nil { // as it is called here
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec(context.Background(), "DROP OWNED BY tributary CASCADE; DROP ROLE tributary", pgx.QueryExecModeSimpleProtocol)
		if err = errors.Join(err, admin.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	oracle := place{user: "tributary", database: config.Database}
	oracle.host, oracle.port = pgoracle.Relay(t, network, address)
	compared = oracle
	for _, on := range []place{here, oracle} {
		db, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%s user=%s dbname=%s", on.host, on.port, on.user, on.database))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(t.Context(), string(fixture), pgx.QueryExecModeSimpleProtocol)
		if err = errors.Join(err, db.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	var rows []string
	for _, c := range clients() {
		rows = append(rows, row(t, c, here, oracle))
	}
	page := "# Clients of PostgreSQL\n\n<!-- Written by `make clients`; do not edit. -->\n\nWhat clients of other makes did against the built server; “yes”: what they printed is what they print\n" +
		"on PostgreSQL 15. “–”: the client has no such thing. “not run”: it was not installed, and nothing is said of it.\n\n| client | version"
	for _, s := range steps {
		page += " | " + s
	}
	page += " |\n|" + strings.Repeat("---|", 2+len(steps)) + "\n" + strings.Join(rows, "\n") +
		"\n\nWhat each step does is told in test/sqlclients/doc.go. Kafka's clients: [clients.md](clients.md).\n"
	t.Log("\n" + page)
	if *update && !t.Failed() {
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "sql-clients.md"), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// row runs all steps of a client and gives its line of the table.
func row(t *testing.T, c client, here, oracle place) string {
	t.Helper()
	line := "| " + c.name
	if err := exec.Command(c.needs[0], c.needs[1:]...).Run(); err != nil {
		t.Logf("%s is not installed: %v", c.name, err)
		return line + " | " + strings.Repeat(" | not run", len(steps)) + " |"
	}
	version, _, err := c.run(t, "version", here)
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
	}
	line += " | " + strings.TrimSpace(version)
	for _, step := range steps {
		want, code, err := c.run(t, step, oracle)
		if code == notThere {
			line += " | –"
			continue
		}
		if err != nil {
			t.Errorf("%s, %s on PostgreSQL: %v\n%s", c.name, step, err, tail(want))
			continue
		}
		got, _, err := c.run(t, step, here)
		if err == nil && got != want {
			err = fmt.Errorf("it prints otherwise:\n%s", differing(got, want))
		}
		if err != nil {
			t.Errorf("%s, %s: %v\n%s", c.name, step, err, tail(got))
			line += " | **fails**"
			continue
		}
		line += " | yes"
	}
	return line + " |"
}

// run calls a client with a step.
func (c client) run(t *testing.T, step string, on place) (out string, code int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program[0], append(c.program[1:len(c.program):len(c.program)], step)...)
	cmd.Dir = "clients"
	cmd.Env = append(os.Environ(), "PGHOST="+on.host, "PGPORT="+on.port, "PGUSER="+on.user, "PGDATABASE="+on.database, "PGTZ=UTC", "TZ=UTC", "PYTHONDONTWRITEBYTECODE=1",
		"TMPDIR="+t.TempDir(), "ORACLE_HOST="+compared.host, "ORACLE_PORT="+compared.port, "ORACLE_USER="+compared.user, "ORACLE_DATABASE="+compared.database, "JARS="+os.Getenv("TRIBUTARY_TEST_SQL_JARS"), "NODE_PATH="+os.Getenv("TRIBUTARY_TEST_SQL_NODE"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w: %s", err, tail(stderr.String()))
	}
	return stdout.String(), cmd.ProcessState.ExitCode(), err
}

// tail of what a client printed.
func tail(s string) string { return s[max(0, len(s)-2000):] }

// differing are the lines that only one of the two has.
func differing(got, want string) string {
	var out []string
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "", ""
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			out = append(out, "here       "+a, "PostgreSQL "+b)
		}
	}
	return strings.Join(out[:min(len(out), 20)], "\n")
}
