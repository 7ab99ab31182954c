package kafka

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// goneEvery is how often groups are relieved of what they keep of topics that are gone. Nobody sees it before: a topic of the same
// name has another id.
const goneEvery = time.Minute

// forgetGone relieves groups until ctx ends, the first time at once: a topic may have gone just before a kill.
func (s *Server) forgetGone(ctx context.Context) error {
	job.Label("topics that are gone")
	for {
		s.forgetGoneTopics(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-s.cfg.Clock.After(goneEvery):
		}
	}
}

// forgetGoneTopics looks at each group by itself, so that no lock is held for all of them.
func (s *Server) forgetGoneTopics(ctx context.Context) {
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
		s.groups.With(func(_ time.Time, m *group.Machine) { m.ForgetTopics(id, gone) })
	}
}
