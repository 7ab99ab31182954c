package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// ConsumerGroupDescribe: state, members, assignments and targets of groups of the consumer protocol.
//
// Behaviour: a group that nobody knows, or a classic one, is GROUP_ID_NOT_FOUND. Topics that were
// deleted are not shown. Authorized operations are not told.
//
// Versions: 1 the kind of a member, which is always the consumer protocol's.

func (s *Server) consumerGroupDescribe(_ context.Context, _ *request, req *kmsg.ConsumerGroupDescribeRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ConsumerGroupDescribeResponse)
	for _, id := range req.Groups {
		var d group.ConsumerDescription
		var known bool
		s.groups.With(func(_ time.Time, m *group.Machine) { d, known = m.DescribeConsumers(id) })
		rg := kmsg.NewConsumerGroupDescribeResponseGroup()
		rg.Group = id
		switch {
		case id == "":
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(group.ErrInvalidGroupID)
		case !known:
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(refuse(kerr.GroupIDNotFound, "group %s is not a consumer group", id))
		default:
			rg.State, rg.Epoch, rg.AssignmentEpoch, rg.AssignorName = d.State, d.Epoch, d.TargetEpoch, d.Assignor
		}
		for i := range d.Members {
			rg.Members = append(rg.Members, s.describedConsumer(&d.Members[i]))
		}
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, nil
}

func (s *Server) describedConsumer(mb *group.ConsumerMember) kmsg.ConsumerGroupDescribeResponseGroupMember {
	rm := kmsg.NewConsumerGroupDescribeResponseGroupMember()
	rm.MemberID, rm.InstanceID, rm.RackID, rm.MemberEpoch = mb.MemberID, mb.InstanceID, mb.Rack, mb.Epoch
	rm.ClientID, rm.ClientHost, rm.SubscribedTopics, rm.MemberType = mb.ClientID, mb.ClientHost, mb.Subscribed, 1
	if mb.Regex != "" {
		rm.SubscribedTopicRegex = &mb.Regex
	}
	rm.Assignment, rm.TargetAssignment = s.describedPartitions(mb.Assigned), s.describedPartitions(mb.Target)
	return rm
}

func (s *Server) describedPartitions(tps []group.TopicPartition) kmsg.Assignment {
	out := kmsg.NewAssignment()
	byTopic(tps, func(id log.TopicID, partitions []int32) {
		if t, ok := s.cfg.Log.TopicByID(id); ok {
			at := kmsg.NewAssignmentTopicPartition()
			at.TopicID, at.Topic, at.Partitions = id, t.Name, partitions
			out.TopicPartitions = append(out.TopicPartitions, at)
		}
	})
	return out
}
