package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createPlainView is CREATE [OR REPLACE] VIEW.
func (s *Session) createPlainView(ctx context.Context, b *parse.CreateView, w face.Writer) error {
	rel, err := bind.PlainView(b, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	if rel.Temporary() && !b.Temporary && b.Name.Schema == "" {
		s.notice("view %q will be a temporary view", rel.Name)
	}
	s.freeze(rel)
	if err := bind.CheckOption(rel, s.catalog(), s.bindOptions()); err != nil {
		return err
	}
	err = s.change(ctx, "CREATE VIEW", func(t *catalog.Txn) error {
		if err := s.lockParents(ctx, "CREATE VIEW", rel.DependsOn); err != nil {
			return err
		}
		if b.Replace {
			old, err := s.lockFound(ctx, "CREATE VIEW", func() (*catalog.Relation, error) {
				old, _ := s.catalog().Relation(rel.Schema, rel.Name, nil)
				return old, nil
			})
			if err != nil {
				return err
			}
			if old != nil {
				return s.replaceView(t, old, rel)
			}
		}
		if err := s.free(ctx, t, rel.Schema, rel.Name, false); err != nil {
			return err
		}
		t.Put(rel)
		return nil
	})
	return s.created(err, "CREATE VIEW", w)
}

// replaceView gives a view another query, which has its columns and perhaps more.
func (s *Session) replaceView(t *catalog.Txn, old, rel *catalog.Relation) error {
	if old.Kind != catalog.KindPlainView {
		return sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a view", old.Name)
	}
	if len(rel.Columns) < len(old.Columns) {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot drop columns from view")
	}
	for i, c := range old.Columns {
		now := rel.Columns[i]
		if c.Name != now.Name {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change name of view column \"%s\" to \"%s\"", c.Name, now.Name).
				WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
		}
		if c.Type != now.Type {
			return sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change data type of view column \"%s\" from %s to %s", c.Name, c.Type, now.Type)
		}
	}
	reads := func(oid catalog.OID) bool { return oid == old.OID || dependsOn(t.At(), oid, old.OID) }
	if slices.ContainsFunc(rel.DependsOn, reads) {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "infinite recursion detected in rules for relation \"%s\"", rel.Name)
	}
	if user := s.computedFrom(t.At(), old.OID); user != nil {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot replace view %s because %s %s is computed from it", old.Name, user.Kind, user.Name).
			WithHint("DROP it, replace the view, and create it again.")
	}
	rel.OID, rel.CreatedAt = old.OID, old.CreatedAt
	t.Put(rel)
	return nil
}

// dependsOn reports whether a relation is made from another one, by itself or through others.
func dependsOn(at *catalog.Snapshot, oid, on catalog.OID) bool {
	rel, ok := at.ByOID(oid)
	return ok && slices.ContainsFunc(rel.DependsOn, func(up catalog.OID) bool { return up == on || dependsOn(at, up, on) })
}

// computedFrom finds a materialized view, sink or derived stream that reads a relation, by itself or through plain views.
func (s *Session) computedFrom(at *catalog.Snapshot, oid catalog.OID) *catalog.Relation {
	for _, dep := range at.Dependents(oid) {
		switch {
		case dep.Derived():
			return dep
		case dep.Kind == catalog.KindPlainView:
			if user := s.computedFrom(at, dep.OID); user != nil {
				return user
			}
		}
	}
	return nil
}

// alterViewOptions is ALTER VIEW … SET (…) and RESET (…).
func (s *Session) alterViewOptions(ctx context.Context, b *parse.AlterSet, w face.Writer) error {
	rel, err := s.lockFound(ctx, "ALTER VIEW", func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, b.Kind, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER VIEW")
	}
	changed := *rel
	if err := bind.ViewOptions(&changed, b.Options, b.Reset); err != nil {
		return err
	}
	if err := bind.CheckOption(&changed, s.catalog(), s.bindOptions()); err != nil {
		return err
	}
	err = s.change(ctx, "ALTER VIEW", func(t *catalog.Txn) error {
		t.Put(&changed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER VIEW")
}

// alterIndexOptions is ALTER INDEX SET and RESET.
func (s *Session) alterIndexOptions(ctx context.Context, b *parse.AlterSet, w face.Writer) error {
	rel, err := s.lockFound(ctx, "ALTER INDEX", func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, b.Kind, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER INDEX")
	}
	changed, err := bind.IndexStorage(rel, b.Options, b.Reset)
	if err != nil {
		return err
	}
	err = s.change(ctx, "ALTER INDEX", func(t *catalog.Txn) error {
		t.Put(changed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER INDEX")
}

// populated refuses to read materialized views that are WITH NO DATA, by themselves or through plain views.
func (s *Session) populated(rels []catalog.OID) error {
	at := s.catalog()
	for _, oid := range rels {
		rel, ok := at.ByOID(oid)
		switch {
		case !ok:
		case rel.Unpopulated:
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "materialized view %q has not been populated", rel.Name).
				WithHint("Use the REFRESH MATERIALIZED VIEW command.")
		case rel.Kind == catalog.KindPlainView:
			if err := s.populated(rel.DependsOn); err != nil {
				return err
			}
		}
	}
	return nil
}

// refresh is REFRESH MATERIALIZED VIEW: views are kept up to date by themselves, so it waits until this one has all that was
// committed when it was asked. WITH NO DATA it may not be read until the next.
func (s *Session) refresh(ctx context.Context, b *parse.Refresh, w face.Writer) error {
	rel, ok := s.catalog().Relation(b.Name.Schema, b.Name.Name, s.path())
	switch {
	case !ok:
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", b.Name.String()).
			Meant(catalog.Near(s.catalog(), b.Name.Schema, b.Name.Name, s.path(), catalog.KindView))
	case rel.Kind != catalog.KindView:
		return sqlerr.New(sqlerr.FeatureNotSupported, "%q is not a materialized view", rel.Name)
	}
	if err := s.owns(rel); err != nil {
		return err
	}
	if err := s.populated(rel.DependsOn); err != nil && !b.NoData {
		return err
	}
	if rel.Unpopulated != b.NoData {
		changed := *rel
		changed.Unpopulated = b.NoData
		err := s.change(ctx, "REFRESH MATERIALIZED VIEW", func(t *catalog.Txn) error {
			t.Put(&changed)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if _, err := s.readable([]catalog.OID{rel.OID}); err != nil || b.NoData { // one of this transaction has its rows from the commit on
		return w.Complete("REFRESH MATERIALIZED VIEW")
	}
	pin, err := s.db.Runtime.Pin(ctx, []catalog.OID{rel.OID}, lane.ReadAs{Mode: lane.ReadStrict, Owner: s.reads})
	if err != nil {
		return err
	}
	pin.Release()
	return w.Complete("REFRESH MATERIALIZED VIEW")
}
