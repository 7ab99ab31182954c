package pgcatalog

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// View is one version of the catalog as PostgreSQL's catalogs tell of it, with the search path of who asks.
type View struct {
	cat  catalog.Reader
	path []string
}

// NewView makes one; path is search_path as the binder takes it.
func NewView(cat catalog.Reader, path []string) *View { return &View{cat: cat, path: path} }

// shown are the kinds of relations that pg_class has, with their relkind.
var shown = map[catalog.Kind]byte{
	catalog.KindTable: 'r', catalog.KindStream: 'r', catalog.KindView: 'm', catalog.KindPlainView: 'v', catalog.KindErrors: 'v',
	catalog.KindSequence: 'S', catalog.KindIndex: 'i', catalog.KindSystem: 'v',
}

// relkind is a relation's kind in pg_class, 0 = it is not there.
func relkind(r *catalog.Relation) byte {
	if r.Kind == catalog.KindType {
		return 'c'
	}
	if r.Schema == "pg_catalog" {
		if b := declared()[uint32(r.OID)]; b != nil {
			return b.Kind
		}
	}
	return shown[r.Kind]
}

var declared = sync.OnceValue(func() map[uint32]*bootstrap.Relation {
	m := map[uint32]*bootstrap.Relation{}
	for _, b := range bootstrap.Relations() {
		m[b.OID] = b
	}
	return m
})

var informationSchema = sync.OnceValue(func() uint32 {
	for _, row := range bootstrap.Rows("pg_namespace") {
		if row[1] == "information_schema" {
			return bootstrap.Number(row[0])
		}
	}
	return 0
})

// relations are those that pg_class has, by OID.
func (v *View) relations() []*catalog.Relation {
	var out []*catalog.Relation
	for k := range shown {
		out = append(out, v.cat.Relations(k)...)
	}
	for _, r := range v.cat.Relations(catalog.KindType) {
		if r.UserType.Composite {
			out = append(out, typeRelation(r))
		}
	}
	slices.SortFunc(out, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	return out
}

// typeRelation is the relation that pg_class has for a composite type.
func typeRelation(r *catalog.Relation) *catalog.Relation {
	out := &catalog.Relation{OID: keyIndexes + r.OID, Schema: r.Schema, Name: r.Name, Kind: catalog.KindType, UserType: r.UserType, Owner: r.Owner,
		TimestampColumn: -1}
	for _, a := range r.UserType.Attributes {
		out.Columns = append(out.Columns, catalog.Column{Name: a.Name, Type: a.Type})
	}
	return out
}

// byOID is a relation that pg_class has, nil = none. An OID of a primary key's index is its table's.
func (v *View) byOID(oid uint32) *catalog.Relation {
	if rel, sort, _ := relationOf(oid); sort != 0 {
		if sort != keyIndexes {
			return nil
		}
		if r, ok := v.cat.ByOID(rel); ok && r.Kind == catalog.KindType {
			return typeRelation(r)
		}
		oid = uint32(rel)
	}
	r, ok := v.cat.ByOID(catalog.OID(oid))
	if !ok || r.Kind == catalog.KindType || relkind(r) == 0 {
		return nil
	}
	return r
}

// hasKey reports whether a table has a primary key whose index is none of its own.
func hasKey(r *catalog.Relation) bool { return r.Kind == catalog.KindTable && len(r.PrimaryKey) > 0 }

// indexed is an index as pg_index has it.
type indexed struct {
	oid             uint32
	name            string
	table           *catalog.Relation
	columns         []int
	unique, primary bool
	constraint      bool
	rel             *catalog.Relation // nil: it is none of its own
}

// included are the columns beside its key.
func (x *indexed) included() []int {
	if x.rel == nil {
		return nil
	}
	return x.rel.Included()
}

// key is what is said of one of its columns.
func (x *indexed) key(i int) catalog.IndexKey {
	if x.rel == nil {
		return catalog.IndexKey{}
	}
	return x.rel.IndexKey(i)
}

// typeOf is the type of one column of the key.
func (x *indexed) typeOf(i int) sqltype.Type {
	if x.columns[i] == catalog.NoColumn {
		return x.key(i).Type
	}
	return x.table.Columns[x.columns[i]].Type
}

// method is its access method.
func (x *indexed) method() uint32 {
	if x.rel != nil && x.rel.Index != nil && x.rel.Index.Method == "hash" {
		return bootstrap.Hash
	}
	return bootstrap.Btree
}

// indexes are a table's: that of its primary key first.
func (v *View) indexes(r *catalog.Relation) []indexed {
	var out []indexed
	if hasKey(r) {
		out = append(out, indexed{keyIndexes + uint32(r.OID), r.PrimaryKeyName(), r, r.PrimaryKey, true, true, true, nil})
	}
	if r.Kind != catalog.KindTable {
		return out
	}
	for _, x := range v.cat.Indexes(r.OID) {
		key := x.OID == r.KeyIndex
		out = append(out, indexed{uint32(x.OID), x.Name, r, x.KeyColumns, x.Unique, key, x.Constraint || key, x})
	}
	return out
}

// index finds one by its OID.
func (v *View) index(oid uint32) (indexed, bool) {
	r := v.byOID(oid)
	if r == nil {
		return indexed{}, false
	}
	if r.Kind == catalog.KindIndex {
		if r, _ = v.cat.ByOID(r.Parent); r == nil {
			return indexed{}, false
		}
	}
	for _, x := range v.indexes(r) {
		if x.oid == oid {
			return x, true
		}
	}
	return indexed{}, false
}

// schemas are the names of all.
func (v *View) schemas() []string {
	out := slices.Clone(catalog.SystemSchemas)
	for _, r := range v.cat.Relations(catalog.KindSchema) {
		out = append(out, r.Name)
	}
	return out
}
