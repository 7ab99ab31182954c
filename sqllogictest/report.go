package sqllogictest

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

// Failure is a record that did not do what the file says.
type Failure struct {
	File string
	Line int
	SQL  string
	What string
}

func (f Failure) String() string {
	return fmt.Sprintf("%s:%d: %s\n%s", f.File, f.Line, f.SQL, f.What)
}

// Report is the outcome of a run.
type Report struct {
	File     string
	Mode     Mode
	Passed   int
	Queries  int // of the passed, those that are queries
	Waived   int
	Skipped  map[string]int // by reason
	Failures []Failure
	Failed   int // all of them; Failures keeps the first ones
}

const keepFailures = 200

func newReport(file string, mode Mode) *Report {
	return &Report{File: file, Mode: mode, Skipped: map[string]int{}}
}

func (r *Report) fail(rec *Record, format string, args ...any) {
	r.Failed++
	if len(r.Failures) < keepFailures {
		r.Failures = append(r.Failures, Failure{r.File, rec.Line, rec.SQL, fmt.Sprintf(format, args...)})
	}
}

// Skips is how many records were skipped.
func (r *Report) Skips() int {
	n := 0
	for _, c := range r.Skipped {
		n += c
	}
	return n
}

// Add puts another report's counts into r.
func (r *Report) Add(o *Report) {
	r.Passed += o.Passed
	r.Queries += o.Queries
	r.Waived += o.Waived
	r.Failed += o.Failed
	r.Failures = append(r.Failures, o.Failures...)
	for reason, n := range o.Skipped {
		r.Skipped[reason] += n
	}
}

// Err is nil when nothing failed and at least floor records passed.
func (r *Report) Err(floor int) error {
	if r.Failed > 0 {
		return fmt.Errorf("%s (%s): %d records failed, the first: %s", r.File, r.Mode, r.Failed, r.Failures[0])
	}
	if r.Passed < floor {
		return fmt.Errorf("%s (%s): only %d records passed, the floor is %d", r.File, r.Mode, r.Passed, floor)
	}
	return nil
}

func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %d passed (%d queries), %d failed, %d skipped, %d waived", r.File, r.Mode, r.Passed, r.Queries, r.Failed, r.Skips(), r.Waived)
	reasons := make([]string, 0, len(r.Skipped))
	for reason := range r.Skipped {
		reasons = append(reasons, reason)
	}
	sort.Slice(reasons, func(i, j int) bool {
		a, b := r.Skipped[reasons[i]], r.Skipped[reasons[j]]
		return a > b || (a == b && reasons[i] < reasons[j])
	})
	for _, reason := range reasons {
		fmt.Fprintf(&b, "\n  skipped %d: %s", r.Skipped[reason], reason)
	}
	return b.String()
}

// Waivers are the records on which PostgreSQL itself differs from the files: file and line.
type Waivers map[string]map[int]string

// ReadWaivers reads a list of lines "file:line: reason".
func ReadWaivers(path string) (Waivers, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	w := Waivers{}
	for i, line := range strings.Split(string(src), "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		file, rest, ok1 := strings.Cut(line, ":")
		number, reason, ok2 := strings.Cut(rest, ":")
		n, err := strconv.Atoi(number)
		if !ok1 || !ok2 || err != nil {
			return nil, fmt.Errorf("%s line %d is not file:line: reason", path, i+1)
		}
		if w[file] == nil {
			w[file] = map[int]string{}
		}
		w[file][n] = strings.TrimSpace(reason)
	}
	return w, nil
}
