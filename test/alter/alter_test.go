package alter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// pair is a server of ours and PostgreSQL.
type pair struct {
	t    *testing.T
	ctx  context.Context
	dir  string
	now  *harness.Server
	ours *pgconn.PgConn
	pg   *pgx.Conn
}

func newPair(t *testing.T) *pair {
	p := &pair{t: t, dir: t.TempDir(), pg: pgoracle.Start(t)}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	p.ctx = ctx
	p.start()
	return p
}

func (p *pair) start() {
	p.t.Helper()
	p.now = harness.Start(p.t, p.dir)
	var err error
	if p.ours, err = pgconn.Connect(p.ctx, p.now.DSN()); err != nil {
		p.t.Fatal(err)
	}
}

// again ends our server, with its last words or without, and starts it.
func (p *pair) again(kill bool) {
	p.t.Helper()
	_ = p.ours.Close(p.ctx)
	if kill {
		p.now.Kill()
	} else {
		p.now.Stop()
	}
	p.start()
}

// answer is what a statement gave, as text. Rows have no order unless the statement says so.
func (p *pair) answer(db *pgconn.PgConn, sql string) string {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	results, err := db.Exec(ctx, sql).ReadAll()
	var b strings.Builder
	for _, r := range results {
		if r.Err != nil {
			continue
		}
		for i, f := range r.FieldDescriptions {
			oid := r.FieldDescriptions[i].DataTypeOID
			if oid >= 16384 {
				oid = 16384 // types of users have other OIDs on each side
			}
			fmt.Fprintf(&b, "%s:%d ", f.Name, oid)
		}
		for _, row := range r.Rows {
			b.WriteString("\n ")
			for _, v := range row {
				if v == nil {
					b.WriteString("NULL|")
					continue
				}
				fmt.Fprintf(&b, "%q|", v)
			}
		}
		fmt.Fprintf(&b, "\n%s\n", r.CommandTag)
	}
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		fmt.Fprintf(&b, "ERROR %s: %s\nDETAIL %s\n", e.Code, e.Message, e.Detail)
	case err != nil:
		p.t.Fatalf("%s: %v", sql, err)
	}
	return b.String()
}

// viewsAreViews makes plain views of materialized ones.
var viewsAreViews = strings.NewReplacer("MATERIALIZED VIEW", "VIEW", "materialized view", "view")

// both runs a statement on both.
func (p *pair) both(sql string) {
	p.t.Helper()
	got, want := p.answer(p.ours, sql), p.answer(p.pg.PgConn(), viewsAreViews.Replace(sql))
	if viewsAreViews.Replace(got) != viewsAreViews.Replace(want) {
		p.t.Errorf("%s\nours:\n%s\nPostgreSQL:\n%s", sql, got, want)
	}
}

// script runs a file: statements end with a semicolon at the end of a line.
func (p *pair) script(text string) {
	var stmt strings.Builder
	for _, line := range strings.Split(text, "\n") {
		ours, alone := strings.CutPrefix(line, "-- ours: ")
		switch {
		case line == "-- restart", line == "-- kill":
			p.again(line == "-- kill")
		case alone:
			if a := p.answer(p.ours, ours); strings.Contains(a, "ERROR") {
				p.t.Errorf("%s\n%s", ours, a)
			}
		case strings.HasPrefix(line, "--"):
		default:
			stmt.WriteString(line + "\n")
			if strings.HasSuffix(line, ";") {
				p.both(strings.TrimSpace(stmt.String()))
				stmt.Reset()
			}
		}
	}
}

// TestScripts gives PostgreSQL's answers.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			newPair(t).script(string(text))
		})
	}
}
