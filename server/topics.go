package server

import (
	"context"
	"errors"
	"fmt"

	"crypto/rand"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/storage/log"
)

// topics changes topics for Kafka clients through the catalog.
type topics struct {
	catalog *catalog.Catalog
	log     log.Log
}

var _ kafka.Topics = topics{}

// CreateTopic makes a topic that is no stream yet.
func (t topics) CreateTopic(ctx context.Context, n kafka.NewTopic) (log.Topic, error) {
	id, err := log.NewTopicID(rand.Reader)
	if err != nil {
		return log.Topic{}, err
	}
	topic := log.Topic{ID: id, Name: n.Name, Partitions: n.Partitions, Configs: n.Configs}
	_, err = t.catalog.Run(ctx, t.log, func(txn *catalog.Txn) error {
		if _, ok := t.log.TopicByName(n.Name); ok {
			return log.ErrTopicExists
		}
		txn.CreateTopic(topic)
		if owner, ok := txn.At().RoleNamed(n.Owner); ok {
			txn.OwnTopic(id, owner.OID)
		}
		return nil
	})
	if errors.Is(err, log.ErrCondition) {
		err = log.ErrTopicExists // it came between the look and the commit
	}
	return topic, err
}

// GrowTopic adds partitions to a topic that no relation writes.
func (t topics) GrowTopic(ctx context.Context, id log.TopicID, n int32, validateOnly bool) error {
	return inUse(t.catalog.GrowTopic(ctx, t.log, id, n, validateOnly))
}

// ConfigureTopic changes configurations of a topic that is not a table's.
func (t topics) ConfigureTopic(ctx context.Context, id log.TopicID, changes []log.TopicConfig, validateOnly bool) error {
	return inUse(t.catalog.ConfigureTopic(ctx, t.log, id, changes, validateOnly))
}

// inUse says it in the listener's terms.
func inUse(err error) error {
	if errors.Is(err, catalog.ErrTopicInUse) {
		return fmt.Errorf("%w: %w", kafka.ErrTopicInUse, err)
	}
	return err
}

// DeleteTopic removes a topic that no relation uses.
func (t topics) DeleteTopic(ctx context.Context, id log.TopicID) error {
	_, err := t.catalog.Run(ctx, t.log, func(txn *catalog.Txn) error {
		if _, ok := t.log.TopicByID(id); !ok {
			return log.ErrUnknownTopic
		}
		if user := txn.At().UsesTopic(id); user != nil {
			return fmt.Errorf("%w: %s %q", kafka.ErrTopicInUse, user.Kind, user.Name)
		}
		txn.DropTopic(id)
		return nil
	})
	return err
}
