package pgcatalog

import (
	"slices"
	"strconv"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// storage is what pg_attribute repeats of a column's type.
type storage struct {
	len            int16
	byValue        bool
	align, storage byte
	collation      uint32
}

var storages = sync.OnceValue(func() map[sqltype.OID]storage {
	m := map[sqltype.OID]storage{}
	for _, row := range bootstrap.Rows("pg_type") {
		n, _ := strconv.Atoi(row[4]) // written by PostgreSQL
		m[sqltype.OID(bootstrap.Number(row[0]))] = storage{int16(n), row[5] == "t", row[22][0], row[23][0], bootstrap.Number(row[27])}
	}
	return m
})

// attributeRows is pg_attribute.
func attributeRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	if key.Column == 0 {
		if x, ok := v.index(key.OID); ok {
			return v.indexAttributes(x, add)
		}
		if r := v.byOID(key.OID); r != nil {
			return v.attributes(r, add)
		}
		return nil
	}
	for _, r := range v.relations() {
		if r.Kind == catalog.KindIndex {
			continue // with its table
		}
		if err := v.attributes(r, add); err != nil {
			return err
		}
		for _, x := range v.indexes(r) {
			if err := v.indexAttributes(x, add); err != nil {
				return err
			}
		}
	}
	return nil
}

// sequenceColumns are those of every sequence.
var sequenceColumns = []catalog.Column{
	{Name: "last_value", Type: sqltype.Of(sqltype.Int8), NotNull: true},
	{Name: "log_cnt", Type: sqltype.Of(sqltype.Int8), NotNull: true},
	{Name: "is_called", Type: sqltype.Of(sqltype.Bool), NotNull: true},
}

func (v *View) attributes(r *catalog.Relation, add system.Adder) error {
	columns := r.Columns
	if r.Kind == catalog.KindSequence {
		columns = sequenceColumns
	}
	b := declared()[uint32(r.OID)]
	for i := range columns {
		notNull := columns[i].NotNull
		if b != nil {
			notNull = b.Columns[i].NotNull
		}
		if err := v.attribute(uint32(r.OID), &columns[i], i, notNull, true, add); err != nil {
			return err
		}
	}
	return nil
}

// indexAttributes are those of an index: the columns of its key, then those beside it.
func (v *View) indexAttributes(x indexed, add system.Adder) error {
	var names []string
	for i, at := range slices.Concat(x.columns, x.included()) {
		var c catalog.Column
		if at == catalog.NoColumn {
			c = catalog.Column{Name: x.key(i).Name, Type: x.key(i).Type}
		} else {
			c = x.table.Columns[at]
		}
		name := c.Name
		for n := 1; slices.Contains(names, c.Name); n++ {
			c.Name = name + strconv.Itoa(n)
		}
		names = append(names, c.Name)
		if x.method() == bootstrap.Hash {
			c.Type = sqltype.Of(sqltype.Int4) // what it has is the hash
		}
		if err := v.attribute(x.oid, &c, i, false, false, add); err != nil {
			return err
		}
	}
	return nil
}

// columnStorage is how values of a type lie in PostgreSQL's rows.
func columnStorage(t sqltype.OID) storage {
	t = t.Base()
	if s, ok := storages()[t]; ok {
		return s
	}
	if sqltype.IsEnum(t) {
		return storage{len: 4, byValue: true, align: 'i', storage: 'p'}
	}
	return storage{len: -1, align: 'i', storage: 'x'}
}

// attribute adds a column; of a table's come with its default and the like.
func (v *View) attribute(of uint32, c *catalog.Column, at int, notNull, tables bool, add system.Adder) error {
	if c.Dropped { // as PostgreSQL leaves it
		t := columnStorage(c.Type.OID)
		return add(of, c.Name, uint32(0), int32(0), t.len, int16(at+1), int32(0), int32(-1), c.Type.Mod,
			t.byValue, t.align, t.storage, "", false, false, false, "", "",
			true, true, int32(0), t.collation, nil, nil, nil, nil)
	}
	t := columnStorage(c.Type.OID)
	var identity, generated any = "", ""
	if tables && c.Identity != "" {
		identity = map[string]byte{"always": 'a', "by default": 'd'}[c.Identity]
	}
	if tables && c.Generated != "" {
		generated = byte('s')
	}
	var list any
	if tables && c.ACL != nil {
		list = v.aclTexts(c.ACL)
	}
	stored, compressed, target, options := t.storage, any(""), int32(-1), any(nil)
	if f := c.Form; f != nil && tables {
		if f.Storage != "" {
			stored = f.Storage[0]
		}
		if f.Compression != "" {
			compressed = f.Compression[0]
		}
		if f.Statistics != nil {
			target = *f.Statistics
		}
		if len(f.Options) > 0 {
			options = f.Options
		}
	}
	dims := int32(0)
	if c.Type.OID.Elem() != sqltype.Invalid && c.Type.OID != sqltype.Int2Vector && c.Type.OID != sqltype.OIDVector && of >= uint32(catalog.FirstOID) {
		dims = 1
	}
	return add(of, c.Name, uint32(c.Type.OID), target, t.len, int16(at+1), dims, int32(-1), c.Type.Mod,
		t.byValue, t.align, stored, compressed, notNull, tables && hasDefault(c), false, identity, generated,
		false, true, int32(0), t.collation, list, options, nil, nil)
}

// PlainStorage: values of a type never leave their row, nor are they compressed.
func PlainStorage(t sqltype.OID) bool { return columnStorage(t).storage == 'p' }

// hasDefault reports whether pg_attrdef has the column.
func hasDefault(c *catalog.Column) bool {
	return c.Default != "" || c.Generated != "" || c.Sequence != 0 && c.Identity == ""
}

// defaultRows is pg_attrdef. Its expressions are their text, which pg_get_expr gives back.
func defaultRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	of := v.relations
	if key.Column >= 0 {
		of = func() []*catalog.Relation {
			if r := v.byOID(key.OID); r != nil && uint32(r.OID) == key.OID {
				return []*catalog.Relation{r}
			}
			return nil
		}
	}
	for _, r := range of() {
		for i := range r.Columns {
			if c := &r.Columns[i]; hasDefault(c) {
				if err := add(defaultOID(r, i), r.OID, int16(i+1), v.defaultText(c)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
