package pgcatalog

import (
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/acl"
)

// roleRows is pg_authid.
func roleRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, r := range v.cat.Roles() {
		var password, until any
		if p := r.Role.Password; p != nil && *p != "" {
			password = firstLine(*p)
		}
		if at := r.Role.ValidUntil; at != nil {
			until = system.Micros(*at)
		}
		a := r.Role
		err := add(r.OID, r.Name, a.Super, a.Inherit, a.CreateRole, a.CreateDB, a.Login, a.Replication, a.BypassRLS, a.ConnLimit, password, until)
		if err != nil {
			return err
		}
	}
	return nil
}

// firstLine is the verifier of PostgreSQL's form, before those for Kafka.
func firstLine(verifiers string) string {
	line, _, _ := strings.Cut(verifiers, "\n")
	return line
}

// memberRows is pg_auth_members.
func memberRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	for _, r := range v.cat.Roles() {
		for _, m := range r.Role.MemberOf {
			if err := add(m.Role, r.OID, m.Grantor, m.Admin); err != nil {
				return err
			}
		}
	}
	return nil
}

// roleSettingRows is pg_db_role_setting: a row for what was said of a role, or of all (0), in a database, or in any (0).
func roleSettingRows(v *View, _ system.Facts, _ system.Key, add system.Adder) error {
	of := func(role catalog.OID, list []catalog.Setting) error {
		for _, here := range []bool{false, true} {
			var texts []string
			for _, s := range list {
				if s.Here == here {
					texts = append(texts, s.Name+"="+s.Value)
				}
			}
			database := uint32(0)
			if here {
				database = DatabaseOID
			}
			if texts == nil {
				continue
			}
			if err := add(database, role, texts); err != nil {
				return err
			}
		}
		return nil
	}
	for _, d := range v.cat.Relations(catalog.KindDatabase) {
		if err := of(0, d.RoleSettings); err != nil {
			return err
		}
	}
	for _, r := range v.cat.Roles() {
		if err := of(r.OID, r.Role.Settings); err != nil {
			return err
		}
	}
	return nil
}

// aclOf are the grants on a relation, schema, type or the database, NULL while they are the built-in ones; of schema public these are
// none of the rule's.
func (v *View) aclOf(r *catalog.Relation) any {
	list := r.ACL
	if list == nil && uint32(r.OID) == publicSchema {
		initial := v.cat.InitialACL(r)
		list = &initial
	}
	if list == nil {
		return nil
	}
	return v.aclTexts(*list)
}

// aclTexts is a list of grants as aclitem[].
func (v *View) aclTexts(list acl.ACL) []string {
	return list.Texts(func(role uint32) string {
		name, _ := v.Role(role)
		return name
	})
}
