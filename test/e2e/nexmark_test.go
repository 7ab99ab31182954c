package e2e

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/internal/nexmark"
	"github.com/tributary-db/tributary/test/harness"
)

// TestNexmarkStreams: the source in the server fills its streams, goes on where it was after a
// kill, ends after its last event, and a view over it is what the generator's events say.
func TestNexmarkStreams(t *testing.T) {
	const events = 30_000
	dir := t.TempDir()
	s := harness.Start(t, dir)
	for _, table := range []string{"bid", "auction"} {
		s.Exec(t, fmt.Sprintf(`CREATE STREAM %s WITH (connector = 'nexmark', table = '%[1]s', rate = '20000', events = '%d', seed = '11')`, table, events))
	}
	s.Exec(t, `CREATE MATERIALIZED VIEW top AS SELECT bidder, count(*) AS bids, max(price) AS best FROM bid GROUP BY bidder`)
	s.Kill()
	s = harness.Start(t, dir)
	waitFor(t, s, "SELECT sum(bids) FROM top", fmt.Sprint(events/50*46))
	waitFor(t, s, "SELECT count(*) FROM auction", fmt.Sprint(events/50*3))

	g, err := nexmark.New(nexmark.Config{Seed: 11, Rate: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ bids, best int64 }
	want := map[int64]line{}
	var e nexmark.Event
	for i := range int64(events) {
		if g.At(i, &e); e.Kind == nexmark.Bid {
			l := want[e.Bid.Bidder]
			want[e.Bid.Bidder] = line{l.bids + 1, max(l.best, e.Bid.Price)}
		}
	}
	rows := s.Query(t, "SELECT bidder, bids, best FROM top ORDER BY bidder")
	if len(rows) != len(want) {
		t.Fatalf("%d bidders, want %d", len(rows), len(want))
	}
	for _, row := range rows {
		var bidder int64
		var got line
		if _, err := fmt.Sscanf(row, "%d|%d|%d", &bidder, &got.bids, &got.best); err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		if got != want[bidder] {
			t.Fatalf("bidder %d: %+v, want %+v", bidder, got, want[bidder])
		}
	}
	s.Exec(t, "DROP MATERIALIZED VIEW top", "DROP STREAM bid")
}

// waitFor asks until a query of one value gives want.
func waitFor(t *testing.T, s *harness.Server, query, want string) {
	t.Helper()
	ctx, c := testContext(t), s.Connect(t)
	defer func() { _ = c.Close(ctx) }()
	for {
		rows, err := harness.Rows(ctx, c, query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if len(rows) == 1 && rows[0] == want {
			return
		}
	}
}
