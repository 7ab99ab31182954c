package kafka

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/kafka/quota"
)

// charge counts bytes of a request's client against its quota. The connection's next request is
// read once the wait that is returned is over; the answer tells it (throttle_time_ms), so that
// clients wait by themselves.
func (s *Server) charge(r *request, d quota.Direction, n int) time.Duration {
	now := s.cfg.Clock.Now()
	wait := s.quotas.Charge(now, r.user(), r.clientID, d, n)
	if wait <= 0 {
		return 0
	}
	s.metrics.Throttled[d].Add(1)
	// why the maximum: the reader and the writer may both find one.
	for until := now.Add(wait).UnixNano(); ; {
		have := r.conn.mutedUntil.Load()
		if have >= until || r.conn.mutedUntil.CompareAndSwap(have, until) {
			return wait
		}
	}
}

func (r *request) user() string {
	if r.who == nil {
		return ""
	}
	return r.who.Name
}

// throttleMillis is a wait as answers tell it; what is left of a millisecond counts as one.
func throttleMillis(wait time.Duration) int32 {
	return int32((wait + time.Millisecond - 1) / time.Millisecond)
}

// unmute waits until the connection's client may go on.
func (c *conn) unmute(ctx context.Context) error {
	for {
		left := time.Duration(c.mutedUntil.Load() - c.s.cfg.Clock.Now().UnixNano())
		if left <= 0 {
			return nil
		}
		select {
		case <-c.s.cfg.Clock.After(left):
		case <-c.s.drain:
			return nil // the next read fails
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
