package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// The features of SQL that are looked at: a file a family, a case a feature. A case is its name as a comment and
// statements, its answer what PostgreSQL says to them.
const featureFiles = "testdata/features"

// featureFixture is what the statements may read.
const featureFixture = `CREATE TABLE f (a int PRIMARY KEY, b text, c int);
	INSERT INTO f VALUES (1, 'x', 10), (2, 'y', NULL), (3, 'x', 30), (4, 'z', 5);
	CREATE TABLE p (a int PRIMARY KEY, name text);
	INSERT INTO p VALUES (1, 'one'), (3, 'three'), (5, 'five')`

// TestFeaturesOnPostgreSQL: the answers are PostgreSQL's (-rewrite asks it again).
func TestFeaturesOnPostgreSQL(t *testing.T) {
	dsn := pgoracle.DSN(t)
	answer(t, dsn, featureFixture)
	datadriven.Walk(t, featureFiles, func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return answer(t, dsn, d.Input)
		})
	})
}

// TestFeatures: each feature gives PostgreSQL's answer or is refused, and docs/sql/features.md says which.
func TestFeatures(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	answer(t, s.DSN(), featureFixture)
	var families strings.Builder
	all, same := 0, 0
	files, err := os.ReadDir(featureFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		_, family, _ := strings.Cut(f.Name(), "_")
		fmt.Fprintf(&families, "\n## %s\n\n| feature | |\n|---|---|\n", strings.ToUpper(family[:1])+strings.ReplaceAll(family[1:], "_", " "))
		datadriven.RunTest(t, filepath.Join(featureFiles, f.Name()), func(t *testing.T, d *datadriven.TestData) string {
			name, _, _ := strings.Cut(strings.TrimPrefix(d.Input, "-- "), "\n")
			got, says := answer(t, s.DSN(), d.Input), "as PostgreSQL"
			_, refused, failed := strings.Cut(got, "ERROR ")
			switch all++; {
			case got == d.Expected:
				same++
			case failed:
				code, message, _ := strings.Cut(strings.TrimSpace(refused), " ")
				says = fmt.Sprintf("refused: %s (%s)", message, code)
			default:
				t.Errorf("%s: %s\ngot:\n%swant:\n%s", d.Pos, name, got, d.Expected)
			}
			fmt.Fprintf(&families, "| %s | %s |\n", strings.ReplaceAll(name, "|", `\|`), strings.ReplaceAll(says, "|", `\|`))
			return d.Expected
		})
	}
	page(t, "sql/features.md", head("SQL features", fmt.Sprintf(
		"Features of SQL as PostgreSQL 15 has them, one by one beside it: %d of %d give its answer (%d %%), the others are refused.\n"+
			"The statements are in test/docs/%s. What they say of a feature is that it is there, not that each of its\n"+
			"corners is: that is what the suites and the comparisons with PostgreSQL are for.", same, all, 100*same/all, featureFiles))+families.String())
}

// featureTimeout bounds what a case takes.
const featureTimeout = 30 * time.Second

// answer is what a server says to statements in a session of their own: rows, command tags, the error that ended them.
func answer(t *testing.T, dsn, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), featureTimeout)
	defer cancel()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }() // the answer is there
	var out strings.Builder
	results := c.Exec(ctx, sql)
	statements := strings.Split(sql, ";") // none has one in a text
	for n := 0; results.NextResult(); n++ {
		r := results.ResultReader()
		if f := r.FieldDescriptions(); len(f) == 1 && f[0].Name == "QUERY PLAN" {
			out.WriteString("a plan\n") // which is the server's own
			r.Read()
			continue
		}
		if n < len(statements) && strings.Contains(statements[n], "CREATE MATERIALIZED VIEW") {
			out.WriteString("a view\n") // PostgreSQL's tag counts its rows, which come a moment later here
			r.Read()
			continue
		}
		for r.NextRow() {
			for i, v := range r.Values() {
				if i > 0 {
					out.WriteString(" | ")
				}
				if v == nil {
					v = []byte("NULL")
				}
				out.Write(v)
			}
			out.WriteByte('\n')
		}
		if tag, err := r.Close(); err == nil && len(r.FieldDescriptions()) == 0 {
			out.WriteString(tag.String() + "\n")
		}
	}
	if err := results.Close(); err != nil {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			t.Fatalf("%s: %v", sql, err)
		}
		fmt.Fprintf(&out, "ERROR %s %s\n", e.Code, e.Message)
	}
	return out.String()
}
