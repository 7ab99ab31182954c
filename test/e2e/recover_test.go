package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tributary-db/tributary/test/harness"
)

// TestKillAndRecover writes through every door with durability = object, kills the server at a random moment, removes all that
// is not in the object store, recovers, and checks that every promise was kept; and again.
func TestKillAndRecover(t *testing.T) {
	rng := random(t)
	top, ports := t.TempDir(), harness.FixedPorts(t)
	dir, objects := filepath.Join(top, "data"), filepath.Join(top, "objects")
	flags := func() []string {
		return append(append(kept(rng), ports...), "--durability=object", "--object-store=file://"+objects)
	}
	s, _, _ := killAndRecover(t, rng, dir, "file://"+objects, 50*time.Millisecond, flags)
	if s == nil {
		return
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// killAndRecover writes to a server with durability = object, kills it, at the least after that long, removes its directory, recovers that
// from the object store of this URL, and checks that every promise was kept; and again. It gives the last server, nil if a promise
// was broken, and what it has to have.
func killAndRecover(t *testing.T, rng *rand.Rand, dir, objects string, least time.Duration, flags func() []string) (*harness.Server, *load, *groupOffsets) {
	s := harness.Start(t, dir, flags()...)
	l := newLoad(t, s)
	plan := killPlanOf()
	var group groupOffsets
	for round := range plan.kills {
		after := least + time.Duration(rng.Int64N(int64(plan.atMost)))
		stop, wait := l.round(s, rng, plan, &group)
		time.Sleep(after) // the moment is random
		s.Kill()
		stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		out := recoverAll(t, rng, dir, objects)
		s = harness.Start(t, dir, flags()...)
		wait()
		l.check(s)
		group.check(t, s)
		t.Logf("round %d: killed after %v; %s%d records, %d COPY, %d transactions", round, after, out, len(l.acked), len(l.copied), len(l.txAcked))
		if t.Failed() {
			return nil, nil, nil
		}
	}
	return s, l, &group
}

// recoverAll runs tributary recover of the object store of this URL, sometimes killing it first at some moment.
func recoverAll(t *testing.T, rng *rand.Rand, dir, objects string) string {
	args := []string{"recover", "--data-dir", dir, "--object-store", objects}
	for rng.IntN(2) == 0 {
		harness.RunFor(t, time.Duration(rng.Int64N(int64(200*time.Millisecond))), harness.Binary(t), args...)
		if _, err := os.Stat(filepath.Join(dir, "meta")); err == nil {
			return "recovered before it was killed; "
		}
	}
	return harness.Run(t, "", harness.Binary(t), args...)
}
