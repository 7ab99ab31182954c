package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// DescribeProducers: the producers that a partition remembers, and where their open transactions begin.

func (s *Server) describeProducers(_ context.Context, _ *request, req *kmsg.DescribeProducersRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeProducersResponse)
	for _, asked := range req.Topics {
		rt := kmsg.NewDescribeProducersResponseTopic()
		rt.Topic = asked.Topic
		t, known := s.cfg.Log.TopicByName(asked.Topic)
		for _, index := range asked.Partitions {
			rp := kmsg.NewDescribeProducersResponseTopicPartition()
			rp.Partition = index
			producers, err := s.cfg.Log.Producers(log.Partition{Topic: t.ID, Index: index})
			if !known || err != nil {
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			}
			for i := range producers {
				rp.ActiveProducers = append(rp.ActiveProducers, activeProducer(&producers[i]))
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

func activeProducer(p *log.ActiveProducer) kmsg.DescribeProducersResponseTopicPartitionActiveProducer {
	r := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
	r.ProducerID, r.ProducerEpoch, r.LastSequence = p.ID, int32(p.Epoch), p.LastSequence
	r.LastTimestamp, r.CoordinatorEpoch, r.CurrentTxnStartOffset = p.LastTime.UnixMilli(), 0, p.TxnStart
	return r
}
