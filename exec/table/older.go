package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// older is what a table had before a commit that gave all its rows other types: who reads a version below until reads it.
type older struct {
	content *content
	until   log.CommitSeq
	rel     *catalog.Relation // the last definition below until
	more    bool              // at until more has changed than types
}

// of is what has version v.
func (c *content) of(v log.CommitSeq) *content {
	for {
		o := c.before.Load()
		if o == nil || v >= o.until {
			return c
		}
		c = o.content
	}
}

// across has the changes of a view of the rows go back to what was there before, as far as that is kept.
func (c *content) across(v state.View) state.View {
	o := c.before.Load()
	if o == nil {
		return v
	}
	before, err := o.content.rows.At(o.until - 1)
	if err != nil {
		return v // it was given back meanwhile
	}
	return state.Across(v, o.content.across(before), o.until, o.more)
}

// keepOlder lets what was there before go when nobody reads versions below v.
func (t *Table) keepOlder(v log.CommitSeq) {
	for c := t.now(); ; {
		o := c.before.Load()
		if o == nil {
			return
		}
		if v >= o.until {
			c.before.Store(nil)
			t.free(o.content)
			return
		}
		c = o.content
		for _, a := range t.arrangements(c) {
			a.Keep(v)
		}
	}
}

// olderBytes is the size of what is kept for who reads versions behind after.
func (t *Table) olderBytes(after log.CommitSeq) (bytes int64) {
	for o := t.now().before.Load(); o != nil && after < o.until; o = o.content.before.Load() {
		for _, a := range t.arrangements(o.content) {
			bytes += a.Size()
		}
	}
	return bytes
}

// Reads reports whether version v of a table has what somebody reads who found its columns in the catalog of version planned; reads
// tells it of the types that its columns have at v.
func (s *Set) Reads(ctx context.Context, oid catalog.OID, planned, v log.CommitSeq, reads func(types []sqltype.OID) bool) (bool, error) {
	t := s.lookup(oid)
	if t == nil {
		return true, nil
	}
	at := log.CommitSeq(0)
	if rel, ok := s.catalog.Now().ByOID(oid); ok && rel != t.rel() { // it is about to get another form
		if err := s.Settle(ctx); err != nil {
			return false, err
		}
		at = rel.RewrittenAt // of a commit that is not published yet, maybe
	}
	if at = max(at, log.CommitSeq(t.rewritten.Load())); planned >= at && v >= at {
		return true, nil
	}
	return reads(t.now().of(v).form.types), nil
}

// Definition is what a table that the catalog has as rel was at version v, nil = what it is now.
func (s *Set) Definition(rel *catalog.Relation, v log.CommitSeq) *catalog.Relation {
	t := s.lookup(rel.OID)
	if t == nil || v >= rel.RewrittenAt {
		return nil
	}
	if was := t.rel(); was != rel && v >= was.RewrittenAt {
		return was // the change is not here yet
	}
	var was *catalog.Relation
	for o := t.now().before.Load(); o != nil && v < o.until; o = o.content.before.Load() {
		was = o.rel
	}
	return was
}
