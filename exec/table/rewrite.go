package table

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// A column that gets another type has all rows of its table written anew. The Tx does so in a table of its own, which is empty under
// its overlay; what it stages are runs of that one. With the commit the set's table takes that content, and links the runs:
//
//	Tx: old rows ─► convert ─► own table: overlay, staged runs      others: old rows
//	COMMIT ─► fit: the table has the Tx's content, and the old one before it ─► link: the rows
//
// So nobody waits for a rebuild, whoever reads a version below the commit's has the old rows in their old types, and
// what a crash interrupts is either not committed, or read back from the changelog, which has all of it.

// Rewrite makes every row of a table anew, which the Tx has locked exclusively and whose definition it has changed in a way that
// is not one of columns alone: convert gives rows of the new definition for full rows of the old one, of the same keys.
func (tx *Tx) Rewrite(ctx context.Context, oid catalog.OID, convert func(rows *delta.Batch) (delta.Batch, error)) error {
	rel, _ := tx.ddl.At().ByOID(oid)
	t, err := tx.Table(ctx, oid)
	if err != nil {
		return err
	}
	view, err := tx.rewritten(t)
	if err != nil {
		return err
	}
	defer view.Release()
	old := tx.byTable[oid]
	if old != nil {
		if err := tx.forgetRows(ctx, old); err != nil {
			return err
		}
	}
	next := t.another(rel)
	if next.base = t.base; next.base == nil {
		next.base = tx.set.lookup(oid)
	}
	next.content.Store(next.empty(newForm(rel), tx.ddl.At().Indexes(oid), tx.ddl.At()))
	was := reformed{oid: oid, layouts: len(rel.Layouts), own: tx.own[oid]}
	if old != nil {
		fresh := newOverlay(tx, next, next.indexList())
		fresh.other = old.other
		tx.exchange(old, fresh)
		if next.temp != nil {
			was.overlay = old // nothing of it was told to the log
		} else {
			defer old.drop()
		}
	}
	tx.adopt(next, was)
	tx.alone = true
	defer func() { tx.alone = false }()
	return tx.convert(ctx, next, view, convert)
}

// rewritten opens all rows of a table that the Tx sees.
func (tx *Tx) rewritten(t *Table) (state.View, error) {
	o := tx.byTable[t.oid]
	if o == nil {
		return t.at(0, latest)
	}
	if tx.savepoints > 0 && t.temp == nil {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "the type of a column of table %q cannot be changed behind a savepoint by a transaction that has written to it", t.rel().Name).
			WithHint("COMMIT first.")
	}
	view, err := o.newest(0)
	if err != nil {
		return nil, err
	}
	return &overlayView{View: view, o: o, key: t.Key()}, nil
}

// forgetRows is for an overlay all of whose rows are written anew: what is left of it in the changelog is that rows went.
func (tx *Tx) forgetRows(ctx context.Context, o *overlay) error {
	if o.t.temp != nil {
		return nil
	}
	gone, err := o.tombstones(tx.set.cfg.MaxRecordBatch, tx.set.cfg.Clock.Now().UnixMilli())
	if err != nil || len(gone) == 0 {
		return err
	}
	return tx.addToStage(ctx, []log.Append{{Partition: log.Partition{Topic: o.t.rel().Topic}, RecordBatches: gone}})
}

func (tx *Tx) convert(ctx context.Context, next *Table, view state.View, convert func(rows *delta.Batch) (delta.Batch, error)) error {
	cur, err := view.Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		if rows.Rows() == 0 {
			continue
		}
		made, err := convert(&rows)
		if err == nil {
			err = tx.insertFull(ctx, next, &made)
		}
		if err == nil {
			err = tx.settle(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hand has the set's tables take what the Tx has written all rows of, when they see the commit.
func (p *publishing) hand() {
	tx := p.tx
	for oid, own := range tx.own {
		if own.base == nil || !tx.sees(oid) || tx.ddl.Created(oid) || own.base.now().form.is(own.rel()) {
			continue // of the same types, rows are changed as by UPDATE
		}
		if o := tx.byTable[oid]; o != nil {
			own.more = o.other
			for _, ix := range o.indexes {
				if ix.own {
					ix.own = false
					own.now().indexes = append(own.now().indexes, ix)
				}
			}
		}
		own.base.mu.Lock()
		own.base.mu.coming, own.handed = own, true
		own.base.mu.Unlock()
	}
}

// takeBack is for a commit that failed. What a table has taken all the same, as the outcome was not known, is its own.
func (p *publishing) takeBack() {
	for _, own := range p.tx.own {
		if !own.handed {
			continue
		}
		own.base.mu.Lock()
		if own.base.mu.coming == own {
			own.base.mu.coming, own.handed = nil, false
		}
		own.base.mu.Unlock()
	}
}

// come gives what a commit has brought all rows of a definition in, nil if it was not made here.
func (t *Table) come(rel *catalog.Relation) *content {
	t.mu.Lock()
	own := t.mu.coming
	t.mu.coming = nil
	t.mu.Unlock()
	if own == nil {
		return nil
	}
	made := own.now()
	if rel.RewrittenAt == 0 || !made.form.is(rel) {
		t.free(made)
		return nil
	}
	t.noteRowID(own.nextRowID.Load() - 1)
	made.more = own.more
	return made
}

// over puts what the table has, of definition was, under what comes in its place with rel, for who reads versions before.
func (t *Table) over(made *content, rel, was *catalog.Relation) {
	for _, a := range t.arrangements(made) {
		a.Keep(rel.RewrittenAt) // older versions are the old one's
	}
	made.before.Store(&older{t.now(), rel.RewrittenAt, was, made.more})
	t.rewritten.Store(uint64(rel.RewrittenAt))
	t.changed(rel.RewrittenAt)
}
