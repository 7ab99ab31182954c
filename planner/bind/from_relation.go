package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// cte is one WITH query; it is bound anew wherever it is named.
type cte struct {
	name    string
	query   *pg.SelectStmt
	columns []*pg.Node
	visible map[string]*cte // the WITH queries before it
}

// rangeVar binds the name of a relation or of a WITH query.
func (b *binder) rangeVar(n *pg.RangeVar) (*source, error) {
	if n.Schemaname == "" {
		for lv := b.lv; lv != nil; lv = lv.parent {
			if c := lv.ctes[n.Relname]; c != nil {
				return b.cteScan(n, c, lv)
			}
		}
	}
	rel, err := b.relation(n)
	if err != nil {
		return nil, err
	}
	if !rel.Readable() {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%s \"%s\" cannot be read", rel.Kind, rel.Name).At(n.Location)
	}
	return b.scan(n, rel, false)
}

// relation looks a name up in the catalog.
func (b *binder) relation(n *pg.RangeVar) (*catalog.Relation, error) {
	if n.Catalogname != "" && n.Catalogname != "tributary" && n.Catalogname != "postgres" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"",
			n.Catalogname, n.Schemaname, n.Relname).At(n.Location)
	}
	if rel, ok := b.cat.Relation(n.Schemaname, n.Relname, b.opts.Settings.SearchPath); ok {
		return rel, nil
	}
	name := n.Relname
	if n.Schemaname != "" {
		name = n.Schemaname + "." + name
	}
	return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", name).At(n.Location).Meant(b.nearRelation(n))
}

// nearRelation is the WITH query or relation that was likely meant by a name that none has.
func (b *binder) nearRelation(n *pg.RangeVar) string {
	if n.Schemaname == "" {
		near := suggest.Nearest(n.Relname, func(yield func(string) bool) {
			for lv := b.lv; lv != nil; lv = lv.parent {
				for name := range lv.ctes {
					if !yield(name) {
						return
					}
				}
			}
		})
		if near != "" {
			return near
		}
	}
	return catalog.Near(b.cat, n.Schemaname, n.Relname, b.opts.Settings.SearchPath)
}

func (b *binder) cteScan(n *pg.RangeVar, c *cte, lv *level) (*source, error) {
	old := b.lv
	b.lv = &level{parent: lv.parent, ctes: c.visible}
	node, err := b.subquery(c.query)
	b.lv = old
	if err != nil {
		return nil, err
	}
	it := itemOverNode(node)
	it.name, it.byName, it.pos = c.name, true, n.Location
	if err := rename(it, &pg.Alias{Colnames: c.columns}, len(it.columns)); err != nil {
		return nil, err
	}
	if n.Alias != nil {
		it.name = n.Alias.Aliasname
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}

// metaColumns of a stream, in the order of their positions.
var metaColumns = []struct {
	name string
	at   int
	typ  sqltype.OID
}{
	{"_key", plan.MetaKey, sqltype.Bytea}, {"_partition", plan.MetaPartition, sqltype.Int4},
	{"_offset", plan.MetaOffset, sqltype.Int8}, {"_timestamp", plan.MetaTimestamp, sqltype.Timestamptz},
	{"_headers", plan.MetaHeaders, sqltype.JSONB},
}

// watermarkField names the column that carries each record's watermark up to the GroupBy.
const watermarkField = "?watermark?"

// scan reads a relation with all its columns; rowID adds the hidden id of a table without a
// primary key.
func (b *binder) scan(n *pg.RangeVar, rel *catalog.Relation, rowID bool) (*source, error) {
	id := plan.RelationID(rel.OID)
	b.uses(id)
	s := &plan.Scan{Relation: id, Name: rel.QualifiedName(), Kind: b.relKind(rel)}
	s.P = plan.Props{Watermark: -1}
	it := &item{name: rel.Name, schema: rel.Schema, byName: true, byColumn: true, rel: rel, pos: n.Location}
	add := func(name string, at int, t sqltype.Type, hidden bool, attnum int16) {
		it.columns = append(it.columns, column{name: name, typ: t, index: len(s.Columns), hidden: hidden, rel: id, attnum: attnum})
		s.Columns = append(s.Columns, at)
		s.P.Fields = append(s.P.Fields, plan.Field{Name: name, Type: t, Relation: id, Attnum: attnum})
	}
	for i, c := range rel.Columns {
		add(c.Name, i, c.Type, false, int16(i+1))
	}
	if s.Kind == plan.RelStream {
		for _, m := range metaColumns {
			add(m.name, m.at, sqltype.Of(m.typ), true, int16(m.at))
		}
		if b.emit == parse.EmitOnWindowClose {
			add(watermarkField, plan.MetaWatermark, sqltype.Of(sqltype.Int8), true, 0)
		}
	}
	if rowID {
		add("?rowid?", plan.MetaRowID, sqltype.Of(sqltype.Int8), true, 0)
	}
	b.scanProps(s, rel)
	if n.Alias != nil {
		it.name, it.schema = n.Alias.Aliasname, ""
		if err := rename(it, n.Alias, len(rel.Columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: s, items: []*item{it}}, nil
}

func (b *binder) relKind(rel *catalog.Relation) plan.RelKind {
	switch rel.Kind {
	case catalog.KindStream:
		return plan.RelStream
	case catalog.KindTable:
		return plan.RelTable
	case catalog.KindErrors:
		return plan.RelErrors
	case catalog.KindSystem:
		return plan.RelSystem
	}
	return plan.RelView
}

// scanProps fills what is known of a relation's rows.
func (b *binder) scanProps(s *plan.Scan, rel *catalog.Relation) {
	switch s.Kind {
	case plan.RelStream:
		s.P.AppendOnly, s.P.Stateless = true, true
		s.P.UniqueKey = [][]int{{len(rel.Columns) + 1, len(rel.Columns) + 2}} // _partition, _offset
	case plan.RelErrors:
		s.P.AppendOnly = !rel.ListsRows()
	case plan.RelSystem:
		s.P.AppendOnly = true
	case plan.RelView:
		s.P.MayFail = true
		s.P.AppendOnly = rel.AppendOnly
	}
	if rel.Watermark != nil {
		s.P.Watermark = rel.Watermark.Column
	}
	if len(rel.PrimaryKey) > 0 {
		s.P.UniqueKey = append(s.P.UniqueKey, rel.PrimaryKey)
	}
	if s.Kind != plan.RelTable {
		return
	}
	for _, x := range b.cat.Indexes(rel.OID) {
		if x.Unique && allNotNull(rel, x.KeyColumns) {
			s.P.UniqueKey = append(s.P.UniqueKey, x.KeyColumns)
		}
	}
}

func allNotNull(rel *catalog.Relation, cols []int) bool {
	for _, c := range cols {
		if c < 0 || c >= len(rel.Columns) || !rel.Columns[c].NotNull {
			return false
		}
	}
	return true
}
