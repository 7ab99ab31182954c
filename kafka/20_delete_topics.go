package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// DeleteTopics: by name, or from version 6 on by name or id. A topic that a relation uses is
// refused (INVALID_REQUEST); offsets that groups committed for it are void with its id.
//
// Versions: 1 throttle; 4 flexible; 5 messages; 6 topic ids (UNKNOWN_TOPIC_ID).

func (s *Server) deleteTopics(ctx context.Context, r *request, req *kmsg.DeleteTopicsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DeleteTopicsResponse)
	for i := range req.TopicNames {
		resp.Topics = append(resp.Topics, s.deleteNamed(ctx, r, &req.TopicNames[i]))
	}
	for i := range req.Topics {
		asked := &req.Topics[i]
		if asked.Topic != nil {
			resp.Topics = append(resp.Topics, s.deleteNamed(ctx, r, asked.Topic))
			continue
		}
		rt := kmsg.NewDeleteTopicsResponseTopic()
		rt.TopicID = asked.TopicID
		if t, ok := s.cfg.Log.TopicByID(asked.TopicID); ok {
			rt.Topic = kmsg.StringPtr(t.Name)
			rt.ErrorCode, rt.ErrorMessage = codeAndMessage(s.deleteTopic(ctx, r.asker(), t))
		} else {
			rt.ErrorCode, rt.ErrorMessage = codeAndMessage(refuse(kerr.UnknownTopicID, "this server does not host this topic id"))
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp, nil
}

func (s *Server) deleteNamed(ctx context.Context, r *request, name *string) kmsg.DeleteTopicsResponseTopic {
	rt := kmsg.NewDeleteTopicsResponseTopic()
	rt.Topic = name
	t, ok := s.cfg.Log.TopicByName(*name)
	err := log.ErrUnknownTopic
	if ok {
		rt.TopicID = t.ID
		err = s.deleteTopic(ctx, r.asker(), t)
	}
	rt.ErrorCode, rt.ErrorMessage = codeAndMessage(err)
	return rt
}

func (s *Server) deleteTopic(ctx context.Context, a asker, t log.Topic) error {
	if err := s.mayChange(a.role, &t); err != nil {
		return err
	}
	err := s.cfg.Topics.DeleteTopic(ctx, t.ID)
	if err == nil {
		s.changed(a, "DROP TOPIC", t.Name)
	}
	return err
}
