package catalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/storage/log"
)

// OwnerOf is the role whose a relation, schema or type is.
func (s *Snapshot) OwnerOf(r *Relation) OID {
	if r.Kind == KindDatabase {
		return cmp.Or(r.Owner, SuperuserOID)
	}
	for r.Parent != 0 { // why: what belongs to a relation always has the same owner
		up, ok := s.ByOID(r.Parent)
		if !ok {
			break
		}
		r = up
	}
	if r.OID == publicOID {
		return cmp.Or(r.Owner, DatabaseOwner)
	}
	return cmp.Or(r.Owner, SuperuserOID)
}

// OwnerOfDatabase is the role that owns the one database.
func (s *Snapshot) OwnerOfDatabase() OID {
	if d, ok := s.Database(); ok {
		return cmp.Or(d.Owner, SuperuserOID)
	}
	return SuperuserOID
}

// Owns reports whether a role may do what owners do.
func (s *Snapshot) Owns(role OID, r *Relation) bool { return s.HasPrivsOf(role, s.OwnerOf(r)) }

// ACLKind is the sort of privileges that a relation, schema or type has.
func (r *Relation) ACLKind() acl.Kind {
	switch r.Kind {
	case KindSequence:
		return acl.Sequence
	case KindSchema:
		return acl.Schema
	case KindType:
		return acl.Type
	case KindFunction:
		return acl.Function
	case KindDatabase:
		return acl.Database
	}
	return acl.Table
}

// ACLOf are the grants on a relation, schema or type, those that nobody has changed among them.
func (s *Snapshot) ACLOf(r *Relation) acl.ACL {
	if r.ACL != nil {
		return *r.ACL
	}
	return s.InitialACL(r)
}

// secret are the relations of the system that only superusers read.
var secret = []string{
	"pg_authid", "pg_shadow", "pg_statistic", "pg_statistic_ext_data", "pg_user_mapping", "pg_largeobject", "pg_hba_file_rules", "pg_file_settings",
	"pg_ident_file_mappings", "pg_backend_memory_contexts", "pg_shmem_allocations", "pg_config", "pg_subscription",
}

// InitialACL are the grants on what nobody has granted anything on.
func (s *Snapshot) InitialACL(r *Relation) acl.ACL {
	owner := uint32(s.OwnerOf(r))
	out := acl.Default(r.ACLKind(), owner)
	switch {
	case r.Kind == KindSystem && !(r.Schema == "pg_catalog" && slices.Contains(secret, r.Name)):
		out = append(acl.ACL{{Grantor: owner, Privs: acl.Select}}, out...)
	case r.OID == publicOID:
		out = append(out, acl.Item{Grantor: owner, Privs: acl.Usage})
	}
	return out
}

// Granting is what the algebra of grants asks of an object that a role owns.
func (s *Snapshot) Granting(owner OID) acl.Object {
	return acl.Object{Owner: uint32(owner), Inherits: func(member, role uint32) bool { return s.inherits(OID(member), OID(role)) }}
}

func (s *Snapshot) inherits(member, role OID) bool {
	return s.walk(member, true, func(oid OID) bool { return oid == role })
}

// Privs are those of want that a role has on a relation, schema or type.
func (s *Snapshot) Privs(role OID, r *Relation, want acl.Privs) acl.Privs {
	if s.IsSuper(role) {
		return want
	}
	if r.Kind == KindSystem { // nobody changes the catalogs
		want &^= acl.Insert | acl.Update | acl.Delete | acl.Truncate
	}
	have := s.Granting(s.OwnerOf(r)).Mask(s.ACLOf(r), uint32(role), want)
	return have | want&^have&s.byRole(role, r.ACLKind())
}

// byRole are the privileges on all objects of a kind that predefined roles have.
func (s *Snapshot) byRole(role OID, k acl.Kind) (out acl.Privs) {
	var read, write acl.Privs
	switch k {
	case acl.Table, acl.Column:
		read, write = acl.Select, acl.Insert|acl.Update|acl.Delete
	case acl.Sequence:
		read, write = acl.Select, acl.Update
	case acl.Schema:
		read, write = acl.Usage, acl.Usage
	case acl.Topic:
		read, write = acl.Select, acl.Insert
	}
	if read != 0 && s.inherits(role, ReadAllData) {
		out |= read
	}
	if write != 0 && s.inherits(role, WriteAllData) {
		out |= write
	}
	return out
}

// ColumnPrivs are those of want that a role has on a column, by grants on it or on all of its relation.
func (s *Snapshot) ColumnPrivs(role OID, r *Relation, column int, want acl.Privs) acl.Privs {
	have := s.Privs(role, r, want)
	if have == want || column < 0 || column >= len(r.Columns) || r.Columns[column].ACL == nil {
		return have
	}
	return have | s.Granting(s.OwnerOf(r)).Mask(r.Columns[column].ACL, uint32(role), want)
}

// OptionOn reports whether a role may give one of privs on a relation, schema or type, or on a column of it (-1 = on all).
func (s *Snapshot) OptionOn(role OID, r *Relation, column int, privs acl.Privs) bool {
	if s.IsSuper(role) {
		return true
	}
	o := s.Granting(s.OwnerOf(r))
	if o.Options(s.ACLOf(r), uint32(role), privs) != 0 {
		return true
	}
	return column >= 0 && column < len(r.Columns) && o.Options(r.Columns[column].ACL, uint32(role), privs) != 0
}

// AnyColumn: there is a column on which the role has a privilege.
func (s *Snapshot) AnyColumn(role OID, r *Relation, want acl.Privs) bool {
	for i := range r.Columns {
		if !r.Columns[i].Dropped && s.ColumnPrivs(role, r, i, want) == want {
			return true
		}
	}
	return s.Privs(role, r, want) == want
}

// DatabasePrivs are those of want that a role has on the database.
func (s *Snapshot) DatabasePrivs(role OID, want acl.Privs) acl.Privs {
	return s.Privs(role, s.DatabaseEntry(), want)
}

// DatabaseEntry is the database, as if something had been said of it.
func (s *Snapshot) DatabaseEntry() *Relation {
	if d, ok := s.Database(); ok {
		return d
	}
	return &Relation{Kind: KindDatabase, TimestampColumn: -1}
}

// Schemas of the system belong to the first role, and everybody may use them.
var systemSchemaACL = acl.ACL{{Grantee: uint32(SuperuserOID), Grantor: uint32(SuperuserOID), Privs: acl.Usage | acl.Create}, {Grantor: uint32(SuperuserOID), Privs: acl.Usage}}

// SystemSchemaACL are the grants on schemas of the system.
func SystemSchemaACL() acl.ACL { return systemSchemaACL }

// SchemaPrivs are those of want that a role has on a schema of users or of the system; none on one that is not there.
func (s *Snapshot) SchemaPrivs(role OID, name string, want acl.Privs) acl.Privs {
	if SystemSchema(name) {
		if s.IsSuper(role) {
			return want
		}
		return want & acl.Usage
	}
	r, ok := s.Schema(name)
	if !ok {
		return 0
	}
	if r.Temporary() { // it is of the session, whoever that is now
		return want
	}
	return s.Privs(role, r, want)
}

// UsablePath are the schemas of a path that a role may use; those that are not there are left out by who looks in them.
func (s *Snapshot) UsablePath(role OID, path []string) []string {
	if s.IsSuper(role) {
		return path
	}
	return slices.DeleteFunc(slices.Clone(path), func(name string) bool {
		return s.HasSchema(name) && s.SchemaPrivs(role, name, acl.Usage) == 0
	})
}

// RolesOf are a role and those whose privileges it has, itself first.
func (s *Snapshot) RolesOf(role OID) (out []uint32) {
	s.walk(role, true, func(oid OID) bool {
		out = append(out, uint32(oid))
		return false
	})
	return out
}

// TopicAccess is whose a topic is, and who else may read and write it.
type TopicAccess struct {
	Owner OID      `json:"owner,omitempty"` // 0 = the first role
	ACL   *acl.ACL `json:"acl,omitempty"`
}

// topicAccess is what is said of a topic.
func (s *Snapshot) topicAccess(id log.TopicID) TopicAccess {
	d, ok := s.Database()
	if !ok || len(d.TopicAccess) == 0 {
		return TopicAccess{}
	}
	return d.TopicAccess[fmt.Sprintf("%x", id)]
}

// OwnerOfTopic is the role whose a topic is: that of the table whose changelog it is, else who made it.
func (s *Snapshot) OwnerOfTopic(id log.TopicID) OID {
	for _, r := range s.UsersOfTopic(id) {
		if r.Kind == KindTable && !r.FromTopic {
			return s.OwnerOf(r)
		}
	}
	return cmp.Or(s.topicAccess(id).Owner, SuperuserOID)
}

// TopicPrivs are those of want (SELECT, INSERT) that a role has on a topic: as its owner, by grants on it, and by those on what lies
// over it whole. Who may read a table, derived stream or sink may read the records that are its rows; who may insert into a stream may write
// its topic. A stream's columns need not be all of a record, so SELECT on it does not open the topic.
func (s *Snapshot) TopicPrivs(role OID, id log.TopicID, want acl.Privs) acl.Privs {
	if s.IsSuper(role) {
		return want
	}
	have := s.Granting(s.OwnerOfTopic(id)).Mask(s.TopicACL(id), uint32(role), want) | want&s.byRole(role, acl.Topic)
	hidden := acl.Privs(0)
	for _, r := range s.UsersOfTopic(id) {
		if r.Kind == KindTable && s.RowsAre(role, r) {
			hidden = acl.Select // some of the records are none of its business, whatever was granted
		}
		have |= s.Privs(role, r, OpensTopic(r)) & want
	}
	return have &^ hidden
}

// TopicACL are the grants on a topic itself.
func (s *Snapshot) TopicACL(id log.TopicID) acl.ACL {
	if said := s.topicAccess(id); said.ACL != nil {
		return *said.ACL
	}
	return acl.Default(acl.Topic, uint32(s.OwnerOfTopic(id)))
}

// OpensTopic is the privilege on a relation that is one on its topic as well.
func OpensTopic(r *Relation) acl.Privs {
	switch {
	case r.Kind == KindSink || r.Kind == KindTable && !r.FromTopic || r.Kind == KindStream && r.Derived():
		return acl.Select
	case r.Kind == KindStream:
		return acl.Insert
	}
	return 0
}

// OwnsTopic reports whether a role may do what owners of a topic do.
func (s *Snapshot) OwnsTopic(role OID, id log.TopicID) bool {
	return s.HasPrivsOf(role, s.OwnerOfTopic(id))
}

// Objects are all that users have made and that have an owner, roles and the database among them.
func (s *Snapshot) Objects() []*Relation { return s.filter(func(*Relation) bool { return true }) }
