package kafka

import (
	"bytes"
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// JoinGroup: become a member of the next generation; waits until it is there. The rules are in
// kafka/group.
//
// Versions: 0 has one timeout for both; 4 gives a new member its id first; 5 instance ids; 6
// flexible; 7 protocol type in the answer; 8 a reason (not kept); 9 a leader may skip assigning.

func (s *Server) joinGroup(ctx context.Context, r *request, req *kmsg.JoinGroupRequest) (kmsg.Response, error) {
	join := group.JoinRequest{
		GroupID: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID,
		ClientID: r.clientID, ClientHost: r.conn.host, ProtocolType: req.ProtocolType,
		SessionTimeout:     time.Duration(req.SessionTimeoutMillis) * time.Millisecond,
		RebalanceTimeout:   time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond,
		RequireKnownMember: req.Version >= 4,
		SkipAssignment:     req.Version >= 9,
	}
	if req.Version == 0 || join.RebalanceTimeout <= 0 {
		join.RebalanceTimeout = join.SessionTimeout
	}
	for _, p := range req.Protocols {
		join.Protocols = append(join.Protocols, group.Protocol{Name: p.Name, Metadata: bytes.Clone(p.Metadata)})
	}
	r.releaseDecoded()
	done := make(chan group.JoinReply, 1)
	s.groups.With(func(now time.Time, m *group.Machine) {
		m.Join(now, join, func(reply group.JoinReply) { done <- reply })
	})
	reply, err := await(ctx, waitsOf(ctx), done)
	if err != nil {
		reply = group.JoinReply{Err: group.ErrNotAvailable, MemberID: req.MemberID, Generation: -1}
	}
	return joinResponse(req, &reply), nil
}

func joinResponse(req *kmsg.JoinGroupRequest, reply *group.JoinReply) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
	resp.ErrorCode, resp.Generation, resp.MemberID = codeOf(reply.Err), reply.Generation, reply.MemberID
	resp.LeaderID, resp.SkipAssignment = reply.LeaderID, reply.SkipAssignment
	resp.Protocol = kmsg.StringPtr(reply.Protocol)
	if reply.Err == nil {
		resp.ProtocolType = kmsg.StringPtr(reply.ProtocolType)
	} else if req.Version >= 7 {
		resp.Protocol = nil
	}
	for _, mb := range reply.Members {
		rm := kmsg.NewJoinGroupResponseMember()
		rm.MemberID, rm.InstanceID, rm.ProtocolMetadata = mb.MemberID, mb.InstanceID, mb.Metadata
		resp.Members = append(resp.Members, rm)
	}
	return resp
}
