package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/kafka/epoch"
	"github.com/tributary-db/tributary/storage/log"
)

// OffsetForLeaderEpoch: where a leader epoch ended. The current one goes on: it ends at the high watermark. One
// that a loss ended (kafka/epoch) ended where the next began; one that is not known is undefined (-1, -1).
//
// Versions: 1 the epoch in the answer; 2 the current epoch is checked; 3 replica id; 4 flexible.

func (s *Server) offsetForLeaderEpoch(ctx context.Context, _ *request, req *kmsg.OffsetForLeaderEpochRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for i := range req.Topics {
		rt := kmsg.NewOffsetForLeaderEpochResponseTopic()
		rt.Topic = req.Topics[i].Topic
		t, known := s.cfg.Log.TopicByName(rt.Topic)
		for _, p := range req.Topics[i].Partitions {
			rp := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			rp.Partition, rp.LeaderEpoch, rp.EndOffset = p.Partition, -1, -1
			switch {
			case !known || p.Partition < 0 || p.Partition >= t.Partitions:
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			case s.checkLeaderEpoch(p.CurrentLeaderEpoch) != 0:
				rp.ErrorCode = s.checkLeaderEpoch(p.CurrentLeaderEpoch)
			default:
				at := log.Partition{Topic: t.ID, Index: p.Partition}
				rp.LeaderEpoch, rp.EndOffset = s.cfg.Epochs.End(at, p.LeaderEpoch)
				if rp.EndOffset == epoch.Open {
					ends, err := s.cfg.Log.Ends(ctx, []log.Partition{at}, true)
					if rp.ErrorCode = codeOf(err); err == nil {
						rp.EndOffset = ends[0].HighWatermark
					} else {
						rp.LeaderEpoch, rp.EndOffset = -1, -1
					}
				}
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}
