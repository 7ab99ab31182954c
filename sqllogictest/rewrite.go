package sqllogictest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

var reOrdered = regexp.MustCompile(`(?i)\border\s+by\b[^()]*$`)

// Rewrite runs the file at path in mode select and writes what the server answers into it:
// results, SQLSTATEs of expected errors, and the header of a bare "query" (all columns as
// text; nosort if the query ends with an ORDER BY, else rowsort). A query that a condition
// excludes takes the answer of the one with the same label. A statement that does not
// succeed or fail as its header says is an error, and nothing is written.
func Rewrite(ctx context.Context, opts Options, path string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	records, err := parseAll(string(src), opts.engines())
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
	var twins []twin
	answers := map[string][]string{}
	for _, rec := range records {
		out = append(out, lines[next:rec.head]...)
		next = rec.end
		if rec.excluded {
			twins = append(twins, twin{len(out), rec})
			out = append(out, lines[rec.head:rec.end]...)
			continue
		}
		section, err := r.rewritten(ctx, rec, lines)
		if err != nil {
			return fmt.Errorf("%s:%d: %s: %w", path, rec.Line, rec.SQL, err)
		}
		out = append(out, section...)
		if at := slices.Index(section, "----"); rec.Label != "" && at >= 0 {
			answers[rec.Label] = section[at:]
		}
	}
	out = append(out, lines[next:]...)
	out = fillTwins(out, twins, answers)
	text := strings.Join(out, "\n")
	if text == string(src) {
		return nil
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// twin is a query for another server: it has the answer of the query with the same label.
type twin struct {
	at  int // where it stands in the text to be
	rec *Record
}

func fillTwins(out []string, twins []twin, answers map[string][]string) []string {
	for i := len(twins) - 1; i >= 0; i-- {
		t := twins[i]
		answer, ok := answers[t.rec.Label]
		if t.rec.Label == "" || !ok {
			continue
		}
		head := t.rec.end
		if t.rec.result >= 0 {
			head = t.rec.result
		}
		from, to := t.at+head-t.rec.head, t.at+t.rec.end-t.rec.head
		out = slices.Replace(out, from, to, answer...)
	}
	return out
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
