package kafka

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// CreateTopics: each topic of a request succeeds or fails alone.
//
// Behaviour:
//   - Names by Kafka's rule (INVALID_TOPIC_EXCEPTION), a name twice in one request is
//     INVALID_REQUEST for both, partitions from 1 to MaxPartitions (INVALID_PARTITIONS), any
//     replication factor but 0 and below -1 (INVALID_REPLICATION_FACTOR); it is shown as 1.
//   - A manual assignment may name this broker alone, partitions 0, 1, 2, … without gap.
//   - Configs are checked, stored and shown (INVALID_CONFIG for an unknown one).
//   - validate_only does everything but create.
//   - A client that creates faster than topic_creation_rate gets THROTTLING_QUOTA_EXCEEDED
//     (KIP-599; REQUEST_TIMED_OUT before version 6, which old clients know). When the client
//     leaves, what is not begun is not created.
//
// Versions: 1 error messages, validate_only; 4 the defaults of partitions and replicas (-1; taken in every version, as Kafka does and kafkajs sends them);
// 5 flexible, and the answer tells partitions and configs; 7 topic ids.

// refusal is an error with its Kafka code chosen.
type refusal struct {
	code    *kerr.Error
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(code *kerr.Error, format string, args ...any) error {
	return &refusal{code: code, message: fmt.Sprintf(format, args...)}
}

// codeAndMessage of what went wrong, with the code that a refusal has chosen.
func codeAndMessage(err error) (int16, *string) {
	var r *refusal
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &r):
		return r.code.Code, kmsg.StringPtr(r.message)
	}
	return codeOf(err), kmsg.StringPtr(err.Error())
}

func (s *Server) createTopics(ctx context.Context, r *request, req *kmsg.CreateTopicsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.CreateTopicsResponse)
	room := s.topicRoom()
	times := counted(req.Topics, func(t *kmsg.CreateTopicsRequestTopic) string { return t.Topic })
	for i := range req.Topics {
		asked := &req.Topics[i]
		rt := kmsg.NewCreateTopicsResponseTopic()
		rt.Topic = asked.Topic
		t, err := log.Topic{}, error(nil)
		if times[asked.Topic] > 1 {
			err = refuse(kerr.InvalidRequest, "duplicate topic name in the request")
		} else {
			t, err = s.createTopic(ctx, r.asker(), asked, &room, req.ValidateOnly)
		}
		rt.ErrorCode, rt.ErrorMessage = codeAndMessage(err)
		if errors.Is(err, errCreationRate) && req.Version < 6 {
			rt.ErrorCode = kerr.RequestTimedOut.Code
		}
		rt.NumPartitions, rt.ReplicationFactor = -1, -1
		if err == nil {
			rt.TopicID, rt.NumPartitions, rt.ReplicationFactor = t.ID, t.Partitions, 1
			rt.Configs = createdConfigs(&t)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

func (s *Server) createTopic(ctx context.Context, a asker, asked *kmsg.CreateTopicsRequestTopic, room *topicRoom, validateOnly bool) (log.Topic, error) {
	n, err := s.checkNewTopic(asked)
	if err != nil {
		return log.Topic{}, err
	}
	if _, exists := s.cfg.Log.TopicByName(n.Name); exists {
		return log.Topic{}, fmt.Errorf("%w: %q", log.ErrTopicExists, n.Name)
	}
	if validateOnly && !room.fits(n.Partitions) {
		return log.Topic{}, errTooManyTopics
	}
	if validateOnly {
		return log.Topic{Name: n.Name, Partitions: n.Partitions, Configs: n.Configs}, nil
	}
	return s.newTopic(ctx, a, room, n)
}

func (s *Server) checkNewTopic(asked *kmsg.CreateTopicsRequestTopic) (NewTopic, error) {
	n := NewTopic{Name: asked.Topic, Partitions: asked.NumPartitions, Configs: map[string]string{}}
	if !ValidTopicName(n.Name) {
		return n, refuse(kerr.InvalidTopicException, "topic name %q is illegal: 1 to %d of a-z A-Z 0-9 . _ -", n.Name, maxTopicName)
	}
	if len(asked.ReplicaAssignment) > 0 {
		if asked.NumPartitions != -1 || asked.ReplicationFactor != -1 {
			return n, refuse(kerr.InvalidRequest, "both a number of partitions or replicas and a replica assignment are set")
		}
		if err := s.checkAssignment(asked.ReplicaAssignment); err != nil {
			return n, err
		}
		n.Partitions = int32(len(asked.ReplicaAssignment))
	} else {
		if n.Partitions == -1 {
			n.Partitions = s.cfg.DefaultPartitions
		}
		if asked.ReplicationFactor < -1 || asked.ReplicationFactor == 0 {
			return n, refuse(kerr.InvalidReplicationFactor, "replication factor must be larger than 0")
		}
	}
	if n.Partitions < 1 || n.Partitions > s.cfg.MaxPartitions {
		return n, refuse(kerr.InvalidPartitions, "number of partitions must be 1 to %d", s.cfg.MaxPartitions)
	}
	for _, c := range asked.Configs {
		if c.Value == nil {
			return n, refuse(kerr.InvalidConfig, "null value not supported for topic configs: %s", c.Name)
		}
		if _, twice := n.Configs[c.Name]; twice {
			return n, refuse(kerr.InvalidConfig, "config %s is set twice", c.Name)
		}
		n.Configs[c.Name] = *c.Value
	}
	return n, checkConfigs(n.Configs)
}

func (s *Server) checkAssignment(assignment []kmsg.CreateTopicsRequestTopicReplicaAssignment) error {
	var seen []int
	for _, a := range assignment {
		seen = append(seen, int(a.Partition))
		if len(a.Replicas) != 1 || a.Replicas[0] != s.cfg.NodeID {
			return refuse(kerr.InvalidReplicaAssignment, "partition %d: the only broker is %d", a.Partition, s.cfg.NodeID)
		}
	}
	sort.Ints(seen)
	for i, p := range seen {
		if i != p {
			return refuse(kerr.InvalidReplicaAssignment, "partitions must be 0 to %d, each once", len(seen)-1)
		}
	}
	return nil
}

func createdConfigs(t *log.Topic) []kmsg.CreateTopicsResponseTopicConfig {
	var configs []kmsg.CreateTopicsResponseTopicConfig
	for _, shown := range topicConfigValues(t) {
		c := kmsg.NewCreateTopicsResponseTopicConfig()
		c.Name, c.Value, c.Source = shown.name, kmsg.StringPtr(shown.value), int8(shown.source)
		configs = append(configs, c)
	}
	return configs
}
