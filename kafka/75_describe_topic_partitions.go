package kafka

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeTopicPartitions: topics with their partitions, page by page (KIP-966). This is what Kafka's own tools
// ask instead of Metadata.
//
// Behaviour:
//   - No topics asks for all. Topics come by name, each once; one that does not exist is
//     UNKNOWN_TOPIC_OR_PARTITION, a name that breaks the rule INVALID_TOPIC_EXCEPTION. None is created.
//   - An answer has as many partitions as were asked for, at most describedPartitions, and a cursor to the next if
//     there are more. A limit or a cursor that can be none answers every topic with INVALID_REQUEST.

// describedPartitions is Kafka's max.request.partition.size.limit.
const describedPartitions = 2000

func (s *Server) describeTopicPartitions(_ context.Context, _ *request, req *kmsg.DescribeTopicPartitionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeTopicPartitionsResponse)
	names := s.describedTopics(req)
	wrong := req.ResponsePartitionLimit < 1 || req.Cursor != nil && req.Cursor.Partition < 0
	left := min(req.ResponsePartitionLimit, describedPartitions)
	for _, name := range names {
		t, known := s.cfg.Log.TopicByName(name)
		var code int16
		switch {
		case wrong:
			code = kerr.InvalidRequest.Code
		case !ValidTopicName(name):
			code = kerr.InvalidTopicException.Code
		case !known:
			code = kerr.UnknownTopicOrPartition.Code
		}
		from := int32(0)
		if req.Cursor != nil && req.Cursor.Topic == name {
			from = req.Cursor.Partition
		}
		if code == 0 && left == 0 {
			next := kmsg.NewDescribeTopicPartitionsResponseNextCursor()
			next.Topic, next.Partition = name, from
			resp.NextCursor = &next
			break
		}
		rt := kmsg.NewDescribeTopicPartitionsResponseTopic()
		rt.Topic, rt.ErrorCode, rt.AuthorizedOperations = &name, code, math.MinInt32
		to := from
		if code == 0 {
			rt.TopicID, rt.IsInternal = t.ID, t.ID == OffsetsTopicID
			to = max(from, min(t.Partitions, from+left))
			rt.Partitions = s.partitionPage(from, to)
			left -= to - from
		}
		resp.Topics = append(resp.Topics, rt)
		if code == 0 && to < t.Partitions {
			next := kmsg.NewDescribeTopicPartitionsResponseNextCursor()
			next.Topic, next.Partition = name, to
			resp.NextCursor = &next
			break
		}
	}
	return resp, nil
}

// describedTopics are the names asked for from the cursor on, in order.
func (s *Server) describedTopics(req *kmsg.DescribeTopicPartitionsRequest) []string {
	var names []string
	for _, t := range req.Topics {
		names = append(names, t.Topic)
	}
	if len(req.Topics) == 0 {
		for _, t := range s.cfg.Log.Topics() {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if req.Cursor != nil {
		at, _ := slices.BinarySearchFunc(names, req.Cursor.Topic, strings.Compare)
		names = names[at:]
	}
	return names
}

func (s *Server) partitionPage(from, to int32) []kmsg.DescribeTopicPartitionsResponseTopicPartition {
	self := []int32{s.cfg.NodeID}
	out := make([]kmsg.DescribeTopicPartitionsResponseTopicPartition, 0, to-from)
	for i := from; i < to; i++ {
		p := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		p.Partition, p.LeaderID, p.LeaderEpoch = i, s.cfg.NodeID, s.cfg.Epochs.Current()
		p.Replicas, p.ISR, p.OfflineReplicas = self, self, []int32{}
		p.EligibleLeaderReplicas, p.LastKnownELR = []int32{}, []int32{}
		out = append(out, p)
	}
	return out
}
