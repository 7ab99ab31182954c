package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tributary-db/tributary/test/harness"
)

// killPlan is how a kill loop runs.
type killPlan struct {
	kills   int
	records int // through Kafka in each round
	copies  int // COPY statements of each worker in each round
	atMost  time.Duration
}

func killPlanOf() killPlan {
	if long() {
		return killPlan{kills: 10, records: 12_000, copies: 12, atMost: 3 * time.Second}
	}
	return killPlan{kills: 3, records: 100_000, copies: 100, atMost: 700 * time.Millisecond}
}

// TestKill writes through every door, kills the server at a random moment, starts it again on
// the same directory, and checks that it kept every promise; and again.
func TestKill(t *testing.T) {
	rng := random(t)
	dir, ports := t.TempDir(), harness.FixedPorts(t)
	s := harness.Start(t, dir, append(kept(rng), ports...)...)
	l := newLoad(t, s)
	plan := killPlanOf()
	var group groupOffsets
	for round := range plan.kills {
		after := 50*time.Millisecond + time.Duration(rng.Int64N(int64(plan.atMost)))
		stop, wait := l.round(s, rng, plan, &group)
		time.Sleep(after) // the moment is random
		s.Kill()
		stop()
		flags := kept(rng)
		s = harness.Start(t, dir, append(flags, ports...)...)
		wait()
		t.Logf("round %d: killed after %v, ready again in %v with %v", round, after, s.Ready, flags)
		begin := time.Now()
		l.check(s)
		group.check(t, s)
		t.Logf("round %d: %d records, %d COPY, %d transactions; checked in %v", round, len(l.acked), len(l.copied), len(l.txAcked), time.Since(begin))
		if t.Failed() {
			return
		}
	}
	if missing := 100_000 - len(l.values); long() && missing > 0 { // killed early too often
		l.produce(testContext(t), rng, missing)
		l.check(s)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s = harness.Start(t, dir, ports...)
	l.check(s)
	group.check(t, s)
	if long() {
		l.checkSegments(s)
	}
}

// kept is how often a server of a kill loop takes checkpoints, where small groups go, and what is
// written ahead of its commit: what a restart begins from.
func kept(rng *rand.Rand) []string {
	interval := []string{"20ms", "150ms", "30s", "0"}[rng.IntN(4)]
	flags := []string{"--checkpoint-interval=" + interval}
	if rng.IntN(4) == 0 {
		flags = append(flags, "--inline-bytes=0")
	}
	if rng.IntN(2) == 0 { // every COPY is staged
		flags = append(flags, "--stage-bytes=4kB")
	}
	return flags
}

// checkSegments: once nothing rides inline any more, segments hold at least every record of the
// stream and every row of COPY.
func (l *load) checkSegments(s *harness.Server) {
	l.t.Helper()
	ctx := testContext(l.t)
	for s.Metric(l.t, "tributary_log_inline_bytes") > 0 && ctx.Err() == nil {
		time.Sleep(time.Second) // rolled into a segment after a minute
	}
	want := len(l.values)
	for _, row := range s.Query(l.t, "SELECT count(*) FROM copied") {
		n, _ := strconv.Atoi(row)
		want += n
	}
	s.Stop()
	held := 0
	for _, path := range files(l.t, filepath.Join(s.Dir, "objects"), func(p string) bool { return strings.HasSuffix(p, ".strm") }) {
		out := harness.Run(l.t, "", harness.Binary(l.t), "debug", "segment", path)
		var n int
		if _, after, ok := strings.Cut(out, "base offset 0, "); ok {
			_, _ = fmt.Sscan(after, &n)
		}
		held += n
	}
	l.t.Logf("segments hold %d records; %d came through Kafka and COPY", held, want)
	if held < want {
		l.t.Errorf("segments hold %d records, want at least %d", held, want)
	}
}

// round starts every writer. stop tells them to end; wait returns when they have, which the
// producer does only once a server takes what it has begun.
func (l *load) round(s *harness.Server, rng *rand.Rand, plan killPlan, group *groupOffsets) (stop, wait func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	split := func() *rand.Rand { return rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())) }
	produceRng := split()
	work.Go(func() { l.produce(ctx, produceRng, plan.records) })
	for range copyWorkers {
		c := s.Connect(l.t)
		work.Go(func() { l.copyIn(ctx, c, plan.copies) })
	}
	for w := range txWorkers {
		c, r := s.Connect(l.t), split()
		work.Go(func() { l.transact(ctx, c, w, r) })
	}
	work.Go(func() { group.commit(ctx, l.t, s) })
	return cancel, work.Wait
}

// groupOffsets commits offsets of a consumer group and remembers them.
type groupOffsets struct {
	acked, tried int64
}

const groupName = "readers"

func (g *groupOffsets) commit(ctx context.Context, t testing.TB, s *harness.Server) {
	admin := kadm.NewClient(s.Kafka(t))
	for ctx.Err() == nil {
		g.tried++
		var offsets kadm.Offsets
		offsets.AddOffset("events", 1, g.tried, -1)
		bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := admin.CommitAllOffsets(bounded, groupName, offsets)
		cancel()
		if err != nil {
			return // the server has gone; what was acknowledged counts
		}
		g.acked = g.tried
	}
}

func (g *groupOffsets) check(t testing.TB, s *harness.Server) {
	t.Helper()
	got, err := kadm.NewClient(s.Kafka(t)).FetchOffsets(testContext(t), groupName)
	if err != nil {
		t.Errorf("group offsets: %v", err)
		return
	}
	o, _ := got.Lookup("events", 1)
	if o.At < g.acked || o.At > g.tried {
		t.Errorf("group offset is %d, acknowledged %d, tried %d", o.At, g.acked, g.tried)
	}
}
