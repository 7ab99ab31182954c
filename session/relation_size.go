package session

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// Bytes is the size of a relation's newest rows, of a stream that of the records its topic keeps, and what the
// indexes of a table take.
func (i *introspection) Bytes(relation uint32) (own, indexes int64, ok bool) {
	rel, ok := i.cat.ByOID(catalog.OID(relation))
	if !ok {
		_, ok = i.IndexDef(relation, 0, false) // a primary key's: its table is in that order itself
		return 0, 0, ok
	}
	return i.s.sizeOf(rel)
}

// DatabaseBytes is what all relations take.
func (i *introspection) DatabaseBytes() (all int64) {
	topics := map[log.TopicID]bool{}
	for _, rel := range i.Catalog().Objects() {
		if rel.Kind == catalog.KindIndex { // its table's
			continue
		}
		if rel.Kind == catalog.KindStream {
			if topics[rel.Topic] { // several may be over one topic
				continue
			}
			topics[rel.Topic] = true
		}
		own, indexes, _ := i.s.sizeOf(rel)
		all += own + indexes
	}
	return all
}

func (s *Session) sizeOf(rel *catalog.Relation) (own, indexes int64, ok bool) {
	switch rel.Kind {
	case catalog.KindTable:
		own, each := s.tableBytes(rel)
		for _, n := range each {
			indexes += n
		}
		return own, indexes, true
	case catalog.KindIndex:
		if of, ok := s.catalog().ByOID(rel.Parent); ok {
			_, each := s.tableBytes(of)
			own = each[rel.OID]
		}
	case catalog.KindView:
		own = s.db.Runtime.Bytes(rel.OID)
	case catalog.KindStream:
		if s.db.TopicBytes != nil {
			own = s.db.TopicBytes(rel.Topic)
		}
	case catalog.KindPlainView, catalog.KindErrors, catalog.KindSequence, catalog.KindSink, catalog.KindSystem: // nothing of their own
	default:
		return 0, 0, false
	}
	return own, 0, true
}

func (s *Session) tableBytes(rel *catalog.Relation) (rows int64, indexes map[catalog.OID]int64) {
	if rel.Temporary() {
		return s.temp.Bytes(rel.OID)
	}
	return s.db.Tables.Bytes(rel.OID)
}
