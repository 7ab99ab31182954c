package parse

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// renameKinds are the kinds whose RENAME is known.
var renameKinds = map[pg.ObjectType]ObjectKind{
	pg.ObjectType_OBJECT_TABLE: ObjTable, pg.ObjectType_OBJECT_VIEW: ObjView, pg.ObjectType_OBJECT_MATVIEW: ObjMaterializedView,
	pg.ObjectType_OBJECT_INDEX: ObjIndex, pg.ObjectType_OBJECT_SEQUENCE: ObjSequence,
}

// rename is ALTER kind name RENAME TO, RENAME COLUMN and RENAME CONSTRAINT.
func rename(s *pg.RenameStmt) Body {
	out := &Rename{Name: nameOf(s.Relation), Old: s.Subname, New: s.Newname, IfExists: s.MissingOk}
	of := s.RenameType
	switch of {
	case pg.ObjectType_OBJECT_COLUMN:
		of, out.Part = s.RelationType, RenameColumn
	case pg.ObjectType_OBJECT_TABCONSTRAINT:
		of, out.Part = pg.ObjectType_OBJECT_TABLE, RenameConstraint
	}
	kind, ok := renameKinds[of]
	if !ok || s.Relation == nil {
		return &Unsupported{What: "RENAME"}
	}
	out.Kind = kind
	return out
}

// changesOther reports whether a statement is an ALTER of a kind that PostgreSQL lacks which changes what PostgreSQL's kinds have
// too: its name, or its columns.
func changesOther(s *segment) bool {
	kind := alterForms[s.word(1)]
	if !s.is(0, "alter") || kind != ObjStream && kind != ObjSink {
		return false
	}
	i := 2
	if s.is(i, "if", "exists") {
		i += 2
	}
	_, n, ok := s.qualified(i)
	return ok && (s.is(i+n, "rename") || s.is(i+n, "add") || s.is(i+n, "drop") || s.is(i+n, "alter") || s.is(i+n, "owner"))
}

// word is token i in lower case.
func (s *segment) word(i int) string {
	if i >= len(s.toks) {
		return ""
	}
	return strings.ToLower(s.text(i))
}

// alterOther is the ALTER of a stream or sink whose text was made one of a table or view.
func alterOther(n *pg.Node, kind ObjectKind) Body {
	var b Body
	switch {
	case n.GetRenameStmt() != nil:
		b = rename(n.GetRenameStmt())
	case n.GetAlterTableStmt() != nil:
		b = alter(n.GetAlterTableStmt())
	}
	switch b := b.(type) {
	case *Rename:
		b.Kind = kind
		return b
	case *AlterOwner:
		b.Kind = kind
		return b
	case *AlterTable:
		if b.Kind = kind; kind == ObjStream {
			return b
		}
	}
	return &Unsupported{What: "ALTER " + kind.String()}
}
