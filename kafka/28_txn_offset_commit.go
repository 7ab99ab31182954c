package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// TxnOffsetCommit: offsets of a group that hold once the transaction is committed. Answered once durable;
// until the end of the transaction a reader that wants stable offsets is told to wait.
//
// Behaviour: as OffsetCommit for single partitions. A producer that names a member or generation is
// checked like a consumer that commits.
//
// Versions: 2 leader epoch; 3 flexible, member and generation (KIP-447); 5 the group need not have been
// added (KIP-890); 6 topic ids.

func (s *Server) txnOffsetCommit(ctx context.Context, r *request, req *kmsg.TxnOffsetCommitRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.TxnOffsetCommitResponse)
	commit := group.CommitRequest{
		GroupID: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID, Generation: req.Generation,
		Offsets: map[group.TopicPartition]group.Offset{},
	}
	if req.Version < 3 {
		commit.Generation = -1
	}
	for i := range req.Topics {
		asked := kmsg.NewOffsetCommitRequestTopic()
		asked.Topic, asked.TopicID = req.Topics[i].Topic, req.Topics[i].TopicID
		for _, p := range req.Topics[i].Partitions {
			ap := kmsg.NewOffsetCommitRequestTopicPartition()
			ap.Partition, ap.Offset, ap.LeaderEpoch, ap.Metadata = p.Partition, p.Offset, p.LeaderEpoch, p.Metadata
			asked.Partitions = append(asked.Partitions, ap)
		}
		version := int16(9)
		if req.Version >= 6 {
			version = 10
		}
		answered := s.takeOffsets(&commit, &asked, version, 0)
		rt := kmsg.NewTxnOffsetCommitResponseTopic()
		rt.Topic, rt.TopicID = answered.Topic, answered.TopicID
		for _, p := range answered.Partitions {
			rt.Partitions = append(rt.Partitions, kmsg.TxnOffsetCommitResponseTopicPartition{Partition: p.Partition, ErrorCode: p.ErrorCode})
		}
		resp.Topics = append(resp.Topics, rt)
	}
	r.releaseDecoded()
	code := s.pendOffsets(ctx, req, &commit)
	for i := range resp.Topics {
		for j := range resp.Topics[i].Partitions {
			if p := &resp.Topics[i].Partitions[j]; p.ErrorCode == 0 {
				p.ErrorCode = code
			}
		}
	}
	return resp, ctx.Err()
}

func (s *Server) pendOffsets(ctx context.Context, req *kmsg.TxnOffsetCommitRequest, commit *group.CommitRequest) int16 {
	if req.TransactionalID == "" {
		return kerr.InvalidRequest.Code
	}
	var err error
	s.groups.With(func(now time.Time, m *group.Machine) { err = m.MayCommitInTxn(now, commit) })
	if err != nil {
		return codeOf(err)
	}
	if len(commit.Offsets) == 0 {
		return 0
	}
	offsets := make([]log.GroupOffset, 0, len(commit.Offsets))
	for tp, o := range commit.Offsets {
		if o.Offset < 0 {
			return kerr.InvalidRequest.Code
		}
		offsets = append(offsets, log.GroupOffset{
			Partition: log.Partition{Topic: tp.Topic, Index: tp.Index}, Offset: o.Offset, LeaderEpoch: o.LeaderEpoch, Metadata: o.Metadata,
		})
	}
	who := log.ProducerIdentity{ID: req.ProducerID, Epoch: req.ProducerEpoch}
	err = s.cfg.Log.AddOffsets(ctx, req.TransactionalID, who, req.Group, offsets, req.Version >= 5)
	// The group's coordinator says so in every version.
	return txnCode(err, false)
}
