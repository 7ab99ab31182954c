package server

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/server/oneshot"
	"github.com/tributary-db/tributary/storage/log"
)

// acls are the grants as ACLs of Kafka (docs/decisions/0085).
type acls struct{ s *Server }

var _ kafka.ACLs = acls{}

// aclsOf are a server's, nil where nobody has to prove who he is.
func aclsOf(s *Server) kafka.ACLs {
	if s.cfg.Auth == string(auth.Trust) {
		return nil
	}
	return acls{s}
}

const everybody = "every role that may log in may do this: there is nothing to take back"

const readsOffsets = "members of pg_monitor read what groups commit: GRANT pg_monitor TO …, or REVOKE it"

// List is what every role may, and what owners and grants say of the topics that there are, by topic.
func (a acls) List(context.Context) ([]kafka.ACL, error) {
	at := a.s.catalog.Now()
	var out []kafka.ACL
	add := func(of kafka.ACLResource, name, role string, op kafka.ACLOperation, elsewhere string) {
		k := kafka.ACL{Resource: of, Name: name, Role: role, Operation: op, Elsewhere: elsewhere}
		for _, have := range out {
			if have.Resource == k.Resource && have.Name == k.Name && have.Role == k.Role && have.Operation == k.Operation {
				return
			}
		}
		out = append(out, k)
	}
	var list []kafka.ACL
	flush := func() { list, out = append(list, out...), nil } // what is said twice is said of one resource
	add(kafka.ACLTopic, "*", "*", kafka.ACLDescribe, everybody)
	add(kafka.ACLTopic, "*", "*", kafka.ACLDescribeConfigs, everybody)
	flush()
	for _, t := range a.s.log.Topics() {
		topicACLs(at, &t, func(role catalog.OID, op kafka.ACLOperation, elsewhere string) {
			if name := roleOf(at, role); name != "" {
				add(kafka.ACLTopic, t.Name, name, op, elsewhere)
			}
		})
		flush()
	}
	add(kafka.ACLTopic, kafka.OffsetsTopic, "pg_monitor", kafka.ACLRead, readsOffsets)
	flush()
	add(kafka.ACLGroup, "*", "*", kafka.ACLRead, everybody)
	add(kafka.ACLGroup, "*", "*", kafka.ACLDescribe, everybody)
	add(kafka.ACLTransactionalID, "*", "*", kafka.ACLWrite, everybody)
	add(kafka.ACLTransactionalID, "*", "*", kafka.ACLDescribe, everybody)
	cluster := "kafka-cluster"
	add(kafka.ACLCluster, cluster, "*", kafka.ACLDescribe, everybody)
	add(kafka.ACLCluster, cluster, "*", kafka.ACLIdempotentWrite, everybody)
	owner := at.OwnerOfDatabase()
	add(kafka.ACLCluster, cluster, roleOf(at, owner), kafka.ACLCreate, "it owns the database: ALTER DATABASE … OWNER TO")
	for _, i := range at.ACLOf(at.DatabaseEntry()) {
		if name := roleOf(at, catalog.OID(i.Grantee)); i.Privs&acl.Create != 0 && catalog.OID(i.Grantee) != owner && name != "" {
			add(kafka.ACLCluster, cluster, name, kafka.ACLCreate, "")
		}
	}
	flush()
	return list, nil
}

// topicACLs tells what is said of a topic: its owner's, then grants on it, then those on what lies over it.
func topicACLs(at *catalog.Snapshot, t *log.Topic, tell func(role catalog.OID, op kafka.ACLOperation, elsewhere string)) {
	owner := at.OwnerOfTopic(t.ID)
	tell(owner, kafka.ACLAll, "it owns the topic")
	grants := func(list acl.ACL, read, write acl.Privs, elsewhere string) {
		for _, i := range list {
			role := catalog.OID(i.Grantee)
			if role == owner {
				continue
			}
			if i.Privs&read != 0 && (role == 0 || at.TopicPrivs(role, t.ID, acl.Select) != 0) { // policies of rows may keep it from reading
				tell(role, kafka.ACLRead, elsewhere)
			}
			if i.Privs&write != 0 {
				tell(role, kafka.ACLWrite, elsewhere)
			}
		}
	}
	grants(at.TopicACL(t.ID), acl.Select, acl.Insert, "")
	for _, r := range at.UsersOfTopic(t.ID) {
		if opens := catalog.OpensTopic(r); opens != 0 {
			grants(at.ACLOf(r), opens&acl.Select, opens&acl.Insert, fmt.Sprintf("it was granted on %s %s: REVOKE it there", r.Kind, r.QualifiedName()))
		}
	}
}

// roleOf is a role as principals are called, "" = it is gone.
func roleOf(at *catalog.Snapshot, role catalog.OID) string {
	if role == 0 {
		return "*"
	}
	if r, ok := at.RoleOf(role); ok {
		return r.Name
	}
	return ""
}

// Change runs the GRANT or REVOKE that an ACL stands for, as who asks.
func (a acls) Change(ctx context.Context, who auth.Principal, k kafka.ACL, revoke bool) error {
	role := ident.Quote(k.Role)
	if k.Role == "*" {
		role = "PUBLIC"
	}
	what := "CREATE ON DATABASE " + ident.Quote(a.s.statements.Database())
	if k.Resource == kafka.ACLTopic {
		if _, ok := a.s.log.TopicByName(k.Name); !ok && k.Name == kafka.OffsetsTopic {
			return kafka.ACLNotAGrant.Refuse(k, readsOffsets)
		} else if !ok {
			return kafka.ACLNoTopic.Refuse(k, "topic \""+k.Name+"\" does not exist")
		}
		what = map[kafka.ACLOperation]string{kafka.ACLRead: "SELECT", kafka.ACLWrite: "INSERT"}[k.Operation] + " ON TOPIC " + ident.Quote(k.Name)
	}
	sql := "GRANT " + what + " TO " + role
	if revoke {
		sql = "REVOKE " + what + " FROM " + role
	}
	_, err := a.s.statements.Run(ctx, oneshot.Statement{Principal: who, SQL: sql}, nothingBack{})
	if err == nil {
		err = a.became(ctx, k, revoke)
	}
	switch sqlerr.CodeOf(err) {
	case sqlerr.InsufficientPrivilege:
		return kafka.ACLNotYours.Refuse(k, err.Error())
	case sqlerr.UndefinedObject:
		return kafka.ACLNotAGrant.Refuse(k, err.Error())
	}
	return err
}

// became refuses to say that a change was made which SQL only warns about: who may not give a privilege gives none, and takes back his own only.
func (a acls) became(ctx context.Context, k kafka.ACL, revoke bool) error {
	list, err := a.List(ctx)
	if err != nil {
		return err
	}
	there := false
	for _, have := range list {
		there = there || have.Resource == k.Resource && have.Name == k.Name && have.Role == k.Role && have.Operation == k.Operation && have.Elsewhere == ""
	}
	if there != revoke {
		return nil
	}
	return sqlerr.New(sqlerr.InsufficientPrivilege, "it is another role's to grant or to take back")
}

// nothingBack takes what a statement without rows gives.
type nothingBack struct{}

func (nothingBack) Columns([]face.Field) error { return nil }
func (nothingBack) Rows(*delta.Batch) error    { return nil }
func (nothingBack) Flush() error               { return nil }
