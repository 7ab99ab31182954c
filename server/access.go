package server

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/storage/log"
)

// access is the catalog's grants for Kafka clients (docs/decisions/0067).
type access struct{ catalog *catalog.Catalog }

var _ kafka.Access = access{}

func (a access) role(name string) (*catalog.Snapshot, catalog.OID) {
	at := a.catalog.Now()
	if r, ok := at.RoleNamed(name); ok {
		return at, r.OID
	}
	return at, 0
}

func (a access) Topic(role string, id log.TopicID, op kafka.TopicOp) bool {
	at, oid := a.role(role)
	if id == kafka.OffsetsTopicID { // nothing is granted on it
		return at.IsSuper(oid) || op == kafka.ReadTopic && at.HasPrivsOf(oid, catalog.Monitor)
	}
	switch op {
	case kafka.ReadTopic:
		return at.TopicPrivs(oid, id, acl.Select) != 0
	case kafka.WriteTopic:
		return at.TopicPrivs(oid, id, acl.Insert) != 0
	}
	return at.OwnsTopic(oid, id)
}

func (a access) CreateTopic(role string) bool {
	at, oid := a.role(role)
	return at.DatabasePrivs(oid, acl.Create) != 0
}

func (a access) Super(role string) bool {
	at, oid := a.role(role)
	return at.IsSuper(oid)
}
