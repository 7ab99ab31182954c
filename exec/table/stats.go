package table

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
)

// counts are rows that statements have written since the start, whether their transactions committed or not, as PostgreSQL
// counts them.
type counts struct{ inserted, updated, deleted atomic.Int64 }

func (c *counts) add(before, after *delta.Batch) {
	was, is := int64(before.Rows()), int64(after.Rows())
	if both := min(was, is); both > 0 {
		c.updated.Add(both)
	}
	if is > was {
		c.inserted.Add(is - was)
	}
	if was > is {
		c.deleted.Add(was - is)
	}
}

// Counts is what was written to a table since the start, and the rows that it has.
type Counts struct{ Inserted, Updated, Deleted, Live int64 }

// Counts of a table, of what is none 0.
func (s *Set) Counts(oid catalog.OID) (c Counts) {
	t := s.lookup(oid)
	if t == nil {
		return c
	}
	c.Inserted, c.Updated, c.Deleted = t.counts.inserted.Load(), t.counts.updated.Load(), t.counts.deleted.Load()
	if view, err := t.at(0, latest); err == nil {
		c.Live = view.Rows()
		view.Release()
	}
	return c
}

// Bytes is the size of the newest rows of a table, and of its indexes by OID; of what is no table 0.
func (s *Set) Bytes(oid catalog.OID) (rows int64, indexes map[catalog.OID]int64) {
	return s.lookup(oid).bytes()
}

// Bytes is Set.Bytes of a temporary table as it was committed.
func (t *Temp) Bytes(oid catalog.OID) (rows int64, indexes map[catalog.OID]int64) {
	return t.table(oid).bytes()
}

func (t *Table) bytes() (rows int64, indexes map[catalog.OID]int64) {
	if t == nil {
		return 0, nil
	}
	c := t.content.Load()
	if c == nil {
		return 0, nil
	}
	indexes = map[catalog.OID]int64{}
	for _, ix := range c.indexes {
		indexes[ix.rel.OID] = ix.rows.Bytes()
	}
	return c.rows.Bytes(), indexes
}

// Totals is what was written to all tables.
func (s *Set) Totals() (c Counts) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, t := range s.mu.tables {
		c.Inserted += t.counts.inserted.Load()
		c.Updated += t.counts.updated.Load()
		c.Deleted += t.counts.deleted.Load()
	}
	return c
}

// Deadlocks are the waits that were refused because they would have closed a circle.
func (s *Set) Deadlocks() int64 { return s.locks.deadlocks.Load() }
