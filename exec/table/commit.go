package table

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Commit makes the Tx durable and visible, and returns its version; 0 when it wrote nothing. Its
// locks are free when every table has the commit, which Commit waits for unless ctx ends first:
// then they are freed behind its back. On an error nothing happened, unless the error says that
// it is unknown.
func (tx *Tx) Commit(ctx context.Context) (log.CommitSeq, error) {
	tx.committed = true
	if !tx.Wrote() {
		tx.end()
		return 0, nil
	}
	kept, err := tx.prepareTemporary(ctx)
	if err != nil {
		tx.end()
		return 0, err
	}
	if !tx.logs() {
		defer tx.end()
		return 0, kept.keep()
	}
	if err := tx.orderCommit(ctx); err != nil {
		kept.discard()
		tx.end()
		return 0, err
	}
	n := &note{byTable: map[catalog.OID][][]*state.Prepared{}}
	free := func() {
		n.discard()
		tx.end()
	}
	seq, tables, err := tx.append(ctx, n)
	if err != nil {
		kept.discard()
		free()
		return 0, err
	}
	failed := kept.keep() // before end, which forgets what was not handed over
	if seq == 0 {
		free()
		return 0, failed
	}
	// INVARIANT: who is granted one of the locks finds the commit in the newest version of its
	// table (inBase, inIndex, unchanged rely on it), and the tables that it made.
	own, changed := tx.own, tx.logsCatalog()
	tx.after(tables, seq, free)
	if changed {
		if err := tx.set.Settle(ctx); err != nil {
			return seq, failed // as below: it is for who uses them
		}
	}
	for oid := range own {
		if t := tx.set.lookup(oid); t != nil {
			tables = append(tables, t)
		}
	}
	for _, t := range tables {
		// The commit is durable: that a table cannot take it, or takes its time, is for those to be
		// told who read it.
		_ = t.follows().Reached(ctx, seq)
	}
	return seq, failed
}

// logs reports whether the commit is one of the log: others see something of it.
func (tx *Tx) logs() bool {
	if len(tx.appends) > 0 || tx.stage != nil || tx.logsCatalog() {
		return true
	}
	return slices.ContainsFunc(tx.touched, func(o *overlay) bool { return o.t.temp == nil })
}

// append makes the entry and commits it; 0 when there is nothing in it.
func (tx *Tx) append(ctx context.Context, n *note) (log.CommitSeq, []*Table, error) {
	if tx.stage != nil {
		if err := tx.stage.Flush(ctx); err != nil {
			return 0, nil, err
		}
	}
	p, err := tx.publish(ctx)
	if err != nil {
		return 0, nil, err
	}
	e, tables, err := tx.entry(ctx, n)
	if err == nil {
		err = p.changes(e)
	}
	if err != nil || len(e.Appends) == 0 && e.Staged == nil && len(e.Changes) == 0 {
		p.fail()
		return 0, nil, err
	}
	// The outcome is the log's: a cancel does not take the entry back.
	res, err := tx.set.cfg.Log.Commit(e)
	if err != nil {
		p.fail()
		if errors.Is(err, catalog.ErrChanged) {
			err = errMoved
		}
		return 0, nil, err
	}
	p.published()
	return res.Seq, tables, nil
}

// entry is what the Tx writes, and the tables that it changes. Their new runs go into n: the work
// of sorting is done here, and their memory is refused here, before anything is durable.
func (tx *Tx) entry(ctx context.Context, n *note) (*log.Entry, []*Table, error) {
	e := &log.Entry{Staged: tx.stage, Appends: tx.appends, Note: n}
	breathe := func() error { return context.Cause(ctx) }
	var tables []*Table
	for _, o := range tx.touched {
		if o.t.temp != nil || !tx.sees(o.t.oid) {
			continue // it is for keeping; or was dropped, or never made
		}
		// Else nobody would take it: the set has no table yet, or one that reads the log.
		own := tx.own[o.t.oid]
		noted := tx.set.cfg.NoteBytes >= 0 && (own == nil || own.handed)
		appends, runs, err := tx.make(o, noted, breathe)
		if err != nil {
			return nil, nil, err
		}
		if len(appends) == 0 && len(o.staged[0].runs) == 0 {
			continue
		}
		e.Appends = append(e.Appends, appends...)
		if own == nil {
			tables = append(tables, o.t)
		}
		if noted {
			n.add(o, runs)
		}
	}
	return e, tables, tx.fit(ctx, e)
}

// entryBytes is how many bytes of records an entry has in memory at most. Rows are often smaller than
// their records.
const entryBytes = 64 << 20

// fit stages the records of an entry that is too large.
func (tx *Tx) fit(ctx context.Context, e *log.Entry) error {
	size := 0
	for _, a := range e.Appends {
		size += len(a.RecordBatches)
	}
	if size <= entryBytes {
		return nil
	}
	if err := tx.addToStage(ctx, e.Appends); err != nil {
		return err
	}
	e.Staged, e.Appends = tx.stage, nil
	return tx.stage.Flush(ctx)
}

// make gives what an overlay holds as changelog records, and with prepare as a run of each of the
// table's arrangements; nothing if it holds nothing.
func (tx *Tx) make(o *overlay, prepare bool, breathe func() error) ([]log.Append, []*state.Prepared, error) {
	records, err := o.records(tx.set.cfg.MaxRecordBatch, tx.set.cfg.Clock.Now().UnixMilli(), breathe)
	if err != nil || len(records) == 0 {
		return nil, nil, err
	}
	var runs []*state.Prepared
	if prepare {
		rows := o.delta()
		if runs, err = o.prepare(&rows, breathe); err != nil {
			return nil, nil, err
		}
	}
	return []log.Append{{Partition: log.Partition{Topic: o.t.rel().Topic}, RecordBatches: records}}, runs, nil
}

// prepare makes a run of rows for each of the arrangements that the Tx writes.
func (o *overlay) prepare(rows *delta.Batch, breathe func() error) (runs []*state.Prepared, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, p := range runs {
			p.Discard()
		}
		runs = nil
	}()
	for i, a := range o.arrangements() {
		own := rows
		if i > 0 {
			in, err := o.indexes[i-1].place(rows)
			if err != nil {
				return runs, err
			}
			own = &in.rows
		}
		p, err := a.Prepare(own, breathe)
		if err != nil {
			return runs, err
		}
		runs = append(runs, p)
	}
	return runs, nil
}

// note is what a commit hands to the followers of the tables it wrote: the runs that its changelog
// records come to, of each of their arrangements in the order in which they were written.
type note struct {
	mu      sync.Mutex // held while a table links, as an outcome that is unknown may turn up late
	byTable map[catalog.OID][][]*state.Prepared
}

// add takes over what was staged of a table, and behind it the runs of what was not, if there are any.
func (n *note) add(o *overlay, runs []*state.Prepared) {
	all := make([][]*state.Prepared, len(o.staged))
	for i := range all {
		all[i] = o.staged[i].runs
		if runs != nil {
			all[i] = append(all[i], runs[i])
		}
		o.staged[i] = stagedRuns{}
	}
	n.byTable[o.t.oid] = all
}

// discard gives back the memory of runs that no table took: the entry failed, or the table read
// the log instead.
func (n *note) discard() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, lists := range n.byTable {
		for _, ps := range lists {
			for _, p := range ps {
				p.Discard()
			}
		}
	}
	n.byTable = nil
}

// link makes the runs of notes version v of the table; false when they are not the runs of its
// arrangements, and nothing was done.
func (t *Table) link(notes []any, v log.CommitSeq) (bool, error) {
	sets := t.arrangements(t.now())
	runs := make([][]*state.Prepared, len(sets))
	for _, n := range notes {
		n := n.(*note)
		n.mu.Lock()
		defer n.mu.Unlock()
		lists := n.byTable[t.oid]
		if len(lists) != len(sets) {
			return false, nil
		}
		for i, ps := range lists {
			for _, p := range ps {
				if !p.Of(sets[i]) {
					return false, nil
				}
			}
			runs[i] = append(runs[i], ps...)
		}
	}
	for i, a := range sets {
		if err := a.Link(v, runs[i]...); err != nil {
			return true, err
		}
	}
	t.changed(v)
	return true, nil
}

// delta is what the Tx does to the table: -1 for the snapshot's rows, +1 for the new ones. It
// refers to the overlay's rows where it can.
func (o *overlay) delta() delta.Batch {
	olds, news := o.olds.Batch(), o.news.Batch()
	if olds.Len == 0 {
		news.Weights, news.Sel = nil, make([]int32, 0, news.Len)
		for i := range int32(news.Len) {
			if o.live(int(i)) {
				news.Sel = append(news.Sel, i)
			}
		}
		return news
	}
	out := delta.NewBatchBuilder(o.t.Types())
	for i := range int32(olds.Len) {
		out.AppendRow(olds.Cols, i, -1)
	}
	for i := range int32(news.Len) {
		if o.live(int(i)) {
			out.AppendRow(news.Cols, i, 1)
		}
	}
	return out.Batch()
}
