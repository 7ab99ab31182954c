package kafka

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// slowTopics makes topics as slowly as a test says.
type slowTopics struct {
	Topics
	created atomic.Int64
	each    func(ctx context.Context)
}

func (s *slowTopics) CreateTopic(ctx context.Context, n NewTopic) (log.Topic, error) {
	if s.each != nil {
		s.each(ctx)
	}
	if err := ctx.Err(); err != nil {
		return log.Topic{}, err
	}
	s.created.Add(1)
	return s.Topics.CreateTopic(ctx, n)
}

func names(prefix string, count int) []string {
	all := make([]string, count)
	for i := range all {
		all[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	return all
}

// TestMetadataCreatesFew: one request creates createdByMetadata topics at most and is answered at
// once; asking again creates the next ones, until the client's share for now is used up.
func TestMetadataCreatesFew(t *testing.T) {
	b := start(t, func(c *Config) { c.TopicCreationRate = 15 }) // so 150 at once
	b.createTopic(t, "canary", 1, nil)
	w := b.dial(t)
	req := metadataOf(9, names("m", 60_000)...)
	for _, want := range []struct{ least, most int }{{createdByMetadata, createdByMetadata}, {150, 250}} {
		codes := map[int16]int{}
		for _, rt := range ask[*kmsg.MetadataResponse](w, req).Topics {
			codes[rt.ErrorCode]++
		}
		if codes[0] < want.least || codes[0] > want.most || codes[0]+codes[kerr.LeaderNotAvailable.Code] != 60_000 {
			t.Errorf("codes %v, want %+v without an error", codes, want)
		}
	}
	if b.metrics.CreationsThrottled.Load() != 1 {
		t.Errorf("throttled %d times", b.metrics.CreationsThrottled.Load())
	}
	if worst := canary(t, b, 10); worst > 5*time.Second {
		t.Errorf("a client from the same address waited %v", worst)
	}
}

func TestCreateTopicsIsThrottled(t *testing.T) {
	b := start(t, func(c *Config) { c.TopicCreationRate = 1 })
	w := b.dial(t)
	create := func(version int16, prefix string) map[int16]int {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.Version = version
		for _, name := range names(prefix, 20) {
			rt := kmsg.NewCreateTopicsRequestTopic()
			rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, 1, 1
			req.Topics = append(req.Topics, rt)
		}
		codes := map[int16]int{}
		for _, rt := range ask[*kmsg.CreateTopicsResponse](w, req).Topics {
			codes[rt.ErrorCode]++
		}
		return codes
	}
	if codes := create(7, "a"); codes[0] < creationBurst || codes[kerr.ThrottlingQuotaExceeded.Code] == 0 {
		t.Errorf("version 7: codes %v", codes)
	}
	if codes := create(4, "b"); codes[kerr.RequestTimedOut.Code] == 0 {
		t.Errorf("version 4: codes %v", codes)
	}
}

// TestTotalPartitions: no number of topics makes more partitions than there may be.
func TestTotalPartitions(t *testing.T) {
	b := start(t, func(c *Config) { c.MaxTotalPartitions = 25; c.DefaultPartitions = 10 })
	w := b.dial(t)
	resp := ask[*kmsg.MetadataResponse](w, metadataOf(9, "a", "b", "c"))
	for i, want := range []int16{0, 0, kerr.InvalidRequest.Code} {
		if resp.Topics[i].ErrorCode != want {
			t.Errorf("topic %d: code %d, want %d", i, resp.Topics[i].ErrorCode, want)
		}
	}
}

// TestCreationEndsWithItsClient: once the client has left no more topics are created.
func TestCreationEndsWithItsClient(t *testing.T) {
	began := make(chan struct{}, 1)
	topics := &slowTopics{each: func(ctx context.Context) {
		began <- struct{}{}
		<-waitsOf(ctx).Done() // the client has left
	}}
	b := start(t, func(c *Config) { topics.Topics, c.Topics = c.Topics, topics })
	w := b.dial(t)
	w.send(metadataOf(9, names("m", 60_000)...))
	<-began
	_ = w.nc.Close()
	eventually(t, func() bool { return b.metrics.ConnectionsOpen.Load() == 0 })
	if n := topics.created.Load(); n != 1 {
		t.Errorf("%d topics were created after their client had left", n-1)
	}
}

// TestStopEndsCreation: a request that creates many topics slowly does not hold a stop up.
func TestStopEndsCreation(t *testing.T) {
	began := make(chan struct{}, 1)
	topics := &slowTopics{each: func(ctx context.Context) {
		select {
		case began <- struct{}{}:
		default:
		}
		<-ctx.Done() // never by itself
	}}
	b := start(t, func(c *Config) { topics.Topics, c.Topics = c.Topics, topics })
	b.dial(t).send(metadataOf(9, names("m", 60_000)...))
	<-began
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := b.Shutdown(ctx); err == nil {
		t.Error("nothing was cut off")
	}
	if n := topics.created.Load(); n != 0 {
		t.Errorf("%d topics were created", n)
	}
}

// TestCreationBuckets: addresses are remembered within bounds.
func TestCreationBuckets(t *testing.T) {
	c := newCreations(1)
	now := time.Unix(1000, 0)
	for i := range 3 * maxBuckets {
		c.take(fmt.Sprint("peer ", i), now)
	}
	if n := len(c.mu.buckets); n > maxBuckets+1 {
		t.Errorf("%d buckets", n)
	}
	if !c.take("late", now.Add(time.Minute)) || len(c.mu.buckets) > 1 {
		t.Errorf("full buckets are kept: %d", len(c.mu.buckets))
	}
}
