package sqllogictest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

var reOrdered = regexp.MustCompile(`(?i)\border\s+by\b[^()]*$`)

// Rewrite runs the file at path in mode select and writes what the server answers into it:
// results, SQLSTATEs of expected errors, and the header of a bare "query" (all columns as
// text; nosort if the query ends with an ORDER BY, else rowsort). A statement that does not
// succeed or fail as its header says is an error, and nothing is written.
func Rewrite(ctx context.Context, opts Options, path string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	records, err := Parse(string(src))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	opts.Mode = Select
	if opts.Timeout <= 0 {
		opts.Timeout = 30e9
	}
	r := &Runner{opts: opts, report: newReport(path, Select), tainted: map[string]string{}}
	defer r.disconnect(ctx)
	defer r.cleanUp(ctx)

	lines := strings.Split(strings.ReplaceAll(string(src), "\r", ""), "\n")
	var out []string
	next := 0
	for _, rec := range records {
		out = append(out, lines[next:rec.head]...)
		next = rec.end
		section, err := r.rewritten(ctx, rec, lines)
		if err != nil {
			return fmt.Errorf("%s:%d: %s: %w", path, rec.Line, rec.SQL, err)
		}
		out = append(out, section...)
	}
	out = append(out, lines[next:]...)
	text := strings.Join(out, "\n")
	if text == string(src) {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// rewritten returns the lines of a record with the server's answer in them.
func (r *Runner) rewritten(ctx context.Context, rec *Record, lines []string) ([]string, error) {
	end := rec.end
	if rec.result >= 0 {
		end = rec.result
	}
	body := lines[rec.head+1 : end]
	a := r.ask(ctx, rec.SQL)
	if rec.Statement {
		head := lines[rec.head]
		var pe *pgconn.PgError
		switch {
		case rec.Error && errors.As(a.err, &pe):
			head = "statement error " + pe.Code
		case rec.Error:
			return nil, fmt.Errorf("an error was expected, got %v", a.err)
		case a.err != nil:
			return nil, a.err
		case rec.Tag != "":
			head = "statement ok " + a.tag
		}
		r.follow(rec.SQL)
		return append([]string{head}, lines[rec.head+1:rec.end]...), nil
	}
	if a.err != nil {
		return nil, a.err
	}
	head := lines[rec.head]
	if rec.Types == "" {
		rec.Types, rec.Sort = strings.Repeat("T", len(a.oids)), RowSort
		if reOrdered.MatchString(rec.SQL) {
			rec.Sort = NoSort
		}
		head = fmt.Sprintf("query %s %s", rec.Types, rec.Sort)
	}
	rows, err := render(a.rows, a.oids, rec.Types)
	if err != nil {
		return nil, err
	}
	values := arrange(rows, rec.Sort, rec.Rows)
	for _, v := range values {
		if v == "" || strings.Contains(v, "\n") {
			return nil, fmt.Errorf("value %q cannot stand on a line", v)
		}
	}
	if rec.Hash != "" {
		values = []string{fmt.Sprintf("%d values hashing to %s", len(values), hashOf(values))}
	}
	return append(append(append([]string{head}, body...), "----"), values...), nil
}
