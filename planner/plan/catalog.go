package plan

import (
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Catalog is what functions of the catalogs ask, in one version of it and for one session. Objects are named by
// their OIDs in pg_catalog; false: there is none.
type Catalog interface {
	sqltype.Names
	// Visible reports whether a bare name finds the object of a catalog (pg_class, pg_type, pg_proc, …).
	Visible(catalog string, oid uint32) (visible, ok bool)
	// IndexDef is CREATE INDEX …, or with column > 0 what stands at that place of its key. Pretty names the table with its
	// schema only where it must.
	IndexDef(index uint32, column int32, pretty bool) (string, bool)
	// IndexProperty and IndexColumnProperty are pg_index_has_property and pg_index_column_has_property.
	IndexProperty(index uint32, property string) pgcatalog.Answer
	IndexColumnProperty(index uint32, column int32, property string) pgcatalog.Answer
	ConstraintDef(constraint uint32, pretty bool) (string, bool)
	ViewDef(view uint32) (string, bool)
	// Function is the arguments, the identity arguments and the result of a function as text.
	Function(proc uint32) (arguments, identity, result string, ok bool)
	// FunctionDef is CREATE OR REPLACE FUNCTION …, FunctionBody its text where that is no string.
	FunctionDef(proc uint32) (string, bool)
	FunctionBody(proc uint32) (string, bool)
	// TypeText is format_type; mod -1 = none.
	TypeText(t uint32, mod int32) string
	// Comment on an object, or with sub > 0 on its column; class is the OID of its catalog, 0 = any.
	Comment(object, class uint32, sub int32) (string, bool)
	// Updatable is what INSERT, UPDATE and DELETE can do to a relation, as bits of pg_relation_is_updatable, and the numbers of the
	// columns that can be changed.
	Updatable(relation uint32) (events int32, columns []int16)
	// Role is the name of a role, RoleNamed its OID.
	Role(oid uint32) (string, bool)
	RoleNamed(name string) (uint32, bool)
	// CurrentRole is who asks, RoleExists whether there is a role of that OID.
	CurrentRole() uint32
	RoleExists(oid uint32) bool
	// Attnum is the number of a relation's column, 0 = there is none of the name.
	Attnum(relation uint32, column string) int16
	// HasPrivilege answers has_…_privilege; false: there is no such object.
	HasPrivilege(a pgcatalog.Asked) (has, ok bool)
	// RowSecurityActive reports whether policies decide which rows of a relation a role sees.
	RowSecurityActive(relation, role uint32) bool
	// SearchPath is current_schemas: of schemas that exist, pg_catalog among them if implicit.
	SearchPath(implicit bool) []string
	// TempSchema is the schema of the session's temporary relations, 0 = it has none yet.
	TempSchema() uint32
	// Bytes is what a relation takes in storage, and what its indexes do; false: there is no such relation.
	Bytes(relation uint32) (own, indexes int64, ok bool)
	// DatabaseBytes is what all relations take.
	DatabaseBytes() int64
	// Setting and SetSetting are current_setting and set_config.
	Setting(name string) (string, bool, error)
	SetSetting(name, value string, local bool) (string, error)
}
