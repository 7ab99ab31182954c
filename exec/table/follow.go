package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Apply brings the table to d.Seq. The log calls it in commit order. It never ends the following: a table that
// cannot take a commit stands by itself, its locks go, and what it misses is in the log.
func (t *Table) Apply(ctx context.Context, d *log.Delivery) error {
	t.work.Lock()
	defer t.work.Unlock()
	if tr := t.trouble.Load(); tr != nil {
		return t.rebuild(ctx, tr, d.Seq)
	}
	t.catchUp(ctx)
	if tr := t.trouble.Load(); tr != nil {
		return t.rebuild(ctx, tr, d.Seq)
	}
	err := t.take(ctx, d)
	switch {
	case err == nil || ctx.Err() != nil || errors.Is(err, log.ErrClosed):
		return err
	case errors.Is(err, errPanic) || errors.Is(err, state.ErrBroken):
		t.stand(err)
		return nil
	}
	t.hurt(err) // what it has may be half of the commit
	if tr := t.trouble.Load(); tr != nil {
		return t.rebuild(ctx, tr, d.Seq)
	}
	return err // it was dropped meanwhile
}

// take applies a delivery to the rows.
func (t *Table) take(ctx context.Context, d *log.Delivery) (err error) {
	defer recovered(&err)
	if d.After == d.Seq {
		return nil // somebody asked for a rebuild that is done
	}
	if d.Notes != nil {
		if done, err := t.link(d.Notes, d.Seq); done {
			return err
		}
	}
	return t.set.replay(ctx, t, t.now(), d.After, d.Seq)
}

// recovered makes a panic an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
	}
}

var errPanic = errors.New("panic")

// follow begins to keep t up with the log behind a version it is at.
func (s *Set) follow(t *Table, after log.CommitSeq) {
	following := s.cfg.Log.Follow(log.FollowConfig{
		Name: fmt.Sprintf("table %q", t.rel().Name), After: after,
		Filter:  log.Filter{Topics: []log.TopicFilter{{Topic: t.rel().Topic}}},
		Backlog: cmp.Or(s.cfg.NoteBytes, math.MaxInt64),
	}, t)
	t.mu.Lock()
	t.mu.following = following
	t.mu.Unlock()
	if t.trouble.Load() != nil {
		following.Again() // damage was met before
	}
}

// follows is how the table follows the log.
func (t *Table) follows() log.Following {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.following
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
	if err := t.usable(ctx); err != nil {
		return err
	}
	err := t.follows().Reached(ctx, v)
	switch {
	case err == nil:
		return t.usable(ctx) // it may have met v with trouble
	case ctx.Err() != nil || errors.Is(err, log.ErrClosed):
		return err
	}
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "table %q has failed", t.rel().Name).
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
		t.follows().Then(v, func() {
			if left.Add(-1) == 0 {
				fn()
			}
		})
	}
}

// followCatalog makes and ends tables as the catalog says behind a version: who finds a relation
// in the catalog finds its table from Get.
func (s *Set) followCatalog(c *catalog.Catalog, after log.CommitSeq) {
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
// creation but for what the same commit wrote, and follows the log from before there.
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
				f.s.change(ctx, rel, snap.Indexes(oid))
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
		s.change(ctx, rel, snap.Indexes(rel.OID))
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

// add makes the table of a new relation, empty or to be filled from its topic, of which the commit that made it may have the
// first records. One that is there stays.
func (s *Set) add(rel *catalog.Relation, indexes []*catalog.Relation) *Table {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.mu.tables[rel.OID]; t != nil {
		return t
	}
	t := newTable(s, rel, indexes, s.catalog.Now())
	if rel.FromTopic { // its rows are in the log already
		t.mu.Lock()
		t.mu.built--
		t.beginLocked(nil)
		t.mu.Unlock()
	}
	for _, ix := range indexes {
		s.mu.tableOf[ix.OID] = rel.OID
	}
	s.follow(t, rel.CreatedAt-1)
	s.mu.tables[rel.OID] = t
	return t
}

// change makes a table what its definition says.
func (s *Set) change(ctx context.Context, rel *catalog.Relation, indexes []*catalog.Relation) {
	t := s.add(rel, indexes)
	if t.rel() != rel {
		if t.trouble.Load() != nil { // somebody is at work for long, and makes it in the newest form
			t.def.Store(rel)
		} else {
			t.work.Lock()
			t.fit(ctx, rel, indexes)
			t.work.Unlock()
		}
		s.mu.Lock()
		for _, ix := range indexes {
			s.mu.tableOf[ix.OID] = rel.OID
		}
		s.mu.Unlock()
	}
	t.want(rel.Rebuilt)
}

// catchUp gives the table the form of its newest definition: records that come may be of it. REQUIRES: t.work held.
func (t *Table) catchUp(ctx context.Context) {
	if t.set.catalog == nil {
		return
	}
	snap := t.set.catalog.Now()
	rel, ok := snap.ByOID(t.oid)
	if ok && rel != t.rel() {
		t.fit(ctx, rel, snap.Indexes(t.oid))
	}
}

// drop forgets a table or an index; views that are open stay readable.
func (s *Set) drop(ctx context.Context, oid catalog.OID) error {
	s.mu.Lock()
	t, parent := s.mu.tables[oid], s.mu.tables[s.mu.tableOf[oid]]
	delete(s.mu.tables, oid)
	delete(s.mu.tableOf, oid)
	s.mu.Unlock()
	if t != nil {
		t.end()
		if err := t.follows().Stop(ctx); err != nil {
			return err
		}
		t.free(t.now())
		return nil
	}
	if parent != nil {
		parent.dropIndex(oid)
	}
	return nil
}
