package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/storage/log"
)

// Reader looks names up in one version of the catalog.
type Reader interface {
	// Version is the commit of the last change.
	Version() log.CommitSeq
	// Relation finds schema.name; an empty schema searches path in order.
	Relation(schema, name string, path []string) (*Relation, bool)
	ByOID(oid OID) (*Relation, bool)
	// Indexes of a table, by OID.
	Indexes(table OID) []*Relation
	// Dependents are the relations whose query reads oid, and its indexes and error relation.
	Dependents(oid OID) []*Relation
	// Relations of one kind, by schema and name.
	Relations(kind Kind) []*Relation
	HasSchema(name string) bool
}

// Snapshot is one immutable version of the catalog.
type Snapshot struct {
	version log.CommitSeq
	nextOID OID
	byOID   map[OID]*Relation
	byName  map[qualified]*Relation
	system  map[qualified]*Relation // shared by all versions
}

type qualified struct{ schema, name string }

var _ Reader = (*Snapshot)(nil)

func emptySnapshot(system map[qualified]*Relation) *Snapshot {
	return &Snapshot{nextOID: FirstOID, byOID: map[OID]*Relation{}, byName: map[qualified]*Relation{}, system: system}
}

func (s *Snapshot) Version() log.CommitSeq { return s.version }

func (s *Snapshot) Relation(schema, name string, path []string) (*Relation, bool) {
	if schema != "" {
		return s.in(schema, name)
	}
	// pg_catalog is searched first unless the path names it, as in PostgreSQL.
	if !slices.Contains(path, "pg_catalog") {
		if r, ok := s.in("pg_catalog", name); ok {
			return r, true
		}
	}
	for _, p := range path {
		if r, ok := s.in(p, name); ok {
			return r, true
		}
	}
	return nil, false
}

func (s *Snapshot) in(schema, name string) (*Relation, bool) {
	if r, ok := s.byName[qualified{schema, name}]; ok {
		return r, true
	}
	r, ok := s.system[qualified{schema, name}]
	return r, ok
}

func (s *Snapshot) ByOID(oid OID) (*Relation, bool) {
	if r, ok := s.byOID[oid]; ok {
		return r, true
	}
	for _, r := range s.system {
		if r.OID == oid {
			return r, true
		}
	}
	return nil, false
}

func (s *Snapshot) Indexes(table OID) []*Relation {
	return s.filter(func(r *Relation) bool { return r.Kind == KindIndex && r.Parent == table })
}

func (s *Snapshot) Dependents(oid OID) []*Relation {
	return s.filter(func(r *Relation) bool { return r.Parent == oid || slices.Contains(r.DependsOn, oid) })
}

func (s *Snapshot) Relations(kind Kind) []*Relation {
	return s.filter(func(r *Relation) bool { return r.Kind == kind })
}

// HasSchema: only the built-in schemas and public exist now.
func (s *Snapshot) HasSchema(name string) bool {
	if name == "public" || name == "pg_catalog" || name == "information_schema" || name == "tributary" {
		return true
	}
	return false
}

// UsesTopic returns a relation over the topic, nil if there is none.
func (s *Snapshot) UsesTopic(id log.TopicID) *Relation {
	users := s.filter(func(r *Relation) bool { return r.Topic == id })
	if len(users) == 0 {
		return nil
	}
	return users[0]
}

func (s *Snapshot) filter(keep func(*Relation) bool) []*Relation {
	var out []*Relation
	for _, r := range s.byOID {
		if keep(r) {
			out = append(out, r)
		}
	}
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
func (s *Snapshot) with(v log.CommitSeq, c change) (*Snapshot, error) {
	n := &Snapshot{version: v, nextOID: s.nextOID, byOID: maps.Clone(s.byOID), byName: maps.Clone(s.byName), system: s.system}
	for _, oid := range c.Drop {
		if r, ok := n.byOID[oid]; ok {
			delete(n.byOID, oid)
			delete(n.byName, qualified{r.Schema, r.Name})
		}
	}
	for _, r := range c.Put {
		if old, ok := n.byOID[r.OID]; ok {
			delete(n.byName, qualified{old.Schema, old.Name})
		} else if r.CreatedAt == 0 {
			created := *r
			created.CreatedAt = v
			r = &created
		}
		n.byOID[r.OID] = r
		n.byName[qualified{r.Schema, r.Name}] = r
		n.nextOID = max(n.nextOID, r.OID+1)
	}
	return n, nil
}
