package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// LeaveGroup: members go, and the rest rebalance at once.
//
// Versions: 3 many members, also by instance id; 4 flexible; 5 a reason (not kept).

func (s *Server) leaveGroup(_ context.Context, _ *request, req *kmsg.LeaveGroupRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.LeaveGroupResponse)
	s.groups.With(func(now time.Time, m *group.Machine) {
		if req.Version < 3 {
			resp.ErrorCode = codeOf(m.Leave(now, req.Group, req.MemberID, nil))
			return
		}
		for i := range req.Members {
			asked := &req.Members[i]
			rm := kmsg.NewLeaveGroupResponseMember()
			rm.MemberID, rm.InstanceID = asked.MemberID, asked.InstanceID
			rm.ErrorCode = codeOf(m.Leave(now, req.Group, asked.MemberID, asked.InstanceID))
			resp.Members = append(resp.Members, rm)
		}
	})
	return resp, nil
}
