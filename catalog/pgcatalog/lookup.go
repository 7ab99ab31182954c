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

// OIDOf is what the text of a reg type's value means.
func (v *View) OIDOf(t sqltype.OID, text string) (uint32, error) {
	switch t {
	case sqltype.Regtype:
		return v.typeNamed(text)
	case sqltype.Regprocedure:
		return v.procedureNamed(text)
	case sqltype.Regoper, sqltype.Regoperator:
		return v.operatorNamed(t, text)
	}
	parts, ok := ident.Split(text)
	if text == `""` { // a name that no object can have
		parts, ok = []string{""}, true
	}
	if !ok {
		return 0, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
	}
	switch t {
	case sqltype.Regconfig, sqltype.Regdict:
		return searchNamed(t, text, parts)
	case sqltype.Regclass:
		return v.classOf(text, parts)
	case sqltype.Regproc:
		rows := v.procs(parts)
		users := v.functionsOf(parts)
		if len(rows) == 0 && len(users) == 1 {
			return uint32(users[0].OID), nil
		}
		switch len(rows) + len(users) {
		case 0:
			return 0, sqlerr.New(sqlerr.UndefinedFunction, "function \"%s\" does not exist", text)
		case 1:
			return bootstrap.Number(rows[0][0]), nil
		}
		return 0, sqlerr.New(sqlerr.AmbiguousFunction, "more than one function named \"%s\"", text)
	case sqltype.Regnamespace:
		name := parts[len(parts)-1]
		if row := bootstrap.Named("pg_namespace", name); len(row) > 0 {
			return bootstrap.Number(row[0][0]), nil
		}
		if len(parts) > 1 || !v.cat.HasSchema(name) {
			return 0, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
		}
		return v.schemaOID(name), nil
	}
	if oid, ok := v.RoleNamed(parts[0]); ok && len(parts) == 1 {
		return oid, nil
	}
	return 0, sqlerr.New(sqlerr.UndefinedObject, "role \"%s\" does not exist", parts[0])
}

func (v *View) classOf(text string, parts []string) (uint32, error) {
	schema, name := "", parts[len(parts)-1]
	switch {
	case len(parts) > 3:
		return 0, sqlerr.New(sqlerr.SyntaxError, "improper relation name (too many dotted names): %s", text)
	case len(parts) > 1:
		schema = parts[len(parts)-2]
	}
	if r, ok := v.cat.Relation(schema, name, v.path); ok && relkind(r) != 0 {
		return uint32(r.OID), nil
	}
	if r, ok := v.cat.Type(schema, name, v.path); ok && r.UserType.Composite {
		return keyIndexes + uint32(r.OID), nil
	}
	for _, r := range v.cat.Relations(catalog.KindTable) {
		if hasKey(r) && r.PrimaryKeyName() == name && (r.Schema == schema || schema == "" && slices.Contains(v.path, r.Schema)) {
			return keyIndexes + uint32(r.OID), nil
		}
	}
	if schema != "" && !v.cat.HasSchema(schema) {
		return 0, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", schema)
	}
	return 0, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
}

// procs are the functions of a name.
func (v *View) procs(parts []string) (out []bootstrap.Row) {
	for _, row := range bootstrap.Named("pg_proc", parts[len(parts)-1]) {
		schema := v.schemaName(bootstrap.Number(row[2]))
		if len(parts) == 1 && schema == "pg_catalog" || len(parts) == 2 && schema == parts[0] {
			out = append(out, row)
		}
	}
	return out
}

func (v *View) procedureNamed(text string) (uint32, error) {
	open := strings.IndexByte(text, '(')
	if open < 0 || !strings.HasSuffix(text, ")") {
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "expected a left parenthesis")
	}
	parts, ok := ident.Split(text[:open])
	if !ok {
		return 0, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
	}
	want, err := v.typesNamed(text[open+1 : len(text)-1])
	if err != nil {
		return 0, err
	}
	for _, row := range v.procs(parts) {
		if row[19] == want {
			return bootstrap.Number(row[0]), nil
		}
	}
	for _, r := range v.functionsOf(parts) {
		var types []byte
		for i, t := range r.Function.Types() {
			if i > 0 {
				types = append(types, ' ')
			}
			types = appendOID(types, uint32(t))
		}
		if string(types) == want {
			return uint32(r.OID), nil
		}
	}
	return 0, sqlerr.New(sqlerr.UndefinedFunction, "function \"%s\" does not exist", text)
}

// typesNamed is the oidvector of a list of types.
func (v *View) typesNamed(list string) (string, error) {
	var out []byte
	if strings.TrimSpace(list) == "" {
		return "", nil
	}
	for i, name := range strings.Split(list, ",") {
		oid, err := v.typeNamed(name)
		if err != nil {
			return "", err
		}
		if i > 0 {
			out = append(out, ' ')
		}
		out = appendOID(out, oid)
	}
	return string(out), nil
}

func (v *View) operatorNamed(t sqltype.OID, text string) (uint32, error) {
	name, args, with := strings.Cut(text, "(")
	name = strings.TrimPrefix(name, "pg_catalog.")
	rows := bootstrap.Named("pg_operator", name)
	if t == sqltype.Regoper {
		if _, ok := ident.Split(text); !ok {
			return 0, sqlerr.New(sqlerr.InvalidName, "invalid name syntax")
		}
		switch len(rows) {
		case 0:
			return 0, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s", text)
		case 1:
			return bootstrap.Number(rows[0][0]), nil
		}
		return 0, sqlerr.New(sqlerr.AmbiguousFunction, "more than one operator named %s", text)
	}
	if !with || !strings.HasSuffix(args, ")") {
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "expected a left parenthesis")
	}
	left, right, ok := strings.Cut(strings.TrimSuffix(args, ")"), ",")
	if !ok {
		return 0, sqlerr.New(sqlerr.UndefinedParameter, "missing argument").WithHint("Use NONE to denote the missing argument of a unary operator.")
	}
	var types [2]uint32
	for i, side := range []string{left, right} {
		if strings.EqualFold(strings.TrimSpace(side), "none") {
			continue
		}
		oid, err := v.typeNamed(side)
		if err != nil {
			return 0, err
		}
		types[i] = oid
	}
	for _, row := range rows {
		if bootstrap.Number(row[7]) == types[0] && bootstrap.Number(row[8]) == types[1] {
			return bootstrap.Number(row[0]), nil
		}
	}
	return 0, sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s", text)
}

// typeNamed finds a type by what SQL calls it, its modifier aside.
func (v *View) typeNamed(text string) (uint32, error) {
	name := strings.TrimSpace(text)
	if name == "" {
		return 0, sqlerr.New(sqlerr.SyntaxError, "invalid type name \"%s\"", text)
	}
	array := false
	if bare, ok := strings.CutSuffix(name, "[]"); ok {
		array, name = true, bare
	}
	if open := strings.IndexByte(name, '('); open > 0 {
		if end := strings.IndexByte(name, ')'); end > open {
			name = strings.TrimSpace(name[:open]) + name[end+1:]
		}
	}
	oid := v.elementType(name)
	if array && oid != 0 {
		oid = v.arrayOf(oid)
	}
	if oid == 0 {
		return 0, sqlerr.New(sqlerr.UndefinedObject, "type \"%s\" does not exist", text)
	}
	return oid, nil
}

// elementType is the OID of a type that is written without brackets, 0 = there is none.
func (v *View) elementType(name string) uint32 {
	if t, ok := sqltype.ByName(name); ok {
		return uint32(t)
	}
	for oid, s := range map[uint32]string{1266: "time with time zone", 1562: "bit varying"} {
		if strings.EqualFold(s, name) {
			return oid
		}
	}
	parts, ok := ident.Split(name)
	if !ok || len(parts) > 2 {
		return 0
	}
	last := parts[len(parts)-1]
	for _, row := range bootstrap.Named("pg_type", last) {
		schema := v.schemaName(bootstrap.Number(row[2]))
		if len(parts) == 2 && schema == parts[0] || len(parts) == 1 && schema == "pg_catalog" {
			return bootstrap.Number(row[0])
		}
	}
	schema := ""
	if len(parts) == 2 {
		schema = parts[0]
	}
	if r, ok := v.cat.Type(schema, last, v.path); ok {
		return uint32(r.OID)
	}
	if r, ok := v.cat.Type(schema, trimmed(last), v.path); ok {
		return arrayTypes + uint32(r.OID)
	}
	if r, ok := v.cat.Relation(schema, last, v.path); ok && hasRowType(r) {
		return rowTypes + uint32(r.OID)
	}
	return 0
}

// arrayOf is the type of arrays over a type, 0 = there is none.
func (v *View) arrayOf(oid uint32) uint32 {
	if row := bootstrap.ByOID("pg_type", oid); row != nil {
		return bootstrap.Number(row[14])
	}
	if v.userType(oid) != nil {
		return arrayTypes + oid
	}
	if rel, sort, _ := relationOf(oid); sort == rowTypes {
		return arrayTypes + uint32(rel)
	}
	return 0
}

// functionsOf are the users' functions that a name may mean.
func (v *View) functionsOf(parts []string) (out []*catalog.Relation) {
	path := v.path
	if len(parts) > 1 {
		path = parts[len(parts)-2 : len(parts)-1]
	}
	for _, r := range v.cat.Functions(parts[len(parts)-1]) {
		if slices.Contains(path, r.Schema) {
			out = append(out, r)
		}
	}
	return out
}
