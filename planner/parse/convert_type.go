package parse

import pg "github.com/pganalyze/pg_query_go/v5"

func alterEnum(s *pg.AlterEnumStmt) Body {
	return &AlterEnum{
		Name: qualify(stringsOf(s.TypeName)), Old: s.OldVal, Label: s.NewVal, IfNotExists: s.SkipIfNewValExists,
		Beside: s.NewValNeighbor, After: s.NewValIsAfter,
	}
}

// renameType is ALTER TYPE … RENAME TO.
func renameType(s *pg.RenameStmt) Body {
	return &RenameType{Name: qualify(stringsOf(s.Object.GetList().GetItems())), To: s.Newname}
}
