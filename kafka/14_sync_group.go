package kafka

import (
	"bytes"
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// SyncGroup: the leader brings the assignments, everybody waits for theirs. Answered once they
// are durable.
//
// Versions: 3 instance id; 4 flexible; 5 protocol type and name are checked.

func (s *Server) syncGroup(ctx context.Context, r *request, req *kmsg.SyncGroupRequest) (kmsg.Response, error) {
	sync := group.SyncRequest{
		GroupID: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation,
		ProtocolType: req.ProtocolType, Protocol: req.Protocol, Assignments: map[string][]byte{},
	}
	for _, a := range req.GroupAssignment {
		sync.Assignments[a.MemberID] = bytes.Clone(a.MemberAssignment)
	}
	r.releaseDecoded()
	done := make(chan group.SyncReply, 1)
	s.groups.With(func(now time.Time, m *group.Machine) {
		m.Sync(now, sync, func(reply group.SyncReply) { done <- reply })
	})
	reply, err := await(ctx, waitsOf(ctx), done)
	if err != nil {
		reply = group.SyncReply{Err: group.ErrNotAvailable}
	}
	resp := req.ResponseKind().(*kmsg.SyncGroupResponse)
	resp.ErrorCode, resp.MemberAssignment = codeOf(reply.Err), reply.Assignment
	if reply.Err == nil {
		resp.ProtocolType, resp.Protocol = kmsg.StringPtr(reply.ProtocolType), kmsg.StringPtr(reply.Protocol)
	}
	return resp, nil
}
