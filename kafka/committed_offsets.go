package kafka

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// committedOffsets takes the offsets that transactions commit into the groups. Their rows are written
// with the commit that ends the transaction, by whatever broker.
type committedOffsets struct{ s *Server }

var _ log.Follower = committedOffsets{}

// Apply implements log.Follower. Without changes it was begun at the rows that Load reads.
func (c committedOffsets) Apply(_ context.Context, d *log.Delivery) error {
	at := c.s.cfg.Log.CommitTime(d.Seq).UnixMilli()
	for _, change := range d.Changes {
		err := log.CommittedOffsets(change, func(id string, offsets []log.GroupOffset) {
			c.s.groups.With(func(_ time.Time, m *group.Machine) { m.Committed(id, offsets, at) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// followOffsets begins to follow; groups are loaded behind it.
func (s *Server) followOffsets(ctx context.Context) error {
	newest, err := s.cfg.Log.Newest(ctx, false)
	if err != nil {
		return err
	}
	s.offsets = s.cfg.Log.Follow(log.FollowConfig{
		Name: "committed offsets", After: newest, Kinds: []log.Kind{log.KindEndTxn}, Backlog: -1,
	}, committedOffsets{s})
	return nil
}

// offsetsReached waits until every transaction that has been answered is in the groups.
func (s *Server) offsetsReached(ctx context.Context) error {
	newest, err := s.cfg.Log.Newest(ctx, false)
	if err != nil {
		return err
	}
	return s.offsets.Reached(ctx, newest)
}
