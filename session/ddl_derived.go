package session

import (
	"context"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// freeze has a relation keep the settings that its text is read with.
func (s *Session) freeze(rel *catalog.Relation) {
	rel.Settings = map[string]string{}
	for _, f := range plan.Frozen {
		rel.Settings[f.Name] = s.set.get(f.Name)
	}
	if _, own := s.catalog().Schema(s.currentUser()); own || !s.super() { // "$user" is who makes it, whoever reads it
		rel.Settings["search_path"] = quotedList(s.path())
	}
}

// bindOptions are for statements that define something.
func (s *Session) bindOptions() bind.Options {
	o := s.binding()
	o.IdleTimeout = s.db.WatermarkIdleTimeout
	return o
}

// refuseErrors: the error rows of a view are read, not computed with for ever, and system
// relations have no changes.
func (s *Session) refuseErrors(q *plan.Query) error {
	snap := s.catalog()
	for _, id := range q.Relations {
		rel, ok := snap.ByOID(catalog.OID(id))
		if !ok {
			continue
		}
		if rel.ListsRows() {
			return sqlerr.New(sqlerr.FeatureNotSupported, "a relation over %q is not supported yet", rel.Name)
		}
		if rel.Kind == catalog.KindSystem {
			return sqlerr.New(sqlerr.FeatureNotSupported, "a relation over system view %q is not supported", rel.Name)
		}
	}
	return nil
}

// createView is CREATE MATERIALIZED VIEW: it returns when the view has reached the version of
// its own creation.
func (s *Session) createView(ctx context.Context, b *parse.CreateMaterializedView, w face.Writer) error {
	def, err := bind.CreateView(b, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	if err := s.refuseErrors(def.Query); err != nil {
		return err
	}
	rel := def.Relation
	rel.Unpopulated = b.NoData
	s.freeze(rel)
	err = s.startDerived(ctx, "CREATE MATERIALIZED VIEW", rel, def.Background || b.NoData, func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, b.IfNotExists); err != nil {
			return err
		}
		t.Put(rel)
		return s.putErrors(ctx, t, rel, source.RowErrorColumns)
	})
	return s.created(err, "CREATE MATERIALIZED VIEW", w)
}

// createSink is CREATE SINK name TO TOPIC topic AS query.
func (s *Session) createSink(ctx context.Context, b *parse.CreateSink, w face.Writer) error {
	def, err := bind.CreateSink(b, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	if err := s.refuseErrors(def.Query); err != nil {
		return err
	}
	return s.created(s.createWriting(ctx, def.Relation, def.Partitions, b.IfNotExists), "CREATE SINK", w)
}

// createWriting commits a sink or a derived stream with its topic, and starts it. It does not wait
// for the rows that are there already: one of them may fail, and then SHOW tells.
func (s *Session) createWriting(ctx context.Context, rel *catalog.Relation, partitions int, ifNotExists bool) error {
	s.freeze(rel)
	topic := rel.TopicName
	return s.startDerived(ctx, "CREATE "+strings.ToUpper(string(rel.Kind)), rel, true, func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, ifNotExists); err != nil {
			return err
		}
		if err := s.bindTopic(t, rel, topic, int32(partitions), nil); err != nil {
			return err
		}
		if err := refuseCycle(t.At(), rel); err != nil {
			return err
		}
		t.Put(rel)
		return s.putErrors(ctx, t, rel, source.RowErrorColumns)
	})
}

// startDerived makes a derived relation whose dataflow starts when the transaction has been committed.
func (s *Session) startDerived(ctx context.Context, tag string, rel *catalog.Relation, background bool, build func(*catalog.Txn) error) error {
	if err := refuseTemporary(s.catalog(), rel.Kind, rel.DependsOn); err != nil {
		return err
	}
	if err := s.lockParents(ctx, tag, rel.DependsOn); err != nil {
		return err
	}
	if !rel.Unpopulated {
		if err := s.populated(rel.DependsOn); err != nil {
			return err
		}
	}
	// What cannot run is refused before it is there.
	q, err := planner.Relation(rel, s.catalog(), s.db.Folder)
	if err != nil {
		return err
	}
	if err := s.db.Runtime.Check(q, s.inputs()); err != nil {
		return err
	}
	if !background {
		if err := s.db.Runtime.CanBegin(q); err != nil {
			return err
		}
	}
	if err := s.change(ctx, tag, build); err != nil {
		return err
	}
	s.behind(func(ctx context.Context, wait bool) error { return s.beginWork(ctx, rel.OID, wait && !background) })
	return s.commitWorking(ctx)
}

// commitWorking ends the transaction of what works from its commit on, outside a block.
func (s *Session) commitWorking(ctx context.Context) error {
	if s.tx.block {
		return nil
	}
	return s.commit(ctx)
}

// beginWork starts the dataflow of a relation that has been committed.
func (s *Session) beginWork(ctx context.Context, oid catalog.OID, wait bool) error {
	made, ok := s.db.Catalog.Now().ByOID(oid)
	if !ok {
		return nil // dropped meanwhile, perhaps by the same transaction
	}
	creating := s.db.Runtime.Create()
	s0, err := creating.Committed()
	if err != nil {
		return err
	}
	if err := creating.Begin(made); err != nil || !wait {
		return err
	}
	return s.db.Runtime.Watch(ctx, oid, s0)
}

// stillThere: what was planned over exists in the version that the CREATE commits on.
func stillThere(at *catalog.Snapshot, oids []catalog.OID) error {
	for _, oid := range oids {
		if _, ok := at.ByOID(oid); !ok {
			return sqlerr.New(sqlerr.UndefinedTable, "relation with OID %d was dropped meanwhile", oid)
		}
	}
	return nil
}

// refuseCycle: what a sink reads must not be made from the topic it writes.
func refuseCycle(at *catalog.Snapshot, rel *catalog.Relation) error {
	c := cycle{at: at, rel: rel, seen: map[catalog.OID]bool{}}
	if slices.ContainsFunc(rel.DependsOn, c.reaches) {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "%s %q would read what it writes: topic %q", rel.Kind, rel.Name, rel.TopicName)
	}
	return nil
}

type cycle struct {
	at   *catalog.Snapshot
	rel  *catalog.Relation
	seen map[catalog.OID]bool
}

// reaches reports whether relation oid is made from the topic, itself or through what writes
// the topic it reads.
func (c *cycle) reaches(oid catalog.OID) bool {
	r, ok := c.at.ByOID(oid)
	if !ok || c.seen[oid] {
		return false
	}
	c.seen[oid] = true
	if r.Topic == c.rel.Topic || slices.ContainsFunc(r.DependsOn, c.reaches) {
		return true
	}
	if r.Kind != catalog.KindStream && !r.FromTopic {
		return false
	}
	for _, kind := range []catalog.Kind{catalog.KindSink, catalog.KindStream} {
		for _, writer := range c.at.Relations(kind) {
			if writer.Topic == r.Topic && slices.ContainsFunc(writer.DependsOn, c.reaches) {
				return true
			}
		}
	}
	return false
}
