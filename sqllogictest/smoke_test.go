package sqllogictest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSmoke runs the corpus's files in all modes against a server of its own. It takes minutes:
//
//	TRIBUTARY_TEST_SLT=1 go test ./sqllogictest -run TestSmoke -v -timeout 30m
func TestSmoke(t *testing.T) {
	if os.Getenv("TRIBUTARY_TEST_SLT") != "1" {
		t.Skip("TRIBUTARY_TEST_SLT is not 1")
	}
	waivers, err := ReadWaivers(filepath.Join(shared, "pg15-waivers.txt"))
	if err != nil {
		t.Skipf("the shared corpus is not here: %v", err)
	}
	root, err := Unpack(t.Context(), filepath.Join(shared, "sqlite-slt.tar.xz"), t.TempDir())
	if err != nil {
		t.Skip(err)
	}
	c := startChild(t)
	for _, mode := range Modes {
		for _, smoke := range SmokeFiles {
			t.Run(string(mode)+"/"+smoke.File, func(t *testing.T) {
				opts := c.options(mode)
				opts.Engines, opts.Waivers = []string{PostgreSQL}, waivers
				begin, cpu := time.Now(), c.now.CPU(t)
				report, err := RunFile(t.Context(), opts, filepath.Join(root, smoke.File), smoke.File)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s\n%.1f s, %.1f s of CPU, %d MiB resident", report, time.Since(begin).Seconds(),
					(c.now.CPU(t) - cpu).Seconds(), c.now.Resident(t)>>20)
				if err := report.Err(smoke.Passes); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
