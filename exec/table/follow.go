package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// Apply brings the table to d.Seq. The log calls it in commit order.
func (t *Table) Apply(ctx context.Context, d *log.Delivery) error {
	if t.broken != nil {
		return t.broken
	}
	if d.Notes != nil {
		if done, err := t.link(d.Notes, d.Seq); done {
			return err
		}
	}
	return t.set.replay(ctx, t, d.After, d.Seq)
}

// follow begins to keep t up with the log behind a version it is at.
func (s *Set) follow(t *Table, after log.CommitSeq) {
	t.set = s
	t.following = s.cfg.Log.Follow(log.FollowConfig{
		Name: fmt.Sprintf("table %q", t.rel.Name), After: after,
		Filter:  log.Filter{Topics: []log.TopicFilter{{Topic: t.rel.Topic}}},
		Backlog: cmp.Or(s.cfg.NoteBytes, math.MaxInt64),
	}, t)
}

// Reached waits until the table has everything up to v, a published commit. Relations that are
// no tables have.
func (s *Set) Reached(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	s.mu.RLock()
	t := s.mu.tables[oid]
	s.mu.RUnlock()
	if t == nil {
		return nil
	}
	return t.reached(ctx, v)
}

func (t *Table) reached(ctx context.Context, v log.CommitSeq) error {
	if t.broken != nil {
		return sqlerr.New(sqlerr.DataCorrupted, "table %q cannot be read", t.rel.Name).
			WithDetail("%v.", t.broken).
			WithHint("Restore the object and restart the server, or drop the table. Other tables are not concerned.")
	}
	err := t.following.Reached(ctx, v)
	if err == nil || ctx.Err() != nil || errors.Is(err, log.ErrClosed) {
		return err
	}
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "table %q has failed", t.rel.Name).
		WithDetail("%v.", err).
		WithHint("A restart of the server rebuilds it from the log.")
}

// whenReached calls fn once every table has v, or never will.
func whenReached(tables []*Table, v log.CommitSeq, fn func()) {
	if len(tables) == 0 {
		fn()
		return
	}
	left := new(atomic.Int64)
	left.Store(int64(len(tables)))
	for _, t := range tables {
		t.following.Then(v, func() {
			if left.Add(-1) == 0 {
				fn()
			}
		})
	}
}

// followCatalog makes and ends tables as the catalog says behind a version: who finds a relation
// in the catalog finds its table from Get.
func (s *Set) followCatalog(c *catalog.Catalog, after log.CommitSeq) {
	s.catalog = c
	s.following = s.cfg.Log.Follow(log.FollowConfig{Name: "tables of the catalog", After: after, Kinds: []log.Kind{log.KindCatalog}}, catalogFollower{s})
}

// Settle waits until the set is what the catalog says now. A DDL that ends something calls it
// before it answers.
func (s *Set) Settle(ctx context.Context) error {
	newest, err := s.cfg.Log.Newest(ctx, false)
	if err != nil {
		return err
	}
	return s.following.Reached(ctx, newest)
}

type catalogFollower struct{ s *Set }

// Apply makes the tables that a change put and ends those it dropped. A table is empty at its
// creation, and follows the log from there.
func (f catalogFollower) Apply(ctx context.Context, d *log.Delivery) error {
	snap := f.s.catalog.Now()
	if d.Changes == nil {
		return f.s.match(ctx, snap)
	}
	for _, c := range d.Changes {
		if c.Kind != log.KindCatalog {
			continue
		}
		put, dropped, err := catalog.Touched(c)
		if err != nil {
			return err
		}
		for _, oid := range put {
			if rel, ok := snap.ByOID(oid); ok && rel.Kind == catalog.KindTable {
				f.s.add(rel, snap.Indexes(oid))
			}
		}
		for _, oid := range dropped {
			if err := f.s.drop(ctx, oid); err != nil {
				return err
			}
		}
	}
	return nil
}

// match makes the set that of a catalog, whatever happened between.
func (s *Set) match(ctx context.Context, snap *catalog.Snapshot) error {
	for _, rel := range snap.Relations(catalog.KindTable) {
		s.add(rel, snap.Indexes(rel.OID))
	}
	s.mu.RLock()
	var gone []catalog.OID
	for oid := range s.mu.tables {
		if _, ok := snap.ByOID(oid); !ok {
			gone = append(gone, oid)
		}
	}
	s.mu.RUnlock()
	for _, oid := range gone {
		if err := s.drop(ctx, oid); err != nil {
			return err
		}
	}
	return nil
}

// add makes the empty table of a new relation; one that is there stays.
func (s *Set) add(rel *catalog.Relation, indexes []*catalog.Relation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.tables[rel.OID] != nil {
		return
	}
	t := newTable(rel, s.options())
	for _, ix := range indexes {
		t.mu.indexes = append(t.mu.indexes, &index{rel: ix, key: ix.KeyColumns, rows: t.arrange(ix.KeyColumns)})
		s.mu.tableOf[ix.OID] = rel.OID
	}
	s.follow(t, rel.CreatedAt)
	s.mu.tables[rel.OID] = t
}

// drop forgets a table or an index; views that are open stay readable.
func (s *Set) drop(ctx context.Context, oid catalog.OID) error {
	s.mu.Lock()
	t, parent := s.mu.tables[oid], s.mu.tables[s.mu.tableOf[oid]]
	delete(s.mu.tables, oid)
	delete(s.mu.tableOf, oid)
	s.mu.Unlock()
	if t != nil {
		if err := t.following.Stop(ctx); err != nil {
			return err
		}
		t.free()
		return nil
	}
	if parent != nil {
		parent.dropIndex(oid)
	}
	return nil
}
