package parse

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// systemKinds are the kinds of objects that only the system has, as messages call them.
var systemKinds = map[pg.ObjectType]string{
	pg.ObjectType_OBJECT_COLLATION: "collation", pg.ObjectType_OBJECT_CONVERSION: "conversion", pg.ObjectType_OBJECT_EXTENSION: "extension",
	pg.ObjectType_OBJECT_TSPARSER: "text search parser", pg.ObjectType_OBJECT_TSDICTIONARY: "text search dictionary",
	pg.ObjectType_OBJECT_TSTEMPLATE: "text search template", pg.ObjectType_OBJECT_TSCONFIGURATION: "text search configuration",
	pg.ObjectType_OBJECT_AGGREGATE: "aggregate", pg.ObjectType_OBJECT_OPERATOR: "operator", pg.ObjectType_OBJECT_LANGUAGE: "language",
	pg.ObjectType_OBJECT_CAST: "cast", pg.ObjectType_OBJECT_FDW: "foreign-data wrapper", pg.ObjectType_OBJECT_FOREIGN_SERVER: "server",
	pg.ObjectType_OBJECT_OPCLASS: "operator class", pg.ObjectType_OBJECT_OPFAMILY: "operator family", pg.ObjectType_OBJECT_ACCESS_METHOD: "access method",
	pg.ObjectType_OBJECT_FOREIGN_TABLE: "foreign table", pg.ObjectType_OBJECT_STATISTIC_EXT: "statistics object",
}

// dropSystem is DROP of objects that only the system has; nil of others.
func dropSystem(s *pg.DropStmt) (Body, error) {
	kind, ok := systemKinds[s.RemoveType]
	if !ok {
		return nil, nil
	}
	d := &DropSystem{Kind: kind, IfExists: s.MissingOk}
	for _, o := range s.Objects {
		var one SystemObject
		names := stringsOf(o.GetList().GetItems())
		switch {
		case s.RemoveType == pg.ObjectType_OBJECT_CAST:
			one.Types = o.GetList().GetItems()
			names = nil
		case o.GetObjectWithArgs() != nil:
			names, one.Types = stringsOf(o.GetObjectWithArgs().Objname), o.GetObjectWithArgs().Objargs
		case o.GetString_() != nil:
			names = []string{o.GetString_().Sval}
		case s.RemoveType == pg.ObjectType_OBJECT_OPCLASS || s.RemoveType == pg.ObjectType_OBJECT_OPFAMILY:
			one.Method, names = names[0], names[1:]
		}
		if kind == "operator" && len(one.Types) == 2 && one.Types[1].GetTypeName() == nil {
			return nil, sqlerr.New(sqlerr.SyntaxError, "postfix operators are not supported")
		}
		one.Name = qualify(names)
		d.Objects = append(d.Objects, one)
	}
	return d, nil
}

// TypesOf are the types that the object is named by; nil stands for NONE.
func (o *SystemObject) TypesOf() (out []*pg.TypeName) {
	for _, n := range o.Types {
		out = append(out, n.GetTypeName())
	}
	return out
}

// tag is the command tag of a DROP.
func (d *DropSystem) tag() string {
	switch d.Kind {
	case "foreign-data wrapper":
		return "DROP FOREIGN DATA WRAPPER"
	case "statistics object":
		return "DROP STATISTICS"
	}
	return "DROP " + strings.ToUpper(d.Kind)
}
