package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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
	set     *Set
	temp    *Temp // whose the table is; nil = it is everybody's
	oid     catalog.OID
	def     atomic.Pointer[catalog.Relation] // the newest committed
	options state.Options                    // of the rows and of every index

	// content is replaced, under mu, when the table is made anew.
	content   atomic.Pointer[content]
	nextRowID atomic.Int64
	counts    counts
	// applied is the newest version that changed the table.
	applied atomic.Uint64
	// encoders of its records, each of one commit at a time.
	encoders sync.Pool
	// deltas: there may be versions that keep can let go. kept is the oldest version that it kept last.
	deltas atomic.Bool
	kept   atomic.Uint64
	// rewritten is the newest version that gave its columns other types, 0 = none since the start.
	rewritten atomic.Uint64
	// work is held by who applies a delivery, or gives the table another form.
	work sync.Mutex
	// trouble is why the table cannot be used, nil when it can.
	trouble atomic.Pointer[trouble]
	mu      struct {
		sync.Mutex
		following log.Following // nil until it follows
		// wanted is the newest rebuild that was asked for (catalog.Relation.Rebuilt), built the one that
		// content is of.
		wanted, built int
		// gone: dropped, or forgotten. cut ends the rebuild under way.
		gone bool
		cut  context.CancelFunc
		// coming is what a commit that is under way will have all rows in, nil = none is.
		coming *Table
	}
	// base, of one that a Tx has written all rows of, is the set's table that will have them (rewrite.go); handed: from a
	// commit on, which is under way or done.
	base   *Table
	handed bool
	// more: that commit changes other things of its rows too.
	more bool
}

// content is what a table has: its rows, and the rows by each index. Its indexes are guarded by Table.mu.
type content struct {
	form    *form
	rows    *state.RunSet
	indexes []*index
	before  atomic.Pointer[older] // nil = nobody reads what was there before
	more    bool                  // the commit that brought all its rows in other types changed others too
}

// index is the whole row again, by the index's columns, with what it computes behind it.
type index struct {
	rel   *catalog.Relation
	more  *computed     // nil: it has all rows, by columns of theirs
	types []sqltype.OID // of its rows
	key   []int         // positions in them
	rows  *state.RunSet
	// own: a Tx has made it and not committed it; nobody else has it.
	own bool
	// from is the content that an own index has the rows of, nil = also of what the Tx wrote before.
	from *content
}

// newTable makes a table without rows; rel and its indexes are those of one version of the catalog, cat.
func newTable(s *Set, rel *catalog.Relation, indexes []*catalog.Relation, cat catalog.Reader) *Table {
	t := &Table{set: s, oid: rel.OID, options: s.options()}
	t.def.Store(rel)
	t.nextRowID.Store(1)
	t.deltas.Store(true) // of a checkpoint
	t.mu.wanted, t.mu.built = rel.Rebuilt, rel.Rebuilt
	t.kept.Store(uint64(rel.CreatedAt)) // older versions of a topic's table cannot be asked for
	t.content.Store(t.empty(newForm(rel), indexes, cat))
	return t
}

// empty makes the content of a table without rows.
func (t *Table) empty(f *form, indexes []*catalog.Relation, cat catalog.Reader) *content {
	c := &content{form: f}
	c.rows = state.NewArrangement(f.types, f.key, t.optionsOf(c))
	for _, ix := range indexes {
		c.indexes = append(c.indexes, t.indexOf(c, ix, computing(f.rel, ix, cat)))
	}
	return c
}

// now is what the table has.
func (t *Table) now() *content { return t.content.Load() }

// HasRowID: the table has no primary key; rows are named by a hidden id, their last column.
func (t *Table) HasRowID() bool { return len(t.rel().PrimaryKey) == 0 }

// Relation is the table's newest committed descriptor.
func (t *Table) Relation() *catalog.Relation { return t.rel() }

func (t *Table) rel() *catalog.Relation { return t.def.Load() }

// Types of a full row, the hidden row id included.
func (t *Table) Types() []sqltype.OID { return t.now().form.types }

// Key is where the table's key stands in a full row.
func (t *Table) Key() []int { return t.now().form.key }

func (t *Table) indexList() []*index { return t.indexesOf(t.now()) }

func (t *Table) indexesOf(c *content) []*index {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(c.indexes)
}

// keyTypes are the types of some columns of the row.
func (t *Table) keyTypes(cols []int) []sqltype.OID { return typesAt(t.Types(), cols) }

func typesAt(types []sqltype.OID, cols []int) []sqltype.OID {
	out := make([]sqltype.OID, len(cols))
	for i, c := range cols {
		out[i] = types[c]
	}
	return out
}

// at opens the rows, or an index, at v.
func (t *Table) at(indexOID catalog.OID, v log.CommitSeq) (state.View, error) {
	view, _, err := t.open(indexOID, v)
	return view, err
}

// open is at, with the index, whose rows have what it computes.
func (t *Table) open(indexOID catalog.OID, v log.CommitSeq) (view state.View, ix *index, err error) {
	if t.temp != nil {
		v = latest // its versions are none of the log's, and the newest is the only one
	}
	for {
		now := t.now()
		c := now.of(v)
		rows := c.rows
		if indexOID != 0 {
			var ok bool
			ix, ok = t.index(c, indexOID)
			if !ok && t.now() == now {
				return nil, nil, fmt.Errorf("index %d of table %q is gone", indexOID, t.rel().Name)
			}
			if !ok {
				continue
			}
			rows = ix.rows
		}
		view, err = rows.At(v)
		switch {
		case errors.Is(err, state.ErrSnapshotTooOld) && t.now() != now:
			continue // it was made anew, and the old one given back
		case err == nil && indexOID == 0 && v != latest:
			view = c.across(view)
		}
		return view, ix, err
	}
}

func (t *Table) index(c *content, oid catalog.OID) (*index, bool) {
	for _, ix := range t.indexesOf(c) {
		if ix.rel.OID == oid {
			return ix, true
		}
	}
	return nil, false
}

// put makes durable deltas of full rows version v of a content. Calls come in commit order.
func (t *Table) put(c *content, deltas []*delta.Batch, v log.CommitSeq) error {
	if err := put(c.rows, deltas, v); err != nil {
		return err
	}
	for _, ix := range t.indexesOf(c) {
		own := make([]*delta.Batch, len(deltas))
		for i, d := range deltas {
			p, err := ix.place(d)
			if err != nil {
				return err
			}
			own[i] = &p.rows
		}
		if err := put(ix.rows, own, v); err != nil {
			return err
		}
	}
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
	t.kept.Store(uint64(v))
	if !t.deltas.Swap(false) {
		return
	}
	for _, a := range t.arrangements(t.now()) {
		a.Keep(v)
	}
	t.keepOlder(v)
	if v < log.CommitSeq(t.applied.Load()) {
		t.deltas.Store(true)
	}
}

// optionsOf are those of an arrangement of a content. Damage that is met while the table has that content has it made
// anew.
func (t *Table) optionsOf(c *content) state.Options {
	options := t.options
	options.Breathe = func() error {
		runtime.Gosched()
		return nil
	}
	if t.temp != nil {
		return options // there is nothing to make it anew from
	}
	whose := cmp.Or(t.base, t)
	options.OnDamage = func(err error) {
		if whose.now() == c {
			whose.hurt(err)
		}
	}
	return options
}

// arrangements of a content: the rows, then each index.
func (t *Table) arrangements(c *content) []*state.RunSet {
	out := []*state.RunSet{c.rows}
	for _, ix := range t.indexesOf(c) {
		out = append(out, ix.rows)
	}
	return out
}

// free gives back what a content holds; views that are open stay readable.
func (t *Table) free(c *content) {
	for _, a := range t.arrangements(c) {
		a.Free()
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
