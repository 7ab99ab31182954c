package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// OffsetFetch: how far groups have read.
//
// Behaviour: a partition without an offset, of an unknown topic or of an unknown group is -1
// with no error. No list of topics asks for all that have an offset. Offsets of topics that were
// deleted are not shown.
//
// Versions: 1 stored by the broker; 2 null for all topics, an error for the whole; 5 leader
// epoch; 6 flexible; 7 require_stable: UNSTABLE_OFFSET_COMMIT while a
// transaction has offsets of the partition pending; 8 many groups; 9
// member epochs of the consumer protocol, not checked for classic groups; 10 topic ids.

func (s *Server) offsetFetch(ctx context.Context, _ *request, req *kmsg.OffsetFetchRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
	// Offsets that a transaction committed before this request are in the answer.
	if err := s.offsetsReached(ctx); err != nil {
		return offsetsNotAvailable(req, resp), ctx.Err()
	}
	if req.Version >= 8 {
		for i := range req.Groups {
			resp.Groups = append(resp.Groups, s.fetchGroup(&req.Groups[i], req.Version, req.RequireStable))
		}
		return resp, nil
	}
	asked := kmsg.NewOffsetFetchRequestGroup()
	asked.Group = req.Group
	if req.Topics != nil {
		asked.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
	}
	for _, t := range req.Topics {
		at := kmsg.NewOffsetFetchRequestGroupTopic()
		at.Topic, at.Partitions = t.Topic, t.Partitions
		asked.Topics = append(asked.Topics, at)
	}
	rg := s.fetchGroup(&asked, req.Version, req.RequireStable)
	resp.ErrorCode = rg.ErrorCode
	for _, t := range rg.Topics {
		rt := kmsg.NewOffsetFetchResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rt.Partitions = append(rt.Partitions, kmsg.OffsetFetchResponseTopicPartition(p))
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

// offsetsNotAvailable is the answer while the log ends; a client asks again.
func offsetsNotAvailable(req *kmsg.OffsetFetchRequest, resp *kmsg.OffsetFetchResponse) kmsg.Response {
	resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
	for i := range req.Groups {
		rg := kmsg.NewOffsetFetchResponseGroup()
		rg.Group, rg.ErrorCode = req.Groups[i].Group, resp.ErrorCode
		resp.Groups = append(resp.Groups, rg)
	}
	return resp
}

func (s *Server) fetchGroup(asked *kmsg.OffsetFetchRequestGroup, version int16, stable bool) kmsg.OffsetFetchResponseGroup {
	rg := kmsg.NewOffsetFetchResponseGroup()
	rg.Group = asked.Group
	if asked.Group == "" {
		rg.ErrorCode = kerr.InvalidGroupID.Code
		return rg
	}
	var unstable map[log.Partition]bool
	if stable {
		unstable = s.cfg.Log.Unstable(asked.Group)
	}
	var offsets map[group.TopicPartition]group.Offset
	var err error
	s.groups.With(func(_ time.Time, m *group.Machine) {
		if err = m.CheckFetch(asked.Group, asked.MemberID, asked.MemberEpoch); err == nil {
			offsets = m.Offsets(asked.Group)
		}
	})
	if err != nil {
		rg.ErrorCode = codeOf(err)
		return rg
	}
	if asked.Topics == nil {
		rg.Topics = s.allOffsets(offsets, unstable)
		return rg
	}
	for i := range asked.Topics {
		rg.Topics = append(rg.Topics, s.someOffsets(&asked.Topics[i], version, offsets, unstable))
	}
	return rg
}

func (s *Server) someOffsets(asked *kmsg.OffsetFetchRequestGroupTopic, version int16, offsets map[group.TopicPartition]group.Offset, unstable map[log.Partition]bool) kmsg.OffsetFetchResponseGroupTopic {
	rt := kmsg.NewOffsetFetchResponseGroupTopic()
	rt.Topic, rt.TopicID = asked.Topic, asked.TopicID
	t, known := s.cfg.Log.TopicByName(asked.Topic)
	var code int16
	if version >= 10 {
		if t, known = s.cfg.Log.TopicByID(asked.TopicID); !known {
			code = kerr.UnknownTopicID.Code
		}
	}
	for _, index := range asked.Partitions {
		o, ok := offsets[group.TopicPartition{Topic: t.ID, Index: index}]
		rp := fetchedOffset(index, o, ok && known)
		rp.ErrorCode = code
		if known && unstable[log.Partition{Topic: t.ID, Index: index}] {
			rp = unstableOffset(index)
		}
		rt.Partitions = append(rt.Partitions, rp)
	}
	return rt
}

func fetchedOffset(index int32, o group.Offset, ok bool) kmsg.OffsetFetchResponseGroupTopicPartition {
	rp := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	rp.Partition, rp.Offset, rp.LeaderEpoch, rp.Metadata = index, -1, -1, kmsg.StringPtr("")
	if ok {
		rp.Offset, rp.LeaderEpoch, rp.Metadata = o.Offset, o.LeaderEpoch, kmsg.StringPtr(o.Metadata)
	}
	return rp
}

// unstableOffset is that of a partition for which a transaction has one pending.
func unstableOffset(index int32) kmsg.OffsetFetchResponseGroupTopicPartition {
	rp := fetchedOffset(index, group.Offset{}, false)
	rp.ErrorCode = kerr.UnstableOffsetCommit.Code
	return rp
}

func (s *Server) allOffsets(offsets map[group.TopicPartition]group.Offset, unstable map[log.Partition]bool) []kmsg.OffsetFetchResponseGroupTopic {
	indexes := map[log.TopicID][]int32{}
	for tp := range offsets {
		indexes[tp.Topic] = append(indexes[tp.Topic], tp.Index)
	}
	for p := range unstable {
		if _, there := offsets[group.TopicPartition{Topic: p.Topic, Index: p.Index}]; !there {
			indexes[p.Topic] = append(indexes[p.Topic], p.Index)
		}
	}
	topics := []kmsg.OffsetFetchResponseGroupTopic{}
	for _, t := range s.cfg.Log.Topics() {
		if len(indexes[t.ID]) == 0 {
			continue
		}
		rt := kmsg.NewOffsetFetchResponseGroupTopic()
		rt.Topic, rt.TopicID = t.Name, t.ID
		slices.Sort(indexes[t.ID])
		for _, index := range indexes[t.ID] {
			rp := fetchedOffset(index, offsets[group.TopicPartition{Topic: t.ID, Index: index}], true)
			if unstable[log.Partition{Topic: t.ID, Index: index}] {
				rp = unstableOffset(index)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		topics = append(topics, rt)
	}
	return topics
}
