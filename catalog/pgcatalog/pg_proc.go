package pgcatalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// sqlLanguage is the OID of language sql.
const sqlLanguage = uint32(14)

// function is the users' function of an OID, nil if there is none.
func (v *View) function(oid uint32) *catalog.Relation {
	if r, ok := v.cat.ByOID(catalog.OID(oid)); ok && r.Kind == catalog.KindFunction {
		return r
	}
	return nil
}

// functionRows is pg_proc beside PostgreSQL's own.
func functionRows(v *View, _ system.Facts, key system.Key, add system.Adder) error {
	of := v.cat.Relations(catalog.KindFunction)
	switch key.Column {
	case 0:
		of = nil
		if r := v.function(key.OID); r != nil {
			of = append(of, r)
		}
	case 1:
		of = v.cat.Functions(key.Name)
	}
	for _, r := range of {
		if err := v.functionRow(r, add); err != nil {
			return err
		}
	}
	return nil
}

func (v *View) functionRow(r *catalog.Relation, add system.Adder) error {
	f := r.Function
	var variadic uint32
	var all []string
	var modes, names, defaults []string
	named, outs := false, false
	for i := range f.Args {
		a := &f.Args[i]
		all, modes, names = append(all, strconv.FormatUint(uint64(a.Type), 10)), append(modes, a.Mode), append(names, a.Name)
		named, outs = named || a.Name != "", outs || a.Mode != "i"
		if a.Default != "" {
			defaults = append(defaults, v.argDefault(a))
		}
		if a.Mode == "v" {
			variadic = uint32(a.Type.Elem())
		}
	}
	var types []uint32
	for _, t := range f.Types() {
		types = append(types, uint32(t))
	}
	var allTypes, argModes, argNames, argDefaults, sqlBody any
	if outs {
		allTypes, argModes = system.Text("{"+strings.Join(all, ",")+"}"), system.Text("{"+strings.Join(modes, ",")+"}")
	}
	if named {
		argNames = names
	}
	if len(defaults) > 0 {
		argDefaults = strings.Join(defaults, ", ")
	}
	source := f.Body
	if f.Form != "" {
		sqlBody, source = v.sqlBody(f), ""
	}
	return add(r.OID, r.Name, v.schemaOID(r.Schema), v.cat.OwnerOf(r), sqlLanguage, float32(f.Cost), float32(f.Rows), variadic, uint32(0), byte('f'),
		f.SecurityDefiner, f.Leakproof, f.Strict, f.ReturnsSet, f.Volatility[0], f.Parallel[0], int16(len(types)), int16(len(defaults)), uint32(f.Returns),
		types, allTypes, argModes, argNames, argDefaults, nil, source, nil, sqlBody, nil, v.aclOf(r))
}

// argDefault is the default of an argument as PostgreSQL shows it.
func (v *View) argDefault(a *catalog.FunctionArg) string {
	return v.defaultText(&catalog.Column{Default: a.Default, Type: sqltype.Of(a.Type)})
}

// sqlBody is the text of a function that is no string.
func (v *View) sqlBody(f *catalog.Function) string {
	if f.Form == "return" {
		text := strings.TrimPrefix(f.Body, "SELECT ")
		if strings.ContainsAny(text, " ") && !strings.HasPrefix(text, "(") {
			text = "(" + text + ")"
		}
		return "RETURN " + text
	}
	return "BEGIN ATOMIC\n " + f.Body + ";\nEND"
}

// userFunctionTexts are arguments and result of a function of users as text.
func (v *View) userFunctionTexts(r *catalog.Relation) (arguments, identity, result string) {
	f := r.Function
	var args, ids, table []string
	for i := range f.Args {
		a := &f.Args[i]
		text := v.TypeText(uint32(a.Type), -1)
		if a.Name != "" {
			text = ident.Quote(a.Name) + " " + text
		}
		switch a.Mode {
		case "t":
			table = append(table, text)
			continue
		case "o":
			args, ids = append(args, "OUT "+text), append(ids, "OUT "+text)
			continue
		case "b":
			text = "INOUT " + text
		case "v":
			text = "VARIADIC " + text
		}
		ids = append(ids, text)
		if a.Default != "" {
			text += " DEFAULT " + v.argDefault(a)
		}
		args = append(args, text)
	}
	result = v.TypeText(uint32(f.Returns), -1)
	switch {
	case len(table) > 0:
		result = "TABLE(" + strings.Join(table, ", ") + ")"
	case f.ReturnsSet:
		result = "SETOF " + result
	}
	return strings.Join(args, ", "), strings.Join(ids, ", "), result
}

// FunctionDef is pg_get_functiondef, FunctionBody pg_get_function_sqlbody; false: it is none of users.
func (v *View) FunctionDef(proc uint32) (string, bool) {
	r := v.function(proc)
	if r == nil {
		return "", false
	}
	f := r.Function
	arguments, _, result := v.userFunctionTexts(r)
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE FUNCTION " + qualified(r) + "(" + arguments + ")\n RETURNS " + result + "\n LANGUAGE sql\n")
	var options []string
	say := func(is bool, word string) {
		if is {
			options = append(options, word)
		}
	}
	say(f.Volatility == "i", "IMMUTABLE")
	say(f.Volatility == "s", "STABLE")
	say(f.Parallel == "s", "PARALLEL SAFE")
	say(f.Parallel == "r", "PARALLEL RESTRICTED")
	say(f.Strict, "STRICT")
	say(f.SecurityDefiner, "SECURITY DEFINER")
	say(f.Leakproof, "LEAKPROOF")
	say(f.Cost != 100, "COST "+strconv.FormatFloat(f.Cost, 'g', -1, 32))
	say(f.Rows != 0 && f.Rows != 1000, "ROWS "+strconv.FormatFloat(f.Rows, 'g', -1, 32))
	if len(options) > 0 {
		b.WriteString(" " + strings.Join(options, " ") + "\n")
	}
	if f.Form != "" {
		return b.String() + v.sqlBody(f) + "\n", true
	}
	quote := "$function"
	for strings.Contains(f.Body, quote) {
		quote += "x"
	}
	return b.String() + "AS " + quote + "$" + f.Body + quote + "$\n", true
}

// FunctionBody is the text of a function that is no string.
func (v *View) FunctionBody(proc uint32) (string, bool) {
	r := v.function(proc)
	if r == nil || r.Function.Form == "" {
		return "", false
	}
	return v.sqlBody(r.Function), true
}

// functionVisible: a bare name with its arguments finds the function.
func (v *View) functionVisible(r *catalog.Relation) bool {
	for _, schema := range v.path {
		for _, found := range v.cat.Functions(r.Name) {
			if found.Schema == schema && slices.Equal(found.Function.Types(), r.Function.Types()) {
				return found.OID == r.OID
			}
		}
	}
	return false
}
