package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

// TestKillAndRestore makes backups of a server while every door is written through, some of them cut off, and kills
// it while the last one runs or after. What a complete one restores has every promise that was made before it began.
func TestKillAndRestore(t *testing.T) {
	rng := random(t)
	top := t.TempDir()
	ports := harness.FixedPorts(t)
	s := harness.Start(t, filepath.Join(top, "data"), append(kept(rng), append(ports, "--retention-interval=100ms")...)...)
	to := "file://" + filepath.Join(top, "backup")
	l := newLoad(t, s)
	plan := killPlanOf()
	var group groupOffsets
	stop, wait := l.round(s, rng, plan, &group)
	binary := harness.Binary(t)
	for range 4 { // beside what is written, and some killed
		harness.RunFor(t, time.Duration(rng.Int64N(int64(400*time.Millisecond))), binary, "backup", "--to", to, "--server", "http://"+s.HTTP, "--rate", "20MB")
	}
	stop()
	wait()
	out := ""
	for out == "" { // one that was killed may not have ended at the server
		out = tryBackup(t, binary, to, s)
	}
	t.Log(out)
	s.Kill()
	dir := filepath.Join(top, "restored")
	args := []string{"restore", "--from", to, "--data-dir", dir}
	for rng.IntN(2) == 0 {
		harness.RunFor(t, time.Duration(rng.Int64N(int64(200*time.Millisecond))), binary, args...)
	}
	if _, err := os.Stat(filepath.Join(dir, "meta")); err != nil {
		t.Log(harness.Run(t, "", binary, args...))
	}
	s = harness.Start(t, dir, append(kept(rng), ports...)...)
	l.check(s)
	group.check(t, s)
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// tryBackup is "" while another backup is under way.
func tryBackup(t *testing.T, binary, to string, s *harness.Server) string {
	t.Helper()
	out, err := harness.Output(binary, "backup", "--to", to, "--server", "http://"+s.HTTP)
	switch {
	case err == nil:
		return out
	case !strings.Contains(out, "another backup is under way"):
		t.Fatalf("%v: %s", err, out)
	}
	return ""
}
