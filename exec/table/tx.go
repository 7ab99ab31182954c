package table

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// latest asks an arrangement for its newest version.
const latest = log.CommitSeq(1<<64 - 1)

// Tx is one SQL transaction's writes. Used by one goroutine; end it with Commit or Rollback.
type Tx struct {
	set     *Set
	timeout time.Duration
	owner   int32  // the session, 0 = none
	id      uint64 // of the Tx, from 1 on
	// touched in the order of the first write.
	touched []*overlay
	byTable map[catalog.OID]*overlay
	appends []log.Append // records of streams
	bytes   int          // of appends
	// stage has what was too much for memory, nil = nothing yet: written is how much that was, writing
	// the records of its newest piece.
	stage            *log.Stage
	written, writing int64
	memory           *memory.Owner // of all the above and of the locks; nil = nobody counts
	// committed: Commit has taken over, it ends the Tx.
	committed bool
	wanted    []lockKey // scratch of lockRows
	// watcher is told of rows that are written, nil = nobody. keyLocks are the keys locked for foreign keys, allKeys the indexes all
	// of whose keys are.
	watcher  Watcher
	keyLocks int
	allKeys  map[catalog.OID]LockMode
	// reads are the tables that a serializable Tx has read, at readAt; ungated: its commit holds no gates.
	reads   []catalog.OID
	readAt  log.CommitSeq
	ungated bool
	// alone: nobody else can have what it writes now.
	alone bool
	// savepoints are how many there are.
	savepoints int

	// temp is the session's temporary tables, nil = it has none.
	temp *Temp
	// ddl is what the Tx does to the catalog, nil = nothing; own are the tables that it has made.
	ddl *catalog.Txn
	own map[catalog.OID]*Table
	// reformed is what the Tx had of tables before it gave them another form.
	reformed []reformed

	// Guarded by the lock table's mutex. waitsForObject is what it waits for, nil = for waitsFor.
	locked         []lockKey
	objects        []object
	waitsFor       lockKey
	waitsForObject *object
	waiting        bool
	holds          [rowModes]hold
}

// hold is what keys held in a mode point to.
func (tx *Tx) hold(mode RowMode) *hold {
	h := &tx.holds[mode]
	h.tx, h.mode = tx, mode
	return h
}

// Wrote reports whether a commit has anything to do.
func (tx *Tx) Wrote() bool {
	return len(tx.touched) > 0 || len(tx.appends) > 0 || tx.stage != nil || tx.ChangesCatalog()
}

// touch is what the Tx writes to a table. Nobody changes the table's definition from the first call on.
func (tx *Tx) touch(ctx context.Context, t *Table) (*overlay, error) {
	if o, ok := tx.byTable[t.oid]; ok {
		return o, nil
	}
	if err := tx.LockRelation(ctx, t.oid, Shared); err != nil {
		return nil, err
	}
	if tx.own[t.oid] == nil && t.temp == nil && tx.set.lookup(t.oid) != t {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", t.rel().Name)
	}
	o := newOverlay(tx, t, t.indexList())
	tx.byTable[t.oid] = o
	tx.touched = append(tx.touched, o)
	return o, nil
}

// Produce adds records for a stream's topic; they become visible with the Tx's commit.
func (tx *Tx) Produce(ctx context.Context, p log.Partition, recordBatches []byte) error {
	tx.appends = append(tx.appends, log.Append{Partition: p, RecordBatches: recordBatches})
	tx.bytes += len(recordBatches)
	return tx.settle(ctx)
}

// streamPiece is how many bytes of records are well worth a commit of their own.
const streamPiece = 16 << 20

// Large: who may commit on the way should do it now.
func (tx *Tx) Large() bool {
	return int64(tx.bytes)+tx.written >= min(streamPiece, tx.set.cfg.MaxBytes/4)
}

// What a lock and a key of an overlay take, about.
const lockBytes, slotBytes, undoBytes = 48, 64, 40

// charge settles what the Tx holds, and takes so many bytes more.
func (tx *Tx) charge(more int64) error {
	if tx.memory == nil && tx.temp == nil {
		return nil
	}
	now := int64(tx.bytes) + tx.writing + lockBytes*int64(len(tx.locked)+len(tx.objects)) + more
	temporary := int64(0)
	for _, o := range tx.touched {
		now += int64(o.size()) + slotBytes*int64(o.slots.Len()) + undoBytes*int64(len(o.undo))
		if o.t.temp != nil { // rows that go are no reason to refuse that they go
			temporary += int64(o.news.Size())
		}
	}
	if temporary > 0 {
		if err := tx.temp.room(temporary); err != nil {
			return err
		}
	}
	if tx.memory == nil {
		return nil
	}
	return tx.memory.Charge(now - tx.memory.Held())
}

// Insert adds rows: all columns of the table in order, without the hidden row id.
func (tx *Tx) Insert(ctx context.Context, t *Table, rows *delta.Batch) (int64, error) {
	if err := tx.charge(rows.Size() + (lockBytes+slotBytes)*int64(rows.Rows())); err != nil {
		return 0, err
	}
	full, err := t.complete(rows)
	if err != nil {
		return 0, err
	}
	if err := tx.insertFull(ctx, t, &full); err != nil {
		return 0, err
	}
	if err := tx.changed(ctx, t, &delta.Batch{}, &full); err != nil {
		return 0, err
	}
	return int64(full.Len), tx.settle(ctx)
}

// insertFull checks and adds full rows.
func (tx *Tx) insertFull(ctx context.Context, t *Table, full *delta.Batch) error {
	o, err := tx.touch(ctx, t)
	if err != nil {
		return err
	}
	if err := tx.CheckNotNull(t, full); err != nil {
		return err
	}
	if !t.HasRowID() {
		if err := tx.lockFree(ctx, o, full); err != nil {
			return err
		}
	}
	slots, err := o.probe(full.Cols, full.Len, true)
	if err != nil {
		return err
	}
	slots = append([]state.Slot(nil), slots...)
	exists, err := inBase(ctx, o, full, slots)
	if err != nil {
		return err
	}
	in, err := placeIn(o.indexes, full)
	if err != nil {
		return err
	}
	has := make([][]bool, len(o.indexes))
	for i := range o.indexes {
		if o.enforces(i) {
			if has[i], err = tx.inIndex(ctx, o, i, &in[i], full.Len); err != nil {
				return err
			}
		}
	}
	for i, s := range slots { // row by row, and of each the primary key first, as PostgreSQL
		if exists[i] || o.slots.Int64(cellNew).At(s) > 0 {
			r := tx.relation(t)
			return r.duplicate(r.PrimaryKeyName(), r.columnNames(t.Key()), pick(full.Cols, t.Key()), int32(i))
		}
		if err := tx.checkUnique(o, in, int32(i), has); err != nil {
			return err
		}
		if err := o.add(full.Cols, int32(i), s, in); err != nil {
			return err
		}
	}
	return nil
}

// lockFree locks the table keys of rows, those aside whose row in the newest version the Tx took out:
// it holds that one's unique keys, so nobody else changes it.
func (tx *Tx) lockFree(ctx context.Context, o *overlay, full *delta.Batch) error {
	keys, n := pick(full.Cols, o.t.Key()), full.Len
	if o.olds.Len() > 0 {
		slots, err := o.probe(full.Cols, full.Len, false)
		if err != nil {
			return err
		}
		var sel []int32
		for i, s := range slots {
			if s == state.NoSlot || o.slots.Int64(cellOld).At(s) == 0 {
				sel = append(sel, int32(i))
			}
		}
		if n = len(sel); n == 0 {
			return nil
		}
		for i := range keys {
			keys[i] = delta.Copy(&keys[i], sel)
		}
	}
	return tx.lockRows(ctx, o.t.oid, keys, n)
}

// inBase reports which keys the newest version of the table has, with what the Tx has staged and without the rows that
// the Tx took out; slots are the rows' in the overlay. The keys are locked, so what is newest for them cannot change.
func inBase(ctx context.Context, o *overlay, full *delta.Batch, slots []state.Slot) ([]bool, error) {
	exists, t := make([]bool, full.Len), o.t
	if t.HasRowID() {
		return exists, nil // row ids are fresh
	}
	// An UPDATE that leaves keys as they are has nothing to look up.
	sel, olds := make([]int32, 0, full.Len), o.slots.Int64(cellOld)
	for i, s := range slots {
		if olds.At(s) == 0 {
			sel = append(sel, int32(i))
		}
	}
	if len(sel) == 0 {
		return exists, nil
	}
	view, err := o.newest(0)
	if err != nil {
		return nil, err
	}
	defer view.Release()
	return exists, eachOf(ctx, view, pick(full.Cols, t.Key()), sel, func(_ *delta.Batch, _, key int32) error {
		exists[key] = true
		return nil
	})
}

// eachMatch visits the rows of view that match rows of keys.
func eachMatch(ctx context.Context, view state.View, keys []delta.Column, n int, visit func(rows *delta.Batch, row, key int32) error) error {
	sel := make([]int32, n)
	for i := range sel {
		sel[i] = int32(i)
	}
	return eachOf(ctx, view, keys, sel, visit)
}

// eachOf visits the rows of view that match some rows of keys.
func eachOf(ctx context.Context, view state.View, keys []delta.Column, sel []int32, visit func(rows *delta.Batch, row, key int32) error) error {
	cur, err := view.Probe(ctx, keys, sel)
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for {
		match, more, err := cur.Next(ctx, &rows)
		if err != nil {
			return err
		}
		for i := range int32(rows.Len) {
			if err := visit(&rows, i, match[i]); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// lockRows takes the lock of every key, for what makes or takes away a row.
func (tx *Tx) lockRows(ctx context.Context, rel catalog.OID, keys []delta.Column, n int) error {
	return tx.lockRowsAs(ctx, rel, keys, n, ForUpdate)
}

func (tx *Tx) lockRowsAs(ctx context.Context, rel catalog.OID, keys []delta.Column, n int, mode RowMode) error {
	if tx.alone || tx.isTemporary(rel) {
		return nil
	}
	tx.wanted = lockKeys(tx.wanted[:0], rel, keys, n)
	for left := tx.wanted; len(left) > 0; {
		var err error
		before := len(left)
		if left, err = tx.set.locks.takeFree(tx, left, mode); err != nil {
			return err
		}
		if len(left) == 0 || len(left) < before {
			continue
		}
		if err = tx.set.locks.lock(ctx, tx, left[0], mode); err != nil {
			return err
		}
		left = left[1:]
	}
	return nil
}

// Rollback forgets everything and frees the locks. After Commit it does nothing.
func (tx *Tx) Rollback() {
	if tx.committed {
		return
	}
	tx.end()
}

// end frees the locks, and what nobody has taken over. It may run in any goroutine, after the Tx was
// used for the last time.
func (tx *Tx) end() {
	tx.dropStage()
	tx.dropMade()
	tx.touched, tx.appends, tx.byTable, tx.own, tx.ddl, tx.reformed = nil, nil, nil, nil, nil, nil
	tx.set.locks.releaseAll(tx)
	if tx.ungated {
		tx.ungated = false
		tx.set.serials.leave()
	}
	if tx.memory != nil {
		tx.memory.Drop()
	}
}
