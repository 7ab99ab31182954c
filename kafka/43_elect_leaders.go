package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ElectLeaders: every broker takes records for every partition, so there is never a leader to elect.
//
// Behaviour: partitions that are named are ELECTION_NOT_NEEDED, of both kinds of election. Asked for all (no
// topics) the answer is empty: it lists those that got another leader.
//
// Versions: 1 kind of election (0 preferred, 1 unclean; others are INVALID_REQUEST), an error for the whole; 2 flexible.

func (s *Server) electLeaders(_ context.Context, _ *request, req *kmsg.ElectLeadersRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.ElectLeadersResponse)
	if req.Version >= 1 && (req.ElectionType < 0 || req.ElectionType > 1) {
		resp.ErrorCode = kerr.InvalidRequest.Code
		return resp, nil
	}
	for _, asked := range req.Topics {
		rt := kmsg.NewElectLeadersResponseTopic()
		rt.Topic = asked.Topic
		t, known := s.cfg.Log.TopicByName(asked.Topic)
		for _, index := range asked.Partitions {
			rp := kmsg.NewElectLeadersResponseTopicPartition()
			rp.Partition, rp.ErrorCode = index, kerr.ElectionNotNeeded.Code
			if !known || index < 0 || index >= t.Partitions {
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}
