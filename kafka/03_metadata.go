package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// Metadata: the brokers, and topics with their partitions.
//
// Behaviour:
//   - No list of topics (null; in version 0 an empty one) asks for all, an empty one for none.
//   - A topic that does not exist is created if the server and the client allow it, and is
//     answered as it is then. A name that breaks the rule is INVALID_TOPIC_EXCEPTION. One request
//     creates createdByMetadata topics at most, within topic_creation_rate, and none once its
//     client has left; the others are LEADER_NOT_AVAILABLE, so that the client asks again.
//   - This broker leads everything, leader epoch 0, and is the controller.
//
// Versions: 1 rack, controller, internal; 2 cluster id; 4 whether topics may be created (before
// it: yes); 5 offline replicas; 7 leader epochs; 8-10 authorized operations (not told: the
// minimum int32); 9 flexible; 10 topic ids, asked by id from 12 on; 13 an error for the whole.

func (s *Server) metadata(ctx context.Context, r *request, req *kmsg.MetadataRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	resp.Brokers = []kmsg.MetadataResponseBroker{s.metadataBroker()}
	resp.ClusterID = kmsg.StringPtr(s.cfg.ClusterID)
	resp.ControllerID = s.cfg.NodeID
	if req.Topics == nil || req.Version == 0 && len(req.Topics) == 0 {
		for _, t := range s.cfg.Log.Topics() {
			resp.Topics = append(resp.Topics, s.metadataTopic(&t))
		}
		return resp, nil
	}
	create := autoCreation{s: s, r: r}
	if s.cfg.AutoCreateTopics && (req.AllowAutoTopicCreation || req.Version < 4) {
		create.left = createdByMetadata
	}
	for i := range req.Topics {
		resp.Topics = append(resp.Topics, s.askedTopic(ctx, &req.Topics[i], &create))
	}
	return resp, nil
}

// autoCreation makes topics on first sight for one request. They are no streams: SQL binds one
// to a topic when asked.
type autoCreation struct {
	s       *Server
	r       *request
	left    int // how many more this request may create
	room    topicRoom
	counted bool
}

func (c *autoCreation) topic(ctx context.Context, name string) (log.Topic, error) {
	if !c.counted {
		c.room, c.counted = c.s.topicRoom(), true
	}
	t, err := c.s.newTopic(ctx, c.r.asker(), &c.room, NewTopic{Name: name, Partitions: c.s.cfg.DefaultPartitions})
	switch {
	case err == nil:
		c.left--
		c.s.metrics.TopicsCreatedByMetadata.Add(1)
	case errors.Is(err, log.ErrTopicExists):
		if t, ok := c.s.cfg.Log.TopicByName(name); ok { // somebody else was quicker
			return t, nil
		}
	case errors.Is(err, errCreationRate), waitsOf(ctx).Err() != nil:
		c.left, err = 0, errLater
	}
	return t, err
}

// errLater makes a client ask for the topic again.
var errLater = refuse(kerr.LeaderNotAvailable, "the topic is not there yet")

func (s *Server) metadataBroker() kmsg.MetadataResponseBroker {
	b := kmsg.NewMetadataResponseBroker()
	a := s.address.Load()
	b.NodeID, b.Host, b.Port = s.cfg.NodeID, a.host, a.port
	return b
}

func (s *Server) metadataTopic(t *log.Topic) kmsg.MetadataResponseTopic {
	rt := kmsg.NewMetadataResponseTopic()
	rt.Topic = kmsg.StringPtr(t.Name)
	rt.TopicID, rt.IsInternal = t.ID, t.ID == OffsetsTopicID
	self := []int32{s.cfg.NodeID}
	rt.Partitions = make([]kmsg.MetadataResponseTopicPartition, 0, t.Partitions)
	for i := range t.Partitions {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader, p.LeaderEpoch = i, s.cfg.NodeID, s.cfg.Epochs.Current()
		p.Replicas, p.ISR, p.OfflineReplicas = self, self, []int32{}
		rt.Partitions = append(rt.Partitions, p)
	}
	return rt
}

func (s *Server) askedTopic(ctx context.Context, asked *kmsg.MetadataRequestTopic, create *autoCreation) kmsg.MetadataResponseTopic {
	if asked.Topic == nil {
		if t, ok := s.cfg.Log.TopicByID(asked.TopicID); ok {
			return s.metadataTopic(&t)
		}
		rt := kmsg.NewMetadataResponseTopic()
		rt.TopicID, rt.ErrorCode = asked.TopicID, kerr.UnknownTopicID.Code
		return rt
	}
	t, ok := s.cfg.Log.TopicByName(*asked.Topic)
	if ok {
		return s.metadataTopic(&t)
	}
	err := log.ErrUnknownTopic
	switch {
	case !ValidTopicName(*asked.Topic):
		err = ErrInvalidTopic
	case create.left > 0:
		t, err = create.topic(ctx, *asked.Topic)
	case create.counted:
		err = errLater
	}
	if err == nil {
		return s.metadataTopic(&t)
	}
	rt := kmsg.NewMetadataResponseTopic()
	rt.Topic = asked.Topic
	rt.ErrorCode, _ = codeAndMessage(err)
	return rt
}
