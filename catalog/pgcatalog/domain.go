package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// OIDs of domain_in and domain_recv.
const domainIn, domainRecv = uint32(2597), uint32(2598)

// valueFuncs are the functions that read, show, receive and send values of a type that is no domain.
func valueFuncs(t sqltype.OID) []any {
	for _, row := range bootstrap.Rows("pg_type") {
		if sqltype.OID(bootstrap.Number(row[0])) == t {
			return fields(row)[15:19]
		}
	}
	switch {
	case t.Elem() != sqltype.Invalid:
		return arrayFuncs
	case sqltype.IsEnum(t):
		return enumFuncs
	}
	return recordFuncs
}

// domainRow is the row of a domain in pg_type.
func (v *View) domainRow(r *catalog.Relation, add system.Adder) error {
	d := r.UserType.Domain
	oid, base := uint32(r.OID), d.Base.OID.Base()
	s, funcs := columnStorage(base), valueFuncs(base)
	info, _ := sqltype.InfoOf(base)
	var dims int32
	if d.Base.OID.Elem() != sqltype.Invalid {
		dims = 1
	}
	var fallback any
	if d.Default != "" {
		fallback = v.defaultText(&catalog.Column{Default: d.Default, Type: sqltype.BaseOf(d.Base)})
	}
	return add(oid, r.Name, v.schemaOID(r.Schema), v.cat.OwnerOf(r), s.len, s.byValue, byte('d'), byte(info.Category), false, true, byte(','),
		uint32(0), uint32(0), uint32(0), arrayTypes+oid, domainIn, funcs[1], domainRecv, funcs[3], uint32(0), uint32(0), uint32(0),
		s.align, s.storage, d.NotNull, uint32(d.Base.OID), d.Base.Mod, dims, s.collation, nil, fallback, v.aclOf(r))
}

// domainConstraints are the checks of a domain.
func domainConstraints(r *catalog.Relation) (out []constraint) {
	if r.UserType.Domain == nil {
		return nil
	}
	for i, c := range r.UserType.Domain.Checks {
		out = append(out, constraint{oid: checkOID(r, i), name: c.Name, kind: 'c', table: r, check: c.Expr, pretty: c.Pretty, invalid: c.NotValid})
	}
	return out
}
