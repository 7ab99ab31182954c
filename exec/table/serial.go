package table

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// A SERIALIZABLE Tx that has written is as if all of it were done at its commit: nothing that it read has changed by then. So
// the order of commits is that of the transactions (docs/decisions/0065).
//
//	commit of any Tx:  gates of what it writes, shared ─────────────────────────┐
//	of a serializable: and of what it has read, exclusive ─► has that changed? ─┴─► append ─► applied: the gates are free
//
// Gates are taken in the order of OIDs, only at the end, and only while a serializable Tx is open: one that opens waits until those
// commits that take none are applied.

// serials counts what is under way.
type serials struct {
	mu struct {
		sync.Mutex
		open    int           // serializable Txs that may have read
		ungated int           // commits that take no gates
		drained chan struct{} // closed when those have ended; nil = nobody waits
	}
}

// OpenSerializable is called before a serializable transaction takes its snapshot; call end when it is over.
func (s *Set) OpenSerializable(ctx context.Context) (end func(), err error) {
	g := &s.serials
	g.mu.Lock()
	g.mu.open++
	var wait chan struct{}
	if g.mu.ungated > 0 {
		if g.mu.drained == nil {
			g.mu.drained = make(chan struct{})
		}
		wait = g.mu.drained
	}
	g.mu.Unlock()
	end = func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.mu.open--
	}
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			end()
			return nil, context.Cause(ctx)
		}
	}
	return end, nil
}

// enter reports whether a commit has to take gates; if not, leave is called when it is applied.
func (g *serials) enter() (gated bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mu.open > 0 {
		return true
	}
	g.mu.ungated++
	return false
}

func (g *serials) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mu.ungated--; g.mu.ungated == 0 && g.mu.drained != nil {
		close(g.mu.drained)
		g.mu.drained = nil
	}
}

// Reads says that the Tx is serializable and has read tables, at a version.
func (tx *Tx) Reads(tables []catalog.OID, at log.CommitSeq) { tx.reads, tx.readAt = tables, at }

// orderCommit begins the commit among those of others: 40001 if something that the Tx has read was changed.
func (tx *Tx) orderCommit(ctx context.Context) error {
	if !tx.set.serials.enter() {
		tx.ungated = true
		return nil
	}
	gates := map[catalog.OID]LockMode{}
	for _, o := range tx.touched {
		if o.t.temp != nil {
			continue
		}
		gates[o.t.oid] = Shared
	}
	for _, oid := range tx.reads {
		gates[oid] |= Exclusive
	}
	for _, oid := range slices.Sorted(maps.Keys(gates)) {
		if err := tx.set.locks.lockObject(ctx, tx, object{oid: oid, commit: true}, gates[oid]); err != nil {
			return err
		}
	}
	for _, oid := range tx.reads {
		if t := tx.set.lookup(oid); t != nil && log.CommitSeq(t.applied.Load()) > tx.readAt {
			return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to read/write dependencies among transactions").
				WithDetail("Table %q has changed since the transaction read it.", t.rel().Name).
				WithHint("The transaction might succeed if retried.")
		}
	}
	return nil
}
