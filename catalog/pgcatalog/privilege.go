package pgcatalog

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
)

// Asked is what has_…_privilege asks.
type Asked struct {
	Sort   string // table, any_column, column, sequence, schema, type, database, function, language, tablespace, role
	Role   uint32 // 0 = PUBLIC
	Object uint32
	Column int16 // of column: its attnum
	Privs  acl.Privs
	Option bool // may it give it on
	// Word is USAGE or MEMBER, of role.
	Word string
}

// HasPrivilege answers has_…_privilege; false: there is no such object.
func (v *View) HasPrivilege(a Asked) (has, ok bool) {
	cat, whole := v.cat.(*catalog.Snapshot)
	if !whole {
		return false, false
	}
	role := catalog.OID(a.Role)
	switch a.Sort {
	case "role":
		return hasRole(cat, role, a)
	case "schema":
		return v.hasSchema(cat, role, a)
	case "database":
		if a.Object != DatabaseOID {
			return false, false
		}
		if a.Option {
			return cat.OptionOn(role, cat.DatabaseEntry(), -1, a.Privs), true
		}
		return cat.DatabasePrivs(role, a.Privs) != 0, true
	case "function", "language":
		if r, users := cat.ByOID(catalog.OID(a.Object)); users && r.Kind == catalog.KindFunction && a.Sort == "function" {
			return hasOn(cat, role, r, -1, a), true
		}
		return !a.Option || cat.IsSuper(role), true
	case "tablespace":
		return cat.IsSuper(role), true
	case "type":
		r := v.userType(a.Object)
		if r == nil {
			return !a.Option || cat.IsSuper(role), true
		}
		return hasOn(cat, role, r, -1, a), true
	}
	r := v.byOID(a.Object)
	if r == nil {
		return false, false
	}
	return hasRelation(cat, role, r, a)
}

func hasRelation(cat *catalog.Snapshot, role catalog.OID, r *catalog.Relation, a Asked) (has, ok bool) {
	switch a.Sort {
	case "any_column":
		for i := range r.Columns {
			if hasOn(cat, role, r, i, a) {
				return true, true
			}
		}
	case "column":
		at := int(a.Column) - 1
		if a.Column == 0 || at >= len(r.Columns) || at >= 0 && r.Columns[at].Dropped {
			return false, false
		}
		return hasOn(cat, role, r, at, a), true
	}
	return hasOn(cat, role, r, -1, a), true
}

func hasOn(cat *catalog.Snapshot, role catalog.OID, r *catalog.Relation, column int, a Asked) bool {
	if a.Option {
		return cat.OptionOn(role, r, column, a.Privs)
	}
	if column >= 0 {
		return cat.ColumnPrivs(role, r, column, a.Privs) != 0
	}
	return cat.Privs(role, r, a.Privs) != 0
}

func (v *View) hasSchema(cat *catalog.Snapshot, role catalog.OID, a Asked) (has, ok bool) {
	name := v.schemaName(a.Object)
	if name == "" {
		return false, false
	}
	if r, users := cat.Schema(name); users && a.Option {
		return cat.OptionOn(role, r, -1, a.Privs), true
	}
	if a.Option {
		return cat.IsSuper(role), true
	}
	return cat.SchemaPrivs(role, name, a.Privs) != 0, true
}

func hasRole(cat *catalog.Snapshot, role catalog.OID, a Asked) (has, ok bool) {
	if _, there := cat.RoleOf(catalog.OID(a.Object)); !there {
		return false, false
	}
	switch {
	case a.Option:
		return cat.IsAdmin(role, catalog.OID(a.Object)), true
	case a.Word == "MEMBER":
		return cat.IsMember(role, catalog.OID(a.Object)), true
	}
	return cat.HasPrivsOf(role, catalog.OID(a.Object)), true
}

// CurrentRole is the role that asks where nobody in particular does.
func (v *View) CurrentRole() uint32 { return uint32(catalog.SuperuserOID) }

// RoleExists reports whether there is a role.
func (v *View) RoleExists(oid uint32) bool {
	_, ok := v.cat.RoleOf(catalog.OID(oid))
	return ok
}

// Attnum is the number of a relation's column, 0 = there is none of the name.
func (v *View) Attnum(relation uint32, column string) int16 {
	r := v.byOID(relation)
	if r == nil {
		return 0
	}
	return int16(r.ColumnIndex(column) + 1)
}

// defaultACLRows is pg_default_acl.
func defaultACLRows(v *View, add func(values ...any) error) error {
	for _, r := range v.cat.Roles() {
		for i, d := range r.Role.Defaults {
			kind := byte(d.Kind)
			if d.Kind == acl.Sequence {
				kind = 'S'
			}
			if err := add(uint32(r.OID)*defaultACLStride+uint32(i), r.OID, d.Schema, kind, v.aclTexts(d.ACL)); err != nil {
				return err
			}
		}
	}
	return nil
}

// defaultACLStride is between the OIDs of the default privileges of two roles; nothing looks them up.
const defaultACLStride = 256
