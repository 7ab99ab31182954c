package pgcatalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
)

// owner is the OID of the one role, whose everything is.
const owner uint32 = 10

// Access methods.
const (
	heap  uint32 = 2
	btree        = bootstrap.Btree
)

// classRows is pg_class.
func classRows(v *View, f system.Facts, key system.Key, add system.Adder) error {
	switch key.Column {
	case 0:
		if r := v.byOID(key.OID); r != nil {
			return v.class(r, f, add)
		}
		return nil
	case 1:
		return v.classNamed(key.Name, f, add)
	}
	for _, r := range v.relations() {
		if err := v.class(r, f, add); err != nil {
			return err
		}
	}
	return nil
}

// classNamed adds the relations of a name, in any schema. The index of a primary key is found by it too.
func (v *View) classNamed(name string, f system.Facts, add system.Adder) error {
	for _, schema := range v.schemas() {
		if r, ok := v.cat.Relation(schema, name, nil); ok && relkind(r) != 0 {
			if err := v.class(r, f, add); err != nil {
				return err
			}
		}
		if r, ok := v.cat.Type(schema, name, nil); ok && r.UserType.Composite {
			if err := v.class(typeRelation(r), f, add); err != nil {
				return err
			}
		}
	}
	for _, r := range v.cat.Relations(catalog.KindTable) {
		if hasKey(r) && r.PrimaryKeyName() == name {
			if err := v.class(r, f, add); err != nil {
				return err
			}
		}
	}
	return nil
}

// viewOptions are those of a view, as pg_class has them.
func viewOptions(r *catalog.Relation) (out []string) {
	if r.Kind != catalog.KindPlainView {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Options)) {
		out = append(out, name+"="+r.Options[name])
	}
	return out
}

// ownStorage are a table's storage parameters without those of a TOAST table, of which there is none.
func ownStorage(r *catalog.Relation) []string {
	return slices.DeleteFunc(slices.Clone(r.Storage), func(s string) bool { return strings.HasPrefix(s, catalog.ToastPrefix) })
}

// class adds a relation, and the index of its primary key.
func (v *View) class(r *catalog.Relation, f system.Facts, add system.Adder) error {
	kind, of := relkind(r), r
	rowType, am, file, hasIndex, replicas := rowTypes+uint32(r.OID), uint32(0), uint32(0), false, byte('n')
	attributes, storage := len(r.Columns), any(nil)
	if r.Kind == catalog.KindType {
		rowType = uint32(r.OID) - keyIndexes
	}
	switch kind {
	case 'r', 'm':
		am, file, hasIndex = heap, uint32(r.OID), len(v.indexes(r)) > 0
		replicas = 'd'
		if own := ownStorage(r); len(own) > 0 {
			storage = own
		}
	case 'i':
		rowType, am, file, attributes = 0, btree, uint32(r.OID), len(r.KeyColumns)+len(r.Included())
		if r.Index != nil && r.Index.Method == "hash" {
			am = bootstrap.Hash
		}
		if r.Index != nil && len(r.Index.Storage) > 0 {
			storage = r.Index.Storage
		}
	case 'v':
		if options := viewOptions(r); len(options) > 0 {
			storage = options
		}
	case 'S':
		rowType, file, attributes = 0, uint32(r.OID), 3
	}
	rows := tuples(r, kind, f)
	if b := declared()[uint32(r.OID)]; b != nil {
		rowType = b.RowType
		replicas = 'n'
	}
	err := add(r.OID, r.Name, v.schemaOID(r.Schema), rowType, uint32(0), v.cat.OwnerOf(r), am, file, uint32(0),
		int32(0), rows, int32(0), uint32(0), hasIndex, false, v.lasts(r), kind, int16(attributes), int16(len(of.Checks)),
		kind == 'v' || kind == 'm', len(r.ForeignKeys) > 0 || len(v.cat.Referring(r.OID)) > 0, false, r.RowSecurity, r.ForceRowSecurity, !r.Unpopulated, replicas, false, uint32(0), uint32(0), uint32(0), v.aclOf(r), storage, nil)
	if err != nil || !hasKey(r) {
		return err
	}
	return add(keyIndexes+uint32(r.OID), r.PrimaryKeyName(), v.schemaOID(r.Schema), uint32(0), uint32(0), v.cat.OwnerOf(r), btree, keyIndexes+uint32(r.OID), uint32(0),
		int32(0), rows, int32(0), uint32(0), false, false, lasts(r), byte('i'), int16(len(r.PrimaryKey)), int16(0),
		false, false, false, false, false, true, byte('n'), false, uint32(0), uint32(0), uint32(0), nil, nil, nil)
}

// lasts is relpersistence: that of an index or an owned sequence is its table's.
func (v *View) lasts(r *catalog.Relation) byte {
	if r.Parent != 0 {
		if of, ok := v.cat.ByOID(r.Parent); ok {
			return lasts(of)
		}
	}
	return lasts(r)
}

func lasts(r *catalog.Relation) byte {
	if r.Temporary() {
		return 't'
	}
	if r.Unlogged {
		return 'u'
	}
	return 'p'
}

// tuples is reltuples: what keeps rows is asked how many there are, an index has as many as its table; -1 = not known.
func tuples(r *catalog.Relation, kind byte, f system.Facts) float32 {
	of := r.OID
	switch kind {
	case 'r', 'm', 'f':
	case 'i':
		of = r.Parent
	default:
		return -1
	}
	if rows, known := f.Rows(of); known {
		return float32(rows)
	}
	return -1
}
