package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/storage/log"
)

// DeleteRecords: partitions begin at the offset that is named, or at their end (-1).
//
// Behaviour:
//   - Each partition succeeds or fails alone. An offset below the log start changes nothing; one
//     above the high watermark is OFFSET_OUT_OF_RANGE. The answer has the log start.
//   - A topic without the cleanup policy delete is POLICY_VIOLATION, a table's
//     INVALID_TOPIC_EXCEPTION.
//   - Views and sinks keep what they counted, and read what they have not read yet.
//
// Versions: 2 flexible.

func (s *Server) deleteRecords(ctx context.Context, r *request, req *kmsg.DeleteRecordsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	var waits []deletion
	for i := range req.Topics {
		asked := &req.Topics[i]
		rt := kmsg.NewDeleteRecordsResponseTopic()
		rt.Topic = asked.Topic
		for j := range asked.Partitions {
			rp := kmsg.NewDeleteRecordsResponseTopicPartition()
			rp.Partition, rp.LowWatermark = asked.Partitions[j].Partition, -1
			d := deletion{topic: i, partition: j}
			if d.pending, d.of, d.err = s.deleteBelow(ctx, r.user(), asked.Topic, asked.Partitions[j].Partition, asked.Partitions[j].Offset); d.err != nil {
				rp.ErrorCode = codeOf(d.err)
			}
			if r, ok := d.err.(*refusal); ok {
				rp.ErrorCode = r.code.Code
			}
			rt.Partitions = append(rt.Partitions, rp)
			waits = append(waits, d)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	for _, d := range waits {
		if d.err != nil {
			continue
		}
		rp := &resp.Topics[d.topic].Partitions[d.partition]
		select {
		case <-d.pending.Done():
			_, err := d.pending.Result()
			rp.ErrorCode = codeOf(err)
			if ends, err := s.cfg.Log.Ends(ctx, []log.Partition{d.of}, false); err == nil && rp.ErrorCode == 0 {
				rp.LowWatermark = ends[0].LogStart
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return resp, nil
}

// deletion is one partition's on its way.
type deletion struct {
	topic, partition int // in the answer
	of               log.Partition
	pending          log.Pending
	err              error
}

func (s *Server) deleteBelow(ctx context.Context, role, topic string, index int32, offset int64) (log.Pending, log.Partition, error) {
	t, ok := s.cfg.Log.TopicByName(topic)
	p := log.Partition{Topic: t.ID, Index: index}
	switch {
	case !ok || index < 0 || index >= t.Partitions:
		return nil, p, log.ErrUnknownTopic
	case s.mayTopic(role, t.ID, ChangeTopic) != nil:
		return nil, p, errTopicDenied
	case t.Internal:
		return nil, p, errInternalTopic(&t)
	case !topicconfig.Of(t.Configs).Delete:
		return nil, p, refuse(kerr.PolicyViolation, "topic %q does not have the cleanup policy delete", topic)
	case offset < -1:
		return nil, p, log.ErrOffsetOutOfRange
	case offset == -1:
		ends, err := s.cfg.Log.Ends(ctx, []log.Partition{p}, true)
		if err != nil {
			return nil, p, err
		}
		offset = ends[0].HighWatermark
	}
	c := log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: p, Offset: offset}})
	return s.cfg.Log.Append(&log.Entry{Changes: []log.Change{c}}), p, nil
}
