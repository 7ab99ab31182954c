package state

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/meta"
)

// CommitSeq is the version of the database.
type CommitSeq = meta.CommitSeq

var (
	// ErrSnapshotTooOld: the deltas that lead back to the version asked for are gone.
	ErrSnapshotTooOld = errors.New("snapshot too old")
	// ErrNegativeWeight: a row would exist less than zero times at the end of a tick. It stops
	// that dataflow, not the process.
	ErrNegativeWeight = errors.New("negative weight at end of tick")
	// ErrOutOfMemory: the account has no room for more state.
	ErrOutOfMemory = errors.New("state memory exhausted")
)

// CellType is the physical type of one accumulator cell of flat state: its size in bytes
// behind the name, or Blob(n).
type CellType uint16

const (
	CellInt64   CellType = 0x100 | 8
	CellFloat64 CellType = 0x200 | 8
	// CellVar is a cell of any length, nil when its key is inserted; see Var and SetVar.
	CellVar  CellType = 0x800
	cellBlob CellType = 0x400
)

// Blob is a cell of n bytes (n up to 1023), zeroed when its key is inserted.
func Blob(n int) CellType { return cellBlob | CellType(n) }

// Slot is the place of a key in flat state, valid until the key is deleted.
type Slot int32

// NoSlot: the key is not there.
const NoSlot Slot = -1

// Flat is accumulators by key: flat, pointer-free, one writer, never read from outside.
type Flat interface {
	// Probe finds the slot of row sel[i] of keys (nil sel = every row), NoSlot when absent; with
	// insert it makes missing ones with zeroed cells. Equal keys get one slot. Keys compare by
	// SQL equality, except that NULL equals NULL. slots has room for every selected row.
	Probe(keys []delta.Column, sel []int32, insert bool, slots []Slot) error
	// Int64, Float64 and Blob view cell column i by slot, to be read; valid until the next inserting
	// Probe.
	Int64(i int) Ints
	Float64(i int) Floats
	Blob(i int, s Slot) []byte
	// Var is the content of a CellVar, to be read, borrowed until the next SetVar or inserting Probe.
	// SetVar replaces it; b may alias what Var gave.
	Var(i int, s Slot) []byte
	SetVar(i int, s Slot, b []byte) error
	// Write gives the cells of slots to be written until the next inserting Probe: what a checkpoint in
	// the making still needs of them is put away first.
	Write(slots []Slot) Cells
	// Keys builds the key columns of slots, one row a slot, in order.
	Keys(slots []Slot) []delta.Column
	Delete(slots []Slot)
	Len() int
	// Scan visits all slots in groups until visit returns false. An error is one of reading what a
	// checkpoint has of them.
	Scan(visit func(slots []Slot) bool) error
}

// Ints is a column of int64 cells by slot, to be read.
type Ints struct{ v []int64 }

// At is the cell of a slot.
func (c Ints) At(s Slot) int64 { return c.v[s] }

// Floats is a column of float64 cells by slot, to be read.
type Floats struct{ v []float64 }

// At is the cell of a slot.
func (c Floats) At(s Slot) float64 { return c.v[s] }

// Cells are the cells of some slots, to be written. Slots that were not asked for must not be.
type Cells struct{ f *FlatSet }

// Int64 is column i by slot.
func (c Cells) Int64(i int) []int64 { return c.f.cells[i].ints }

// Float64 is column i by slot.
func (c Cells) Float64(i int) []float64 { return c.f.cells[i].floats }

// Blob is the bytes of a cell.
func (c Cells) Blob(i int, s Slot) []byte { return c.f.Blob(i, s) }

// Var is the bytes of a cell, whose length stays.
func (c Cells) Var(i int, s Slot) []byte { return c.f.Var(i, s) }

// Order of one column of an arrangement's rows: within equal keys rows are sorted by these
// columns first, as ORDER BY would, then by the whole row. The default is ascending, NULLs last.
type Order struct {
	Column     int
	Desc       bool
	NullsFirst bool
}

// Range bounds a scan of an arrangement by its key columns. Empty = everything.
type Range struct {
	// Equal is a prefix of them, one row: every row whose first len(Equal) key columns equal it.
	Equal []delta.Column
	// From and Before, where Equal is empty, are the first of the key columns, one row each, perhaps not as many of both: rows
	// whose own are at or behind From, and before Before; nil = from the first on, to the last. NULL is behind every value.
	From, Before []delta.Column
	// Behind leaves out the rows that equal From, Through takes those that equal Before.
	Behind, Through bool
	// After, if not nil, is a row, all columns of it: only rows behind it are read.
	After []delta.Column
	// Columns, if not nil, are those that are wanted: others have no values in what a scan gives.
	Columns []int
	// Backward reads from the last row to the first.
	Backward bool
	// Ordered: who reads counts on the order. Rows of a view with something over it come in any order else.
	Ordered bool
	// First is about how many rows the first batch should have, 0 = as many as are well read at once; each one behind it may have
	// twice as many.
	First int
	// Bounds are conditions that every wanted row meets: blocks without one are not read. Rows that do not meet
	// them may come, even such as were taken back. Not for a Head whose tick is under way.
	Bounds []Bound
}

// Divider is a View whose Scan can be cut into parts, which several may read at once.
type Divider interface {
	View
	// Cuts are keys, ascending, between which lie about so many rows; nil when there is nothing to cut.
	Cuts(ctx context.Context, rows int64) ([][]delta.Column, error)
}

// Reader opens versions of a relation.
type Reader interface {
	// At pins the newest version at or below v; the caller knows that v is complete.
	// ErrSnapshotTooOld when nobody asked to keep v.
	At(v CommitSeq) (View, error)
}

// View is one pinned, immutable version. Safe for concurrent use; Release it.
type View interface {
	Version() CommitSeq
	// Rows is the number of rows with their multiplicity.
	Rows() int64
	// Probe finds the rows whose key equals row sel[i] of keys, one column a key column; with fewer of them those whose
	// first ones equal it, in the arrangement's order. A NULL equals NULL.
	Probe(ctx context.Context, keys []delta.Column, sel []int32) (Cursor, error)
	// Edge is Probe reduced to at most one row a key: the first in the arrangement's order, or
	// the last. (The least value of a group, the image that a group shows.)
	Edge(ctx context.Context, keys []delta.Column, sel []int32, last bool) (Cursor, error)
	// Scan reads rows in key order, then in the arrangement's order.
	Scan(ctx context.Context, r Range) (Cursor, error)
	// Changes reads what changed in (after, Version], in version order; it costs what it yields.
	Changes(ctx context.Context, after CommitSeq) (ChangeCursor, error)
	Release()
}

// Cursor yields consolidated rows (weights > 0). Batches are borrowed until the next call.
type Cursor interface {
	// Next fills dst; for a Probe, match[i] is the row of keys that physical row i of dst
	// belongs to (nil for Scan). A dst without rows and more false is the end.
	Next(ctx context.Context, dst *delta.Batch) (match []int32, more bool, err error)
	// Close ends the cursor, and with it the batches it gave.
	Close()
}

// BlockCounter is a Cursor that knows how many blocks it has read, and how many it passed by (Range.Bounds).
type BlockCounter interface {
	Blocks() (read, skipped int64)
}

// ChangeCursor yields consolidated deltas, each batch of one version, versions ascending.
type ChangeCursor interface {
	Next(ctx context.Context, dst *delta.Batch) (v CommitSeq, more bool, err error)
	Close()
}

// SameVersion is Publish's for who alone reads an arrangement (without Options.History), and is in the midst of
// what will be the next version.
const SameVersion = ^CommitSeq(0)

// Arrangement is a relation kept by key: its content in immutable sorted runs of (row, weight),
// its deltas by version, and one append-only head. One writer; any number of readers.
type Arrangement interface {
	Reader
	// Append adds a delta to the head; rows are copied.
	Append(d *delta.Batch) error
	// Head sees everything appended, also what is not published. For the owner only, valid
	// until the next Append or Publish.
	Head() View
	// Publish makes what was appended version v, which ascends. v may come again while nobody can
	// see it yet: the entries of one commit are applied one after the other. SameVersion makes it part of
	// the newest one.
	Publish(v CommitSeq) error
	// Discard drops what was appended since the last Publish.
	Discard()
	// Keep says that versions below v need not be readable any more: their deltas go, except for
	// who pins them, and At below what is left is ErrSnapshotTooOld. An arrangement without
	// Options.History keeps only its newest version and what is pinned. Safe for concurrent use.
	Keep(v CommitSeq)
}
