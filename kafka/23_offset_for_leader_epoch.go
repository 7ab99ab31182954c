package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// OffsetForLeaderEpoch: where a leader epoch ended. There is one epoch, 0, and it goes on: it
// ends at the high watermark. Any other epoch is undefined (-1, -1), as in Kafka.
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
			case checkLeaderEpoch(p.CurrentLeaderEpoch) != 0:
				rp.ErrorCode = checkLeaderEpoch(p.CurrentLeaderEpoch)
			case p.LeaderEpoch == 0:
				ends, err := s.cfg.Log.Ends(ctx, []log.Partition{{Topic: t.ID, Index: p.Partition}}, true)
				if rp.ErrorCode = codeOf(err); err == nil {
					rp.LeaderEpoch, rp.EndOffset = 0, ends[0].HighWatermark
				}
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}
