package docs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/test/harness"
)

// runMark is the line of a page whose statements are run.
const runMark = "<!-- The statements of this page are run by a test, in order. -->"

// TestPages runs the ```sql blocks of every page that has the mark, each page on an empty server. A
// ```text block behind one is what it answers: rows, notices, or the error.
func TestPages(t *testing.T) {
	ran := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "docs"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), runMark) {
			return err
		}
		ran++
		t.Run(filepath.Base(path), func(t *testing.T) { runPage(t, path, string(text)) })
		return nil
	})
	if err != nil || ran < 10 {
		t.Errorf("%d pages ran: %v", ran, err)
	}
}

func runPage(t *testing.T, path, text string) {
	s := harness.Start(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var notices []string
	cfg, err := pgconn.ParseConfig(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Severity+": "+n.Message) }
	db, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	var out strings.Builder
	answer, asked := "", false
	parts := splitFences(text)
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, "```sql\n"):
			notices = nil
			sql := strings.TrimSuffix(strings.TrimPrefix(part, "```sql\n"), "```\n")
			res, err := answers(ctx, db, sql)
			answer, asked = rendered(res, notices, err), true
			next := parts[min(i+2, len(parts)-1)]
			if err != nil && !strings.HasPrefix(next, "```text\n") {
				t.Errorf("%s: %s\n%v", path, sql, err)
			}
		case strings.HasPrefix(part, "```text\n") && asked:
			want := "```text\n" + answer + "```\n"
			if part != want && !*update {
				t.Errorf("%s says\n%sit is\n%s", path, part, want)
			}
			part, asked = want, false
		}
		out.WriteString(part)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var fence = regexp.MustCompile("(?ms)^```[a-z]+\n.*?^```\n")

// splitFences cuts a page into text and blocks, in turn.
func splitFences(text string) []string {
	var parts []string
	at := 0
	for _, m := range fence.FindAllStringIndex(text, -1) {
		parts = append(parts, text[at:m[0]], text[m[0]:m[1]])
		at = m[1]
	}
	return append(parts, text[at:])
}

// answers sends statement by statement, as psql does, until one fails.
func answers(ctx context.Context, db *pgconn.PgConn, sql string) (all []*pgconn.Result, err error) {
	for _, statement := range strings.SplitAfter(sql, ";\n") {
		res, err := db.Exec(ctx, statement).ReadAll()
		all = append(all, res...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// rendered is what a client sees of statements.
func rendered(res []*pgconn.Result, notices []string, err error) string {
	var b strings.Builder
	for _, n := range notices {
		b.WriteString(n + "\n")
	}
	for _, r := range res {
		if len(r.FieldDescriptions) == 0 {
			if r.CommandTag.Select() && r.CommandTag.RowsAffected() == 0 {
				b.WriteString("(no rows)\n")
			}
			continue
		}
		cells := make([]string, len(r.FieldDescriptions))
		for i, f := range r.FieldDescriptions {
			cells[i] = f.Name
		}
		b.WriteString(strings.Join(cells, " | ") + "\n")
		for _, row := range r.Rows {
			for i, v := range row {
				if cells[i] = string(v); v == nil {
					cells[i] = "NULL"
				}
			}
			b.WriteString(strings.TrimRight(strings.Join(cells, " | "), " ") + "\n")
		}
	}
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		fmt.Fprintf(&b, "%s: %s (%s)\n", e.Severity, e.Message, e.Code)
		if e.Hint != "" {
			b.WriteString("HINT: " + e.Hint + "\n")
		}
	}
	return b.String()
}

// TestStatementPages: each statement with options has a page, which the index names.
func TestStatementPages(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "sql")
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"create-stream", "create-table", "create-materialized-view", "create-sink", "create-topic", "drop-alter",
		"insert-update-delete", "select", "subscribe", "copy", "explain", "show", "transactions", "set"} {
		page, err := os.ReadFile(filepath.Join(dir, name+".md"))
		if err != nil || !strings.Contains(string(page), runMark) {
			t.Errorf("%s: no page whose statements run (%v)", name, err)
		}
		if !strings.Contains(string(index), "("+name+".md)") {
			t.Errorf("docs/sql/README.md does not name %s.md", name)
		}
	}
	options, err := os.ReadFile(filepath.Join(dir, "options.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range bind.WithOptions() {
		for _, o := range s.Options {
			if !strings.Contains(string(options), "| `"+o.Name+"` |") {
				t.Errorf("%s: option %s has no line in docs/sql/options.md", s.Statement, o.Name)
			}
		}
	}
}
