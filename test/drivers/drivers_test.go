package drivers

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var update = flag.Bool("update", false, "raise shares in testdata, and write docs/drivers.md")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

const (
	// longest is how long one suite may take on one server.
	longest = 30 * time.Minute
	// endOf begins the line that says how a command ended.
	endOf = "=== end "
)

// result is what a suite gave.
type result struct {
	suite, version   string
	there, here      int // what passes on PostgreSQL, and of it here
	reasons          map[string]int
	unexplained      []string
	notRun           string
	skipped, failing int // on PostgreSQL
}

// TestDrivers runs the suites that TRIBUTARY_TEST_DRIVERS lists, or all.
func TestDrivers(t *testing.T) {
	wanted := os.Getenv("TRIBUTARY_TEST_DRIVERS")
	if wanted == "" {
		t.Skip("TRIBUTARY_TEST_DRIVERS is not set: make drivers")
	}
	var results []result
	for _, s := range suites() {
		if wanted == "all" || strings.Contains(","+wanted+",", ","+s.name+",") {
			t.Run(s.name, func(t *testing.T) { results = append(results, s.test(t)) })
		}
	}
	page := pageOf(results)
	t.Log("\n" + page)
	if *update && wanted == "all" {
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "drivers.md"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (s suite) test(t *testing.T) result {
	l, err := readLists(s.file())
	if err != nil {
		t.Fatal(err)
	}
	r := result{suite: s.name, reasons: map[string]int{}}
	dir := t.TempDir()
	if r.version, err = s.fetch(dir); err != nil {
		t.Logf("not run: %v", err)
		r.notRun, _, _ = strings.Cut(err.Error(), "\n")
		return r
	}
	theirs := s.runOn(t, dir, "PostgreSQL", postgres(t), l)
	server := harness.Start(t, t.TempDir())
	ours := s.runOn(t, dir, "here", place{server.PGHost, server.PGPort, "tributary", "tributary"}, l)
	if !server.Running() {
		t.Error("the server has ended")
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		switch theirs[name] {
		case skip:
			r.skipped++
			continue
		case fail:
			r.failing++
			continue
		}
		r.there++
		reason, excepted := l.reason(name)
		switch {
		case ours[name] == pass:
			r.here++
			if excepted {
				t.Logf("%s passes, though excepted: %s", name, reason)
			}
		case excepted:
			r.reasons[reason]++
		default:
			r.unexplained = append(r.unexplained, name)
			t.Errorf("%s passes on PostgreSQL and here: %s", name, map[bool]string{true: "was not run", false: ours[name]}[ours[name] == ""])
		}
	}
	if r.there == 0 {
		r.notRun = "nothing of it passes on PostgreSQL"
		t.Error(r.notRun)
	}
	t.Logf("%s: %d of %d, %.1f %%; on PostgreSQL %d fail and %d are skipped", s.name, r.here, r.there, r.share(), r.failing, r.skipped)
	if r.share() < l.share {
		t.Errorf("%s: %.1f %% pass, %.1f %% did before", s.name, r.share(), l.share)
	}
	if *update && r.share() > l.share {
		if err := l.raise(s.file(), r.share()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r result) share() float64 {
	if r.there == 0 {
		return 0
	}
	return float64(int(1000*r.here/r.there)) / 10
}

func (s suite) file() string {
	return filepath.Join("testdata", strings.NewReplacer("/", "", " ", "").Replace(s.name)+".txt")
}

// runOn runs a suite on one server.
func (s suite) runOn(t *testing.T, dir, name string, on place, l *lists) map[string]string {
	t.Helper()
	db, err := pgx.Connect(t.Context(), on.url())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range s.setup {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Logf("%s, %s: %v", name, sql, err)
		}
	}
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	var out bytes.Buffer
	began := time.Now()
	for _, c := range s.run(dir, on, l.left()) {
		cmd := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
		cmd.Dir, cmd.Env, cmd.WaitDelay = c.Dir, append(os.Environ(), c.Env...), time.Second
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run() // what failed is in its output
		code := -1
		if cmd.ProcessState != nil {
			code = cmd.ProcessState.ExitCode()
		}
		fmt.Fprintf(&out, "\n%s%d %s\n", endOf, code, strings.Join(cmd.Args, " "))
		if ctx.Err() != nil {
			t.Errorf("%s took longer than %v: %v", name, longest, err)
			break
		}
	}
	if path := os.Getenv("TRIBUTARY_TEST_DRIVER_OUTPUT"); path != "" {
		if err := os.WriteFile(filepath.Join(path, filepath.Base(s.file())+"."+name), out.Bytes(), 0o600); err != nil {
			t.Error(err)
		}
	}
	found := s.outcomes(dir, out.String())
	t.Logf("%s: %d tests in %v", name, len(found), time.Since(began).Round(time.Second))
	return found
}

// postgres is a database of PostgreSQL that is new, reached over TCP by a role of the name that one has here.
func postgres(t *testing.T) place {
	t.Helper()
	dsn := pgoracle.DSN(t)
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin := pgoracle.Connect(t, dsn)
	if _, err := admin.Exec(t.Context(), "DO $$ BEGIN CREATE ROLE tributary SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"); err != nil {
		t.Fatal(err)
	}
	on := place{user: "tributary", database: config.Database}
	network, address := pgoracle.Socket(t, dsn)
	on.host, on.port = pgoracle.Relay(t, network, address)
	return on
}
