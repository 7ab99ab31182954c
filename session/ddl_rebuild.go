package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// alterRebuild is ALTER kind name REBUILD: the state of a relation is made anew, of a table from its changelog,
// of what is derived from what it reads. It returns when that is done; who gives it up ends the waiting and not the
// work. The catalog counts rebuilds first, so that no start uses state of before.
func (s *Session) alterRebuild(ctx context.Context, b *parse.AlterRebuild, w face.Writer) error {
	var asked *catalog.Relation
	err := s.change(ctx, func(t *catalog.Txn) error {
		asked = nil
		rel, err := s.alterTarget(t.At(), b.Name, b.Kind, b.IfExists)
		if err != nil || rel == nil {
			return err
		}
		if err := s.canRebuild(ctx, rel); err != nil {
			return err
		}
		changed := *rel
		changed.Rebuilt++
		t.Put(&changed)
		asked = &changed
		return nil
	})
	if err == nil && asked != nil {
		if asked.Kind == catalog.KindTable {
			err = s.db.Tables.Rebuilt(ctx, asked.OID, asked.Rebuilt)
		} else {
			err = s.db.Runtime.Rebuild(ctx, asked.OID)
		}
	}
	if err != nil {
		return err
	}
	return w.Complete("ALTER " + b.Kind.String())
}

func (s *Session) canRebuild(ctx context.Context, rel *catalog.Relation) error {
	switch {
	case rel.Kind == catalog.KindTable:
		return s.db.Tables.CanRebuild(ctx, rel.OID)
	case !rel.Derived():
		return sqlerr.New(sqlerr.WrongObjectType, "%s %q has no state that could be rebuilt", rel.Kind, rel.Name).
			WithDetail("It is read from topic %q, as the records are.", rel.TopicName)
	}
	return s.db.Runtime.CanRebuild(rel.OID)
}
