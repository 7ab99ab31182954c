package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/storage/log"
)

// Reader looks names up in one version of the catalog.
type Reader interface {
	// Version is the commit of the last change; of a Txn's own view a number that nothing else has.
	Version() log.CommitSeq
	// Relation finds schema.name; an empty schema searches path in order.
	Relation(schema, name string, path []string) (*Relation, bool)
	ByOID(oid OID) (*Relation, bool)
	// Indexes of a table, by OID.
	Indexes(table OID) []*Relation
	// Dependents are the relations whose query reads oid, and its indexes and error relation.
	Dependents(oid OID) []*Relation
	// Referring are the tables with a foreign key to a table, which may be one itself.
	Referring(table OID) []*Relation
	// Relations of one kind, by schema and name.
	Relations(kind Kind) []*Relation
	// Schema finds a schema of users, public among them.
	Schema(name string) (*Relation, bool)
	// HasSchema knows those of the system as well.
	HasSchema(name string) bool
	// RoleNamed and RoleOf find a role, Roles are all by name.
	RoleNamed(name string) (*Relation, bool)
	RoleOf(oid OID) (*Relation, bool)
	Roles() []*Relation
	// OwnerOf is the role whose a relation, schema or type is.
	OwnerOf(r *Relation) OID
	// InitialACL are the grants on what nobody has granted anything on.
	InitialACL(r *Relation) acl.ACL
	// Functions are the users' functions of a name, in any schema.
	Functions(name string) []*Relation
	// Policies of a table, RowsAre and PolicyIsFor: whether they decide about its rows for a role, and whether one is for it.
	Policies(table OID) []*Relation
	RowsAre(role OID, r *Relation) bool
	PolicyIsFor(p *Policy, role OID) bool
	// Type finds the user's type schema.name; an empty schema searches path in order.
	Type(schema, name string, path []string) (*Relation, bool)
}

// Snapshot is one immutable version of the catalog: a layer that many versions share, and what
// has changed since it was made. So DDL and looking up who uses a relation cost the same with ten
// relations and with ten thousand.
type Snapshot struct {
	version log.CommitSeq
	nextOID OID
	layer   *layer
	changed map[OID]*Relation       // over the layer; nil = dropped
	named   map[qualified]*Relation // over the layer; nil = gone
	system  *layer                  // shared by all versions
	temp    string                  // the schema of the session's temporary relations, empty = there is none
}

// maxChanged bounds what lies over a layer; beyond it a version gets a layer of its own.
const maxChanged = 256

// qualified is a name in a schema, in one of the namespaces.
type qualified struct {
	schema, name string
	space        space
}

// space is a namespace: relations and schemas, types, roles.
type space byte

const (
	types space = iota + 1
	roles
	functions
	policies
)

func nameOf(r *Relation) qualified {
	q := qualified{schema: r.Schema, name: r.Name}
	switch r.Kind {
	case KindType:
		q.space = types
	case KindRole:
		q.space = roles
	case KindFunction:
		q.space, q.name = functions, signed(r.Name, r.Function.Types())
	case KindPolicy:
		q.space, q.schema = policies, policyScope(r.Parent)
	}
	return q
}

var _ Reader = (*Snapshot)(nil)

func emptySnapshot(system *layer) *Snapshot {
	return &Snapshot{nextOID: FirstOID, layer: newLayer([]*Relation{publicSchema(), firstRole()}), system: system}
}

func (s *Snapshot) Version() log.CommitSeq { return s.version }

func (s *Snapshot) Relation(schema, name string, path []string) (*Relation, bool) {
	if schema != "" {
		return s.in(s.schemaCalled(schema), name)
	}
	if name == "" {
		return nil, false
	}
	// So are temporary relations, before all others.
	if s.temp != "" && !slices.Contains(path, TempAlias) && !slices.Contains(path, s.temp) {
		if r, ok := s.in(s.temp, name); ok {
			return r, true
		}
	}
	// pg_catalog is searched first unless the path names it, as in PostgreSQL.
	if !slices.Contains(path, "pg_catalog") {
		if r, ok := s.in("pg_catalog", name); ok {
			return r, true
		}
	}
	for _, p := range path {
		if r, ok := s.in(s.schemaCalled(p), name); ok && p != "" { // schemas are in none
			return r, true
		}
	}
	return nil, false
}

// schemaCalled is the schema that a name means.
func (s *Snapshot) schemaCalled(name string) string {
	if name == TempAlias && s.temp != "" {
		return s.temp
	}
	return name
}

func (s *Snapshot) in(schema, name string) (*Relation, bool) {
	q := qualified{schema: schema, name: name}
	if r := s.user(q); r != nil {
		return r, true
	}
	r, ok := s.system.byName[q]
	return r, ok
}

// user is what users gave that name, nil if nothing.
func (s *Snapshot) user(q qualified) *Relation {
	r, ok := s.named[q]
	if !ok {
		r = s.layer.byName[q]
	}
	return r
}

func (s *Snapshot) ByOID(oid OID) (*Relation, bool) {
	r, ok := s.changed[oid]
	if !ok {
		r = s.layer.byOID[oid]
	}
	if r != nil {
		return r, true
	}
	r, ok = s.system.byOID[oid]
	return r, ok
}

func (s *Snapshot) Indexes(table OID) []*Relation {
	return s.among(s.layer.users[table], func(r *Relation) bool { return r.Kind == KindIndex && r.Parent == table })
}

func (s *Snapshot) Dependents(oid OID) []*Relation {
	return s.among(s.layer.users[oid], func(r *Relation) bool { return r.Parent == oid || slices.Contains(r.DependsOn, oid) })
}

func (s *Snapshot) Relations(kind Kind) []*Relation {
	if kind == KindSystem {
		return sorted(slices.Clone(s.system.all))
	}
	return s.filter(func(r *Relation) bool { return r.Kind == kind })
}

// UsesTopic returns a relation over the topic, nil if there is none.
func (s *Snapshot) UsesTopic(id log.TopicID) *Relation {
	users := s.UsersOfTopic(id)
	if len(users) == 0 {
		return nil
	}
	return users[0]
}

// UsersOfTopic lists the relations over the topic.
func (s *Snapshot) UsersOfTopic(id log.TopicID) []*Relation {
	return s.among(s.layer.topics[id], func(r *Relation) bool { return r.Topic == id })
}

func (s *Snapshot) filter(keep func(*Relation) bool) []*Relation {
	return s.among(s.layer.all, keep)
}

// among lists those of the layer's relations given, and of all that changed since, that keep
// takes, by schema and name.
func (s *Snapshot) among(relations []*Relation, keep func(*Relation) bool) []*Relation {
	var out []*Relation
	for _, r := range relations {
		if _, over := s.changed[r.OID]; !over && keep(r) {
			out = append(out, r)
		}
	}
	for _, r := range s.changed {
		if r != nil && keep(r) {
			out = append(out, r)
		}
	}
	return sorted(out)
}

// sorted puts relations into the order of schema and name.
func sorted(out []*Relation) []*Relation {
	slices.SortFunc(out, func(a, b *Relation) int {
		if c := strings.Compare(a.Schema, b.Schema); c != 0 {
			return c
		}
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(a.OID) - int(b.OID)
	})
	return out
}

// with returns a copy of s at version v with the change applied.
func (s *Snapshot) with(v log.CommitSeq, c change) *Snapshot {
	n := &Snapshot{version: v, nextOID: s.nextOID, layer: s.layer, system: s.system, temp: s.temp}
	n.changed, n.named = make(map[OID]*Relation, len(s.changed)+1), make(map[qualified]*Relation, len(s.named)+1)
	maps.Copy(n.changed, s.changed)
	maps.Copy(n.named, s.named)
	for _, oid := range c.Drop {
		n.forget(oid)
	}
	there := make([]*Relation, len(c.Put))
	for i, r := range c.Put { // all, before any comes: they may have swapped their names
		there[i] = n.forget(r.OID)
	}
	for i, r := range c.Put {
		if v < firstDraft {
			r = r.appliedAt(v, there[i])
		}
		n.changed[r.OID] = r
		n.named[nameOf(r)] = r
		if r.Kind == KindSchema && r.Temporary() {
			n.temp = r.Name
		}
		n.nextOID = max(n.nextOID, r.OID+1)
		for i := range r.ForeignKeys {
			n.nextOID = max(n.nextOID, r.ForeignKeys[i].OID+1)
		}
	}
	if len(n.changed) > maxChanged {
		n.layer = newLayer(n.filter(func(*Relation) bool { return true }))
		n.changed, n.named = nil, nil
	}
	return n
}

// appliedAt is a relation that takes the place of another (nil = of none) by a commit.
func (r *Relation) appliedAt(v log.CommitSeq, was *Relation) *Relation {
	if was == nil && r.CreatedAt == 0 {
		created := *r
		created.CreatedAt = v
		return &created
	}
	if was == nil || r.Kind != KindTable {
		return r
	}
	for i := range min(len(was.Columns), len(r.Columns)) {
		if was.Columns[i].Type.OID != r.Columns[i].Type.OID {
			rewritten := *r
			rewritten.RewrittenAt = v
			return &rewritten
		}
	}
	return r
}

// forget removes a relation from a version that is being made, and gives what it was, nil = it was not there.
func (s *Snapshot) forget(oid OID) *Relation {
	old, ok := s.changed[oid]
	if !ok {
		old = s.layer.byOID[oid]
	}
	if old != nil {
		s.changed[oid], s.named[nameOf(old)] = nil, nil
		if old.Kind == KindSchema && old.Name == s.temp {
			s.temp = ""
		}
	}
	return old
}
