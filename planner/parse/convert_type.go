package parse

import pg "github.com/pganalyze/pg_query_go/v5"

func alterEnum(s *pg.AlterEnumStmt) Body {
	return &AlterEnum{
		Name: qualify(stringsOf(s.TypeName)), Old: s.OldVal, Label: s.NewVal, IfNotExists: s.SkipIfNewValExists,
		Beside: s.NewValNeighbor, After: s.NewValIsAfter,
	}
}

// renameType is ALTER TYPE … RENAME TO, and that of a domain or of its constraint.
func renameType(s *pg.RenameStmt) Body {
	kind := ObjType
	switch s.RenameType {
	case pg.ObjectType_OBJECT_DOMAIN:
		kind = ObjDomain
	case pg.ObjectType_OBJECT_DOMCONSTRAINT:
		return &AlterDomain{Name: qualify(stringsOf(s.Object.GetList().GetItems())), Old: s.Subname, New: s.Newname}
	}
	return &RenameType{Kind: kind, Name: qualify(stringsOf(s.Object.GetList().GetItems())), To: s.Newname}
}
