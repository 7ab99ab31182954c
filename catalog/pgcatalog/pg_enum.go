package pgcatalog

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// OIDs of enum_in, _out, _recv and _send.
var enumFuncs = []any{uint32(3506), uint32(3507), uint32(3532), uint32(3533)}

// userType is the type of users of an OID, or whose array type it is; nil if there is none.
func (v *View) userType(oid uint32) *catalog.Relation {
	if rel, sort, _ := relationOf(oid); sort == arrayTypes {
		oid = uint32(rel)
	}
	if r, ok := v.cat.ByOID(catalog.OID(oid)); ok && r.Kind == catalog.KindType {
		return r
	}
	return nil
}

// userTypeRows adds a type of users, and arrays of it, to pg_type.
func (v *View) userTypeRows(r *catalog.Relation, add system.Adder) error {
	oid, array, schema := uint32(r.OID), arrayTypes+uint32(r.OID), v.schemaOID(r.Schema)
	if r.UserType.Domain != nil {
		if err := v.domainRow(r, add); err != nil {
			return err
		}
		return v.userArrayRow(r, add)
	}
	if r.UserType.Composite {
		values := []any{oid, r.Name, schema, v.cat.OwnerOf(r), int16(-1), false, byte('c'), byte('C'), false, true, byte(','), keyIndexes + oid, uint32(0), uint32(0), array}
		values = append(values, recordFuncs...)
		values = append(values, uint32(0), uint32(0), uint32(0), byte('d'), byte('x'), false, uint32(0), int32(-1), int32(0), uint32(0), nil, nil, v.aclOf(r))
		if err := add(values...); err != nil {
			return err
		}
		return v.userArrayRow(r, add)
	}
	values := []any{oid, r.Name, schema, v.cat.OwnerOf(r), int16(4), true, byte('e'), byte('E'), false, true, byte(','), uint32(0), uint32(0), uint32(0), array}
	values = append(values, enumFuncs...)
	values = append(values, uint32(0), uint32(0), uint32(0), byte('i'), byte('p'), false, uint32(0), int32(-1), int32(0), uint32(0), nil, nil, v.aclOf(r))
	if err := add(values...); err != nil {
		return err
	}
	return v.userArrayRow(r, add)
}

// userArrayRow is the row of arrays of a type.
func (v *View) userArrayRow(r *catalog.Relation, add system.Adder) error {
	oid, array, schema := uint32(r.OID), arrayTypes+uint32(r.OID), v.schemaOID(r.Schema)
	values := []any{array, "_" + r.Name, schema, v.cat.OwnerOf(r), int16(-1), false, byte('b'), byte('A'), false, true, byte(','), uint32(0), arraySubscripts, oid, uint32(0)}
	values = append(values, arrayFuncs...)
	values = append(values, uint32(0), uint32(0), arrayTypanalyze, byte('i'), byte('x'), false, uint32(0), int32(-1), int32(0), uint32(0), nil, nil, nil)
	return add(values...)
}

// labelOID is that of a label, by its place among those that the type has got.
func labelOID(r *catalog.Relation, at int) uint32 {
	return labels + (uint32(r.OID)-uint32(catalog.FirstOID))*labelStride + uint32(at)
}

// enumRows is pg_enum.
func enumRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	types := v.cat.Relations(catalog.KindType)
	if key.Column == 1 {
		types = nil
		if r := v.userType(key.OID); r != nil && uint32(r.OID) == key.OID {
			types = []*catalog.Relation{r}
		}
	}
	for _, r := range types {
		sorted := slices.SortedFunc(slices.Values(r.UserType.Labels), sqltype.Label.Compare)
		for rank, l := range sorted {
			if err := add(labelOID(r, r.UserType.Label(l.Name)), r.OID, float32(rank+1), l.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
