package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// ShareGroupDescribe: state, members and assignments of share groups.
//
// Behaviour: a group that nobody knows, or of another kind, is GROUP_ID_NOT_FOUND. Authorized operations are not told.

func (s *Server) shareGroupDescribe(_ context.Context, _ *request, req *kmsg.ShareGroupDescribeRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ShareGroupDescribeResponse)
	for _, id := range req.GroupIDs {
		var d group.ConsumerDescription
		var known bool
		s.groups.With(func(_ time.Time, m *group.Machine) { d, known = m.DescribeShares(id) })
		rg := kmsg.NewShareGroupDescribeResponseGroup()
		rg.GroupID = id
		switch {
		case id == "":
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(group.ErrInvalidGroupID)
		case !known:
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(refuse(kerr.GroupIDNotFound, "group %s is not a share group", id))
		default:
			rg.GroupState, rg.GroupEpoch, rg.AssignmentEpoch, rg.Assignor = d.State, d.Epoch, d.TargetEpoch, d.Assignor
		}
		for i := range d.Members {
			mb := &d.Members[i]
			rm := kmsg.NewShareGroupDescribeResponseGroupMember()
			rm.MemberID, rm.RackID, rm.MemberEpoch = mb.MemberID, mb.Rack, mb.Epoch
			rm.ClientID, rm.ClientHost, rm.SubscribedTopicNames = mb.ClientID, mb.ClientHost, mb.Subscribed
			byTopic(mb.Assigned, func(id log.TopicID, partitions []int32) {
				if t, ok := s.cfg.Log.TopicByID(id); ok {
					at := kmsg.NewShareGroupDescribeResponseGroupMemberAssignmentTopicPartition()
					at.TopicID, at.Topic, at.Partitions = id, t.Name, partitions
					rm.Assignment.TopicPartitions = append(rm.Assignment.TopicPartitions, at)
				}
			})
			rg.Members = append(rg.Members, rm)
		}
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, nil
}
