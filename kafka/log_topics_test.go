package kafka

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/tributary-db/tributary/storage/log"
)

// logTopics is Topics without a catalog: it writes the log's own topic changes.
type logTopics struct {
	log log.Log
	mu  struct {
		sync.Mutex
		rand io.Reader // of topic ids
	}
}

var _ Topics = (*logTopics)(nil)

// newLogTopics takes topic ids from rand.
func newLogTopics(l log.Log, rand io.Reader) *logTopics {
	t := &logTopics{log: l}
	t.mu.rand = rand
	return t
}

// CreateTopic implements Topics.
func (t *logTopics) CreateTopic(ctx context.Context, n NewTopic) (log.Topic, error) {
	topic := log.Topic{Name: n.Name, Partitions: n.Partitions, Configs: n.Configs}
	t.mu.Lock()
	_, err := io.ReadFull(t.mu.rand, topic.ID[:])
	t.mu.Unlock()
	if err != nil {
		return log.Topic{}, fmt.Errorf("make a topic id: %w", err)
	}
	topic.ID[6], topic.ID[8] = topic.ID[6]&0x0f|0x40, topic.ID[8]&0x3f|0x80 // a random UUID's marks
	return topic, t.apply(ctx, log.CreateTopicChange(topic))
}

// DeleteTopic implements Topics.
func (t *logTopics) DeleteTopic(ctx context.Context, id log.TopicID) error {
	return t.apply(ctx, log.DeleteTopicChange(id))
}

// GrowTopic implements Topics.
func (t *logTopics) GrowTopic(ctx context.Context, id log.TopicID, n int32, validateOnly bool) error {
	if validateOnly {
		return nil
	}
	return t.apply(ctx, log.GrowTopicChange(id, n))
}

// ConfigureTopic implements Topics.
func (t *logTopics) ConfigureTopic(ctx context.Context, id log.TopicID, changes []log.TopicConfig, validateOnly bool) error {
	if validateOnly || len(changes) == 0 {
		return nil
	}
	return t.apply(ctx, log.ConfigTopicChange(id, changes))
}

func (t *logTopics) apply(ctx context.Context, c log.Change) error {
	pending := t.log.Append(&log.Entry{Changes: []log.Change{c}})
	select {
	case <-pending.Done():
		_, err := pending.Result()
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
