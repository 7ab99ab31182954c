package pgclients

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// commands of psql that show the same here and on PostgreSQL, over testdata/psql.sql.
var commands = []string{
	`\d`, `\d customer`, `\d purchase`, `\d+ purchase`, `\d customer_pkey`, `\d purchase_customer_id_idx`, `\d totals`, `\d seq1`,
	`\dt`, `\dm`, `\di`, `\ds`, `\dt public.*`, `\dt cust*`, `\dtv nothing`, `\du`, `\dg`, `\df abs`, `\df+ now`, `\df generate_series`, `\dT`, `\dT int*`, `\dT+ text`,
	`\do ||`, `\dC`, `\dC bigint`, `\dD`, `\dRp`, `\dRs`, `\dy`, `\des`, `\det`, `\deu`, `\dew`, `\dA`, `\db`, `\dc`, `\dO`, `\drds`, `\dP`, `\dX`, `\dd`, `\dE`, `\ddp`, `\dAc`,
	`\dAo`, `\dl`, `\sf abs`, `\sv totals`, `\da count`, `\dp customer`, `\z purchase`,
}

var (
	blanks = regexp.MustCompile(`[ -]+`)
	counts = regexp.MustCompile(`^\(\d+ rows?\)$`)
)

// shown is what psql prints, with widths and names of roles aside, and without what only one side has.
func shown(t *testing.T, conninfo, command string) string {
	t.Helper()
	out, err := exec.Command("psql", "-X", "-d", conninfo, "-c", command).CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatalf("psql: %v", err)
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(string(out), "tributary", "postgres")) {
		line = strings.TrimSpace(blanks.ReplaceAllString(line, " "))
		if line == "" || counts.MatchString(line) || strings.Contains(line, "totals_errors") || strings.Trim(line, " +") == "" {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestPsql compares what psql's commands show.
func TestPsql(t *testing.T) {
	version, err := exec.Command("psql", "--version").Output()
	if err != nil {
		t.Skip("psql is not installed: skipped")
	}
	if !strings.Contains(string(version), " 15.") {
		t.Skipf("the queries are those of psql 15, this is %s: skipped", version)
	}
	oracleOIDs(t)
	ctx := t.Context()
	text, err := os.ReadFile("testdata/psql.sql")
	if err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, t.TempDir())
	here := fmt.Sprintf("host=%s port=%s user=tributary dbname=tributary sslmode=disable", s.PGHost, s.PGPort)
	there := pgoracle.DSN(t)
	admin := pgoracle.Connect(t, there)
	if _, err := admin.Exec(ctx, "CREATE DATABASE psql"); err != nil {
		t.Fatal(err)
	}
	there = strings.Replace(there, "dbname=postgres", "dbname=psql", 1)
	for _, dsn := range []string{here, there} {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range strings.Split(string(text), ";") {
			if _, err := conn.Exec(ctx, sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		_ = conn.Close(ctx) // nothing more is asked
	}
	for _, c := range commands {
		if have, want := shown(t, here, c), shown(t, there, c); have != want {
			t.Errorf("%s\n%s\nwant\n%s", c, have, want)
		}
	}
}
