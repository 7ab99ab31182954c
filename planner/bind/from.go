package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// source is a piece of FROM: a node and the names of its row.
type source struct {
	node   plan.Node
	items  []*item
	hidden []string // names that an alias of a join covers
}

func newSource(node plan.Node, it *item) *source { return &source{node: node, items: []*item{it}} }

// bindFrom binds a FROM clause into the level's scope; without one there is a single row of no
// columns.
func (b *binder) bindFrom(nodes []*pg.Node) error {
	var all *source
	for _, n := range nodes {
		var err error
		if all, err = b.fromNext(all, n); err != nil {
			return err
		}
	}
	if all == nil {
		all = &source{node: oneRow()}
	}
	b.lv.scope = scope{items: all.items, node: all.node, hidden: all.hidden}
	return nil
}

// fromNext joins one more item of FROM to those before it, nil for none.
func (b *binder) fromNext(left *source, n *pg.Node) (*source, error) {
	s, args, err := b.fromBeside(n, left)
	if err != nil || left == nil {
		return s, err
	}
	all, err := b.cross(left, s)
	if err == nil && len(args) > 0 {
		all.node = plan.NewApply(plan.JoinInner, left.node, s.node, args, nil)
	}
	return all, err
}

// fromBeside binds an item of FROM that stands to the right of others: what is LATERAL in it sees them.
// args are the columns of the left that it refers to.
func (b *binder) fromBeside(n *pg.Node, left *source) (s *source, args []plan.Expr, err error) {
	if left == nil || !hasLateral(n) {
		s, err = b.fromItem(n)
		return s, nil, err
	}
	old := b.lv.scope
	b.lv.scope = scope{items: left.items, node: left.node}
	defer func() { b.lv.scope = old }()
	args, err = b.inner(func() (err error) {
		s, err = b.fromItem(n)
		return err
	})
	return s, args, err
}

func hasLateral(n *pg.Node) bool {
	if j := n.GetJoinExpr(); j != nil {
		return hasLateral(j.Larg) || hasLateral(j.Rarg)
	}
	if f := n.GetRangeFunction(); f != nil {
		return !overRelation(f)
	}
	return n.GetRangeSubselect().GetLateral()
}

func oneRow() plan.Node {
	n := &plan.Values{Rows: [][]plan.Expr{{}}}
	plan.Derive(n)
	return n
}

func (b *binder) fromItem(n *pg.Node) (*source, error) {
	switch n := n.GetNode().(type) {
	case *pg.Node_RangeVar:
		return b.rangeVar(n.RangeVar)
	case *pg.Node_RangeSubselect:
		return b.derivedTable(n.RangeSubselect)
	case *pg.Node_JoinExpr:
		return b.join(n.JoinExpr)
	case *pg.Node_RangeFunction:
		return b.rangeFunction(n.RangeFunction)
	case *pg.Node_RangeTableSample:
		return nil, unsupportedSample(n.RangeTableSample)
	}
	return nil, unsupported("this form of FROM")
}

// derivedTable binds (SELECT …) AS t (a, b).
func (b *binder) derivedTable(n *pg.RangeSubselect) (*source, error) {
	node, err := b.subquery(n.Subquery.GetSelectStmt())
	if err != nil {
		return nil, err
	}
	it := itemOverNode(node)
	if n.Alias != nil {
		it.name, it.byName = n.Alias.Aliasname, true
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}

// itemOverNode names the visible fields of a node.
func itemOverNode(node plan.Node) *item {
	it := &item{byColumn: true, pos: -1}
	for i, f := range node.Props().Fields {
		it.columns = append(it.columns, column{name: f.Name, typ: f.Type, index: i, hidden: f.Name == hiddenField || f.Name == watermarkField, rel: f.Relation, attnum: f.Attnum})
	}
	return it
}

// rename applies the column aliases of AS t (a, b); limit is how many columns may be named.
func rename(it *item, a *pg.Alias, limit int) error {
	at := 0
	for i, n := range a.Colnames {
		for at < limit && it.columns[at].dropped {
			at++
		}
		if at >= limit || it.columns[at].hidden {
			return sqlerr.New(sqlerr.InvalidColumnReference, "table \"%s\" has %d columns available but %d columns specified",
				it.name, i, len(a.Colnames))
		}
		it.columns[at].name = n.GetString_().GetSval()
		at++
	}
	return nil
}

// subquery binds a query with a scope of its own; its result has no hidden columns but the
// carried watermark.
func (b *binder) subquery(s *pg.SelectStmt) (plan.Node, error) {
	node, err := b.selectStmt(s, nil)
	if err != nil {
		return nil, err
	}
	return stripHidden(node), nil
}

// stripHidden drops the sort keys behind the visible columns; a watermark that is carried
// along stays.
func stripHidden(node plan.Node) plan.Node {
	fields := node.Props().Fields
	hidden := false
	p := &plan.Project{Input: node}
	for i, f := range fields {
		if f.Name == hiddenField {
			hidden = true
			continue
		}
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		p.P.Fields = append(p.P.Fields, f)
	}
	if !hidden {
		return node
	}
	plan.Derive(p)
	return p
}

// cross joins two sources without a condition.
func (b *binder) cross(l, r *source) (*source, error) {
	for _, it := range r.items {
		if err := l.nameFree(it); err != nil {
			return nil, err
		}
	}
	width := len(l.node.Props().Fields)
	for _, it := range r.items {
		for i := range it.columns {
			it.columns[i].shift(width)
		}
	}
	j := &plan.Join{Left: l.node, Right: r.node}
	j.P.Fields = append(append([]plan.Field(nil), l.node.Props().Fields...), r.node.Props().Fields...)
	plan.Derive(j)
	return &source{
		node: j, items: append(append([]*item(nil), l.items...), r.items...),
		hidden: append(append([]string(nil), l.hidden...), r.hidden...),
	}, nil
}

// nameFree refuses an item that is called as one that is there.
func (s *source) nameFree(it *item) error {
	for _, other := range s.items {
		if it.name != "" && it.byName && other.byName && other.name == it.name && (other.schema == it.schema || other.schema == "" || it.schema == "") {
			return sqlerr.New(sqlerr.DuplicateAlias, "table name \"%s\" specified more than once", it.name)
		}
	}
	return nil
}

func filter(in plan.Node, cond plan.Expr) plan.Node {
	f := &plan.Filter{Input: in, Cond: cond}
	f.P.Fields = in.Props().Fields
	plan.Derive(f)
	return f
}
