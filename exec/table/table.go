package table

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// RowIDColumn is the name of the hidden key of a table without primary key, in its record keys.
const RowIDColumn = "_rowid"

// Table is one table: its rows by key, and by each index.
type Table struct {
	// broken: the start could not build the rows; nothing is read or written, DROP works.
	broken    error
	set       *Set
	following log.Following
	rel       *catalog.Relation
	types     []sqltype.OID // of the row: the columns, then the row id if there is no primary key
	key       []int         // positions in the row
	rows      *state.RunSet
	options   state.Options // of the rows and of every index

	// ddl is held shared by a commit from its checks until it is applied, whoever ends it, and exclusively while
	// an index is built.
	ddl sync.RWMutex
	mu  struct {
		sync.Mutex
		indexes []*index
	}
	nextRowID atomic.Int64
	// applied is the newest version that changed the table.
	applied atomic.Uint64
	// deltas: there may be versions that keep can let go.
	deltas atomic.Bool
}

// index is the whole row again, by the index's columns.
type index struct {
	rel  *catalog.Relation
	key  []int
	rows *state.RunSet
}

func newTable(rel *catalog.Relation, options state.Options) *Table {
	t := &Table{rel: rel, key: rel.PrimaryKey, options: options}
	for i := range rel.Columns {
		t.types = append(t.types, rel.Columns[i].Type.OID)
	}
	if len(t.key) == 0 {
		t.key = []int{len(t.types)}
		t.types = append(t.types, sqltype.Int8)
	}
	t.nextRowID.Store(1)
	t.deltas.Store(true) // of a checkpoint
	t.rows = t.arrange(t.key)
	return t
}

// HasRowID: the table has no primary key; rows are named by a hidden id, their last column.
func (t *Table) HasRowID() bool { return len(t.rel.PrimaryKey) == 0 }

// Relation is the table's descriptor.
func (t *Table) Relation() *catalog.Relation { return t.rel }

// Types of a full row, the hidden row id included.
func (t *Table) Types() []sqltype.OID { return t.types }

func (t *Table) indexList() []*index {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]*index(nil), t.mu.indexes...)
}

// keyTypes are the types of some columns of the row.
func (t *Table) keyTypes(cols []int) []sqltype.OID {
	out := make([]sqltype.OID, len(cols))
	for i, c := range cols {
		out[i] = t.types[c]
	}
	return out
}

// at opens the rows, or an index, at v.
func (t *Table) at(indexOID catalog.OID, v log.CommitSeq) (state.View, error) {
	if indexOID == 0 {
		return t.rows.At(v)
	}
	ix, ok := t.index(indexOID)
	if !ok {
		// The catalog shows an index a moment before its CREATE INDEX puts it here and lets go.
		t.ddl.RLock()
		ix, ok = t.index(indexOID)
		t.ddl.RUnlock()
	}
	if !ok {
		return nil, fmt.Errorf("index %d of table %q is gone", indexOID, t.rel.Name)
	}
	return ix.rows.At(v)
}

func (t *Table) index(oid catalog.OID) (*index, bool) {
	for _, ix := range t.indexList() {
		if ix.rel.OID == oid {
			return ix, true
		}
	}
	return nil, false
}

// apply puts durable deltas of full rows in, as version v. Calls come in commit order.
func (t *Table) apply(deltas []*delta.Batch, v log.CommitSeq) error {
	if err := put(t.rows, deltas, v); err != nil {
		return err
	}
	for _, ix := range t.indexList() {
		if err := put(ix.rows, deltas, v); err != nil {
			return err
		}
	}
	t.changed(v)
	return nil
}

// changed notes a version that changed the table.
func (t *Table) changed(v log.CommitSeq) {
	t.applied.Store(uint64(v))
	t.deltas.Store(true)
}

func put(a state.Arrangement, deltas []*delta.Batch, v log.CommitSeq) error {
	for _, d := range deltas {
		if err := a.Append(d); err != nil {
			return err
		}
	}
	return a.Publish(v)
}

// keep lets versions below v go. It costs nothing where there are none.
func (t *Table) keep(v log.CommitSeq) {
	if !t.deltas.Swap(false) {
		return
	}
	t.rows.Keep(v)
	for _, ix := range t.indexList() {
		ix.rows.Keep(v)
	}
	if v < log.CommitSeq(t.applied.Load()) {
		t.deltas.Store(true)
	}
}

func (t *Table) arrange(key []int) *state.RunSet {
	return state.NewArrangement(t.types, key, t.options)
}

// free gives back what a dropped table holds; views that are open stay readable.
func (t *Table) free() {
	t.rows.Free()
	for _, ix := range t.indexList() {
		ix.rows.Free()
	}
}

// noteRowID keeps the counter of row ids ahead of what was seen.
func (t *Table) noteRowID(id int64) {
	for {
		next := t.nextRowID.Load()
		if id < next || t.nextRowID.CompareAndSwap(next, id+1) {
			return
		}
	}
}

// pick shallow-copies some columns.
func pick(cols []delta.Column, at []int) []delta.Column {
	out := make([]delta.Column, len(at))
	for i, c := range at {
		out[i] = cols[c]
	}
	return out
}
