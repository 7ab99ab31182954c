package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
)

// OIDs of the functions that every row type has, and every array.
var (
	recordFuncs = []any{uint32(2290), uint32(2291), uint32(2402), uint32(2403)} // record_in, _out, _recv, _send
	arrayFuncs  = []any{uint32(750), uint32(751), uint32(2400), uint32(2401)}
)

const arraySubscripts, arrayTypanalyze = uint32(6179), uint32(3816)

// typeRows is pg_type: the types of users, the row types of relations, and the arrays of them.
func typeRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	switch key.Column {
	case 0:
		if r := v.userType(key.OID); r != nil {
			return v.userTypeRows(r, add)
		}
		oid, sort, _ := relationOf(key.OID)
		if r := v.byOID(uint32(oid)); r != nil && (sort == rowTypes || sort == arrayTypes) {
			return v.rowType(r, add)
		}
		return nil
	case 1:
		name := key.Name
		for _, schema := range v.schemas() {
			for _, try := range []string{name, trimmed(name)} {
				if r, ok := v.cat.Type(schema, try, nil); ok && try != "" {
					if err := v.userTypeRows(r, add); err != nil {
						return err
					}
				}
				if r, ok := v.cat.Relation(schema, try, nil); ok && try != "" {
					if err := v.rowType(r, add); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	for _, r := range v.cat.Relations(catalog.KindType) {
		if err := v.userTypeRows(r, add); err != nil {
			return err
		}
	}
	for _, r := range v.relations() {
		if err := v.rowType(r, add); err != nil {
			return err
		}
	}
	return nil
}

// trimmed is the name of what _name is the array of.
func trimmed(name string) string {
	if len(name) > 1 && name[0] == '_' {
		return name[1:]
	}
	return ""
}

// hasRowType: relations of users have; those of PostgreSQL's catalogs are in bootstrap.
func hasRowType(r *catalog.Relation) bool {
	switch relkind(r) {
	case 'r', 'v', 'm':
		return declared()[uint32(r.OID)] == nil
	}
	return false
}

// rowType adds a relation's row type and its array.
func (v *View) rowType(r *catalog.Relation, add system.Adder) error {
	if !hasRowType(r) {
		return nil
	}
	row, array, schema := rowTypes+uint32(r.OID), arrayTypes+uint32(r.OID), v.schemaOID(r.Schema)
	one := func(oid uint32, name string, kind, category byte, rel, subscript, elem, arr uint32, io []any, analyze uint32) error {
		values := []any{oid, name, schema, v.cat.OwnerOf(r), int16(-1), false, kind, category, false, true, byte(','), rel, subscript, elem, arr}
		values = append(values, io...)
		values = append(values, uint32(0), uint32(0), analyze, byte('d'), byte('x'), false, uint32(0), int32(-1), int32(0), uint32(0), nil, nil, nil)
		return add(values...)
	}
	if err := one(row, r.Name, 'c', 'C', uint32(r.OID), 0, 0, array, recordFuncs, 0); err != nil {
		return err
	}
	return one(array, "_"+r.Name, 'b', 'A', 0, arraySubscripts, row, 0, arrayFuncs, arrayTypanalyze)
}
