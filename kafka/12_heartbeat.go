package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// Heartbeat: a member lives; REBALANCE_IN_PROGRESS tells it to join again.
//
// Versions: 3 instance id; 4 flexible.

func (s *Server) heartbeat(_ context.Context, _ *request, req *kmsg.HeartbeatRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
	s.groups.With(func(now time.Time, m *group.Machine) {
		resp.ErrorCode = codeOf(m.Heartbeat(now, req.Group, req.MemberID, req.InstanceID, req.Generation))
	})
	return resp, nil
}
