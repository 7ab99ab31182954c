package kafka

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// WriteTxnMarkers: an administrator aborts a transaction that its producer left open.
//
// Behaviour:
//   - A transaction ends in one commit, in all of its partitions: naming one of them is enough, and
//     naming others changes nothing. Its producer is fenced, as by a timeout.
//   - A partition in which the producer has no transaction open is answered without an error, as
//     Kafka does. A producer epoch that is not the open transaction's is INVALID_PRODUCER_EPOCH.
//   - Commits are INVALID_REQUEST: only who has the transactional id commits.
//
// Versions: 0 is not served, as Kafka 4 does not; 1 flexible; 2 transaction version, which says nothing to us.

func (s *Server) writeTxnMarkers(ctx context.Context, r *request, req *kmsg.WriteTxnMarkersRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.WriteTxnMarkersResponse)
	for i := range req.Markers {
		asked := &req.Markers[i]
		rm := kmsg.NewWriteTxnMarkersResponseMarker()
		rm.ProducerID = asked.ProducerID
		open := s.openTransaction(asked.ProducerID)
		var ended bool
		var code int16
		for _, at := range asked.Topics {
			rt := kmsg.NewWriteTxnMarkersResponseMarkerTopic()
			rt.Topic = at.Topic
			t, known := s.cfg.Log.TopicByName(at.Topic)
			for _, index := range at.Partitions {
				rp := kmsg.NewWriteTxnMarkersResponseMarkerTopicPartition()
				rp.Partition = index
				switch {
				case !s.super(r.user()):
					rp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
				case asked.Committed:
					rp.ErrorCode = kerr.InvalidRequest.Code
				case !known || index < 0 || index >= t.Partitions:
					rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
				case open == nil || !slices.Contains(open.Partitions, log.Partition{Topic: t.ID, Index: index}):
				case open.Producer.Epoch != asked.ProducerEpoch:
					rp.ErrorCode = kerr.InvalidProducerEpoch.Code
				default:
					if !ended {
						ended, code = true, s.abortTransaction(ctx, r, open)
					}
					rp.ErrorCode = code
				}
				rt.Partitions = append(rt.Partitions, rp)
			}
			rm.Topics = append(rm.Topics, rt)
		}
		resp.Markers = append(resp.Markers, rm)
	}
	return resp, ctx.Err()
}

// openTransaction of a producer, nil if it has none.
func (s *Server) openTransaction(producer int64) *log.Transaction {
	all := s.cfg.Log.Transactions(nil)
	i := slices.IndexFunc(all, func(x log.Transaction) bool { return x.Producer.ID == producer && x.State == log.TxnOpen })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// abortTransaction ends it and raises the epoch: its producer, which knows nothing of it, would go on
// in a new transaction with half of what it meant to write.
func (s *Server) abortTransaction(ctx context.Context, r *request, x *log.Transaction) int16 {
	_, err := s.cfg.Log.EndTransaction(ctx, x.Name, x.Producer, false, true)
	if err == nil {
		r.changed("ABORT TRANSACTION", x.Name)
	}
	return txnCode(err, false)
}
