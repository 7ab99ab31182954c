package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// domain is the different arguments that a query is asked with. It is joined in where the query first
// speaks of them, and its columns go up beside the rows from there on (Neumann and Kemper, Unnesting
// Arbitrary Queries).
type domain struct {
	u    *unnesting
	node plan.Node
	args []plan.Expr
	// working, in a recursive term, is the columns of its rows of the round before, which have the domain's with them.
	working []plan.Field
}

func (d *domain) width() int { return len(d.node.Props().Fields) }

// domainOf is the domain of the arguments of p over the rows of in; args are what its columns are there.
func (u *unnesting) domainOf(in, p plan.Node, args []plan.Expr) *domain {
	// Of arguments that are equal but look different each look is an argument of its own.
	all := slices.Clone(args)
	for _, a := range args {
		if !sqltype.OpsOf(a.Type().OID).OneImage {
			all = append(all, &plan.CoerceIO{Arg: a, T: sqltype.Of(sqltype.Text), Pos: -1})
		}
	}
	fields := make([]plan.Field, len(all))
	for i, a := range all {
		fields[i] = plan.Field{Name: plan.FormatExpr(a), Type: a.Type()}
		if _, ok := builtin.EqualityOf(a.Type().OID); !ok {
			u.refuse("a subquery that refers to a value without equality")
		}
	}
	if u.size(in)*u.size(p) > maxDependent {
		u.refuseLarge()
	}
	if u.refused != nil {
		return &domain{u: u, node: hollow(fields), args: all}
	}
	unique := &plan.Distinct{Input: plan.NewProject(in, all, fields)}
	unique.P.Fields = fields
	plan.Derive(unique)
	return &domain{u: u, node: unique, args: all}
}

// dependent makes a query stand by itself with the domain of its arguments.
func (u *unnesting) dependent(in, p plan.Node, args []plan.Expr) related {
	d := u.domainOf(in, p, args)
	node := d.beside(p)
	return related{node, d.conditions(node, len(p.Props().Fields))}
}

// conditions join n, with the domain's columns from first on, with the rows around, behind its own.
func (d *domain) conditions(n plan.Node, first int) []plan.Expr {
	fields := n.Props().Fields
	out := make([]plan.Expr, len(d.args))
	for i, a := range d.args {
		out[i] = equalTo(plan.ColumnOf(fields, first+i), plan.MapColumns(a, func(c int) int { return c + len(fields) }))
	}
	return out
}

// at is e with arguments as the columns from first on.
func (d *domain) at(e plan.Expr, first int) plan.Expr {
	if e == nil {
		return nil
	}
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		o, ok := e.(*plan.Outer)
		if !ok {
			return nil, false
		}
		return &plan.Column{Index: first + o.Index, T: o.T, Name: o.Name}, true
	})
}

// beside is n with the columns of the domain behind its own: for each argument the rows that n gives.
func (d *domain) beside(n plan.Node) plan.Node {
	if !d.speaks(n) {
		return plan.NewJoin(plan.JoinInner, n, d.node, nil, "")
	}
	switch n := n.(type) {
	case *plan.Filter:
		in := d.beside(n.Input)
		return plan.NewFilter(in, plan.Conjuncts(d.at(n.Cond, len(n.P.Fields))))
	case *plan.Project:
		return d.project(n)
	case *plan.Join:
		return d.join(n)
	case *plan.GroupBy:
		if n.OnClose == nil {
			return d.group(n)
		}
	case *plan.Distinct:
		c := &plan.Distinct{Input: d.beside(n.Input)}
		c.P.Fields = c.Input.Props().Fields
		plan.Derive(c)
		return c
	case *plan.Sort:
		return d.beside(n.Input)
	case *plan.TopN:
		return d.top(n)
	case *plan.UnionAll:
		c := &plan.UnionAll{}
		for _, in := range n.Ins {
			c.Ins = append(c.Ins, d.beside(in))
		}
		c.P.Fields = append(slices.Clone(n.P.Fields), d.node.Props().Fields...)
		plan.Derive(c)
		return c
	case *plan.Values:
		return d.values(n)
	case *plan.Recursive:
		return d.recursive(n)
	case *plan.Working:
		return plan.NewWorking(d.working)
	case *plan.SetOp:
		return d.setOp(n)
	case *plan.Over:
		return d.over(n)
	case *plan.SessionWindow:
		if n.OnClose == nil {
			return d.session(n)
		}
	case *plan.Expand:
		width := len(n.Input.Props().Fields)
		c := plan.WithInputs(n, []plan.Node{d.beside(n.Input)})
		return d.moved(c, n.P.Fields, func(i int) int { return d.behind(i, width) }, width)
	case *plan.ProjectSet:
		width := len(n.Input.Props().Fields)
		c := plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr { return d.at(e, width) })
		c = plan.WithInputs(c, []plan.Node{d.beside(n.Input)})
		return d.moved(c, n.P.Fields, func(i int) int { return d.behind(i, width) }, width)
	case *plan.Hop:
		in := d.beside(n.Input)
		width := len(n.Input.Props().Fields)
		c := *n
		c.Input, c.Time = in, d.at(n.Time, width)
		c.P.Fields = append(slices.Clone(in.Props().Fields), n.P.Fields[width])
		plan.Derive(&c)
		return d.moved(&c, n.P.Fields, func(i int) int {
			if i == width {
				return width + d.width()
			}
			return i
		}, width)
	}
	d.u.refuse("this subquery that refers to columns of the query around it")
	return plan.NewJoin(plan.JoinInner, n, d.node, nil, "")
}

// speaks: n is other for other arguments, by its expressions or by the rows of the round before.
func (d *domain) speaks(n plan.Node) bool {
	return hasOuter(n) || d.working != nil && readsWorking(n)
}

// readsWorking: n reads the rows of the round before of the recursive term that it is in, not of one inside it.
func readsWorking(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Working:
		return true
	case *plan.Recursive:
		return readsWorking(n.Ins[0])
	}
	return slices.ContainsFunc(n.Inputs(), readsWorking)
}

// recursive goes on for all arguments at once: a row of a round knows which ones it is of.
func (d *domain) recursive(n *plan.Recursive) plan.Node {
	fields := append(slices.Clone(n.P.Fields), d.node.Props().Fields...)
	in := *d
	in.working = fields
	return plan.NewRecursive(d.beside(n.Ins[0]), in.beside(n.Ins[1]), fields, n.Distinct)
}

// behind is column i of a row into which the domain's columns came at first.
func (d *domain) behind(i, first int) int {
	if i >= first {
		return i + d.width()
	}
	return i
}

// over computes windows for each argument.
func (d *domain) over(n *plan.Over) plan.Node {
	width := len(n.Input.Props().Fields)
	c := plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr { return d.at(e, width) }).(*plan.Over)
	names := make([]string, len(n.Funcs))
	for i := range names {
		names[i] = n.P.Fields[width+i].Name
	}
	partition := slices.Clone(n.Partition)
	for i := range d.width() {
		partition = append(partition, width+i)
	}
	made := plan.NewOver(d.beside(n.Input), partition, c.Order, c.Funcs, names)
	return d.moved(made, n.P.Fields, func(i int) int { return d.behind(i, width) }, width)
}

// session makes sessions for each argument.
func (d *domain) session(n *plan.SessionWindow) plan.Node {
	width := len(n.Input.Props().Fields)
	partition := slices.Clone(n.Partition)
	for i := range d.width() {
		partition = append(partition, width+i)
	}
	made := plan.NewSessionWindow(d.beside(n.Input), partition, n.Time, n.Gap)
	return d.moved(made, n.P.Fields, func(i int) int { return d.behind(i, width) }, width)
}

// moved gives fields, the i-th at column at(i) of n, then the domain's columns from first on.
func (d *domain) moved(n plan.Node, fields []plan.Field, at func(int) int, first int) plan.Node {
	width := len(fields)
	all := append(slices.Clone(fields), d.node.Props().Fields...)
	return reordered(n, all, func(i int) int {
		if i < width {
			return at(i)
		}
		return first + i - width
	})
}

func (d *domain) project(n *plan.Project) plan.Node {
	in := d.beside(n.Input)
	width := len(n.Input.Props().Fields)
	fields := in.Props().Fields
	exprs, out := make([]plan.Expr, 0, len(n.Exprs)+d.width()), slices.Clone(n.P.Fields)
	for _, e := range n.Exprs {
		exprs = append(exprs, d.at(e, width))
	}
	for i := width; i < len(fields); i++ {
		exprs, out = append(exprs, plan.ColumnOf(fields, i)), append(out, fields[i])
	}
	return plan.NewProject(in, exprs, out)
}

// join: a side of which all rows are there has the domain; where both have it they join for equal arguments.
func (d *domain) join(n *plan.Join) plan.Node {
	cond := joinCondition(n)
	wasLeft, wasRight := len(n.Left.Props().Fields), len(n.Right.Props().Fields)
	onLeft := d.speaks(n.Left) || n.Kind == plan.JoinLeft || n.Kind == plan.JoinFull
	onRight := d.speaks(n.Right) || n.Kind != plan.JoinInner && n.Kind != plan.JoinLeft
	if !onLeft && !onRight {
		onRight = true // only the condition has arguments
	}
	left, right := n.Left, n.Right
	if onLeft {
		left = d.beside(left)
	}
	if onRight {
		right = d.beside(right)
	}
	isLeft := len(left.Props().Fields)
	first := isLeft + wasRight // of the domain's columns on the right
	if !onRight {
		first = wasLeft
	}
	var conds []plan.Expr
	if cond != nil {
		cond = plan.MapColumns(cond, func(i int) int {
			if i >= wasLeft {
				return i - wasLeft + isLeft
			}
			return i
		})
		conds = plan.Conjuncts(d.at(cond, first))
	}
	if onLeft && onRight {
		for i, f := range d.node.Props().Fields {
			conds = append(conds, equalTo(
				&plan.Column{Index: wasLeft + i, T: f.Type, Name: f.Name}, &plan.Column{Index: isLeft + wasRight + i, T: f.Type, Name: f.Name}))
		}
	}
	j := plan.NewJoin(n.Kind, left, right, conjunction(conds), n.MarkName())
	j.Single = n.Single
	plan.Derive(j)
	if !n.Kind.Pairs() {
		return d.moved(j, n.P.Fields, func(i int) int {
			if i == wasRight {
				return len(right.Props().Fields) // the mark
			}
			return i
		}, wasRight)
	}
	if n.Kind == plan.JoinFull {
		return d.fullJoin(n, j, wasLeft, isLeft)
	}
	if n.Kind == plan.JoinLeft { // the other side's arguments are NULL where it has no row
		first = wasLeft
	}
	return d.moved(j, n.P.Fields, func(i int) int {
		if i >= wasLeft {
			return i - wasLeft + isLeft
		}
		return i
	}, first)
}

// fullJoin: the arguments are those of the side that is there.
func (d *domain) fullJoin(n, j *plan.Join, wasLeft, isLeft int) plan.Node {
	fields := j.Props().Fields
	var exprs []plan.Expr
	for i := range n.P.Fields {
		if i >= wasLeft {
			i += isLeft - wasLeft
		}
		exprs = append(exprs, plan.ColumnOf(fields, i))
	}
	first := isLeft + len(n.Right.Props().Fields)
	for i, f := range d.node.Props().Fields {
		exprs = append(exprs, &plan.Coalesce{Args: []plan.Expr{plan.ColumnOf(fields, wasLeft+i), plan.ColumnOf(fields, first+i)}, T: f.Type})
	}
	return plan.NewProject(j, exprs, append(slices.Clone(n.P.Fields), d.node.Props().Fields...))
}

// group groups for each argument. Without keys there is a group also for an argument without rows.
func (d *domain) group(n *plan.GroupBy) plan.Node {
	made, first := d.grouped(n)
	if len(n.Keys) > 0 {
		return made
	}
	var conds []plan.Expr
	wide := len(made.Props().Fields)
	for i, f := range d.node.Props().Fields {
		conds = append(conds, equalTo(plan.ColumnOf(made.Props().Fields, first+i), &plan.Column{Index: wide + i, T: f.Type, Name: f.Name}))
	}
	j := plan.NewJoin(plan.JoinRight, made, d.node, conjunction(conds), "")
	exprs := ofNoRows(n, j, 0)
	for i := range d.width() {
		exprs = append(exprs, plan.ColumnOf(j.Props().Fields, wide+i))
	}
	return plan.NewProject(j, exprs, append(slices.Clone(n.P.Fields), d.node.Props().Fields...))
}

// grouped is the groups that there are for each argument, with the domain's columns from first on.
func (d *domain) grouped(n *plan.GroupBy) (made plan.Node, first int) {
	in := d.beside(n.Input)
	width := len(n.Input.Props().Fields)
	g := plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr { return d.at(e, width) }).(*plan.GroupBy)
	args := make([]plan.Expr, d.width())
	for i := range args {
		args[i] = plan.ColumnOf(in.Props().Fields, width+i)
	}
	return groupedBy(g, in, args)
}

// ofNoRows is the aggregates of a grouping without keys, columns of n from first on that are NULL where
// there is no group: what they are of no rows.
func ofNoRows(g *plan.GroupBy, n plan.Node, first int) []plan.Expr {
	var out []plan.Expr
	for i := range g.Aggs {
		c := plan.ColumnOf(n.Props().Fields, first+i)
		f := builtin.FuncByOID(uint32(g.Aggs[i].Func))
		switch {
		case f == nil:
			out = append(out, c)
		case f.Name == "count" || f.Name == "regr_count":
			out = append(out, &plan.Coalesce{Args: []plan.Expr{c, integerConst(sqltype.Int8, 0)}, T: c.T})
		case f.AggKind == 'h':
			out = append(out, &plan.Coalesce{Args: []plan.Expr{c, alone(f)}, T: c.T})
		default:
			out = append(out, c)
		}
	}
	return out
}

// alone is what a hypothetical-set aggregate gives a row that has no others beside it.
func alone(f *builtin.Func) plan.Expr {
	switch f.Name {
	case "percent_rank":
		return floatConst(0)
	case "cume_dist":
		return floatConst(1)
	}
	return integerConst(sqltype.Int8, 1)
}

func floatConst(v float64) plan.Expr {
	return &plan.Const{T: sqltype.Of(sqltype.Float8), Value: delta.Const(sqltype.Float8, v, 1)}
}

func (d *domain) top(n *plan.TopN) plan.Node {
	input, keys := n.Input, n.Keys
	if s, ok := input.(*plan.Sort); ok && len(keys) == 0 {
		input, keys = s.Input, s.Keys
	}
	width := len(input.Props().Fields)
	c := &plan.TopN{Input: d.beside(input), Count: n.Count, Offset: n.Offset, Ties: n.Ties}
	for _, k := range keys {
		k.Expr = d.at(k.Expr, width)
		c.Keys = append(c.Keys, k)
	}
	c.Groups = slices.Clone(n.Groups)
	for i := range d.width() {
		c.Groups = append(c.Groups, width+i)
	}
	c.P.Fields = c.Input.Props().Fields
	plan.Derive(c)
	return c
}

func (d *domain) values(n *plan.Values) plan.Node {
	all := &plan.UnionAll{}
	fields := d.node.Props().Fields
	all.P.Fields = append(slices.Clone(n.P.Fields), fields...)
	for _, row := range n.Rows {
		exprs := make([]plan.Expr, 0, len(row)+len(fields))
		for _, e := range row {
			exprs = append(exprs, d.at(e, 0))
		}
		for i := range fields {
			exprs = append(exprs, plan.ColumnOf(fields, i))
		}
		all.Ins = append(all.Ins, plan.NewProject(d.node, exprs, all.P.Fields))
	}
	if len(all.Ins) == 1 {
		return all.Ins[0]
	}
	plan.Derive(all)
	return all
}

// setOp counts rows for each argument; the counts stay behind all.
func (d *domain) setOp(n *plan.SetOp) plan.Node {
	in := d.beside(n.Input)
	fields, width := in.Props().Fields, len(n.P.Fields)
	order := make([]int, 0, len(fields))
	for i := range fields {
		if i != width && i != width+1 {
			order = append(order, i)
		}
	}
	order = append(order, width, width+1)
	out := make([]plan.Field, len(order))
	for i, from := range order {
		out[i] = fields[from]
	}
	c := *n
	c.Input = reordered(in, out, func(i int) int { return order[i] })
	c.P.Fields = append(slices.Clone(n.P.Fields), d.node.Props().Fields...)
	plan.Derive(&c)
	return &c
}
