package bind

import (
	"cmp"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// relationKind is what a query knows of the relations of one kind: a file each, and an entry of
// relationKinds. exec/source reads what it names.
type relationKind struct {
	scan plan.RelKind
	// hidden are the columns that only their names reach, behind those of the relation.
	hidden func(b *binder) []hiddenColumn
	// describe fills what is known of the rows; a primary key and a watermark need no word.
	describe func(b *binder, rel *catalog.Relation, p *plan.Props)
}

// hiddenColumn is not in *.
type hiddenColumn struct {
	name string
	at   int // its position in plan.Scan.Columns
	typ  sqltype.OID
}

// relationKinds are all that can stand in FROM.
var relationKinds = map[catalog.Kind]relationKind{
	catalog.KindStream: streamKind,
	catalog.KindTable:  tableKind,
	catalog.KindView:   viewKind,
	catalog.KindErrors: errorsKind,
	catalog.KindSystem: systemKind,
}

// scan reads a relation with all its columns; rowID adds the hidden id of a table without a
// primary key.
func (b *binder) scan(n *pg.RangeVar, rel *catalog.Relation, rowID bool) (*source, error) {
	kind := relationKinds[rel.Kind]
	id := plan.RelationID(rel.OID)
	b.uses(id)
	s := &plan.Scan{Relation: id, Name: b.scanName(rel), Kind: kind.scan, P: plan.Props{Watermark: -1}}
	it := &item{name: rel.Name, schema: rel.Schema, byName: true, byColumn: true, rel: rel, pos: n.Location}
	add := func(name string, at int, t sqltype.Type, hidden bool, attnum int16) {
		it.columns = append(it.columns, column{name: name, typ: t, index: len(s.Columns), hidden: hidden, rel: id, attnum: attnum})
		s.Columns = append(s.Columns, at)
		s.P.Fields = append(s.P.Fields, plan.Field{Name: name, Type: t, Relation: id, Attnum: attnum})
	}
	for i, c := range rel.Columns {
		if c.Dropped {
			add(cmp.Or(b.lacks(rel, i), droppedField), i, c.Type, true, 0)
			it.columns[i].name, it.columns[i].dropped = droppedField, true
			continue
		}
		add(c.Name, i, c.Type, false, int16(i+1))
	}
	var hidden []hiddenColumn
	if kind.hidden != nil {
		hidden = kind.hidden(b)
	}
	if rowID {
		hidden = append(hidden, hiddenColumn{"?rowid?", plan.MetaRowID, sqltype.Int8})
	}
	for _, h := range hidden {
		attnum := int16(h.at)
		if h.name[0] == '?' {
			attnum = 0 // no client can name it
		}
		add(h.name, h.at, sqltype.Of(h.typ), true, attnum)
	}
	kind.describe(b, rel, &s.P)
	if rel.Kind == catalog.KindTable {
		s.Computed = b.computedIndexes(rel)
	}
	if rel.Watermark != nil {
		s.P.Watermark = rel.Watermark.Column
	}
	if n.Alias != nil {
		it.name, it.schema = n.Alias.Aliasname, ""
		if err := rename(it, n.Alias, len(rel.Columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: s, items: []*item{it}}, nil
}

// droppedField names columns that are not there any more, so that the others keep their positions.
const droppedField = "?dropped?"

// lacks is the name of a column that is passed on under its name although nobody can say it (UsesColumn); "" = it is no such one.
func (b *binder) lacks(rel *catalog.Relation, at int) string {
	if l, ok := b.cat.(*lacking); ok && l.of == rel.OID && l.column == at {
		return l.name
	}
	return ""
}

// scanName is what plans call a relation: by its name of today; in a query that keeps running by the one that
// the query has, so that a RENAME does not make another plan of it.
func (b *binder) scanName(rel *catalog.Relation) string {
	if now, ok := b.today.ByOID(rel.OID); ok && !b.opts.Continuous {
		rel = now
	}
	return rel.QualifiedName()
}

// primaryKey names the rows of a relation that has one.
func primaryKey(rel *catalog.Relation, p *plan.Props) {
	if len(rel.PrimaryKey) > 0 {
		p.UniqueKey = append(p.UniqueKey, rel.PrimaryKey)
	}
}
