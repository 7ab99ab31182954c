package kafka

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/storage/log"
)

// TopicOp is what somebody wants to do with a topic.
type TopicOp byte

const (
	ReadTopic   TopicOp = iota + 1 // Fetch
	WriteTopic                     // Produce
	ChangeTopic                    // DeleteTopics, CreatePartitions, configs, DeleteRecords: what its owner may
)

// Access says what roles may do; the grants of SQL decide. Roles are called by their names. Safe for concurrent use.
type Access interface {
	Topic(role string, id log.TopicID, op TopicOp) bool
	CreateTopic(role string) bool
	// Super: what belongs to nobody (quotas, passwords, others' groups) is for superusers.
	Super(role string) bool
}

// Which topics and groups there are, with offsets and configs, every client is told that could log in, as SQL tells every
// role of every table; see docs/decisions/0067.

// mayTopic is nil if a role may do op with a topic.
func (s *Server) mayTopic(role string, id log.TopicID, op TopicOp) error {
	if s.cfg.Access == nil || s.cfg.Access.Topic(role, id, op) {
		return nil
	}
	return errTopicDenied
}

var (
	errTopicDenied = refuse(kerr.TopicAuthorizationFailed, "")
	errDenied      = refuse(kerr.ClusterAuthorizationFailed, "only superusers may")
	errGroupDenied = refuse(kerr.GroupAuthorizationFailed, "only superusers may")
)

func (s *Server) mayCreate(role string) error {
	if s.cfg.Access == nil || s.cfg.Access.CreateTopic(role) {
		return nil
	}
	return errTopicDenied
}

// super reports whether a client may do what only superusers may.
func (s *Server) super(role string) bool { return s.cfg.Access == nil || s.cfg.Access.Super(role) }

// May tells what stands in the way of who wants to read a topic, or to write it.
func (l *Local) May(who auth.Principal, t *log.Topic, write bool) error {
	op := ReadTopic
	if write {
		op = WriteTopic
	}
	return l.s.mayTopic(who.Name, t.ID, op)
}
