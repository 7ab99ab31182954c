package exectest

import (
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

func props(appendOnly bool, types ...sqltype.OID) plan.Props {
	p := plan.Props{AppendOnly: appendOnly, Watermark: -1}
	for _, t := range types {
		p.Fields = append(p.Fields, plan.Field{Name: "c", Type: sqltype.Of(t)})
	}
	return p
}

func typesOf(n plan.Node) []sqltype.OID {
	var types []sqltype.OID
	for _, f := range n.Props().Fields {
		types = append(types, f.Type.OID)
	}
	return types
}

// Col is column i of n.
func Col(n plan.Node, i int) *plan.Column {
	return &plan.Column{Index: i, T: n.Props().Fields[i].Type}
}

// Int is an int8 constant.
func Int(v int64) *plan.Const {
	return &plan.Const{T: sqltype.Of(sqltype.Int8), Value: delta.Const(sqltype.Int8, v, 1)}
}

// Call applies the function with this pg_proc OID.
func Call(f plan.FuncID, result sqltype.OID, args ...plan.Expr) *plan.Call {
	return &plan.Call{Func: f, Args: args, T: sqltype.Of(result), Pos: -1}
}

// Filter is a filter.
func Filter(in plan.Node, cond plan.Expr) plan.Node {
	return &plan.Filter{P: props(in.Props().AppendOnly, typesOf(in)...), Input: in, Cond: cond}
}

// Project computes expressions.
func Project(in plan.Node, exprs ...plan.Expr) plan.Node {
	var types []sqltype.OID
	for _, e := range exprs {
		types = append(types, e.Type().OID)
	}
	return &plan.Project{P: props(in.Props().AppendOnly, types...), Input: in, Exprs: exprs}
}

// Hop puts rows into windows by column c.
func Hop(in plan.Node, c int, slide, size time.Duration) plan.Node {
	p := props(in.Props().AppendOnly, append(typesOf(in), typesOf(in)[c])...)
	copy(p.Fields, in.Props().Fields)
	return &plan.Hop{P: p, Input: in, Time: Col(in, c), Slide: slide, Size: size}
}

// Join is an inner join, a cross join without keys.
func Join(l, r plan.Node, lk, rk []int, residual plan.Expr) plan.Node {
	p := props(l.Props().AppendOnly && r.Props().AppendOnly, append(typesOf(l), typesOf(r)...)...)
	return &plan.Join{P: p, Left: l, Right: r, LeftKeys: lk, RightKeys: rk, Residual: residual}
}

// JoinOf is a join of another kind.
func JoinOf(kind plan.JoinKind, l, r plan.Node, lk, rk []int, residual plan.Expr) plan.Node {
	n := plan.NewJoin(kind, l, r, residual, "mark")
	n.LeftKeys, n.RightKeys = lk, rk
	n.P.AppendOnly = l.Props().AppendOnly && r.Props().AppendOnly && (kind == plan.JoinInner || kind == plan.JoinSemi)
	return n
}

// SingleJoin gives each row of r the one row of l that it meets.
func SingleJoin(l, r plan.Node, lk, rk []int) plan.Node {
	n := JoinOf(plan.JoinRight, l, r, lk, rk, nil).(*plan.Join)
	n.Single = true
	return n
}

// NullSafe lets NULL equal NULL in a join's keys.
func NullSafe(n plan.Node) plan.Node {
	c := *n.(*plan.Join)
	c.NullSafe = make([]bool, len(c.LeftKeys))
	for i := range c.NullSafe {
		c.NullSafe[i] = true
	}
	return &c
}

// Agg is a call of the aggregate with this name and these argument types.
func Agg(name string, result sqltype.OID, args ...plan.Expr) plan.Aggregate {
	for _, f := range builtin.Aggregates(name) {
		same := slices.EqualFunc(f.Args, args, func(t sqltype.OID, e plan.Expr) bool {
			switch elem := e.Type().OID.Elem(); t {
			case sqltype.Any, sqltype.AnyElement:
				return true
			case sqltype.AnyArray:
				return elem != sqltype.Invalid
			case anyNonArray:
				return elem == sqltype.Invalid
			}
			return t == e.Type().OID
		})
		if same {
			return plan.Aggregate{Func: plan.FuncID(f.OID), Args: args, T: sqltype.Of(result)}
		}
	}
	panic("exectest: no aggregate " + name + " of these types")
}

// Distinct makes an aggregate's argument distinct.
func Distinct(a plan.Aggregate) plan.Aggregate {
	a.Distinct = true
	return a
}

// InOrder gives an aggregate its rows in an order.
func InOrder(a plan.Aggregate, keys ...plan.SortKey) plan.Aggregate {
	a.Order = keys
	return a
}

// Where gives an aggregate a FILTER.
func Where(a plan.Aggregate, cond plan.Expr) plan.Aggregate {
	a.Filter = cond
	return a
}

// GroupBy aggregates.
func GroupBy(in plan.Node, keys []int, aggs ...plan.Aggregate) plan.Node {
	var types []sqltype.OID
	for _, k := range keys {
		types = append(types, typesOf(in)[k])
	}
	for _, a := range aggs {
		types = append(types, a.T.OID)
	}
	return &plan.GroupBy{P: props(false, types...), Input: in, Keys: keys, Aggs: aggs}
}

// OnClose makes a GroupBy emit when windows close: key is the position of the window's start
// among the keys, at the time column of the input, whose last column is the watermark. Windows
// slide by slide and stay open for lateness after their end.
func OnClose(n plan.Node, key int, size, slide, lateness time.Duration, at int) plan.Node {
	g := *n.(*plan.GroupBy)
	g.P.AppendOnly = g.Input.Props().AppendOnly
	before := slices.IndexFunc(g.Input.Props().Fields, func(f plan.Field) bool { return f.Name == watermarkName })
	g.OnClose = &plan.WindowClose{Key: key, Size: size, Slide: slide, Whole: size, Lateness: lateness, Time: at, Before: before}
	return &g
}

// Unique is DISTINCT.
func Unique(in plan.Node) plan.Node {
	return &plan.Distinct{P: props(false, typesOf(in)...), Input: in}
}

// Sort sorts.
func Sort(in plan.Node, keys ...plan.SortKey) plan.Node {
	return &plan.Sort{P: props(in.Props().AppendOnly, typesOf(in)...), Input: in, Keys: keys}
}

// Top is ORDER BY keys LIMIT count OFFSET offset; a negative count is no limit.
func Top(in plan.Node, count, offset int64, keys ...plan.SortKey) plan.Node {
	n := &plan.TopN{P: props(false, typesOf(in)...), Input: in, Keys: keys}
	if count >= 0 {
		n.Count = Int(count)
	}
	if offset > 0 {
		n.Offset = Int(offset)
	}
	return n
}

// TopOf is Top for each group of rows that are equal in columns groups, or of all; with rows that tie
// with the last.
func TopOf(in plan.Node, groups []int, count, offset int64, ties bool, keys ...plan.SortKey) plan.Node {
	n := Top(in, count, offset, keys...).(*plan.TopN)
	n.Groups, n.Ties = groups, ties
	return n
}

// Union is UNION ALL.
func Union(ins ...plan.Node) plan.Node {
	only := true
	for _, in := range ins {
		only = only && in.Props().AppendOnly
	}
	return &plan.UnionAll{P: props(only, typesOf(ins[0])...), Ins: ins}
}

// SetOp is INTERSECT or EXCEPT of two nodes with the same types.
func SetOp(kind plan.SetOpKind, all bool, l, r plan.Node) plan.Node {
	return plan.NewSetOp(kind, all, l, r, props(false, typesOf(l)...).Fields)
}

// Window is a call of the window function or aggregate with this name and these argument types.
func Window(name string, result sqltype.OID, args ...plan.Expr) plan.WindowFunc {
	for _, f := range builtin.FuncsByName(name) {
		same := slices.EqualFunc(f.Args, args, func(t sqltype.OID, e plan.Expr) bool {
			return t == e.Type().OID || t == sqltype.Any || t == sqltype.AnyElement || t == anyCompatible
		})
		if same && (f.Kind == builtin.KindWindow || f.Kind == builtin.KindAggregate) {
			return plan.WindowFunc{Func: plan.FuncID(f.OID), Args: args, T: sqltype.Of(result)}
		}
	}
	panic("exectest: no window function " + name + " of these types")
}

const (
	anyNonArray   sqltype.OID = 2776
	anyCompatible sqltype.OID = 5077
)

// Framed gives a window function a frame.
func Framed(w plan.WindowFunc, f plan.Frame) plan.WindowFunc {
	w.Frame = f
	return w
}

// Over computes window functions.
func Over(in plan.Node, partition []int, order []plan.SortKey, funcs ...plan.WindowFunc) plan.Node {
	return plan.NewOver(in, partition, order, funcs, make([]string, len(funcs)))
}

// Session puts rows into sessions by column at, among those equal in the columns partition.
func Session(in plan.Node, partition []int, at int, gap time.Duration) *plan.SessionWindow {
	return plan.NewSessionWindow(in, partition, at, gap)
}

// ClosedSession gives rows out when their session is closed; the input's last column is the watermark.
func ClosedSession(in plan.Node, partition []int, at int, gap, lateness time.Duration) plan.Node {
	n := Session(in, partition, at, gap)
	before := slices.IndexFunc(in.Props().Fields, func(f plan.Field) bool { return f.Name == watermarkName })
	n.OnClose = &plan.WindowClose{Time: at, Before: before, Lateness: lateness}
	plan.Derive(n)
	n.P.AppendOnly = in.Props().AppendOnly
	return n
}
