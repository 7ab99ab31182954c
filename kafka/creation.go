package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/storage/log"
)

// createdByMetadata is how many unknown topics one Metadata request creates; the others are
// LEADER_NOT_AVAILABLE, at which clients ask again.
const createdByMetadata = 100

var errTooManyTopics = fmt.Errorf("%w: too many topics or partitions", ErrNotSupported)

// errCreationRate: the client has created its share of topics for now.
var errCreationRate = refuse(kerr.ThrottlingQuotaExceeded, "topics are created faster than topic_creation_rate allows")

// topicRoom is how many more topics and partitions there may be, counted once a request.
type topicRoom struct{ topics, partitions int }

func (s *Server) topicRoom() topicRoom {
	r := topicRoom{s.cfg.MaxTopics, s.cfg.MaxTotalPartitions}
	for _, t := range s.log.Log.Topics() {
		r.topics--
		r.partitions -= int(t.Partitions)
	}
	return r
}

func (r *topicRoom) fits(partitions int32) bool {
	return r.topics > 0 && r.partitions >= int(partitions)
}

// newTopic creates a topic for a client, unless the client has left, created too many, or there
// are too many.
func (s *Server) newTopic(ctx context.Context, a asker, room *topicRoom, n NewTopic) (log.Topic, error) {
	if err := waitsOf(ctx).Err(); err != nil {
		return log.Topic{}, err
	}
	if err := s.mayCreate(a.role); err != nil {
		return log.Topic{}, err
	}
	n.Owner = a.role
	if !room.fits(n.Partitions) {
		return log.Topic{}, errTooManyTopics
	}
	if !s.creations.take(a.host, s.cfg.Clock.Now()) {
		s.metrics.CreationsThrottled.Add(1)
		return log.Topic{}, errCreationRate
	}
	t, err := s.cfg.Topics.CreateTopic(ctx, n)
	if err == nil {
		room.topics--
		room.partitions -= int(n.Partitions)
		s.changed(a, "CREATE TOPIC", n.Name)
	}
	return t, err
}

// creations is the rate at which each address may create topics: a bucket that fills with time.
type creations struct {
	rate, burst float64
	mu          struct {
		sync.Mutex
		buckets map[string]*bucket
	}
}

type bucket struct {
	left  float64
	since time.Time
}

// maxBuckets bounds the addresses that are remembered; those beyond share one bucket.
const maxBuckets = 4096

// creationBurst is how many seconds' worth of topics may be created at once.
const creationBurst = 10

func newCreations(perSecond int) *creations {
	c := &creations{rate: float64(perSecond), burst: float64(perSecond) * creationBurst}
	c.mu.buckets = map[string]*bucket{}
	return c
}

func (c *creations) take(peer string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.mu.buckets[peer]
	if b == nil {
		b = c.addLocked(peer, now)
	}
	c.fill(b, now)
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

func (c *creations) fill(b *bucket, now time.Time) {
	if passed := now.Sub(b.since); passed > 0 {
		b.left = min(c.burst, b.left+passed.Seconds()*c.rate)
		b.since = now
	}
}

// addLocked makes a bucket, after dropping those that are full again. REQUIRES: c.mu held.
func (c *creations) addLocked(peer string, now time.Time) *bucket {
	if len(c.mu.buckets) >= maxBuckets {
		for p, b := range c.mu.buckets {
			if c.fill(b, now); b.left >= c.burst {
				delete(c.mu.buckets, p)
			}
		}
		if len(c.mu.buckets) >= maxBuckets {
			if peer = ""; c.mu.buckets[peer] != nil {
				return c.mu.buckets[peer]
			}
		}
	}
	b := &bucket{left: c.burst, since: now}
	c.mu.buckets[peer] = b
	return b
}
