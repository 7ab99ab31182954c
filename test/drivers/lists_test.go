package drivers

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// lists say what need not pass here, or is not run, and why, and what share did.
type lists struct {
	share  float64
	except []exception
	leave  map[string]string
}

// exception is one test, or all whose names begin so.
type exception struct {
	pattern *regexp.Regexp
	reason  string
}

func readLists(path string) (*lists, error) {
	l := &lists{leave: map[string]string{}}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		at := strings.LastIndex(rest, ": ") // names of tests have colons
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case kind == "share":
			if l.share, err = strconv.ParseFloat(rest, 64); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
		case kind == "except" && at > 0:
			pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(rest[:at]), `\*`, ".*") + "$"
			l.except = append(l.except, exception{regexp.MustCompile(pattern), rest[at+2:]})
		case kind == "leave" && at > 0:
			l.leave[rest[:at]] = rest[at+2:]
		default:
			return nil, fmt.Errorf("%s:%d: want share N, except NAME: reason or leave NAME: reason", path, i+1)
		}
	}
	return l, nil
}

func (l *lists) left() []string { return slices.Sorted(maps.Keys(l.leave)) }

func (l *lists) reason(name string) (string, bool) {
	for _, e := range l.except {
		if e.pattern.MatchString(name) {
			return e.reason, true
		}
	}
	return "", false
}

// raise writes a better share into a list, as its first line behind the comments.
func (l *lists) raise(path string, share float64) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.HasPrefix(line, "share ") })
	at := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "#") })
	lines = slices.Insert(lines, max(at, 0), "share "+strconv.FormatFloat(share, 'f', 1, 64))
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600)
}

// pageOf is docs/drivers.md.
func pageOf(results []result) string {
	var b strings.Builder
	b.WriteString("# Drivers' own suites\n\n<!-- Written by `make drivers UPDATE=-update`; do not edit. -->\n\nThe tests that drivers of PostgreSQL are developed with, run on PostgreSQL 15 and here: of what passes there, what passes here.\n\n" +
		"| suite | version | pass on PostgreSQL | of them here | share |\n|---|---|---|---|---|\n")
	reasons := map[string]map[string]int{}
	for _, r := range results {
		if r.notRun != "" {
			fmt.Fprintf(&b, "| %s | – | not run: %s | | |\n", r.suite, r.notRun)
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %.1f %% |\n", r.suite, r.version, r.there, r.here, r.share())
		if n := len(r.unexplained); n > 0 {
			r.reasons["not explained"] = n
		}
		for reason, n := range r.reasons {
			if reasons[reason] == nil {
				reasons[reason] = map[string]int{}
			}
			reasons[reason][r.suite] = n
		}
	}
	b.WriteString("\nThe rest, by reason:\n\n| reason | tests |\n|---|---|\n")
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		var parts []string
		for _, suite := range slices.Sorted(maps.Keys(reasons[reason])) {
			parts = append(parts, fmt.Sprintf("%s %d", suite, reasons[reason][suite]))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", reason, strings.Join(parts, ", "))
	}
	b.WriteString("\nWhich tests these are is in test/drivers/testdata. Clients by what they do: [sql-clients.md](sql-clients.md).\n")
	return b.String()
}

// TestLists: every list can be read.
func TestLists(t *testing.T) {
	for _, s := range suites() {
		if _, err := readLists(s.file()); err != nil {
			t.Error(err)
		}
	}
}
