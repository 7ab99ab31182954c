package pgcatalog

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var _ sqltype.Names = (*View)(nil)

// NameOf is how a value of a reg type is shown.
func (v *View) NameOf(t sqltype.OID, oid uint32) string {
	switch t {
	case sqltype.Regclass:
		return v.className(oid)
	case sqltype.Regtype:
		if name := v.TypeText(oid, -1); name != "???" {
			return name
		}
	case sqltype.Regproc:
		if r := v.function(oid); r != nil {
			if len(v.cat.Functions(r.Name)) == 1 && len(bootstrap.Named("pg_proc", r.Name)) == 0 && v.functionVisible(r) {
				return ident.Quote(r.Name)
			}
			return qualified(r)
		}
		if row := bootstrap.ByOID("pg_proc", oid); row != nil {
			return v.unlessUnique(row[1], row[2], len(bootstrap.Named("pg_proc", row[1])))
		}
	case sqltype.Regprocedure:
		if r := v.function(oid); r != nil {
			name := qualified(r)
			if v.functionVisible(r) {
				name = ident.Quote(r.Name)
			}
			return name + r.Signature()[len(r.Name):]
		}
		if row := bootstrap.ByOID("pg_proc", oid); row != nil {
			return v.unlessUnique(row[1], row[2], 1) + "(" + strings.Join(v.typeTexts(row[19]), ",") + ")"
		}
	case sqltype.Regoper:
		if row := bootstrap.ByOID("pg_operator", oid); row != nil {
			if len(bootstrap.Named("pg_operator", row[1])) == 1 {
				return row[1]
			}
			return "pg_catalog." + row[1]
		}
	case sqltype.Regoperator:
		if row := bootstrap.ByOID("pg_operator", oid); row != nil {
			left := "NONE"
			if l := bootstrap.Number(row[7]); l != 0 {
				left = v.TypeText(l, -1)
			}
			return row[1] + "(" + left + "," + v.TypeText(bootstrap.Number(row[8]), -1) + ")"
		}
	case sqltype.Regnamespace:
		if name := v.schemaName(oid); name != "" {
			return ident.Quote(name)
		}
	case sqltype.Regconfig, sqltype.Regdict:
		if row := bootstrap.ByOID(searchObjects[t].relation, oid); row != nil {
			return ident.Quote(row[1])
		}
	case sqltype.Regrole:
		if name, ok := v.Role(oid); ok {
			return ident.Quote(name)
		}
	}
	return ""
}

// searchObjects are what the types of text search name.
var searchObjects = map[sqltype.OID]struct{ relation, kind string }{
	sqltype.Regconfig: {"pg_ts_config", "configuration"}, sqltype.Regdict: {"pg_ts_dict", "dictionary"},
}

// searchNamed is the OID of a configuration or dictionary.
func searchNamed(t sqltype.OID, text string, parts []string) (uint32, error) {
	about := searchObjects[t]
	rows := bootstrap.Named(about.relation, parts[len(parts)-1])
	if len(rows) == 0 || len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" {
		return 0, sqlerr.New(sqlerr.UndefinedObject, "text search %s \"%s\" does not exist", about.kind, text)
	}
	return bootstrap.Number(rows[0][0]), nil
}

// unlessUnique is a function's name, with its schema unless it is in pg_catalog and the only one of that name.
func (v *View) unlessUnique(name, schema string, count int) string {
	if s := bootstrap.Number(schema); s != catalogSchema || count > 1 {
		return ident.Quote(v.schemaName(s)) + "." + ident.Quote(name)
	}
	return ident.Quote(name)
}

// className is a relation's name, with its schema unless the name alone finds it.
func (v *View) className(oid uint32) string {
	r := v.byOID(oid)
	if r == nil {
		return ""
	}
	name, visible := r.Name, v.relationVisible(r)
	if uint32(r.OID) != oid && r.Kind != catalog.KindType { // the index of its key
		name = r.PrimaryKeyName()
	}
	if visible {
		return ident.Quote(name)
	}
	return ident.Quote(r.Schema) + "." + ident.Quote(name)
}

func (v *View) relationVisible(r *catalog.Relation) bool {
	if r.Kind == catalog.KindType {
		found, ok := v.cat.Type("", r.Name, v.path)
		return ok && found.Schema == r.Schema
	}
	found, ok := v.cat.Relation("", r.Name, v.path)
	return ok && found.OID == r.OID
}

// schemaName is a schema's name, "" = there is none of that OID.
func (v *View) schemaName(oid uint32) string {
	if row := bootstrap.ByOID("pg_namespace", oid); row != nil {
		return row[1]
	}
	if r, ok := v.cat.ByOID(catalog.OID(oid)); ok && r.Kind == catalog.KindSchema {
		return r.Name
	}
	if oid == ownSchema {
		return "tributary"
	}
	return ""
}

// SearchPath is current_schemas.
func (v *View) SearchPath(implicit bool) []string {
	var out []string
	if temp, ok := v.cat.Schema(catalog.TempAlias); ok && implicit && !slices.Contains(v.path, catalog.TempAlias) && !slices.Contains(v.path, temp.Name) {
		out = append(out, temp.Name)
	}
	if implicit && !slices.Contains(v.path, "pg_catalog") {
		out = append(out, "pg_catalog")
	}
	for _, name := range v.path {
		if temp, ok := v.cat.Schema(name); ok {
			name = temp.Name // of pg_temp
		}
		if v.cat.HasSchema(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// TempSchema is the schema of the temporary relations of the session, 0 = it has none yet.
func (v *View) TempSchema() uint32 {
	if temp, ok := v.cat.Schema(catalog.TempAlias); ok {
		return uint32(temp.OID)
	}
	return 0
}

// Visible reports whether a bare name finds an object of a catalog.
func (v *View) Visible(class string, oid uint32) (visible, ok bool) {
	row := bootstrap.ByOID(class, oid)
	switch class {
	case "pg_class":
		r := v.byOID(oid)
		return r != nil && v.relationVisible(r), r != nil
	case "pg_proc":
		if r := v.function(oid); r != nil {
			return v.functionVisible(r), true
		}
	case "pg_type":
		if r := v.userType(oid); r != nil {
			found, ok := v.cat.Type("", r.Name, v.path)
			return ok && found.OID == r.OID, true
		}
		if row == nil {
			rel, sort, _ := relationOf(oid)
			r := v.byOID(uint32(rel))
			ok = r != nil && (sort == rowTypes || sort == arrayTypes) && hasRowType(r)
			return ok && v.relationVisible(r), ok
		}
	}
	if row == nil {
		return false, false
	}
	schema := 2 // the place of its column
	if class == "pg_opclass" || class == "pg_opfamily" {
		schema = 3
	}
	name := v.schemaName(bootstrap.Number(row[schema]))
	return name == "pg_catalog" || slices.Contains(v.path, name), true
}

// Role is a role's name.
func (v *View) Role(oid uint32) (string, bool) {
	if r, ok := v.cat.RoleOf(catalog.OID(oid)); ok {
		return r.Name, true
	}
	return "", false
}

// RoleNamed is the OID of a role.
func (v *View) RoleNamed(name string) (uint32, bool) {
	if r, ok := v.cat.RoleNamed(name); ok {
		return uint32(r.OID), true
	}
	return 0, false
}
