package server_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// answerOf is what a statement does, as one text: its rows, its tag, or its error with detail and hint.
func answerOf(ctx context.Context, c *pgx.Conn, sql string) string {
	results, err := c.PgConn().Exec(ctx, sql).ReadAll()
	var out strings.Builder
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(&out, "%s|", f.Name)
		}
		for _, row := range r.Rows {
			out.WriteString("\n")
			for _, v := range row {
				if v == nil {
					out.WriteString("NULL|")
					continue
				}
				out.WriteString(string(v) + "|")
			}
		}
		out.WriteString(" " + r.CommandTag.String())
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		fmt.Fprintf(&out, " %s: %s", e.Code, e.Message)
	} else if err != nil {
		out.WriteString(" " + err.Error())
	}
	return out.String()
}

// TestBesidePostgres runs the files of testdata/beside on both servers: every statement is answered alike. A line that begins with
// \2 is for a second session.
func TestBesidePostgres(t *testing.T) {
	files, err := os.ReadDir("testdata/beside")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f.Name(), ".sql"), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			text, err := os.ReadFile("testdata/beside/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			s, dsn := local(t), pgoracle.DSN(t)
			ours := [2]*pgx.Conn{connect(t, ctx, s), connect(t, ctx, s)}
			theirs := [2]*pgx.Conn{pgoracle.Connect(t, dsn), pgoracle.Connect(t, dsn)}
			for i, sql := range statementsOf(string(text)) {
				session := 0
				if rest, second := strings.CutPrefix(sql, `\2`); second {
					session, sql = 1, rest
				}
				want, got := answerOf(ctx, theirs[session], sql), answerOf(ctx, ours[session], sql)
				if got != want {
					t.Errorf("statement %d: %s\ngot  %s\nwant %s", i+1, sql, got, want)
				}
			}
		})
	}
}

// statementsOf cuts a file at its empty lines and takes comments out.
func statementsOf(text string) []string {
	var out []string
	for _, block := range strings.Split(text, "\n\n") {
		var lines []string
		for _, line := range strings.Split(block, "\n") {
			if !strings.HasPrefix(line, "--") {
				lines = append(lines, line)
			}
		}
		if sql := strings.TrimSpace(strings.Join(lines, "\n")); sql != "" {
			out = append(out, sql)
		}
	}
	return out
}
