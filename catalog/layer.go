package catalog

import "github.com/tributary-db/tributary/storage/log"

// layer is a set of relations with the ways to find them. It is never changed.
type layer struct {
	all    []*Relation
	byOID  map[OID]*Relation
	byName map[qualified]*Relation
	users  map[OID][]*Relation // whose Parent or DependsOn it is
	// topics are the relations over a topic.
	topics    map[log.TopicID][]*Relation
	functions map[string][]*Relation // by name
	// referring are the tables with a foreign key to a table.
	referring map[OID][]*Relation
}

func newLayer(relations []*Relation) *layer {
	l := &layer{
		all: relations, users: map[OID][]*Relation{}, referring: map[OID][]*Relation{},
		topics: map[log.TopicID][]*Relation{}, functions: map[string][]*Relation{},
		byOID: make(map[OID]*Relation, len(relations)), byName: make(map[qualified]*Relation, len(relations)),
	}
	for _, r := range relations {
		l.byOID[r.OID] = r
		l.byName[nameOf(r)] = r
		if r.Kind == KindFunction {
			l.functions[r.Name] = append(l.functions[r.Name], r)
		}
		if r.Topic != (log.TopicID{}) {
			l.topics[r.Topic] = append(l.topics[r.Topic], r)
		}
		if r.Parent != 0 {
			l.users[r.Parent] = append(l.users[r.Parent], r)
		}
		for _, oid := range r.DependsOn {
			if users := l.users[oid]; oid != r.Parent && (len(users) == 0 || users[len(users)-1] != r) {
				l.users[oid] = append(users, r)
			}
		}
		for i := range r.ForeignKeys {
			oid := r.ForeignKeys[i].References
			if users := l.referring[oid]; len(users) == 0 || users[len(users)-1] != r {
				l.referring[oid] = append(users, r)
			}
		}
	}
	return l
}
