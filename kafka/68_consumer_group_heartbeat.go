package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// ConsumerGroupHeartbeat (KIP-848): a member says what it subscribes to and has, and hears what
// it may have. The rules are in kafka/group.
//
// Behaviour: a classic group becomes a consumer group when it has no members, not while it has
// some. Racks do not count in assignments, since every broker serves every partition.
//
// Versions: 1 the client makes the member's id; regular expressions.

func (s *Server) consumerGroupHeartbeat(ctx context.Context, r *request, req *kmsg.ConsumerGroupHeartbeatRequest) (kmsg.Response, error) {
	beat := group.ConsumerHeartbeat{
		GroupID: req.Group, MemberID: req.MemberID, Epoch: req.MemberEpoch, InstanceID: req.InstanceID, RackID: req.RackID,
		ClientID: r.clientID, ClientHost: r.conn.host,
		RebalanceTimeout: time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond,
		Subscribed:       req.SubscribedTopicNames, Regex: req.SubscribedTopicRegex, Assignor: req.ServerAssignor,
	}
	if req.Version == 0 && beat.Epoch == 0 && beat.MemberID == "" {
		beat.MemberID = s.newUUID()
	}
	if req.Topics != nil {
		beat.Owned = []group.TopicPartition{}
		for _, t := range req.Topics {
			for _, p := range t.Partitions {
				beat.Owned = append(beat.Owned, group.TopicPartition{Topic: log.TopicID(t.TopicID), Index: p})
			}
		}
	}
	r.releaseDecoded()
	done := make(chan group.ConsumerReply, 1)
	s.groups.With(func(now time.Time, m *group.Machine) {
		m.ConsumerHeartbeat(now, beat, s.cfg.Log, func(reply group.ConsumerReply) { done <- reply })
	})
	reply, err := await(ctx, waitsOf(ctx), done)
	if err != nil {
		reply = group.ConsumerReply{Err: group.ErrNotAvailable}
	}
	resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(reply.Err); reply.Err != nil {
		return resp, nil
	}
	resp.MemberID, resp.MemberEpoch = kmsg.StringPtr(reply.MemberID), reply.Epoch
	resp.HeartbeatIntervalMillis = int32(s.cfg.ConsumerHeartbeat.Milliseconds())
	if reply.Told {
		resp.Assignment = &kmsg.ConsumerGroupHeartbeatResponseAssignment{Topics: []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic{}}
		byTopic(reply.Assigned, func(id log.TopicID, partitions []int32) {
			t := kmsg.NewConsumerGroupHeartbeatResponseAssignmentTopic()
			t.TopicID, t.Partitions = id, partitions
			resp.Assignment.Topics = append(resp.Assignment.Topics, t)
		})
	}
	return resp, nil
}

// byTopic calls fn for each topic of sorted partitions.
func byTopic(tps []group.TopicPartition, fn func(id log.TopicID, partitions []int32)) {
	for i := 0; i < len(tps); {
		id := tps[i].Topic
		var partitions []int32
		for ; i < len(tps) && tps[i].Topic == id; i++ {
			partitions = append(partitions, tps[i].Index)
		}
		fn(id, partitions)
	}
}
