package session

import (
	"context"
	"fmt"
	"maps"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/storage/log"
)

// topicAccess is what is said of who may do what with topics, with another word about one and without topics that are gone.
func (s *Session) topicAccess(said map[string]catalog.TopicAccess, id log.TopicID, a catalog.TopicAccess) map[string]catalog.TopicAccess {
	there := map[string]bool{fmt.Sprintf("%x", id): true}
	for _, t := range s.db.Log.Topics() {
		there[fmt.Sprintf("%x", t.ID)] = true
	}
	out := map[string]catalog.TopicAccess{}
	maps.Copy(out, said)
	maps.DeleteFunc(out, func(have string, _ catalog.TopicAccess) bool { return !there[have] })
	out[fmt.Sprintf("%x", id)] = a
	return out
}

// changeOwnedTopics changes the access of every topic of which something is said, and what is said of the database.
func (s *Session) changeOwnedTopics(ctx context.Context, t *catalog.Txn, topic func(catalog.TopicAccess) catalog.TopicAccess, database func(*catalog.Relation)) error {
	if _, said := t.At().Database(); !said {
		return nil
	}
	return s.changeDatabase(ctx, t, func(d *catalog.Relation) error {
		d.TopicAccess = maps.Clone(d.TopicAccess)
		for id, a := range d.TopicAccess {
			d.TopicAccess[id] = topic(a)
		}
		database(d)
		return nil
	})
}

// lockGranted locks an object whose grants change; nil = it is gone.
func (s *Session) lockGranted(ctx context.Context, t *catalog.Txn, rel *catalog.Relation) (*catalog.Relation, error) {
	if err := s.lock(ctx, "GRANT", rel.OID, table.Exclusive); err != nil {
		return nil, err
	}
	now, _ := t.At().ByOID(rel.OID)
	return now, nil
}
