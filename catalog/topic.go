package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/storage/log"
)

// ErrTopicInUse: a relation over the topic does not bear the change.
var ErrTopicInUse = errors.New("topic is in use by a relation")

// TopicLog is the part of the log that changes of topics need.
type TopicLog interface {
	Appender
	TopicByID(id log.TopicID) (log.Topic, bool)
}

// GrowTopic gives a topic more partitions, so that there are n, unless a relation writes it: where
// a key lies must not change under a table, an updating sink, a derived stream or a connector.
// With checkOnly nothing is changed.
func (c *Catalog) GrowTopic(ctx context.Context, l TopicLog, id log.TopicID, n int32, checkOnly bool) error {
	return c.changeTopic(ctx, l, id, checkOnly, log.GrowTopicChange(id, n), func(r *Relation) bool {
		return r.Kind == KindStream && !r.Derived() && r.Options["connector"] == ""
	})
}

// ConfigureTopic changes configurations of a topic, which the caller has checked; those of a
// table's topic are the table's own.
func (c *Catalog) ConfigureTopic(ctx context.Context, l TopicLog, id log.TopicID, changes []log.TopicConfig, checkOnly bool) error {
	return c.changeTopic(ctx, l, id, checkOnly || len(changes) == 0, log.ConfigTopicChange(id, changes), func(r *Relation) bool {
		return r.Kind != KindTable
	})
}

// changeTopic commits a change of a topic if all relations over it bear it.
func (c *Catalog) changeTopic(ctx context.Context, l TopicLog, id log.TopicID, checkOnly bool, change log.Change, bears func(*Relation) bool) error {
	check := func(s *Snapshot) error {
		topic, ok := l.TopicByID(id)
		if !ok {
			return log.ErrUnknownTopic
		}
		for _, user := range s.UsersOfTopic(id) {
			if !bears(user) {
				return fmt.Errorf("%w: %s %q", ErrTopicInUse, user.Kind, user.Name)
			}
		}
		if topic.Internal {
			return fmt.Errorf("%w: %q is the server's own", ErrTopicInUse, topic.Name)
		}
		return nil
	}
	if checkOnly {
		return check(c.Now())
	}
	_, err := c.Run(ctx, l, func(txn *Txn) error {
		txn.ChangeTopic(change)
		return check(txn.At())
	})
	return err
}
