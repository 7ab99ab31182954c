package plan

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// SetOp is INTERSECT or EXCEPT of two sides whose rows are counted: the last two columns of the input, of
// type int8, say how often the row before them is on the left and on the right. It gives each row without
// the counts, as often as it is in the result.
type SetOp struct {
	P     Props
	Input Node
	Kind  SetOpKind
	// All counts equal rows; else a row is in the result once.
	All bool
}

// SetOpKind is which of the rows of two sides are wanted.
type SetOpKind uint8

const (
	Intersect SetOpKind = iota
	Except
)

// Times is how often a row is in the result that is there so often on the left and on the right.
func (n *SetOp) Times(left, right int64) int64 {
	var times int64
	switch {
	case n.Kind == Intersect:
		times = min(left, right)
	case n.All || right == 0:
		times = max(0, left-right)
	}
	if n.All {
		return times
	}
	return min(times, 1)
}

// NewSetOp is a set operation of two nodes with columns of the same types, called fields.
func NewSetOp(kind SetOpKind, all bool, left, right Node, fields []Field) Node {
	mark := Field{Name: "left", Type: boolean()}
	both := &UnionAll{}
	for _, side := range []struct {
		in   Node
		left bool
	}{{left, true}, {right, false}} {
		exprs := make([]Expr, len(fields), len(fields)+1)
		for i := range fields {
			exprs[i] = ColumnOf(side.in.Props().Fields, i)
		}
		both.Ins = append(both.Ins, NewProject(side.in, append(exprs, boolConst(side.left)), withField(fields, mark)))
	}
	both.P.Fields = withField(fields, mark)
	Derive(both)
	isLeft := ColumnOf(both.P.Fields, len(fields))
	counted := &GroupBy{Input: both, Keys: allColumns(len(fields)), Aggs: []Aggregate{
		countRows(isLeft), countRows(&Not{Arg: isLeft}),
	}}
	counted.P.Fields = fields[:len(fields):len(fields)]
	for i := range counted.Aggs {
		counted.P.Fields = append(counted.P.Fields, Field{Name: FormatAggregate(&counted.Aggs[i]), Type: counted.Aggs[i].T})
	}
	Derive(counted)
	n := &SetOp{Input: counted, Kind: kind, All: all}
	n.P.Fields = fields
	Derive(n)
	return n
}

// countRows is count(*) FILTER (WHERE cond).
func countRows(cond Expr) Aggregate {
	return Aggregate{Func: builtin.CountStar, Filter: cond, T: sqltype.Of(sqltype.Int8)}
}

func withField(fields []Field, f Field) []Field {
	return append(fields[:len(fields):len(fields)], f)
}

// Props are the output edge's.
func (n *SetOp) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *SetOp) Inputs() []Node { return []Node{n.Input} }

func (n *SetOp) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *SetOp) mapExprs(func(Expr) Expr) Node { return n }

func (n *SetOp) derive() Props {
	p := Props{Watermark: -1, MayFail: n.Input.Props().MayFail}
	if !n.All {
		p.UniqueKey = [][]int{allColumns(len(n.P.Fields))}
	}
	return p
}

func (n *SetOp) rowByRow() {}

func (n *SetOp) below(cond Expr) (Expr, bool) { return cond, true }

func (n *SetOp) title() string {
	title := [...]string{Intersect: "Intersect", Except: "Except"}[n.Kind]
	if n.All {
		title += " All"
	}
	return title
}

func (n *SetOp) details() []string { return nil }
