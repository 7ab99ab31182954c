package temporary

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// side is one of the two servers, and its sessions by name.
type side struct {
	dsn      string
	sessions map[string]*session
}

type session struct {
	db      *pgconn.PgConn
	notices []string
}

// pair is both, and the session in which statements run.
type pair struct {
	t     *testing.T
	ctx   context.Context
	now   *harness.Server
	sides [2]side
	as    string
}

func newPair(t *testing.T, flags ...string) *pair {
	pg := pgoracle.Start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	p := &pair{t: t, ctx: ctx, as: "a", now: harness.Start(t, t.TempDir(), flags...)}
	p.sides[0] = side{p.now.DSN(), map[string]*session{}}
	p.sides[1] = side{pg.Config().ConnString(), map[string]*session{}}
	t.Cleanup(func() {
		for _, s := range p.sides {
			for _, c := range s.sessions {
				_ = c.db.Close(ctx)
			}
		}
	})
	return p
}

func (p *pair) session(s *side) *session {
	p.t.Helper()
	if c := s.sessions[p.as]; c != nil {
		return c
	}
	config, err := pgconn.ParseConfig(s.dsn)
	if err != nil {
		p.t.Fatal(err)
	}
	c := &session{}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		c.notices = append(c.notices, fmt.Sprintf("%s %s: %s\n", n.Severity, n.Code, n.Message))
	}
	if c.db, err = pgconn.ConnectConfig(p.ctx, config); err != nil {
		p.t.Fatal(err)
	}
	s.sessions[p.as] = c
	return c
}

// leave disconnects a session of both.
func (p *pair) leave(name string) {
	for _, s := range p.sides {
		if c := s.sessions[name]; c != nil {
			_ = c.db.Close(p.ctx)
			delete(s.sessions, name)
		}
	}
}

var schemas = regexp.MustCompile(`pg_temp_\d+`)

// answer is what a statement gave, as text. Rows have no order unless the statement says so.
func (p *pair) answer(s *side, sql string) string {
	c := p.session(s)
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	c.notices = nil
	results, err := c.db.Exec(ctx, sql).ReadAll()
	var b strings.Builder
	for _, r := range results {
		if r.Err != nil {
			continue
		}
		for i, f := range r.FieldDescriptions {
			fmt.Fprintf(&b, "%s:%d ", f.Name, r.FieldDescriptions[i].DataTypeOID)
		}
		var rows []string
		for _, row := range r.Rows {
			line := ""
			for _, v := range row {
				if v == nil {
					line += "NULL|"
					continue
				}
				line += fmt.Sprintf("%q|", v)
			}
			rows = append(rows, line)
		}
		if !strings.Contains(strings.ToLower(sql), "order by") {
			slices.Sort(rows)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n", strings.Join(rows, "\n"), r.CommandTag)
	}
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		fmt.Fprintf(&b, "ERROR %s: %s\nDETAIL %s\n", e.Code, e.Message, e.Detail)
	case err != nil:
		p.t.Fatalf("%s: %v", sql, err)
	}
	return schemas.ReplaceAllString(strings.Join(c.notices, "")+b.String(), "pg_temp_N")
}

// both runs a statement on both, and gives the answer of ours.
func (p *pair) both(sql string) string {
	p.t.Helper()
	got, want := p.answer(&p.sides[0], sql), p.answer(&p.sides[1], sql)
	if got != want {
		p.t.Errorf("%s: %s\nours:\n%s\nPostgreSQL:\n%s", p.as, sql, got, want)
	}
	return got
}

// script runs a file: statements end with a semicolon at the end of a line.
func (p *pair) script(text string) (statements int) {
	var stmt strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "-- as "); ok {
			p.as = name
			continue
		}
		if words := strings.Fields(line); len(words) == 3 && words[0] == "--" && words[2] == "leaves" {
			p.leave(words[1])
			continue
		}
		if strings.HasPrefix(line, "--") {
			continue
		}
		stmt.WriteString(line + "\n")
		if strings.HasSuffix(line, ";") {
			p.both(strings.TrimSuffix(strings.TrimSpace(stmt.String()), ";"))
			stmt.Reset()
			statements++
		}
	}
	return statements
}

// TestScripts gives PostgreSQL's answers.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := newPair(t).script(string(text))
			t.Logf("%d statements", n)
		})
	}
}
