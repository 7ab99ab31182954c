package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/group"
)

// ShareAcknowledge (KIP-932): what a member of a share group says of records that it has acquired: accepted, released,
// rejected, not there (a gap), or not yet done (a renewal). It is told once that is durable.
//
// Behaviour: a turn of the member's share session, whose epoch goes on; -1 ends the session, 0 is
// INVALID_SHARE_SESSION_EPOCH. Of each partition all is applied or nothing: INVALID_RECORD_STATE where a record is not
// the member's, INVALID_REQUEST where one was never acquired or the ranges are not in order.
//
// Versions: 1 what there is; 2 renewal.

func (s *Server) shareAcknowledge(ctx context.Context, r *request, req *kmsg.ShareAcknowledgeRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ShareAcknowledgeResponse)
	who, err := shareMemberOf(req.GroupID, req.MemberID)
	turn := group.ShareTurn{GroupID: who.group, MemberID: who.member, Epoch: req.ShareSessionEpoch, Conn: r.conn}
	s.groups.With(func(_ time.Time, m *group.Machine) {
		if err == nil {
			err = m.TurnShareSession(turn)
		}
		resp.AcquisitionLockTimeoutMillis = int32(m.ShareConfig(who.group).Lock.Milliseconds())
	})
	if resp.ErrorCode, resp.ErrorMessage = codeAndMessage(err); err != nil {
		return resp, nil
	}
	r.conn.sharesIn(who)
	var acks []group.ShareAcks
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			a := group.ShareAcks{Partition: group.TopicPartition{Topic: t.TopicID, Index: p.Partition}}
			for _, b := range p.AcknowledgementBatches {
				a.Acks = append(a.Acks, group.Ack{First: b.FirstOffset, Last: b.LastOffset, Types: b.AcknowledgeTypes})
			}
			acks = append(acks, a)
		}
	}
	results, err := s.acknowledge(ctx, who, acks, req.IsRenewAck)
	if err != nil {
		return nil, err
	}
	at := 0
	for _, t := range req.Topics {
		rt := kmsg.NewShareAcknowledgeResponseTopic()
		rt.TopicID = t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewShareAcknowledgeResponseTopicPartition()
			rp.Partition, rp.CurrentLeader.LeaderID, rp.CurrentLeader.LeaderEpoch = p.Partition, -1, -1
			rp.ErrorCode, rp.ErrorMessage = codeAndMessage(results[at])
			at++
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	if turn.Epoch == -1 {
		s.endShareSession(r.conn, who)
	}
	return resp, nil
}
