package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// alterRebuild is ALTER kind name REBUILD [FROM WHAT IS LEFT]: the state of a relation is made anew, of a table from its changelog,
// of what is derived from what it reads. It returns when that is done; who gives it up ends the waiting and not the
// work. The catalog counts rebuilds first, so that no start uses state of before.
func (s *Session) alterRebuild(ctx context.Context, b *parse.AlterRebuild, w face.Writer) error {
	err := s.rebuildOnce(ctx, b)
	for tries := 1; b.Left && tries < leftTries && sqlerr.CodeOf(err) == sqlerr.InputLost; tries++ {
		err = s.rebuildOnce(ctx, b) // more went before it began: what is left now is meant
	}
	if err != nil {
		return err
	}
	return w.Complete("ALTER " + b.Kind.String())
}

// leftTries is how often REBUILD FROM WHAT IS LEFT begins while records go.
const leftTries = 10

func (s *Session) rebuildOnce(ctx context.Context, b *parse.AlterRebuild) error {
	var asked *catalog.Relation
	rel, err := s.lockFound(ctx, "ALTER "+b.Kind.String(), func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, b.Kind, b.IfExists)
	})
	if err != nil || rel == nil {
		return err
	}
	err = s.changeAlone(ctx, func(t *catalog.Txn) (err error) {
		changed := *rel
		if b.Left {
			if changed.LossAccepted, err = s.acceptLoss(ctx, t.At(), rel); err != nil {
				return err
			}
		} else if err := s.canRebuild(ctx, rel); err != nil {
			return err
		}
		changed.Rebuilt++
		t.Put(&changed)
		asked = &changed
		return nil
	})
	if err == nil {
		s.rollback() // what was locked need not wait for the rebuild
		if asked.Kind == catalog.KindTable {
			err = s.db.Tables.Rebuilt(ctx, asked.OID, asked.Rebuilt)
		} else {
			err = s.db.Runtime.Rebuild(ctx, asked.OID)
		}
	}
	return err
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

// acceptLoss is the commit up to which what the inputs of a view lost is not counted: all that there is. Who reads the
// view would have what it showed before and not what it shows then, and what was put out from it cannot be taken back.
func (s *Session) acceptLoss(ctx context.Context, at *catalog.Snapshot, rel *catalog.Relation) (log.CommitSeq, error) {
	if rel.Kind != catalog.KindView {
		return 0, sqlerr.New(sqlerr.WrongObjectType, "%s %q cannot be rebuilt from what is left, only a materialized view can", rel.Kind, rel.Name).
			WithHint("DROP it and create it again.")
	}
	for _, kind := range []catalog.Kind{catalog.KindView, catalog.KindSink, catalog.KindStream} {
		for _, other := range at.Relations(kind) {
			if slices.Contains(other.DependsOn, rel.OID) {
				return 0, sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot rebuild %s %s from what is left because other objects depend on it", rel.Kind, rel.Name).
					WithDetail("%s %s is made from it.", other.Kind, other.QualifiedName()).
					WithHint("Drop them first, and create them again.")
			}
		}
	}
	return s.db.Log.Newest(ctx, true)
}
