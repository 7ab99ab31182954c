package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// OffsetDelete: offsets of a group, without the group. While the group has members every
// partition is GROUP_SUBSCRIBED_TO_TOPIC; Kafka looks at what they subscribe to.

func (s *Server) offsetDelete(ctx context.Context, r *request, req *kmsg.OffsetDeleteRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.OffsetDeleteResponse)
	if !s.super(r.user()) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return resp, nil
	}
	var all []group.TopicPartition
	for i := range req.Topics {
		rt := kmsg.NewOffsetDeleteResponseTopic()
		rt.Topic = req.Topics[i].Topic
		t, known := s.cfg.Log.TopicByName(rt.Topic)
		for _, p := range req.Topics[i].Partitions {
			rp := kmsg.NewOffsetDeleteResponseTopicPartition()
			rp.Partition = p.Partition
			if !known || p.Partition < 0 || p.Partition >= t.Partitions {
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			} else {
				all = append(all, group.TopicPartition{Topic: t.ID, Index: p.Partition})
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	done := make(chan error, 1)
	s.groups.With(func(_ time.Time, m *group.Machine) { m.DeleteOffsets(req.Group, all, func(err error) { done <- err }) })
	result, err := await(ctx, ctx, done)
	switch {
	case err != nil:
		return nil, err
	case errors.Is(result, group.ErrSubscribed):
		for i := range resp.Topics {
			for j := range resp.Topics[i].Partitions {
				resp.Topics[i].Partitions[j].ErrorCode = kerr.GroupSubscribedToTopic.Code
			}
		}
	case result != nil:
		resp.ErrorCode, resp.Topics = codeOf(result), nil
	}
	return resp, nil
}
