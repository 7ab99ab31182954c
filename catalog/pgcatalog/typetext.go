package pgcatalog

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// spelled are the types that SQL calls otherwise than pg_type does, of those that no values here have.
var spelled = map[string]string{"timetz": "time with time zone", "bit": "bit", "varbit": "bit varying", "any": `"any"`}

// TypeText is format_type.
func (v *View) TypeText(oid uint32, mod int32) string {
	t := sqltype.OID(oid)
	if name := sqltype.TypeName(sqltype.Type{OID: t, Mod: mod}); name != "???" {
		if t == sqltype.BPChar && mod < 0 || t == sqltype.BPChar.Array() && mod < 0 {
			name = strings.Replace(name, "bpchar", "character", 1)
		}
		return name
	}
	if row := bootstrap.ByOID("pg_type", oid); row != nil {
		return v.systemType(row)
	}
	rel, sort, _ := relationOf(oid)
	r := v.byOID(uint32(rel))
	switch {
	case r == nil || !hasRowType(r):
	case sort == rowTypes:
		return v.className(uint32(rel))
	case sort == arrayTypes:
		return v.className(uint32(rel)) + "[]"
	}
	return "???"
}

func (v *View) systemType(row bootstrap.Row) string {
	if elem := bootstrap.Number(row[13]); elem != 0 && row[7] == "A" && strings.HasPrefix(row[1], "_") {
		return v.TypeText(elem, -1) + "[]"
	}
	if name, ok := spelled[row[1]]; ok {
		return name
	}
	if schema := bootstrap.Number(row[2]); schema != catalogSchema {
		return ident.Quote(v.schemaName(schema)) + "." + ident.Quote(row[1])
	}
	return ident.Quote(row[1])
}

// typeTexts are those of an oidvector's text.
func (v *View) typeTexts(oids string) []string {
	var out []string
	for _, word := range strings.Fields(strings.NewReplacer("{", "", "}", "", ",", " ").Replace(oids)) {
		out = append(out, v.TypeText(bootstrap.Number(word), -1))
	}
	return out
}

// Function is a function's arguments and result as text.
func (v *View) Function(proc uint32) (arguments, identity, result string, ok bool) {
	if r := v.function(proc); r != nil {
		arguments, identity, result = v.userFunctionTexts(r)
		return arguments, identity, result, true
	}
	row := bootstrap.ByOID("pg_proc", proc)
	if row == nil {
		return "", "", "", false
	}
	types, modes, names := v.typeTexts(row[19]), "", words(row[22])
	if row[20] != bootstrap.Null {
		types = v.typeTexts(row[20])
	}
	if row[21] != bootstrap.Null {
		modes = strings.NewReplacer("{", "", "}", "", ",", "").Replace(row[21])
	}
	var args, ids, table []string
	for i, t := range types {
		mode := byte('i')
		if i < len(modes) {
			mode = modes[i]
		}
		text := t
		if i < len(names) && names[i] != "" {
			text = ident.Quote(names[i]) + " " + t
		}
		switch mode {
		case 't':
			table = append(table, text)
			continue
		case 'o':
			args = append(args, "OUT "+text)
			continue
		case 'b':
			text = "INOUT " + text
		case 'v':
			text = "VARIADIC " + text
		}
		args, ids = append(args, text), append(ids, text)
	}
	result = v.TypeText(bootstrap.Number(row[18]), -1)
	switch {
	case len(table) > 0:
		result = "TABLE(" + strings.Join(table, ", ") + ")"
	case row[13] == "t":
		result = "SETOF " + result
	}
	return strings.Join(args, ", "), strings.Join(ids, ", "), result, true
}

// words are the elements of a text array whose elements need no more than quotes.
func words(array string) []string {
	if array == bootstrap.Null {
		return nil
	}
	list := strings.Split(strings.Trim(array, "{}"), ",")
	for i := range list {
		list[i] = strings.Trim(list[i], `"`)
	}
	return list
}
