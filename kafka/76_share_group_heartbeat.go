package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// ShareGroupHeartbeat (KIP-932): a member of a share group says what it subscribes to, and hears which partitions to
// fetch from, which others may fetch from as well. The rules are in kafka/group.
//
// Behaviour: a group of another kind is GROUP_ID_NOT_FOUND, also without members.
//
// Versions: 0 was Kafka 4.0's early access; 1 is what there is.

func (s *Server) shareGroupHeartbeat(ctx context.Context, r *request, req *kmsg.ShareGroupHeartbeatRequest) (kmsg.Response, error) {
	beat := group.ShareHeartbeat{
		GroupID: req.GroupID, MemberID: req.MemberID, Epoch: req.MemberEpoch, RackID: req.RackID,
		ClientID: r.clientID, ClientHost: r.conn.host, Subscribed: req.SubscribedTopicNames,
	}
	done := make(chan group.ConsumerReply, 1)
	var interval time.Duration
	s.groups.With(func(now time.Time, m *group.Machine) {
		interval = m.ShareConfig(beat.GroupID).Heartbeat
		m.ShareHeartbeat(now, beat, s.cfg.Log, func(reply group.ConsumerReply) { done <- reply })
	})
	reply, err := await(ctx, waitsOf(ctx), done)
	if err != nil {
		reply = group.ConsumerReply{Err: group.ErrNotAvailable}
	}
	resp := req.ResponseKind().(*kmsg.ShareGroupHeartbeatResponse)
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(reply.Err); reply.Err != nil {
		return resp, nil
	}
	resp.MemberID, resp.MemberEpoch = kmsg.StringPtr(reply.MemberID), reply.Epoch
	resp.HeartbeatIntervalMillis = int32(interval.Milliseconds())
	if reply.Told {
		resp.Assignment = &kmsg.ShareGroupHeartbeatResponseAssignment{TopicPartitions: []kmsg.ShareGroupHeartbeatResponseAssignmentTopicPartition{}}
		byTopic(reply.Assigned, func(id log.TopicID, partitions []int32) {
			t := kmsg.NewShareGroupHeartbeatResponseAssignmentTopicPartition()
			t.TopicID, t.Partitions = id, partitions
			resp.Assignment.TopicPartitions = append(resp.Assignment.TopicPartitions, t)
		})
	}
	return resp, nil
}
