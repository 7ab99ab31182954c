package kafka

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/storage/log"
)

// Sentinels of Topics, besides log.ErrTopicExists, log.ErrUnknownTopic and log.ErrUnavailable.
var (
	// ErrTopicInUse: a relation is bound to the topic, and does not bear the change.
	ErrTopicInUse = errors.New("topic is in use by a relation")
	// ErrInvalidTopic: the catalog takes no topic of that name.
	ErrInvalidTopic = errors.New("invalid topic")
	// ErrNotSupported: the catalog cannot do this to a topic.
	ErrNotSupported = errors.New("not supported")
)

// NewTopic is what CreateTopics and auto-creation ask for. The listener has checked the name's
// characters, the partition count and the configs by Kafka's rules.
type NewTopic struct {
	Name       string
	Partitions int32
	Configs    map[string]string // only what the client set
	Owner      string            // the role that makes it
}

// Topics changes topics on behalf of Kafka clients; the catalog implements it, so that SQL sees
// the same topics. All calls return once this broker's log.Log shows the change. Safe for
// concurrent use.
type Topics interface {
	// CreateTopic returns log.ErrTopicExists (also to the loser of a race) or ErrInvalidTopic.
	CreateTopic(ctx context.Context, t NewTopic) (log.Topic, error)
	// DeleteTopic returns log.ErrUnknownTopic, or ErrTopicInUse while a relation uses it.
	DeleteTopic(ctx context.Context, id log.TopicID) error
	// GrowTopic gives a topic more partitions, so that there are n; log.ErrUnknownTopic,
	// log.ErrPartitions, or ErrTopicInUse while a relation depends on their number. With
	// validateOnly nothing is changed.
	GrowTopic(ctx context.Context, id log.TopicID, n int32, validateOnly bool) error
	// ConfigureTopic changes configurations, which the listener has checked; log.ErrUnknownTopic, or
	// ErrTopicInUse for the topic of a table.
	ConfigureTopic(ctx context.Context, id log.TopicID, changes []log.TopicConfig, validateOnly bool) error
}

// maxTopicName is Kafka's limit: a directory name with a partition number has to fit into 255.
const maxTopicName = 249

// ValidTopicName tells whether name follows Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], not "."
// and not "..".
func ValidTopicName(name string) bool {
	if name == "" || len(name) > maxTopicName || name == "." || name == ".." {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
