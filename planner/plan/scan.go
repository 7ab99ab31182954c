package plan

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// Scan reads a relation. Columns are positions in the relation's column list, in the order of
// the output; metadata columns have the negative positions below.
type Scan struct {
	P        Props
	Relation RelationID
	Name     string
	Kind     RelKind
	Columns  []int
	// Lookup, if set, reads only the rows whose first key columns equal these expressions (no columns in
	// them); a rewrite rule made it from a filter on the primary key or an index.
	Lookup []Expr
	// LookupColumns are the positions in the relation that Lookup gives values for.
	LookupColumns []int
	// Any, if set, are values of the key column behind those of Lookup, of which a row has one; with AnyArray the one expression
	// is an array of them.
	Any      []Expr
	AnyArray bool
	// Lower and Upper bound the key columns behind those of Lookup; NotNull: the first of these is not NULL.
	Lower, Upper *Bound
	NotNull      bool
	// KeyType is the type of that first one.
	KeyType sqltype.OID
	// Joined: the keys are those of a Join's Lookup.
	Joined bool
	// Ordered: who reads counts on the order of keys, Backward on the opposite one.
	Ordered, Backward bool
	// First is about how many rows are wanted, 0 = all.
	First int
	// Share is about which part of the relation's rows is read by the keys, 0 = that was not told.
	Share float64
	// Index is the OID of the index whose keys these are, 0 = the primary key.
	Index RelationID
	// IndexName is its name, and IndexCond what it is asked for, for EXPLAIN.
	IndexName string
	IndexCond []string
	// Computed are the indexes of the table that have its rows by expressions, or not all of them.
	Computed []ComputedIndex
}

// ComputedIndex is an index of a table that computes something, over the columns of the table.
type ComputedIndex struct {
	Index  RelationID
	Name   string
	Unique bool
	Keys   []Expr
	Where  Expr // nil = all rows
}

// RelKind says what a Scan reads.
type RelKind uint8

const (
	RelStream RelKind = iota + 1 // decode records of the relation's topic
	RelTable                     // the table's arrangement
	RelView                      // the view's arrangement
	RelErrors                    // the error records of a stream, or of a view
	RelSystem                    // rows given by a provider
	RelGiven                     // rows that the statement has at hand
)

var relKindNames = [...]string{RelStream: "Stream", RelTable: "Table", RelView: "View", RelErrors: "Errors", RelSystem: "System", RelGiven: "Given"}

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
	// MetaTableOID is tableoid of a system relation: its own OID.
	MetaTableOID = -8
	// MetaCommitTime is _commit_time timestamptz: when the record's commit was made.
	MetaCommitTime = -9
)

// Props are the output edge's.
func (n *Scan) Props() *Props { return &n.P }

// Inputs are none.
func (n *Scan) Inputs() []Node { return nil }

func (n *Scan) withInputs([]Node) Node { return n }

func (n *Scan) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Lookup, c.Any, c.Lower, c.Upper = mapList(n.Lookup, f), mapList(n.Any, f), mapBound(n.Lower, f), mapBound(n.Upper, f)
	return &c
}

// derive keeps what the relation gave.
func (n *Scan) derive() Props { return n.P }

func (n *Scan) prune(need []bool) (Node, []int) {
	need = atLeastOne(need)
	at := placesOf(need)
	out := *n
	out.Columns, out.P.Fields, out.P.UniqueKey = nil, nil, nil
	for i, keep := range need {
		if keep {
			out.Columns = append(out.Columns, n.Columns[i])
			out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		}
	}
	for _, k := range n.P.UniqueKey {
		if moved, ok := moveAll(k, at); ok {
			out.P.UniqueKey = append(out.P.UniqueKey, moved)
		}
	}
	if n.P.Watermark >= 0 {
		out.P.Watermark = at[n.P.Watermark]
	}
	return &out, at
}

func (n *Scan) title() string {
	switch {
	case n.IndexName != "":
		return n.accessTitle()
	case n.Keyed():
		return relKindNames[n.Kind] + " Lookup on " + n.Name
	}
	return relKindNames[n.Kind] + " Scan on " + n.Name
}

func (n *Scan) details() []string {
	names := make([]string, len(n.P.Fields))
	for i := range names {
		names[i] = columnName(&n.P, i)
	}
	out := []string{"Columns: " + strings.Join(names, ", ")}
	if len(n.IndexCond) > 0 {
		out = append(out, "Index Cond: "+conditions(n.IndexCond))
	}
	return out
}
