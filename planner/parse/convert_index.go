package parse

import pg "github.com/pganalyze/pg_query_go/v5"

var reindexKinds = map[pg.ReindexObjectType]ObjectKind{
	pg.ReindexObjectType_REINDEX_OBJECT_INDEX: ObjIndex, pg.ReindexObjectType_REINDEX_OBJECT_TABLE: ObjTable, pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA: ObjSchema,
}

// reindex is REINDEX of an index, of the indexes of a table or of a schema, or of all.
func reindex(s *pg.ReindexStmt) Body {
	out := &Reindex{Kind: reindexKinds[s.Kind], Options: s.Params, System: s.Kind == pg.ReindexObjectType_REINDEX_OBJECT_SYSTEM}
	if s.Relation != nil {
		out.Name = nameOf(s.Relation)
	} else {
		out.Name = Name{Name: s.Name, Pos: -1}
	}
	return out
}
