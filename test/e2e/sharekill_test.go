package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/test/harness"
)

// deliveries is what became of the records of a share group.
type deliveries struct {
	mu       sync.Mutex
	seen     map[string]int
	accepted map[string]bool // by an acknowledgement that was answered
	again    []string        // accepted by a second one: delivered anew although it was accepted
}

func (d *deliveries) got(rs []*kgo.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range rs {
		d.seen[string(r.Value)]++
	}
}

// took counts what an answered acknowledgement accepted. That a record is merely seen again says nothing: a client hands
// out what it had fetched before a kill while another member has long accepted it. But its acknowledgement is refused then.
func (d *deliveries) took(rs []*kgo.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range rs {
		v := string(r.Value)
		if d.accepted[v] {
			d.again = append(d.again, v)
		}
		d.accepted[v] = true
	}
}

// TestShareGroupKill: members of a share group beside a server that is killed. Every record is delivered, and none is accepted
// twice.
func TestShareGroupKill(t *testing.T) {
	rng := random(t)
	dir, ports := t.TempDir(), harness.FixedPorts(t)
	s := harness.Start(t, dir, append(kept(rng), ports...)...)
	s.Exec(t, "CREATE TOPIC sk WITH (partitions = 3)")
	records, kills := 2_000, 3
	if long() {
		records, kills = 40_000, 8
	}
	// A kill counts as a delivery to those records that somebody had.
	configureShares(t, s, map[string]string{"share.auto.offset.reset": "earliest", "share.delivery.count.limit": "10"})
	producer := s.Kafka(t, kgo.DefaultProduceTopic("sk"))
	for n := range records {
		producer.Produce(context.Background(), kgo.StringRecord(fmt.Sprint(n)), nil)
	}
	if err := producer.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(testContext(t))
	defer stop()
	d := &deliveries{seen: map[string]int{}, accepted: map[string]bool{}}
	var members sync.WaitGroup
	for range 2 {
		seed, addr := rng.Uint64(), s.KafkaAddr
		members.Go(func() { shareMember(ctx, t, addr, rand.New(rand.NewPCG(seed, 1)), d) })
	}
	for range kills {
		time.Sleep(time.Duration(200+rng.IntN(600)) * time.Millisecond) // the moment is random
		s.Kill()
		s = harness.Start(t, dir, append(kept(rng), ports...)...)
	}
	done := int64(0)
	for deadline := time.Now().Add(2 * time.Minute); done < int64(records) && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		done = sharedUpTo(t, s)
	}
	stop()
	members.Wait()
	repeated := 0
	for _, n := range d.seen {
		if n > 1 {
			repeated++
		}
	}
	t.Logf("%d records, %d of them delivered more than once, %d acknowledgements answered", len(d.seen), repeated, len(d.accepted))
	if done != int64(records) || len(d.seen) != records {
		t.Errorf("the group is done with %d records and %d were delivered, want %d", done, len(d.seen), records)
	}
	if len(d.again) > 0 {
		t.Errorf("%d records were accepted twice: %.200v", len(d.again), d.again)
	}
	if len(d.accepted) == 0 {
		t.Error("nothing was tried")
	}
}

// shareMember accepts what it gets, some at a time, and leaves now and then with what it has.
func shareMember(ctx context.Context, t *testing.T, addr string, r *rand.Rand, d *deliveries) {
	for ctx.Err() == nil {
		var refused atomic.Bool
		cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ShareGroup("sk"), kgo.ConsumeTopics("sk"), kgo.ShareMaxRecords(20), kgo.DisableClientMetrics(),
			kgo.ShareAckCallback(func(_ *kgo.Client, results kgo.ShareAckResults) {
				if !results.Ok() {
					refused.Store(true)
				}
			}))
		if err != nil {
			t.Error(err)
			return
		}
		for turns := 20 + r.IntN(60); turns > 0 && ctx.Err() == nil; turns-- {
			poll, cancel := context.WithTimeout(ctx, time.Second)
			rs := cl.PollRecords(poll, 20).Records()
			cancel()
			d.got(rs)
			refused.Store(false)
			cl.MarkAcks(kgo.AckAccept, rs...)
			flush, cancel := context.WithTimeout(ctx, 10*time.Second)
			err := cl.FlushAcks(flush)
			cancel()
			if err == nil && !refused.Load() && len(rs) > 0 {
				d.took(rs)
			}
		}
		cl.CloseAllowingRebalance()
	}
}

func configureShares(t *testing.T, s *harness.Server, set map[string]string) {
	t.Helper()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeGroupConfig, "sk"
	for name, value := range set {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = name, &value
		res.Configs = append(res.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, res)
	resp, err := req.RequestWith(testContext(t), s.Kafka(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(resp.Resources[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
}

// sharedUpTo is how many records the group is done with, without holes.
func sharedUpTo(t *testing.T, s *harness.Server) (sum int64) {
	t.Helper()
	group := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	group.GroupID = "sk"
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	req.Groups = append(req.Groups, group)
	cl := s.Kafka(t)
	defer cl.Close()
	resp, err := req.RequestWith(testContext(t), cl)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range resp.Groups[0].Topics {
		for _, p := range topic.Partitions {
			sum += max(p.StartOffset, 0)
		}
	}
	return sum
}
