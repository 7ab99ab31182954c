package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// Returning is a bound RETURNING clause: columns of a statement's source behind those that the
// statement writes. Fields is nil without one.
type Returning struct {
	Fields []plan.Field
	At     int // of the first one in the source's row
}

// End is where its columns end.
func (r Returning) End() int { return r.At + len(r.Fields) }

// returning puts the expressions of a RETURNING list behind the row of node, which the level's
// scope describes.
func (b *binder) returning(list []*pg.Node, node plan.Node) (plan.Node, Returning, error) {
	width := len(node.Props().Fields)
	if len(list) == 0 {
		return node, Returning{At: width}, nil
	}
	targets, err := b.targetListAt(list, inReturning)
	if err != nil {
		return nil, Returning{}, err
	}
	exprs := make([]plan.Expr, len(targets))
	for i, t := range targets {
		exprs[i] = t.expr
	}
	if exprs, err = b.resolveUnknowns(exprs); err != nil {
		return nil, Returning{}, err
	}
	fields := node.Props().Fields
	p := keepColumns(node, width)
	out := Returning{At: width}
	for i, e := range exprs {
		f := plan.Field{Name: targets[i].name, Type: e.Type()}
		if col, ok := e.(*plan.Column); ok && col.Index < len(fields) {
			f.Relation, f.Attnum = fields[col.Index].Relation, fields[col.Index].Attnum
		}
		out.Fields = append(out.Fields, f)
		p.Exprs = append(p.Exprs, e)
		p.P.Fields = append(p.P.Fields, f)
	}
	plan.Derive(p)
	return p, out, nil
}

// keepColumns begins a Project with the first columns of node as they are.
func keepColumns(node plan.Node, width int) *plan.Project {
	p := &plan.Project{Input: node}
	for i, f := range node.Props().Fields[:width] {
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		p.P.Fields = append(p.P.Fields, f)
	}
	return p
}

// itemOver names the columns of a relation that stand in a row from position at on.
func itemOver(rel *catalog.Relation, name string, at int) *item {
	it := &item{name: name, byName: true, byColumn: true, rel: rel, pos: -1}
	for i, c := range rel.Columns {
		it.columns = append(it.columns, column{
			name: c.Name, typ: c.Type, index: at + i, rel: plan.RelationID(rel.OID), attnum: int16(i + 1), hidden: c.Dropped, dropped: c.Dropped,
		})
	}
	return it
}

// asTarget names the row of the relation that a statement writes, a table or the view over it: by its alias, or by its name and schema.
func (it *item) asTarget(n *pg.RangeVar, rel *catalog.Relation, view *viewTarget) {
	if view != nil {
		rel = view.rel
	}
	it.name, it.schema = rel.Name, rel.Schema
	if n.Alias != nil {
		it.name, it.schema = n.Alias.Aliasname, ""
	}
}

// shift has the visible columns of an item be those from position at on.
func (it *item) shift(at int) {
	for i := range it.columns {
		if it.columns[i].hidden && !it.columns[i].dropped {
			it.columns = it.columns[:i]
			return
		}
		it.columns[i].index = at + i
	}
}
