package pgcatalog

import (
	"cmp"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
)

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
	for i := range of {
		if err := of[i].row(add); err != nil {
			return err
		}
	}
	return nil
}

// Bits of indoption.
const (
	optionDesc       int16 = 1
	optionNullsFirst int16 = 2
)

func (x *indexed) row(add system.Adder) error {
	n := len(x.columns)
	columns, collations, classes, options := make([]int16, n), make([]uint32, n), make([]uint32, n), make([]int16, n)
	var expressions, condition any
	var exprs []string
	for i, at := range x.columns {
		k, t := x.key(i), x.typeOf(i).OID
		columns[i], collations[i], classes[i] = int16(at+1), cmp.Or(uint32(k.Collation), storages()[t].collation), uint32(k.Class)
		if classes[i] == 0 {
			if c := bootstrap.DefaultClass(x.method(), t); c != nil {
				classes[i] = c.OID
			}
		}
		if k.Desc {
			options[i] |= optionDesc
		}
		if k.NullsFirst {
			options[i] |= optionNullsFirst
		}
		if k.Expr != "" {
			exprs = append(exprs, k.Expr)
		}
	}
	for _, at := range x.included() {
		columns = append(columns, int16(at+1))
	}
	if exprs != nil {
		expressions = strings.Join(exprs, ", ")
	}
	equalNulls := false
	if x.rel != nil {
		equalNulls = x.rel.EqualNulls()
		if w := x.rel.Condition(); w != "" {
			condition = w
		}
	}
	return add(x.oid, x.table.OID, int16(len(columns)), int16(n), x.unique, equalNulls, x.primary, false, true, x.clustered(), true, false, true, true, false,
		columns, collations, classes, options, expressions, condition)
}

// clustered: it is the index that CLUSTER goes by.
func (x *indexed) clustered() bool {
	of := x.table.OID
	if x.rel != nil {
		of = x.rel.OID
	}
	return x.table.Clustered == of
}
