package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
)

// constraint is a row of pg_constraint.
type constraint struct {
	oid     uint32
	name    string
	kind    byte              // p, u, c, f
	table   *catalog.Relation // or the domain
	invalid bool
	index   uint32
	columns []int
	check   string
	pretty  string
	foreign *catalog.ForeignKey
}

// constraints of a table: checks, then keys.
func (v *View) constraints(r *catalog.Relation) []constraint {
	var out []constraint
	if r.Kind == catalog.KindType {
		return domainConstraints(r)
	}
	for i, c := range r.Checks {
		out = append(out, constraint{oid: checkOID(r, i), name: c.Name, kind: 'c', table: r, check: c.Expr, pretty: c.Pretty, invalid: c.NotValid, columns: mentioned(r, c.Expr)})
	}
	for _, x := range v.indexes(r) {
		if x.constraint {
			kind := byte('u')
			if x.primary {
				kind = 'p'
			}
			oid := keyConstraint + x.oid
			if hasKey(r) && x.primary {
				oid = keyConstraint + uint32(r.OID)
			}
			out = append(out, constraint{oid: oid, name: x.name, kind: kind, table: r, index: x.oid, columns: x.columns})
		}
	}
	for i := range r.ForeignKeys {
		k := &r.ForeignKeys[i]
		out = append(out, constraint{oid: uint32(k.OID), name: k.Name, kind: 'f', table: r, index: v.indexOf(k), columns: k.Columns, foreign: k})
	}
	return out
}

// indexOf is the index that a foreign key refers by.
func (v *View) indexOf(k *catalog.ForeignKey) uint32 {
	if k.Index == k.References {
		return keyIndexes + uint32(k.References)
	}
	return uint32(k.Index)
}

// foreignKey finds one by its OID.
func (v *View) foreignKey(oid uint32) (constraint, bool) {
	for _, r := range v.cat.Relations(catalog.KindTable) {
		if r.ForeignKey(catalog.OID(oid)) == nil {
			continue
		}
		for _, c := range v.constraints(r) {
			if c.oid == oid {
				return c, true
			}
		}
	}
	return constraint{}, false
}

// constraint finds one by its OID.
func (v *View) constraint(oid uint32) (constraint, bool) {
	of, sort, _ := relationOf(oid)
	if sort == 0 {
		return v.foreignKey(oid)
	}
	if sort != checks && sort != keyConstraint {
		return constraint{}, false
	}
	r := v.byOID(uint32(of))
	if domain := v.userType(uint32(of)); domain != nil {
		r = domain
	}
	if r != nil && r.Kind == catalog.KindIndex {
		r = v.byOID(uint32(r.Parent))
	}
	if r == nil {
		return constraint{}, false
	}
	for _, c := range v.constraints(r) {
		if c.oid == oid {
			return c, true
		}
	}
	return constraint{}, false
}

// constraintRows is pg_constraint.
func constraintRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	var of []constraint
	switch key.Column {
	case 0:
		if c, ok := v.constraint(key.OID); ok {
			of = append(of, c)
		}
	case -1:
		for _, r := range append(v.cat.Relations(catalog.KindTable), v.cat.Relations(catalog.KindType)...) {
			of = append(of, v.constraints(r)...)
		}
	default: // conrelid
		if r := v.byOID(key.OID); r != nil && uint32(r.OID) == key.OID {
			of = v.constraints(r)
		}
	}
	for _, c := range of {
		var bin any
		if c.kind == 'c' {
			bin = c.check
		}
		var columns any
		if at := numbers(c.columns); len(at) > 0 {
			columns = at
		}
		var err error
		if c.foreign == nil {
			table, domain := c.table.OID, catalog.OID(0)
			if c.table.Kind == catalog.KindType {
				table, domain = 0, table
			}
			err = add(c.oid, c.name, v.schemaOID(c.table.Schema), c.kind, false, false, !c.invalid, table, domain, c.index, uint32(0), uint32(0),
				byte(' '), byte(' '), byte(' '), true, int32(0), c.kind != 'c', columns, nil, nil, nil, nil, nil, nil, bin)
		} else {
			err = v.addForeignKey(&c, add)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numbers are attribute numbers of positions.
func numbers(at []int) []int16 {
	out := make([]int16, len(at))
	for i, n := range at {
		out[i] = int16(n + 1)
	}
	return out
}
