package bind

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
)

// SystemObject is what to say of an operator, aggregate or cast that does not exist, nil if the system has it. An error tells of a type.
func SystemObject(kind string, o *parse.SystemObject, cat catalog.Reader, opts Options) (*sqlerr.Error, error) {
	types, err := newBinder(cat, opts).droppedTypes(o)
	if err != nil {
		return nil, err
	}
	name := o.Name.String()
	switch kind {
	case "cast":
		for _, row := range bootstrap.Rows("pg_cast") {
			if bootstrap.Number(row[1]) == uint32(types[0]) && bootstrap.Number(row[2]) == uint32(types[1]) {
				return nil, nil
			}
		}
		return sqlerr.New(sqlerr.UndefinedObject, "cast from type %s to type %s does not exist", displayType(types[0]), displayType(types[1])), nil
	case "aggregate":
		for _, f := range builtin.FuncsByName(o.Name.Name) {
			if f.Kind == builtin.KindAggregate && slices.Equal(f.Args, types) {
				return nil, nil
			}
		}
		if len(types) == 0 {
			return sqlerr.New(sqlerr.UndefinedFunction, "aggregate %s(*) does not exist", name), nil
		}
		return sqlerr.New(sqlerr.UndefinedFunction, "aggregate %s does not exist", signature(name, types)), nil
	}
	left, right := displayType(types[len(types)-1]), ""
	if len(types) == 2 {
		left, right = displayType(types[0]), " "+displayType(types[1])
	}
	for _, row := range bootstrap.Rows("pg_operator") {
		if row[1] == o.Name.Name && len(types) == 2 && bootstrap.Number(row[7]) == uint32(types[0]) && bootstrap.Number(row[8]) == uint32(types[1]) {
			return nil, nil
		}
	}
	if len(types) == 2 && types[0] == sqltype.Invalid {
		return sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s%s", name, right), nil
	}
	return sqlerr.New(sqlerr.UndefinedFunction, "operator does not exist: %s %s%s", left, name, right), nil
}

// SystemObjectShown is an operator, aggregate or cast of the system as messages describe it.
func SystemObjectShown(kind string, o *parse.SystemObject, cat catalog.Reader, opts Options) string {
	types, _ := newBinder(cat, opts).droppedTypes(o) // which were found
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = displayType(t)
	}
	switch kind {
	case "cast":
		return "cast from " + words[0] + " to " + words[1]
	case "aggregate":
		kind = "function"
	}
	return kind + " " + o.Name.Name + "(" + strings.Join(words, ",") + ")"
}

// droppedTypes are the types of an object; Invalid stands for NONE.
func (b *binder) droppedTypes(o *parse.SystemObject) (types []sqltype.OID, err error) {
	for _, n := range o.TypesOf() {
		t := sqltype.Invalid
		if n != nil {
			if t, err = b.droppedType(n); err != nil {
				return nil, err
			}
		}
		types = append(types, t)
	}
	return types, nil
}

// droppedType is a type that a DROP names an object by.
func (b *binder) droppedType(n *pg.TypeName) (sqltype.OID, error) {
	t, err := b.functionType(n, &functionDefinition{tell: func(string, ...any) {}}, false)
	if sqlerr.CodeOf(err) == sqlerr.UndefinedObject {
		return t, sqlerr.New(sqlerr.UndefinedObject, "type \"%s\" does not exist", nameOfList(n.Names))
	}
	return t, err
}
