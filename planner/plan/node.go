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
	// Rows is about how many there are, in plans that are made with Statistics and run once.
	Rows float64
}

// Node is one step of a plan. Each kind is a file of this package, which says all that the
// planner knows of it; exec/op has its operator.
type Node interface {
	Props() *Props
	Inputs() []Node // in port order

	// withInputs is a copy over other inputs, as many as Inputs gives; its properties are derived
	// by who asks.
	withInputs(ins []Node) Node
	// mapExprs is a copy with every expression replaced; n itself if it has none.
	mapExprs(f func(Expr) Expr) Node
	// derive gives the output edge's properties, all but Fields, from the inputs'.
	derive() Props
	// title and details are what EXPLAIN prints: the line of the node, the lines below it.
	title() string
	details() []string
}

// What follows a node may have; one without it is left as it is by the rule that would ask.
type (
	// pruner can do with fewer columns: see Prune.
	pruner interface {
		prune(need []bool) (out Node, at []int)
	}
	// passer lets conditions through: see Below.
	passer interface {
		below(cond Expr) (Expr, bool)
	}
	// rowwise answers for each input row by itself: see RowByRow.
	rowwise interface{ rowByRow() }
)

// Below gives a condition over n's output as one over its input, or each of its inputs, when it
// keeps the same rows there.
func Below(n Node, cond Expr) (Expr, bool) {
	if p, ok := n.(passer); ok {
		return p.below(cond)
	}
	return nil, false
}

// RowByRow reports whether each input row gives its output rows by itself, whatever others came
// before it.
func RowByRow(n Node) bool {
	if j, ok := n.(*Join); ok {
		return j.Lookup != nil
	}
	_, ok := n.(rowwise)
	return ok
}

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
	// Every is the least time between two ticks of a subscription.
	Every time.Duration
	// Params are the types of $1….
	Params []sqltype.Type
	// Relations the plan reads, without repeats.
	Relations []RelationID
	// Needs are the privileges that running it takes.
	Needs []*Need
	// Catalog is the version of the catalog that it was planned with.
	Catalog uint64
	// Types of users that the query's text names.
	Types    []sqltype.OID
	Settings Settings
}
