package parse

import (
	"cmp"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// createSchema takes the elements as texts: each runs as a statement of its own, in PostgreSQL's order.
func createSchema(s *pg.CreateSchemaStmt) (Body, error) {
	out := &CreateSchema{Name: s.Schemaname, IfNotExists: s.IfNotExists, Owner: roleOf(s.Authrole)}
	out.Anybody = s.Authrole != nil && s.Authrole.Roletype != pg.RoleSpecType_ROLESPEC_CSTRING
	elements := slices.Clone(s.SchemaElts)
	slices.SortStableFunc(elements, func(a, b *pg.Node) int { return cmp.Compare(elementOrder(a), elementOrder(b)) })
	for _, e := range elements {
		if in := elementSchema(e); in != "" && in != s.Schemaname && out.Outside == "" {
			out.Outside = in
		}
		text, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: e}}})
		if err != nil {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "this element of CREATE SCHEMA is not supported: %v", err)
		}
		out.Elements = append(out.Elements, text)
	}
	return out, nil
}

// elementOrder is that of transformCreateSchemaStmt: sequences, tables, views, indexes, the rest.
func elementOrder(n *pg.Node) int {
	switch n.GetNode().(type) {
	case *pg.Node_CreateSeqStmt:
		return 0
	case *pg.Node_CreateStmt:
		return 1
	case *pg.Node_ViewStmt:
		return 2
	case *pg.Node_IndexStmt:
		return 3
	}
	return 4
}

// elementSchema is the schema that an element names for what it makes.
func elementSchema(n *pg.Node) string {
	switch e := n.GetNode().(type) {
	case *pg.Node_CreateSeqStmt:
		return e.CreateSeqStmt.Sequence.GetSchemaname()
	case *pg.Node_CreateStmt:
		return e.CreateStmt.Relation.GetSchemaname()
	case *pg.Node_ViewStmt:
		return e.ViewStmt.View.GetSchemaname()
	case *pg.Node_IndexStmt:
		return e.IndexStmt.Relation.GetSchemaname()
	}
	return ""
}

// roleOf is a role as messages name it, "" = none, or who is asking.
func roleOf(r *pg.RoleSpec) string {
	if r.GetRoletype() == pg.RoleSpecType_ROLESPEC_CSTRING {
		return r.Rolename
	}
	return ""
}

var schemaKinds = map[pg.ObjectType]ObjectKind{
	pg.ObjectType_OBJECT_TABLE: ObjTable, pg.ObjectType_OBJECT_VIEW: ObjView,
	pg.ObjectType_OBJECT_MATVIEW: ObjMaterializedView, pg.ObjectType_OBJECT_SEQUENCE: ObjSequence,
	pg.ObjectType_OBJECT_TYPE: ObjType, pg.ObjectType_OBJECT_DOMAIN: ObjDomain,
}

func setSchema(s *pg.AlterObjectSchemaStmt) Body {
	if isFunction(s.ObjectType) {
		return &AlterFunction{Function: functionName(s.Object.GetObjectWithArgs()), Schema: s.Newschema}
	}
	kind, ok := schemaKinds[s.ObjectType]
	if !ok {
		return &Unsupported{What: "ALTER " + objectWords(s.ObjectType) + " SET SCHEMA"}
	}
	name := nameOf(s.Relation)
	if s.Relation == nil {
		name = qualify(stringsOf(s.Object.GetList().GetItems()))
	}
	return &SetSchema{Kind: kind, Name: name, IfExists: s.MissingOk, Schema: s.Newschema}
}
