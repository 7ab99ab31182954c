package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// CreatePartitions: topics get more partitions, behind those they have. Keys that producers hash
// go elsewhere from then on, as in Kafka.
//
// Behaviour:
//   - Each topic succeeds or fails alone; one that is named twice is INVALID_REQUEST.
//   - No more than there are, or more than MaxPartitions, is INVALID_PARTITIONS; an assignment
//     must name this broker for each new partition (INVALID_REPLICA_ASSIGNMENT).
//   - A topic whose records a table, a sink or a derived stream places by key is refused
//     (INVALID_REQUEST): its keys would lie in two partitions.
//   - validate_only does everything but create.
//
// Versions: 2 flexible; 3 as 2.

func (s *Server) createPartitions(ctx context.Context, r *request, req *kmsg.CreatePartitionsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.CreatePartitionsResponse)
	room := s.topicRoom()
	times := counted(req.Topics, func(t *kmsg.CreatePartitionsRequestTopic) string { return t.Topic })
	for i := range req.Topics {
		asked := &req.Topics[i]
		rt := kmsg.NewCreatePartitionsResponseTopic()
		rt.Topic = asked.Topic
		err := refuse(kerr.InvalidRequest, "duplicate topic in the request")
		if times[asked.Topic] == 1 {
			err = s.growTopic(ctx, r, asked, &room, req.ValidateOnly)
		}
		rt.ErrorCode, rt.ErrorMessage = codeAndMessage(err)
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

func (s *Server) growTopic(ctx context.Context, r *request, asked *kmsg.CreatePartitionsRequestTopic, room *topicRoom, validateOnly bool) error {
	t, ok := s.cfg.Log.TopicByName(asked.Topic)
	more := asked.Count - t.Partitions
	switch {
	case !ok:
		return log.ErrUnknownTopic
	case s.mayChange(r.user(), &t) != nil:
		return s.mayChange(r.user(), &t)
	case more <= 0:
		return refuse(kerr.InvalidPartitions, "topic has %d partitions, which %d does not exceed", t.Partitions, asked.Count)
	case asked.Count > s.cfg.MaxPartitions:
		return refuse(kerr.InvalidPartitions, "number of partitions must be at most %d", s.cfg.MaxPartitions)
	case room.partitions < int(more):
		return errTooManyTopics
	}
	if a := asked.Assignment; a != nil {
		if len(a) != int(more) {
			return refuse(kerr.InvalidReplicaAssignment, "%d new partitions, %d assignments", more, len(a))
		}
		for _, one := range a {
			if len(one.Replicas) != 1 || one.Replicas[0] != s.cfg.NodeID {
				return refuse(kerr.InvalidReplicaAssignment, "the only broker is %d", s.cfg.NodeID)
			}
		}
	}
	err := s.cfg.Topics.GrowTopic(ctx, t.ID, asked.Count, validateOnly)
	if err == nil {
		room.partitions -= int(more)
		if !validateOnly {
			r.changed("ALTER TOPIC", t.Name)
		}
	}
	return err
}
