package kafka

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func nextGeneration(group, topic string) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.ServerSideBalancer(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(),
	}
}

// stocked makes a topic of six partitions with n records.
func stocked(t *testing.T, b *broker, topic string, n int) {
	t.Helper()
	cl := b.client(t, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if _, err := kadm.NewClient(cl).CreateTopic(testContext(t), 6, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		cl.Produce(testContext(t), &kgo.Record{Topic: topic, Value: fmt.Append(nil, i)}, nil)
	}
	if err := cl.Flush(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

// TestConsumerGroup: two members of the consumer protocol share a topic out, every record is read
// once, offsets are committed, and what the administrator sees is true.
func TestConsumerGroup(t *testing.T) {
	const n = 3_000
	b := startReal(t, func(c *Config) { c.ConsumerHeartbeat = 50 * time.Millisecond })
	stocked(t, b, "t", n)
	ctx := testContext(t)
	admin := b.client(t)
	describe := func() kmsg.ConsumerGroupDescribeResponseGroup {
		req := kmsg.NewPtrConsumerGroupDescribeRequest()
		req.Groups = []string{"g"}
		resp, err := req.RequestWith(ctx, admin)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Groups[0]
	}
	seen := map[string]int{}
	read := func(cl *kgo.Client) {
		wait, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		cl.PollFetches(wait).EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++ })
		if err := cl.CommitUncommittedOffsets(ctx); err != nil && !strings.Contains(err.Error(), "STALE_MEMBER_EPOCH") {
			t.Error(err)
		}
	}
	one := b.client(t, nextGeneration("g", "t")...)
	for len(seen) < n && ctx.Err() == nil {
		read(one)
	}
	two := b.client(t, nextGeneration("g", "t")...)
	for ctx.Err() == nil {
		read(one)
		read(two)
		if g := describe(); g.State == "Stable" && len(g.Members) == 2 {
			break
		}
	}
	g := describe()
	for _, mb := range g.Members {
		if len(mb.Assignment.TopicPartitions) != 1 || len(mb.Assignment.TopicPartitions[0].Partitions) != 3 || mb.SubscribedTopics[0] != "t" {
			t.Errorf("%+v", mb)
		}
	}
	if g.AssignorName != "uniform" || g.Epoch < 2 || g.Epoch != g.AssignmentEpoch {
		t.Errorf("%+v", g)
	}
	listed, err := kadm.NewClient(admin).ListGroups(ctx)
	if err != nil || listed["g"].State != "Stable" {
		t.Errorf("%+v, %v", listed, err)
	}
	one.CloseAllowingRebalance()
	fillMore := b.client(t, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	for i := n; i < 2*n; i++ {
		fillMore.Produce(ctx, &kgo.Record{Topic: "t", Value: fmt.Append(nil, i)}, nil)
	}
	for len(seen) < 2*n && ctx.Err() == nil {
		read(two)
	}
	for value, times := range seen {
		if times != 1 {
			t.Errorf("record %s was read %d times", value, times)
		}
	}
	if len(seen) != 2*n {
		t.Errorf("%d records", len(seen))
	}
	two.CloseAllowingRebalance()
	if g := describe(); g.State != "Empty" || len(g.Members) != 0 {
		t.Errorf("%+v", g)
	}
	lag, err := kadm.NewClient(admin).FetchOffsets(ctx, "g")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	lag.Each(func(o kadm.OffsetResponse) { total += o.At })
	if total != 2*n {
		t.Errorf("%d records are committed", total)
	}
}

// TestConsumerGroupOfLibrdkafka: confluent-kafka with group.protocol=consumer, where it is installed.
func TestConsumerGroupOfLibrdkafka(t *testing.T) {
	python := os.Getenv("TRIBUTARY_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := osexec.Command(python, "-c", "import confluent_kafka").Run(); err != nil {
		t.Skip("no Python with confluent_kafka (TRIBUTARY_TEST_PYTHON): skipped")
	}
	const n = 2_000
	b := startReal(t, func(c *Config) { c.ConsumerHeartbeat = 100 * time.Millisecond })
	stocked(t, b, "orders-1", n)
	const script = `
import sys, time, confluent_kafka as ck
conf = {"bootstrap.servers": sys.argv[1], "group.id": "rd", "group.protocol": "consumer", "auto.offset.reset": "earliest", "enable.auto.commit": False}
def consumer(**more):
    c = ck.Consumer({**conf, **more})
    c.subscribe(["^orders-.*"])
    return c
n, seen = int(sys.argv[2]), set()
def read(c):
    for m in c.consume(500, 0.2):
        if m.error(): raise Exception(m.error())
        assert m.value() not in seen
        seen.add(m.value())
    try:
        c.commit(asynchronous=False)
    except ck.KafkaException as e:
        if e.args[0].code() != ck.KafkaError._NO_OFFSET: raise
end = time.time() + 30
one = consumer()
while len(seen) < n and time.time() < end: read(one)
two = consumer(**{"group.remote.assignor": "range"})
while time.time() < end and not (len(one.assignment()) == 3 and len(two.assignment()) == 3):
    read(one); read(two)
print(len(seen), len(one.assignment()), len(two.assignment()))
one.close(); two.close()
`
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := osexec.CommandContext(ctx, python, "-c", script, b.addr, fmt.Sprint(n)).CombinedOutput()
	if err != nil || string(out) != "2000 3 3\n" {
		t.Errorf("%s, %v", out, err)
	}
}
