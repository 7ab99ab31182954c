package sqllogictest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// long runs take all files where a default run takes some.
func long() bool { return os.Getenv("TRIBUTARY_TEST_LONG") == "1" }

// random is seeded by TRIBUTARY_TEST_SEED or the time; the seed is printed.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TRIBUTARY_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("TRIBUTARY_TEST_SEED: %v", err)
		}
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// child is a server of our own, and how to reach whichever process it is now.
type child struct {
	t     *testing.T
	dir   string
	flags []string
	now   *harness.Server
}

func startChild(t *testing.T, flags ...string) *child {
	t.Helper()
	c := &child{t: t, dir: t.TempDir(), flags: flags}
	c.now = harness.Start(t, c.dir, flags...)
	return c
}

func (c *child) options(mode Mode) Options {
	return Options{
		Mode: mode, Engines: []string{PostgreSQL, Tributary}, Waivers: Waivers{},
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) { return pgconn.Connect(ctx, c.now.DSN()) },
	}
}

// kill ends the process without warning and starts another on its directory.
func (c *child) kill() {
	c.t.Helper()
	c.now.Kill()
	c.now = harness.Start(c.t, c.dir, c.flags...)
}

// runSuites runs our own suites in these modes; in each at least suiteFloor records pass.
func (c *child) runSuites(t *testing.T, modes ...Mode) {
	t.Helper()
	for _, mode := range modes {
		total := newReport("all suites", mode)
		for _, file := range suites(t) {
			if mode != Select && file == temporary {
				continue
			}
			total.Add(runSuite(t, c.options(mode), file))
		}
		t.Log(total)
		if err := total.Err(suiteFloor); err != nil {
			t.Error(err)
		}
	}
}

// TestSuites runs our own suites in all modes: what a query gives, what its view gives that was
// made after the data, and what its view gives that was made before, are what PostgreSQL gives.
func TestSuites(t *testing.T) {
	c := startChild(t)
	for _, mode := range Modes {
		t.Run(string(mode), func(t *testing.T) {
			c.runSuites(t, mode)
		})
	}
}

// temporary is the file over temporary tables, of which there are no views.
const temporary = "dml/temporary.slt"

// suiteFloor is how many records pass at least, in each mode. It rises with what is supported.
const suiteFloor = 3200

// TestSuitesTicks: what views hold does not depend on how commits are cut into ticks.
func TestSuitesTicks(t *testing.T) {
	for _, cut := range []struct{ name, flag string }{
		{"of one commit", "--tick-commits=1"},
		{"of everything at once", "--tick-interval=1h"},
	} {
		t.Run(cut.name, func(t *testing.T) {
			startChild(t, cut.flag).runSuites(t, ViewBefore)
		})
	}
}

// TestSuitesSpilled: what a query gives does not depend on memory: every sort, join, aggregate and
// DISTINCT puts its rows on the disk.
func TestSuitesSpilled(t *testing.T) {
	c := startChild(t, "--work-memory=1")
	c.runSuites(t, Select, ViewAfter)
	if n := c.now.Metric(t, "tributary_temp_statements_total"); n < 300 {
		t.Errorf("only %v statements put rows on the disk", n)
	}
}

// TestSuitesShards: nor on how many shards a query is divided among.
func TestSuitesShards(t *testing.T) {
	rnd := random(t)
	work, counts := []string{"1", "64MB"}[rnd.IntN(2)], []string{"2", "5"}
	if !long() {
		counts = counts[rnd.IntN(2):][:1]
	}
	for _, shards := range counts {
		c := startChild(t, "--shards="+shards, "--min-shard-rows=1", "--min-shard-tick-rows=0", "--work-memory="+work)
		c.runSuites(t, Select, ViewAfter)
		if n := c.now.Metric(t, "tributary_shard_statements_total"); n < 1000 {
			t.Errorf("only %v statements were divided among %s shards", n, shards)
		}
	}
}

// TestSuitesRestart: nor does it depend on a `kill -9` between any two records of a file.
func TestSuitesRestart(t *testing.T) {
	rnd := random(t)
	// Restored from a checkpoint and the commits after it, or from all commits.
	interval := []string{"100ms", "0"}[rnd.IntN(2)]
	c := startChild(t, "--checkpoint-interval="+interval)
	files := slices.DeleteFunc(suites(t), func(file string) bool {
		// A kill leaves a gap, as what was taken of a sequence ahead is lost; temporary tables end with it.
		return file == "dml/sequence.slt" || file == temporary
	})
	if !long() {
		rnd.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		files = files[:12]
	}
	for _, mode := range []Mode{Select, ViewBefore} {
		for _, file := range files {
			opts := c.options(mode)
			lines := linesOf(t, file, opts.engines())
			after := lines[rnd.IntN(len(lines))]
			killed := false
			opts.Between = func(line int) (bool, error) {
				if killed || line < after {
					return false, nil
				}
				killed = true
				c.kill()
				return true, nil
			}
			report := runSuite(t, opts, file)
			if err := report.Err(1); err != nil {
				t.Errorf("killed before line %d: %v", after, err)
			}
		}
	}
	t.Logf("%d files in two modes, each with a kill, checkpoint_interval %s: %s", len(files), interval, strings.Join(files, " "))
}

func suites(t *testing.T) []string {
	t.Helper()
	files, err := Suites("suites")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func runSuite(t *testing.T, opts Options, file string) *Report {
	t.Helper()
	report, err := RunFile(t.Context(), opts, filepath.Join("suites", file), file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for _, f := range report.Failures {
		t.Error(f)
	}
	return report
}

// linesOf are the lines at which the records of a file begin.
func linesOf(t *testing.T, file string, engines []string) []int {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("suites", file))
	if err != nil {
		t.Fatal(err)
	}
	records, err := Parse(string(src), engines...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, r := range records {
		lines = append(lines, r.Line)
	}
	return lines
}
