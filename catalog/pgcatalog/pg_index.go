package pgcatalog

import (
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// defaultClasses are the btree operator classes that are default, by type.
var defaultClasses = sync.OnceValue(func() map[sqltype.OID]uint32 {
	m := map[sqltype.OID]uint32{}
	for _, row := range bootstrap.Rows("pg_opclass") {
		if bootstrap.Number(row[1]) == btree && row[7] == "t" {
			m[sqltype.OID(bootstrap.Number(row[6]))] = bootstrap.Number(row[0])
		}
	}
	return m
})

// operatorClass is the default one of a type: of what it is binary coercible to if it has none of its own.
func operatorClass(t sqltype.OID) uint32 {
	switch {
	case t == sqltype.Varchar:
		t = sqltype.Text
	case t.Elem() != sqltype.Invalid && defaultClasses()[t] == 0:
		t = sqltype.AnyArray
	case sqltype.IsReg(t):
		t = sqltype.OIDType
	}
	return defaultClasses()[t]
}

// indexRows is pg_index.
func indexRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	var of []indexed
	switch key.Column {
	case 0: // indexrelid
		if x, ok := v.index(key.OID); ok {
			of = append(of, x)
		}
	case 1: // indrelid
		if r := v.byOID(key.OID); r != nil && uint32(r.OID) == key.OID {
			of = v.indexes(r)
		}
	default:
		for _, r := range v.cat.Relations(catalog.KindTable) {
			of = append(of, v.indexes(r)...)
		}
	}
	for _, x := range of {
		n := len(x.columns)
		columns, collations, classes, options := make([]int16, n), make([]uint32, n), make([]uint32, n), make([]int16, n)
		for i, at := range x.columns {
			t := x.table.Columns[at].Type.OID
			columns[i], collations[i], classes[i] = int16(at+1), storages()[t].collation, operatorClass(t)
		}
		err := add(x.oid, x.table.OID, int16(n), int16(n), x.unique, false, x.primary, false, true, false, true, false, true, true, false,
			columns, collations, classes, options, nil, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
