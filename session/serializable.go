package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// serialReads are what a SERIALIZABLE transaction has read: if it writes, none of that may have changed at its commit
// (docs/decisions/0065). nil = the transaction is none, or cannot write.
type serialReads struct {
	tables []catalog.OID
	at     log.CommitSeq
	end    func()
}

// noteReads notes what a statement reads, before the transaction's snapshot is taken.
func (s *Session) noteReads(ctx context.Context, rels []plan.RelationID) error {
	if s.set.values[atIsolation] != "serializable" || s.set.values[atReadOnly] == "on" {
		return nil
	}
	if s.tx.serial == nil {
		end, err := s.db.Tables.OpenSerializable(ctx)
		if err != nil {
			return err
		}
		s.tx.serial = &serialReads{end: end}
	}
	for _, id := range rels {
		s.tx.serial.add(s.catalog(), catalog.OID(id))
	}
	return nil
}

// add adds a table, or those that a view is made of.
func (r *serialReads) add(cat *catalog.Snapshot, oid catalog.OID) {
	rel, ok := cat.ByOID(oid)
	if !ok || slices.Contains(r.tables, oid) {
		return
	}
	if rel.Kind == catalog.KindTable {
		r.tables = append(r.tables, oid)
		return
	}
	for _, below := range rel.DependsOn {
		r.add(cat, below)
	}
}

func (r *serialReads) readAt(v log.CommitSeq) {
	if r != nil {
		r.at = v
	}
}

// tell has the commit of the transaction's writes look at what was read.
func (r *serialReads) tell(w *table.Tx) {
	if r != nil && r.at > 0 {
		w.Reads(r.tables, r.at)
	}
}

func (r *serialReads) close() {
	if r != nil {
		r.end()
	}
}
