package kafka

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// sweepEvery is how often groups are relieved of what they keep of topics that are gone, and of offsets whose time is over. Of the
// former nobody sees anything before: a topic of the same name has another id.
const sweepEvery = time.Minute

// sweep relieves groups until ctx ends, the first time at once: a topic may have gone just before a kill.
func (s *Server) sweep(ctx context.Context) error {
	job.Label("group sweep")
	for {
		s.sweepGroups(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.cfg.Clock.After(sweepEvery):
		}
	}
}

// sweepGroups looks at each group by itself, so that no lock is held for all of them.
func (s *Server) sweepGroups(ctx context.Context) {
	known := map[log.TopicID]bool{}
	gone := func(id log.TopicID) bool {
		is, ok := known[id]
		if !ok {
			_, there := s.cfg.Log.TopicByID(id)
			is = !there
			known[id] = is
		}
		return is
	}
	var ids []string
	s.groups.With(func(_ time.Time, m *group.Machine) { ids = m.IDs() })
	for _, id := range ids {
		if ctx.Err() != nil {
			return
		}
		expired := 0
		s.groups.With(func(now time.Time, m *group.Machine) {
			m.ForgetTopics(id, gone)
			if s.cfg.OffsetsRetention > 0 {
				expired = m.Expire(now, id, s.cfg.OffsetsRetention)
			}
		})
		if expired > 0 {
			s.metrics.OffsetsExpired.Add(int64(expired))
			s.cfg.Logger.Info("offsets expired", "group", id, "partitions", expired)
		}
	}
}
