package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// placed is the schema in which a table, view or sequence is made: that of the session's temporary relations where the statement asks for
// one, names their schema, or where that is the first of the search path.
func (b *binder) placed(n parse.Name, temporary bool) (string, error) {
	own := b.opts.TempSchema
	if n.Schema == "" && !temporary && len(b.opts.Settings.SearchPath) > 0 {
		temporary = b.opts.Settings.SearchPath[0] == catalog.TempAlias || b.opts.Settings.SearchPath[0] == own
	}
	switch {
	case n.Schema == catalog.TempAlias, n.Schema == own && own != "", n.Schema == "" && temporary:
		if own == "" {
			return "", unsupported("a temporary relation")
		}
		return own, nil
	case catalog.TempSchema(n.Schema) && b.cat.HasSchema(n.Schema):
		return "", sqlerr.New(sqlerr.InvalidTableDefinition, "cannot create relations in temporary schemas of other sessions").At(n.Pos)
	case temporary && b.cat.HasSchema(n.Schema):
		return "", sqlerr.New(sqlerr.InvalidTableDefinition, "cannot create temporary relation in non-temporary schema").At(n.Pos)
	}
	return b.newSchema(n)
}

// PlaceSequence is the schema in which a sequence is made.
func PlaceSequence(s *parse.CreateSequence, cat catalog.Reader, o Options) (string, error) {
	return newBinder(cat, o).placed(parse.Name{Schema: s.Name.Schema, Name: s.Name.Name, Pos: -1}, s.Temporary)
}

// persistence is how long a relation lasts.
func persistence(rel *catalog.Relation) string {
	if rel.Temporary() {
		return "temporary"
	}
	if rel.Unlogged {
		return "unlogged"
	}
	return "permanent"
}

// onCommit reads the ON COMMIT clause of a table.
func onCommit(rel *catalog.Relation, action pg.OnCommitAction) error {
	if action > pg.OnCommitAction_ONCOMMIT_NOOP && !rel.Temporary() {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "ON COMMIT can only be used on temporary tables")
	}
	switch action {
	case pg.OnCommitAction_ONCOMMIT_DELETE_ROWS:
		rel.OnCommit = catalog.DeleteRows
	case pg.OnCommitAction_ONCOMMIT_DROP:
		rel.OnCommit = catalog.DropTable
	}
	return nil
}

// readsTemporary reports whether a query reads a temporary relation.
func readsTemporary(q *plan.Query, cat catalog.Reader) bool {
	return slices.ContainsFunc(q.Relations, func(id plan.RelationID) bool {
		rel, ok := cat.ByOID(catalog.OID(id))
		return ok && rel.Temporary()
	})
}
