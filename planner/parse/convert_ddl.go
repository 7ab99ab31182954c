package parse

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func createTable(s *pg.CreateStmt) Body {
	return &CreateTable{Name: nameOf(s.Relation), IfNotExists: s.IfNotExists, Options: Options(s.Options), Stmt: s}
}

func (c *converter) createStream(s *pg.CreateStmt) (Body, error) {
	out := &CreateStream{Name: nameOf(s.Relation), IfNotExists: s.IfNotExists, Options: Options(s.Options), Stmt: s}
	if c.form.watermark != nil {
		w, err := c.form.watermark.parse(c.sql)
		if err != nil {
			return nil, err
		}
		out.Watermark = w
	}
	if c.form.emit != EmitNone {
		return nil, sqlerr.New(sqlerr.SyntaxError, "EMIT is only allowed behind a query").At(c.form.emitAt)
	}
	return out, nil
}

func (c *converter) createStreamAs(s *pg.CreateTableAsStmt) (Body, error) {
	q, err := c.asQuery(s)
	if err != nil {
		return nil, err
	}
	return &CreateStream{
		Name: nameOf(s.Into.Rel), IfNotExists: s.IfNotExists, Options: Options(s.Into.Options),
		ColumnNames: stringsOf(s.Into.ColNames), AsQuery: &q,
	}, nil
}

func (c *converter) createSink(s *pg.ViewStmt) (Body, error) {
	if s.WithCheckOption > pg.ViewCheckOption_NO_CHECK_OPTION {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "WITH CHECK OPTION is not supported for sinks")
	}
	if s.Query.GetSelectStmt() == nil {
		return nil, sqlerr.New(sqlerr.SyntaxError, "a sink needs a query")
	}
	return &CreateSink{
		Name: nameOf(s.View), IfNotExists: c.form.ifNotExists, Topic: c.form.topic,
		ColumnNames: stringsOf(s.Aliases), Options: Options(s.Options), Query: c.definition(s.Query.GetSelectStmt()),
	}, nil
}

func (c *converter) createTableAs(s *pg.CreateTableAsStmt) (Body, error) {
	if ex := s.Query.GetExecuteStmt(); ex != nil && s.Objtype != pg.ObjectType_OBJECT_MATVIEW {
		return tableAs(s.Into, s.IfNotExists, Query{EmitAt: -1}, &Execute{Name: ex.Name, Args: ex.Params}), nil
	}
	q, err := c.asQuery(s)
	if err != nil {
		return nil, err
	}
	if s.Objtype == pg.ObjectType_OBJECT_MATVIEW {
		q.Text = withoutData(q.Text)
		return &CreateMaterializedView{
			Name: nameOf(s.Into.Rel), IfNotExists: s.IfNotExists, ColumnNames: stringsOf(s.Into.ColNames),
			Options: Options(s.Into.Options), NoData: s.Into.SkipData, Query: q,
		}, nil
	}
	return tableAs(s.Into, s.IfNotExists, q, nil), nil
}

func tableAs(into *pg.IntoClause, ifNotExists bool, q Query, ex *Execute) *CreateTableAs {
	return &CreateTableAs{
		Name: nameOf(into.Rel), IfNotExists: ifNotExists, ColumnNames: stringsOf(into.ColNames), Options: Options(into.Options),
		Persistence: into.Rel.GetRelpersistence(), OnCommit: into.OnCommit, NoData: into.SkipData, Query: q, Execute: ex,
	}
}

func (c *converter) asQuery(s *pg.CreateTableAsStmt) (Query, error) {
	sel := s.Query.GetSelectStmt()
	if sel == nil {
		return Query{}, sqlerr.New(sqlerr.FeatureNotSupported, "CREATE … AS EXECUTE is not supported")
	}
	return c.definition(sel), nil
}

func (c *converter) createView(s *pg.ViewStmt) Body {
	switch {
	case s.Query.GetSelectStmt() == nil:
		return &Unsupported{What: "CREATE VIEW of this statement"}
	}
	options, query := Options(s.Options), c.definition(s.Query.GetSelectStmt())
	if s.WithCheckOption > pg.ViewCheckOption_NO_CHECK_OPTION {
		query.Text = withoutCheckOption(query.Text)
	}
	switch s.WithCheckOption {
	case pg.ViewCheckOption_LOCAL_CHECK_OPTION:
		options = append(options, Option{Name: "check_option", Value: "local", Kind: OptWord, Pos: -1})
	case pg.ViewCheckOption_CASCADED_CHECK_OPTION:
		options = append(options, Option{Name: "check_option", Value: "cascaded", Kind: OptWord, Pos: -1})
	}
	return &CreateView{
		Name: nameOf(s.View), Replace: s.Replace, Temporary: s.View.Relpersistence == "t", ColumnNames: stringsOf(s.Aliases), Options: options, Query: query,
	}
}

var dropKinds = map[pg.ObjectType]ObjectKind{
	pg.ObjectType_OBJECT_TABLE: ObjTable, pg.ObjectType_OBJECT_VIEW: ObjView,
	pg.ObjectType_OBJECT_MATVIEW: ObjMaterializedView, pg.ObjectType_OBJECT_INDEX: ObjIndex,
	pg.ObjectType_OBJECT_SCHEMA: ObjSchema, pg.ObjectType_OBJECT_SEQUENCE: ObjSequence,
	pg.ObjectType_OBJECT_TYPE: ObjType, pg.ObjectType_OBJECT_DOMAIN: ObjDomain,
}

func drop(s *pg.DropStmt) Body {
	kind, ok := dropKinds[s.RemoveType]
	if !ok {
		return &Unsupported{What: "DROP " + objectWords(s.RemoveType)}
	}
	d := &Drop{Kind: kind, IfExists: s.MissingOk, Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE, Concurrently: s.Concurrent}
	for _, o := range s.Objects {
		parts := stringsOf(o.GetList().GetItems())
		if o.GetString_() != nil {
			parts = []string{o.GetString_().Sval}
		}
		if t := o.GetTypeName(); t != nil {
			parts = stringsOf(t.Names)
		}
		d.Names = append(d.Names, qualify(parts))
	}
	return d
}

// qualify makes a Name of one to three parts; pg_query gives such names no position.
func qualify(parts []string) Name {
	n := Name{Pos: -1}
	if len(parts) == 0 {
		return n
	}
	n.Name = parts[len(parts)-1]
	if len(parts) > 1 {
		n.Schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		n.Catalog = parts[len(parts)-3]
	}
	return n
}

var alterKinds = map[pg.ObjectType]ObjectKind{
	pg.ObjectType_OBJECT_TABLE: ObjTable, pg.ObjectType_OBJECT_VIEW: ObjView,
	pg.ObjectType_OBJECT_MATVIEW: ObjMaterializedView, pg.ObjectType_OBJECT_INDEX: ObjIndex,
}

// changesOfTables are what ALTER TABLE knows; several may stand in one statement.
var changesOfTables = []pg.AlterTableType{
	pg.AlterTableType_AT_AddConstraint, pg.AlterTableType_AT_DropConstraint, pg.AlterTableType_AT_ColumnDefault,
	pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull, pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_AlterConstraint,
	pg.AlterTableType_AT_AddColumn, pg.AlterTableType_AT_DropColumn,
	pg.AlterTableType_AT_AddIdentity, pg.AlterTableType_AT_DropIdentity, pg.AlterTableType_AT_DropExpression, pg.AlterTableType_AT_AlterColumnType,
	pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions,
	pg.AlterTableType_AT_SetStorage, pg.AlterTableType_AT_SetCompression, pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_SetOptions,
	pg.AlterTableType_AT_ResetOptions, pg.AlterTableType_AT_ClusterOn, pg.AlterTableType_AT_DropCluster, pg.AlterTableType_AT_SetLogged,
	pg.AlterTableType_AT_SetUnLogged, pg.AlterTableType_AT_DropOids, pg.AlterTableType_AT_SetIdentity,
	pg.AlterTableType_AT_EnableRowSecurity, pg.AlterTableType_AT_DisableRowSecurity, pg.AlterTableType_AT_ForceRowSecurity, pg.AlterTableType_AT_NoForceRowSecurity,
}

// alter knows changes of a table, and SET (…) and RESET (…).
func alter(s *pg.AlterTableStmt) Body {
	kind, ok := alterKinds[s.Objtype]
	if cmd := s.Cmds[0].GetAlterTableCmd(); len(s.Cmds) == 1 && cmd.GetSubtype() == pg.AlterTableType_AT_ChangeOwner {
		if s.Objtype == pg.ObjectType_OBJECT_SEQUENCE {
			kind = ObjSequence
		}
		return &AlterOwner{Kind: kind, Name: nameOf(s.Relation), IfExists: s.MissingOk, Owner: roleSpec(cmd.Newowner)}
	}
	unsupported := &Unsupported{What: "ALTER " + objectWords(s.Objtype)}
	if !ok || len(s.Cmds) == 0 {
		return unsupported
	}
	table := &AlterTable{Kind: ObjTable, Name: nameOf(s.Relation), IfExists: s.MissingOk}
	for _, c := range s.Cmds {
		if cmd := c.GetAlterTableCmd(); slices.Contains(changesOfTables, cmd.GetSubtype()) {
			table.Changes = append(table.Changes, cmd)
		}
	}
	if kind == ObjTable && len(table.Changes) == len(s.Cmds) {
		return table
	}
	if len(s.Cmds) != 1 {
		return unsupported
	}
	cmd := s.Cmds[0].GetAlterTableCmd()
	reset := cmd.GetSubtype() == pg.AlterTableType_AT_ResetRelOptions
	if cmd.GetSubtype() != pg.AlterTableType_AT_SetRelOptions && !reset {
		return unsupported
	}
	return &AlterSet{
		Kind: kind, Name: nameOf(s.Relation), IfExists: s.MissingOk,
		Options: Options(cmd.GetDef().GetList().GetItems()), Reset: reset,
	}
}
