package peers

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// lists say what has to pass, and what need not, or is not run, and why.
type lists struct {
	pass   map[string]bool
	except map[string]string
	leave  map[string]string
}

func readLists(path string) (*lists, error) {
	l := &lists{map[string]bool{}, map[string]string{}, map[string]string{}}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i, line := range strings.Split(string(text), "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		name, reason, why := strings.Cut(rest, ": ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case kind == "pass" && !why:
			l.pass[name] = true
		case kind == "except" && why:
			l.except[name] = reason
		case kind == "leave" && why:
			l.leave[name] = reason
		default:
			return nil, fmt.Errorf("%s:%d: want pass NAME, except NAME: reason or leave NAME: reason", path, i+1)
		}
	}
	return l, nil
}

func (l *lists) left() []string { return slices.Sorted(maps.Keys(l.leave)) }

// judge holds outcomes to the lists, and takes what passes for the first time into them.
func (l *lists) judge(t *testing.T, outcomes map[string]string) {
	t.Helper()
	counts := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(outcomes)) {
		outcome := outcomes[name]
		counts[outcome]++
		switch {
		case outcome == "FAIL" && l.except[name] == "":
			t.Errorf("%s fails", name)
		case outcome == "PASS" && l.except[name] != "":
			t.Logf("%s passes, though excepted: %s", name, l.except[name])
		case outcome == "PASS" && !l.pass[name]:
			l.pass[name] = true
			t.Logf("%s passes for the first time", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.pass)) {
		if outcomes[name] == "" {
			t.Errorf("%s has not come to its end", name)
		}
	}
	t.Logf("%d passed, %d failed, %d skipped, %d excepted, %d left", counts["PASS"], counts["FAIL"], counts["SKIP"], len(l.except), len(l.leave))
}

func (l *lists) write(path string) error {
	var b strings.Builder
	b.WriteString("# Written by make peers UPDATE=-update, which adds what passes and takes nothing away; exceptions and their reasons by hand.\n")
	for _, name := range l.left() {
		fmt.Fprintf(&b, "leave %s: %s\n", name, l.leave[name])
	}
	for _, name := range slices.Sorted(maps.Keys(l.except)) {
		fmt.Fprintf(&b, "except %s: %s\n", name, l.except[name])
	}
	for _, name := range slices.Sorted(maps.Keys(l.pass)) {
		fmt.Fprintf(&b, "pass %s\n", name)
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// TestLists: every list can be read, and nothing is in two.
func TestLists(t *testing.T) {
	for _, p := range peers() {
		l, err := readLists(p.file())
		if err != nil {
			t.Fatal(err)
		}
		if len(l.pass) == 0 {
			t.Errorf("%s has no list", p.name)
		}
		for name := range l.pass {
			if l.except[name] != "" || l.leave[name] != "" {
				t.Errorf("%s is in two lists", name)
			}
		}
	}
}
