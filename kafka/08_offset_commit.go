package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// OffsetCommit: how far a group has read. Answered once durable.
//
// Behaviour: partitions that do not exist and metadata that is too long fail alone; the rest of
// a request is stored at once or not at all. A committed offset need not exist.
//
// Versions: 0 knows no generation and counts as a consumer without group membership; 2-4 a
// retention time, which is ignored (offsets do not expire yet); 6 leader epoch; 7 instance id; 8
// flexible; 9 member epochs of the consumer protocol; 10 topic ids.

func (s *Server) offsetCommit(ctx context.Context, r *request, req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	commit := group.CommitRequest{
		GroupID: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation,
		Offsets: map[group.TopicPartition]group.Offset{},
	}
	if req.Version == 0 {
		commit.Generation = -1
	}
	now := s.cfg.Clock.Now().UnixMilli()
	for i := range req.Topics {
		resp.Topics = append(resp.Topics, s.takeOffsets(&commit, &req.Topics[i], req.Version, now))
	}
	r.releaseDecoded()
	done := make(chan error, 1)
	s.groups.With(func(now time.Time, m *group.Machine) { m.Commit(now, commit, func(err error) { done <- err }) })
	result, err := await(ctx, ctx, done)
	if err != nil || result == nil {
		return resp, err
	}
	for i := range resp.Topics {
		for j := range resp.Topics[i].Partitions {
			resp.Topics[i].Partitions[j].ErrorCode = codeOf(result)
		}
	}
	return resp, nil
}

// await is what arrives on ch, or the zero value and why not: cut ends everything, waits what
// may take long.
func await[T any](cut, waits context.Context, ch <-chan T) (v T, err error) {
	select {
	case v = <-ch:
		return v, nil
	case <-cut.Done():
		return v, cut.Err()
	case <-waits.Done():
		return v, waits.Err()
	}
}

// takeOffsets puts what is valid of one topic into commit and answers the rest.
func (s *Server) takeOffsets(commit *group.CommitRequest, asked *kmsg.OffsetCommitRequestTopic, version int16, nowMillis int64) kmsg.OffsetCommitResponseTopic {
	rt := kmsg.NewOffsetCommitResponseTopic()
	rt.Topic, rt.TopicID = asked.Topic, asked.TopicID
	t, known := s.cfg.Log.TopicByName(asked.Topic)
	unknown := kerr.UnknownTopicOrPartition.Code
	if version >= 10 {
		t, known = s.cfg.Log.TopicByID(asked.TopicID)
		unknown = kerr.UnknownTopicID.Code
	}
	for _, p := range asked.Partitions {
		rp := kmsg.NewOffsetCommitResponseTopicPartition()
		rp.Partition = p.Partition
		o := group.Offset{Offset: p.Offset, LeaderEpoch: p.LeaderEpoch, CommitMillis: nowMillis}
		if p.Metadata != nil {
			o.Metadata = *p.Metadata
		}
		switch {
		case !known:
			rp.ErrorCode = unknown
		case p.Partition < 0 || p.Partition >= t.Partitions:
			rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
		case len(o.Metadata) > s.cfg.MaxOffsetMetadata:
			rp.ErrorCode = kerr.OffsetMetadataTooLarge.Code
		default:
			commit.Offsets[group.TopicPartition{Topic: t.ID, Index: p.Partition}] = o
		}
		rt.Partitions = append(rt.Partitions, rp)
	}
	return rt
}
