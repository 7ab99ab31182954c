package e2e

import (
	"testing"

	"github.com/tributary-db/tributary/test/harness"
)

// TestDemo: the demo is there when the server is, fills itself, and may be started again.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	for round := range 2 {
		s := harness.Start(t, dir, "demo")
		// The banner is printed before the demo's objects are made: ask until the last is there.
		waitFor(t, s, "SELECT name, state FROM tributary.dataflows WHERE kind = 'sink'", "high_bids|running")
		waitFor(t, s, "SELECT count(*) >= 5 FROM categories", "t")
		waitFor(t, s, "SELECT coalesce(sum(bids), 0) > 500 FROM bids_per_minute", "t")
		if code := s.Stop(); code != 0 {
			t.Errorf("round %d: exit code %d", round, code)
		}
	}
}
