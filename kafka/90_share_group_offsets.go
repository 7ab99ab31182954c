package kafka

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// DescribeShareGroupOffsets, AlterShareGroupOffsets, DeleteShareGroupOffsets: where share groups are in partitions: the
// first record that is not done.
//
// Behaviour: a partition that the group has not begun, or that is not there, has offset -1 without an error. Altering and
// deleting are NON_EMPTY_GROUP while there are members; altering makes a group that is not there.
//
// Versions: of the first, 1 the lag: records behind the offset that are not done.

func (s *Server) describeShareGroupOffsets(ctx context.Context, _ *request, req *kmsg.DescribeShareGroupOffsetsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeShareGroupOffsetsResponse)
	for _, asked := range req.Groups {
		rg := kmsg.NewDescribeShareGroupOffsetsResponseGroup()
		rg.GroupID = asked.GroupID
		var offsets map[group.TopicPartition]group.ShareOffset
		var known bool
		s.groups.With(func(_ time.Time, m *group.Machine) { offsets, known = m.ShareOffsets(asked.GroupID) })
		if !known {
			rg.ErrorCode, rg.ErrorMessage = codeAndMessage(refuse(kerr.GroupIDNotFound, "group %s is not a share group", asked.GroupID))
		}
		if asked.Topics == nil {
			asked.Topics = s.topicsOfShares(offsets)
		}
		for _, t := range asked.Topics {
			if !known {
				break
			}
			rt := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopic()
			found, _ := s.cfg.Log.TopicByName(t.Topic)
			rt.Topic, rt.TopicID = t.Topic, found.ID
			for _, index := range t.Partitions {
				rp := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopicPartition()
				rp.Partition, rp.StartOffset, rp.Lag = index, -1, -1
				p := group.TopicPartition{Topic: found.ID, Index: index}
				if o, ok := offsets[p]; ok {
					ends, err := s.cfg.Log.Ends(ctx, []log.Partition{{Topic: p.Topic, Index: index}}, false)
					if err != nil {
						rp.ErrorCode, rp.ErrorMessage = codeAndMessage(err)
					} else {
						rp.StartOffset, rp.LeaderEpoch = o.Start, s.cfg.Epochs.Current()
						rp.Lag = max(ends[0].HighWatermark-o.Start-o.Done, 0)
					}
				}
				rt.Partitions = append(rt.Partitions, rp)
			}
			rg.Topics = append(rg.Topics, rt)
		}
		resp.Groups = append(resp.Groups, rg)
	}
	return resp, ctx.Err()
}

// topicsOfShares are those that a group has begun and that are still there.
func (s *Server) topicsOfShares(offsets map[group.TopicPartition]group.ShareOffset) (out []kmsg.DescribeShareGroupOffsetsRequestGroupTopic) {
	byName := map[string][]int32{}
	for tp := range offsets {
		if t, ok := s.cfg.Log.TopicByID(tp.Topic); ok {
			byName[t.Name] = append(byName[t.Name], tp.Index)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		t := kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
		t.Topic, t.Partitions = name, slices.Sorted(slices.Values(byName[name]))
		out = append(out, t)
	}
	return out
}

func (s *Server) alterShareGroupOffsets(ctx context.Context, r *request, req *kmsg.AlterShareGroupOffsetsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.AlterShareGroupOffsetsResponse)
	starts := map[group.TopicPartition]int64{}
	for i := range req.Topics {
		rt := kmsg.NewAlterShareGroupOffsetsResponseTopic()
		t, known := s.cfg.Log.TopicByName(req.Topics[i].Topic)
		rt.Topic, rt.TopicID = req.Topics[i].Topic, t.ID
		for _, p := range req.Topics[i].Partitions {
			rp := kmsg.NewAlterShareGroupOffsetsResponseTopicPartition()
			rp.Partition = p.Partition
			switch {
			case !known || p.Partition < 0 || p.Partition >= t.Partitions:
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			case p.StartOffset < 0:
				rp.ErrorCode, rp.ErrorMessage = codeAndMessage(refuse(kerr.InvalidRequest, "offset %d", p.StartOffset))
			default:
				starts[group.TopicPartition{Topic: t.ID, Index: p.Partition}] = p.StartOffset
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	err := s.changeShares(ctx, r, req.GroupID, func(m *group.Machine, reply func(error)) { m.AlterShareOffsets(req.GroupID, starts, reply) })
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err); err != nil {
		resp.Topics = nil
	}
	return resp, ctx.Err()
}

// changeShares waits for a change of a share group.
func (s *Server) changeShares(ctx context.Context, r *request, id string, change func(m *group.Machine, reply func(error))) error {
	if id == "" {
		return group.ErrInvalidGroupID
	}
	if !s.super(r.user()) {
		return errGroupDenied
	}
	done := make(chan error, 1)
	s.groups.With(func(_ time.Time, m *group.Machine) { change(m, func(err error) { done <- err }) })
	result, err := await(ctx, ctx, done)
	if err != nil {
		return err
	}
	return result
}

func (s *Server) deleteShareGroupOffsets(ctx context.Context, r *request, req *kmsg.DeleteShareGroupOffsetsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteShareGroupOffsetsResponse)
	var topics []log.TopicID
	for i := range req.Topics {
		rt := kmsg.NewDeleteShareGroupOffsetsResponseTopic()
		t, known := s.cfg.Log.TopicByName(req.Topics[i].Topic)
		rt.Topic, rt.TopicID = req.Topics[i].Topic, t.ID
		if !known {
			rt.ErrorCode = kerr.UnknownTopicOrPartition.Code
		} else {
			topics = append(topics, t.ID)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	err := s.changeShares(ctx, r, req.GroupID, func(m *group.Machine, reply func(error)) { m.DeleteShareOffsets(req.GroupID, topics, reply) })
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err); err != nil {
		resp.Topics = nil
	}
	return resp, ctx.Err()
}
