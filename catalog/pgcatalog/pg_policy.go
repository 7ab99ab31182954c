package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
)

// policyRows is pg_policy.
func policyRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	of := v.cat.Relations(catalog.KindPolicy)
	if key.Column >= 0 {
		of = v.cat.Policies(catalog.OID(key.OID))
	}
	for _, r := range of {
		p, roles := r.Policy, []uint32{0}
		if len(p.Roles) > 0 {
			roles = nil
			for _, oid := range p.Roles {
				roles = append(roles, uint32(oid))
			}
		}
		if err := add(r.OID, r.Name, r.Parent, p.Command[0], !p.Restrictive, roles, system.OrNull(p.Using), system.OrNull(p.Check)); err != nil {
			return err
		}
	}
	return nil
}

// RowSecurityActive is row_security_active: policies decide which rows of a relation who asks sees.
func (v *View) RowSecurityActive(relation, role uint32) bool {
	r := v.byOID(relation)
	return r != nil && v.cat.RowsAre(catalog.OID(role), r)
}

// sharedDependRows is pg_shdepend, of who owns relations and whom policies are for.
func sharedDependRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, r := range v.relations() {
		if of := v.cat.OwnerOf(r); r.Parent == 0 && of != catalog.SuperuserOID && r.Kind != catalog.KindSystem {
			if err := add(DatabaseOID, uint32(classClass), r.OID, int32(0), uint32(authClass), of, byte('o')); err != nil {
				return err
			}
		}
	}
	for _, r := range v.cat.Relations(catalog.KindPolicy) {
		for _, oid := range r.Policy.Roles {
			if err := add(DatabaseOID, uint32(policyClass), r.OID, int32(0), uint32(authClass), oid, byte('r')); err != nil {
				return err
			}
		}
	}
	return nil
}
