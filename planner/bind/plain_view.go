package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// maxViewReads bounds how often one statement reads plain views, those that they read themselves included: each time is
// planned anew, so that a few views which read the one before twice would fill the memory.
const maxViewReads = 4096

// PlainView binds a CREATE VIEW: the relation has everything but its OID, and the settings that its query is bound under.
func PlainView(s *parse.CreateView, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	o.NoParams, o.Rows = true, nil // who reads it sees what its rows are
	b := newBinder(cat, o)
	if s.Query.Emit != parse.EmitNone {
		return nil, sqlerr.New(sqlerr.SyntaxError, "EMIT is not allowed in a view").At(s.Query.EmitAt).
			WithHint("CREATE MATERIALIZED VIEW keeps its result up to date.")
	}
	root, err := b.query(s.Query)
	if err != nil {
		return nil, err
	}
	q, err := b.finish(root)
	if err != nil {
		return nil, err
	}
	schema, err := b.placed(parse.Name{Schema: s.Name.Schema, Name: s.Name.Name, Pos: -1}, s.Temporary || readsTemporary(q, cat))
	if err != nil {
		return nil, err
	}
	rel := &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindPlainView, TimestampColumn: -1, Query: s.Query.Text}
	if rel.Columns, err = definedColumns(q, s.ColumnNames); err != nil {
		return nil, err
	}
	dependOn(rel, q, cat)
	if err := ViewOptions(rel, s.Options, false); err != nil {
		return nil, err
	}
	return rel, nil
}

// plainView binds the query of a view where its name stands, under the settings of who made it; its names mean what they meant then.
func (b *binder) plainView(n *pg.RangeVar, rel *catalog.Relation) (*source, error) {
	if b.viewReads++; b.viewReads > maxViewReads {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").At(n.Location).
			WithDetail("Views are read more than %d times, those that they read themselves included.", maxViewReads)
	}
	query, err := viewQuery(rel)
	if err != nil {
		return nil, err
	}
	b.uses(plan.RelationID(rel.OID))
	var node plan.Node
	err = b.inView(rel, func() (err error) {
		node, err = b.subquery(query)
		return err
	})
	if err != nil {
		return nil, inView(err, rel, n.Location)
	}
	fields := visible(node)
	same := slices.EqualFunc(fields, rel.Columns, func(f plan.Field, c catalog.Column) bool { return f.Type.OID == c.Type.OID })
	if !same {
		return nil, sqlerr.New(sqlerr.InvalidObjectDefinition, "view \"%s\" has other columns than when it was created", rel.Name).At(n.Location).
			WithHint("DROP VIEW and create it again.")
	}
	return viewSource(n, rel, asColumns(node, rel))
}

// viewSource is a view in FROM, whose query node is: of a user's view and of the system's alike.
func viewSource(n *pg.RangeVar, rel *catalog.Relation, node plan.Node) (*source, error) {
	it := itemOverNode(node)
	it.name, it.schema, it.byName, it.pos = rel.Name, rel.Schema, true, n.Location
	for i := range rel.Columns {
		if rel.Columns[i].Dropped { // it came when the query that names the view was there
			it.columns[i].hidden, it.columns[i].dropped = true, true
		}
	}
	if n.Alias != nil {
		it.name, it.schema = n.Alias.Aliasname, ""
		if err := rename(it, n.Alias, len(rel.Columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}

// asColumns gives the fields of a query the names of a view's columns, and tells clients that they are its.
func asColumns(node plan.Node, rel *catalog.Relation) plan.Node {
	p := &plan.Project{Input: node}
	for i, f := range node.Props().Fields {
		p.Exprs = append(p.Exprs, &plan.Column{Index: i, T: f.Type, Name: f.Name})
		if i < len(rel.Columns) { // behind them a watermark that is carried along
			f.Name, f.Relation, f.Attnum = rel.Columns[i].Name, plan.RelationID(rel.OID), int16(i+1)
		}
		p.P.Fields = append(p.P.Fields, f)
	}
	plan.Derive(p)
	return p
}

// inView says of an error in a view's text where it is; its place is not one of the statement.
func inView(err error, rel *catalog.Relation, at int32) error {
	e, ok := err.(*sqlerr.Error)
	if !ok || e.Code == sqlerr.StatementTooComplex {
		return err
	}
	placed := *e
	placed.Location = 0
	return placed.At(at)
}
