package lane

import "testing"

// TestShardsAreShared: statements beside each other have no more shards together than there are.
func TestShardsAreShared(t *testing.T) {
	r := &Runtime{cfg: Config{Shards: 4}}
	for i, c := range []struct{ want, got int64 }{{2, 2}, {3, 1}, {1, 0}} {
		if got := r.takeShards(c.want); got != c.got {
			t.Errorf("%d: %d shards of %d, want %d", i, got, c.want, c.got)
		}
	}
	r.shards.busy.Add(-2)
	if got := r.takeShards(5); got != 2 {
		t.Errorf("%d shards once others have ended, want 2", got)
	}
}
