package plan

import (
	"time"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// RelationID is a relation's OID.
type RelationID uint32

// Field describes one output column of a node.
type Field struct {
	Name string
	Type sqltype.Type
	// Where the column comes from, for RowDescription; 0 when computed.
	Relation RelationID
	Attnum   int16
}

// Props are what the planner knows of a node's output edge; operators choose their variant by
// them and EXPLAIN prints them.
type Props struct {
	Fields []Field
	// AppendOnly: no row is ever taken back.
	AppendOnly bool
	// UniqueKey: sets of columns that name a row; empty = none known.
	UniqueKey [][]int
	// Watermark is the column that carries the event time watermark, -1 = none.
	Watermark int
	// MayFail: rows may be errors.
	MayFail bool
	// Stateless: the edge was made without keeping state (filters and projections of an
	// append-only source), so that it may tick from the first record on.
	Stateless bool
}

// Node is one step of a plan. The concrete types below are all there are.
type Node interface {
	Props() *Props
	Inputs() []Node // in port order
	node()
}

// RelKind says what a Scan reads.
type RelKind uint8

const (
	RelStream RelKind = iota + 1 // decode records of the relation's topic
	RelTable                     // the table's arrangement
	RelView                      // the view's arrangement
	RelErrors                    // the error records of a stream, or of a view
	RelSystem                    // rows given by a provider
)

type (
	// Scan reads a relation. Columns are positions in the relation's column list, in the
	// order of the output; metadata columns have the negative positions below.
	Scan struct {
		P        Props
		Relation RelationID
		Name     string
		Kind     RelKind
		Columns  []int
		// Lookup, if set, reads only the rows whose key equals these expressions (no columns in
		// them); a rewrite rule made it from a filter on the primary key or an index.
		Lookup []Expr
		// LookupColumns are the positions in the relation that Lookup gives values for.
		LookupColumns []int
		// LookupNames are their names, for EXPLAIN.
		LookupNames []string
		// Index is the OID of the index LookupColumns belong to, 0 = the primary key.
		Index RelationID
	}
	// Values are literal rows; every Rows[i] has one expression a field.
	Values struct {
		P    Props
		Rows [][]Expr
	}
	// Filter keeps the rows for which Cond is true.
	Filter struct {
		P     Props
		Input Node
		Cond  Expr
	}
	// Project computes new columns.
	Project struct {
		P     Props
		Input Node
		Exprs []Expr
	}
	// Hop repeats each row once a window that contains it and appends the window's start as a
	// last column; Time is timestamp or timestamptz over the input. A NULL time gives one row with a NULL start.
	Hop struct {
		P           Props
		Input       Node
		Time        Expr
		Slide, Size time.Duration
	}
	// Join is inner or cross (no keys): output = left columns, right columns. Left is port 0
	// and is built first. Keys are SQL equality of columns of the same type; NULL joins nothing.
	Join struct {
		P                   Props
		Kind                JoinKind
		Left, Right         Node
		LeftKeys, RightKeys []int
		Residual            Expr // over left ++ right; nil = none
	}
	// GroupBy aggregates: output = key columns (input positions), then the aggregates. With no
	// Keys there is exactly one output row, also over no input.
	GroupBy struct {
		P     Props
		Input Node
		Keys  []int
		Aggs  []Aggregate
		// OnClose emits a group once, when the watermark passes the end of its window; nil =
		// emit every change.
		OnClose *WindowClose
	}
	// Distinct keeps one of equal rows (SQL equality of all columns).
	Distinct struct {
		P     Props
		Input Node
	}
	// Sort orders a one-shot result. In a view it is dropped by the planner.
	Sort struct {
		P     Props
		Input Node
		Keys  []SortKey
	}
	// TopN keeps Count rows after Offset in the order of Keys (ties by whole row image). Also
	// plain LIMIT (no Keys). Count and Offset are int8 expressions without columns; nil Count
	// = all.
	TopN struct {
		P             Props
		Input         Node
		Keys          []SortKey
		Count, Offset Expr
	}
	// UnionAll concatenates; the inputs have the same types.
	UnionAll struct {
		P   Props
		Ins []Node
	}
	// Exchange sends rows to the shard that owns their key; with one shard it is the identity.
	Exchange struct {
		P     Props
		Input Node
		Keys  []int
	}
)

// JoinKind of a Join.
type JoinKind uint8

const (
	JoinInner JoinKind = iota
	JoinLeft           // planned, 0A000 until its operator exists
	JoinRight
	JoinFull
)

// WindowClose tells a GroupBy when a group is final: its key column Key is the start of a
// window of Size over the input's watermark column.
type WindowClose struct {
	Key  int // position in GroupBy.Keys
	Size time.Duration
	// Slide is the distance of two windows' starts; Size when windows do not overlap.
	Slide time.Duration
	// Lateness is how long after its end a window stays open.
	Lateness time.Duration
	// Time is the input column that carries the event time: a row whose windows have all been
	// closed by the watermark made by the commits before its own is late.
	Time int
	// Before is the int8 input column with that watermark, in microseconds since 2000-01-01
	// (the least int64 = none yet). The source makes it: a Scan of a stream lists MetaWatermark
	// as its last column and the planner carries it up through every node to the GroupBy. So
	// lateness travels with the row, and how ticks were cut never matters.
	Before int
}

func (n *Scan) Props() *Props     { return &n.P }
func (n *Values) Props() *Props   { return &n.P }
func (n *Filter) Props() *Props   { return &n.P }
func (n *Project) Props() *Props  { return &n.P }
func (n *Hop) Props() *Props      { return &n.P }
func (n *Join) Props() *Props     { return &n.P }
func (n *GroupBy) Props() *Props  { return &n.P }
func (n *Distinct) Props() *Props { return &n.P }
func (n *Sort) Props() *Props     { return &n.P }
func (n *TopN) Props() *Props     { return &n.P }
func (n *UnionAll) Props() *Props { return &n.P }
func (n *Exchange) Props() *Props { return &n.P }

func (n *Scan) Inputs() []Node     { return nil }
func (n *Values) Inputs() []Node   { return nil }
func (n *Filter) Inputs() []Node   { return []Node{n.Input} }
func (n *Project) Inputs() []Node  { return []Node{n.Input} }
func (n *Hop) Inputs() []Node      { return []Node{n.Input} }
func (n *Join) Inputs() []Node     { return []Node{n.Left, n.Right} }
func (n *GroupBy) Inputs() []Node  { return []Node{n.Input} }
func (n *Distinct) Inputs() []Node { return []Node{n.Input} }
func (n *Sort) Inputs() []Node     { return []Node{n.Input} }
func (n *TopN) Inputs() []Node     { return []Node{n.Input} }
func (n *UnionAll) Inputs() []Node { return n.Ins }
func (n *Exchange) Inputs() []Node { return []Node{n.Input} }

func (*Scan) node()     {}
func (*Values) node()   {}
func (*Filter) node()   {}
func (*Project) node()  {}
func (*Hop) node()      {}
func (*Join) node()     {}
func (*GroupBy) node()  {}
func (*Distinct) node() {}
func (*Sort) node()     {}
func (*TopN) node()     {}
func (*UnionAll) node() {}
func (*Exchange) node() {}

// Metadata columns of a stream, as positions in Scan.Columns.
const (
	MetaKey       = -1 // _key bytea
	MetaPartition = -2 // _partition int4
	MetaOffset    = -3 // _offset int8
	MetaTimestamp = -4 // _timestamp timestamptz
	MetaHeaders   = -5 // _headers jsonb
	MetaRowID     = -6 // hidden row id of a table without primary key
	// MetaWatermark int8: the stream's watermark made by the commits before this record's, in log
	// order; the least int64 before the first. Only in plans with ON WINDOW CLOSE.
	MetaWatermark = -7
)

// EmitMode is the EMIT clause.
type EmitMode uint8

const (
	EmitChanges EmitMode = iota
	EmitOnWindowClose
)

// Query is a whole planned query.
type Query struct {
	Root Node
	// Fields are the visible output columns; Root may have more behind them (sort keys).
	Fields []Field
	Emit   EmitMode
	// Params are the types of $1….
	Params []sqltype.Type
	// Relations the plan reads, without repeats.
	Relations []RelationID
	Settings  Settings
}
