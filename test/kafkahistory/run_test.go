package kafkahistory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// perTopic is how long one topic of the linearizable part is written to.
const perTopic = 10 * time.Second

// TestHistory runs for TRIBUTARY_TEST_HISTORY (15s), with TRIBUTARY_TEST_SEED where a history has to be had once more.
func TestHistory(t *testing.T) {
	length := 15 * time.Second
	if d, err := time.ParseDuration(os.Getenv("TRIBUTARY_TEST_HISTORY")); err == nil {
		length = d
	}
	if testing.Short() {
		t.Skip("runs for 15 s")
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("TRIBUTARY_TEST_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("TRIBUTARY_TEST_SEED=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))

	dir := t.TempDir()
	flags := append(harness.FixedPorts(t), "--object-store=file://"+filepath.Join(dir, "objects"), fmt.Sprintf("--inline-bytes=%d", []int{0, 1024, 262144}[rng.IntN(3)]),
		"--durability="+[]string{"local", "object"}[rng.IntN(2)])
	s := harness.Start(t, filepath.Join(dir, "data"), flags...)
	w := &workload{addr: s.KafkaAddr, group: committed{acks: map[int]int64{}}}
	topics := 1 + int(length/perTopic)
	w.create(t, topics)

	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	began := time.Now()
	current := func() (string, *operations) {
		i := min(int(time.Since(began)/perTopic), topics-1)
		return fmt.Sprint("log", i), w.linear[i]
	}
	var g errgroup.Group
	process := 0
	run := func(n int, worker func(process int, rng *rand.Rand) error) {
		for range n {
			process++
			p, r := process, rand.New(rand.NewPCG(seed, uint64(process)))
			g.Go(func() error { return worker(p, r) })
		}
	}
	run(2, func(p int, r *rand.Rand) error { return w.plain(ctx, p, r, []int{0, 1, 2, 3}) })
	run(1, func(p int, r *rand.Rand) error { return w.plain(ctx, p, r, []int{inKey, inKey + 1}) })
	run(3, func(p int, r *rand.Rand) error { return w.transactions(ctx, p, r) })
	run(2, func(_ int, r *rand.Rand) error { return w.consumer(ctx, r) })
	run(2, func(_ int, r *rand.Rand) error { return w.member(ctx, r) })
	run(2, func(p int, r *rand.Rand) error { return w.copies(ctx, p, r) })
	run(3, func(p int, r *rand.Rand) error { return w.log(ctx, p, r, current) })
	run(1, func(int, *rand.Rand) error { return w.observer(ctx) })
	s, kills, pauses := disturb(t, ctx, rng, s, filepath.Join(dir, "data"), flags)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	w.settle(t, process)
	w.judge(t)
	t.Logf("%v: %d kills, %d pauses, %d values, %d transactions, %d polls", length, kills, pauses, len(w.book.h.Writes), w.book.txns.Load(), len(w.book.h.Polls))
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// disturb kills the server, or holds it, at moments of chance until ctx ends; then it runs.
func disturb(t *testing.T, ctx context.Context, rng *rand.Rand, s *harness.Server, dir string, flags []string) (now *harness.Server, kills, pauses int) {
	for {
		select {
		case <-ctx.Done():
			return s, kills, pauses
		case <-time.After(time.Second + time.Duration(rng.Int64N(int64(3*time.Second)))):
		}
		if rng.IntN(2) == 0 {
			pauses++
			if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rng.Int64N(int64(2 * time.Second)))) // the moment is random
			if err := syscall.Kill(s.PID(), syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kills++
		s.Kill()
		s = harness.Start(t, dir, flags...)
	}
}

func (w *workload) create(t *testing.T, logs int) {
	t.Helper()
	c, err := w.client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	for topic, n := range map[string]int32{"h": partitions, "in": inParts, "out": inParts} {
		if _, err := admin.CreateTopic(t.Context(), n, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
	}
	for i := range logs {
		if _, err := admin.CreateTopic(t.Context(), 1, 1, nil, fmt.Sprint("log", i)); err != nil {
			t.Fatal(err)
		}
		w.linear = append(w.linear, &operations{})
	}
}

// settle ends the transactions that clients have left open.
func (w *workload) settle(t *testing.T, processes int) {
	t.Helper()
	var g errgroup.Group
	for p := 1; p <= processes; p++ {
		for _, name := range []string{"txn", "copy"} {
			g.Go(func() error {
				c, err := w.client(kgo.TransactionalID(fmt.Sprint(name, p)))
				if err != nil {
					return err
				}
				defer c.Close()
				_, _, err = c.ProducerID(t.Context())
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (w *workload) judge(t *testing.T) {
	t.Helper()
	w.book.h.Final = append(w.all(t, "h", partitions), w.all(t, "in", inParts)...)
	counts := map[Class]int{}
	for _, a := range Check(&w.book.h) {
		if counts[a.Class]++; counts[a.Class] <= 5 {
			t.Errorf("%s: %s", a.Class, a.What)
		}
	}
	if len(counts) > 0 {
		t.Errorf("anomalies: %v", counts)
	}
	c, err := w.client()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !w.observe(t.Context(), kadm.NewClient(c)) {
		t.Error("the offsets of the group cannot be read at the end")
	}
	for _, bad := range w.group.bad {
		t.Error(bad)
	}
	w.judgeCopies(t, kadm.NewClient(c))
	var g sync.WaitGroup
	var empty atomic.Int64
	for i, ops := range w.linear {
		topic := fmt.Sprint("log", i)
		for offset, r := range w.all(t, topic, 1) { // what is there in the end was there then
			now := time.Now()
			ops.add(0, logOp{"read", r.Value, int64(offset)}, now, now)
		}
		if len(ops.all) == 0 {
			empty.Add(1)
		}
		g.Go(func() { ops.linearizable(t, topic) })
	}
	g.Wait()
	if int(empty.Load()) > 1 { // the last one may have come too late
		t.Errorf("%d topics have no operations", empty.Load())
	}
}

// judgeCopies: each record of "in" that the group is past was copied once, and no other.
func (w *workload) judgeCopies(t *testing.T, admin *kadm.Client) {
	t.Helper()
	got, err := admin.FetchOffsets(t.Context(), "copies")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range w.all(t, "in", inParts) {
		if o, ok := got.Lookup("in", int32(r.Key-inKey)); ok && r.Offset < o.At {
			want = append(want, fmt.Sprintf("%d/%d", r.Key-inKey, r.Offset))
		}
	}
	var copied []string
	for _, r := range w.all(t, "out", inParts) {
		copied = append(copied, r.Value)
	}
	slices.Sort(want)
	slices.Sort(copied)
	if !slices.Equal(copied, want) {
		t.Errorf("%d records were copied, the group is past %d", len(copied), len(want))
	}
	t.Logf("%d records copied exactly once", len(copied))
}

// all that a topic has, read from its beginning.
func (w *workload) all(t *testing.T, topic string, parts int32) (out []Read) {
	t.Helper()
	from := map[int32]kgo.Offset{}
	for p := range parts {
		from[p] = kgo.NewOffset().AtStart()
	}
	c, err := w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(left) > 0 {
		f := c.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("the end of %s is not reached: %v", topic, left)
		}
		f.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				out = append(out, Read{keyOf(r), r.Offset, string(r.Value)})
			}
		})
	}
	return out
}
