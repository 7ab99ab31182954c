package parse

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// converter turns one raw statement into its Body; form is what was taken out of its text.
type converter struct {
	sql        string
	form       *form
	start, end int // of the statement
}

// statement dispatches on the tree.
//
//lint:dispatch
func (c *converter) statement(n *pg.Node) (Body, error) {
	if c.form != nil && c.form.kind != formInside {
		return c.formStatement(n)
	}
	switch s := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return c.selectStatement(s.SelectStmt)
	case *pg.Node_InsertStmt:
		return &Insert{Stmt: s.InsertStmt}, nil
	case *pg.Node_UpdateStmt:
		return &Update{Stmt: s.UpdateStmt}, nil
	case *pg.Node_DeleteStmt:
		return &Delete{Stmt: s.DeleteStmt}, nil
	case *pg.Node_MergeStmt:
		return &Merge{Stmt: s.MergeStmt}, nil
	case *pg.Node_CreateStmt:
		return createTable(s.CreateStmt), nil
	case *pg.Node_CreateTableAsStmt:
		return c.createTableAs(s.CreateTableAsStmt)
	case *pg.Node_ViewStmt:
		return c.createView(s.ViewStmt), nil
	case *pg.Node_RefreshMatViewStmt:
		return &Refresh{Name: nameOf(s.RefreshMatViewStmt.Relation), NoData: s.RefreshMatViewStmt.SkipData}, nil
	case *pg.Node_IndexStmt:
		i := s.IndexStmt
		return &CreateIndex{Name: i.Idxname, Table: nameOf(i.Relation), Unique: i.Unique, IfNotExists: i.IfNotExists, Stmt: i}, nil
	case *pg.Node_CreateSchemaStmt:
		return createSchema(s.CreateSchemaStmt)
	case *pg.Node_CommentStmt:
		return comment(s.CommentStmt), nil
	case *pg.Node_AlterObjectSchemaStmt:
		return setSchema(s.AlterObjectSchemaStmt), nil
	case *pg.Node_RenameStmt:
		if s.RenameStmt.RenameType == pg.ObjectType_OBJECT_SCHEMA {
			return &AlterSchema{Name: s.RenameStmt.Subname, NewName: s.RenameStmt.Newname}, nil
		}
		if s.RenameStmt.RenameType == pg.ObjectType_OBJECT_ATTRIBUTE {
			return &AlterComposite{Name: nameOf(s.RenameStmt.Relation), Old: s.RenameStmt.Subname, New: s.RenameStmt.Newname}, nil
		}
		if isFunction(s.RenameStmt.RenameType) {
			return &AlterFunction{Function: functionName(s.RenameStmt.Object.GetObjectWithArgs()), To: s.RenameStmt.Newname}, nil
		}
		switch s.RenameStmt.RenameType {
		case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN, pg.ObjectType_OBJECT_DOMCONSTRAINT:
			return renameType(s.RenameStmt), nil
		}
		if s.RenameStmt.RenameType == pg.ObjectType_OBJECT_POLICY {
			return &RenamePolicy{Table: nameOf(s.RenameStmt.Relation), Old: s.RenameStmt.Subname, New: s.RenameStmt.Newname, IfExists: s.RenameStmt.MissingOk}, nil
		}
		if s.RenameStmt.RenameType == pg.ObjectType_OBJECT_ROLE {
			return &RenameRole{Name: s.RenameStmt.Subname, New: s.RenameStmt.Newname}, nil
		}
		return rename(s.RenameStmt), nil
	case *pg.Node_AlterOwnerStmt:
		return alterOwner(s.AlterOwnerStmt), nil
	case *pg.Node_CreateSeqStmt:
		q := s.CreateSeqStmt
		return &CreateSequence{Name: nameOf(q.Sequence), Temporary: q.Sequence.Relpersistence == "t", IfNotExists: q.IfNotExists, Options: q.Options}, nil
	case *pg.Node_AlterSeqStmt:
		return &AlterSequence{Name: nameOf(s.AlterSeqStmt.Sequence), IfExists: s.AlterSeqStmt.MissingOk, Options: s.AlterSeqStmt.Options}, nil
	case *pg.Node_CreateEnumStmt:
		return &CreateEnum{Name: qualify(stringsOf(s.CreateEnumStmt.TypeName)), Labels: stringsOf(s.CreateEnumStmt.Vals)}, nil
	case *pg.Node_CreateFunctionStmt:
		return createFunction(s.CreateFunctionStmt), nil
	case *pg.Node_AlterFunctionStmt:
		if !isFunction(s.AlterFunctionStmt.Objtype) {
			return &Unsupported{What: "ALTER PROCEDURE"}, nil
		}
		return &AlterFunction{Function: functionName(s.AlterFunctionStmt.Func), Options: s.AlterFunctionStmt.Actions}, nil
	case *pg.Node_CompositeTypeStmt:
		return &CreateComposite{Name: nameOf(s.CompositeTypeStmt.Typevar), Columns: s.CompositeTypeStmt.Coldeflist}, nil
	case *pg.Node_CreateExtensionStmt:
		return &CreateExtension{Name: s.CreateExtensionStmt.Extname}, nil
	case *pg.Node_CreateDomainStmt:
		return &CreateDomain{Name: qualify(stringsOf(s.CreateDomainStmt.Domainname)), Stmt: s.CreateDomainStmt}, nil
	case *pg.Node_AlterDomainStmt:
		return &AlterDomain{Name: qualify(stringsOf(s.AlterDomainStmt.TypeName)), Stmt: s.AlterDomainStmt}, nil
	case *pg.Node_AlterEnumStmt:
		return alterEnum(s.AlterEnumStmt), nil
	case *pg.Node_DropStmt:
		if d := dropFunction(s.DropStmt); d != nil {
			return d, nil
		}
		if s.DropStmt.RemoveType == pg.ObjectType_OBJECT_POLICY {
			return dropPolicy(s.DropStmt), nil
		}
		if d, err := dropSystem(s.DropStmt); d != nil || err != nil {
			return d, err
		}
		return drop(s.DropStmt), nil
	case *pg.Node_DropdbStmt:
		return &DropSystem{Kind: "database", IfExists: s.DropdbStmt.MissingOk, Objects: []SystemObject{{Name: Name{Name: s.DropdbStmt.Dbname, Pos: -1}}}}, nil
	case *pg.Node_DropTableSpaceStmt:
		d := s.DropTableSpaceStmt
		return &DropSystem{Kind: "tablespace", IfExists: d.MissingOk, Objects: []SystemObject{{Name: Name{Name: d.Tablespacename, Pos: -1}}}}, nil
	case *pg.Node_AlterTableStmt:
		if s.AlterTableStmt.Objtype == pg.ObjectType_OBJECT_TYPE {
			return &AlterComposite{Name: nameOf(s.AlterTableStmt.Relation), Commands: s.AlterTableStmt.Cmds}, nil
		}
		return alter(s.AlterTableStmt), nil
	case *pg.Node_AlterRoleStmt:
		return alterRole(s.AlterRoleStmt)
	case *pg.Node_AlterRoleSetStmt:
		return alterSettings(s.AlterRoleSetStmt), nil
	case *pg.Node_AlterDatabaseSetStmt:
		return alterDatabaseSettings(s.AlterDatabaseSetStmt), nil
	case *pg.Node_CreatePolicyStmt:
		return createPolicy(s.CreatePolicyStmt), nil
	case *pg.Node_AlterPolicyStmt:
		return alterPolicy(s.AlterPolicyStmt), nil
	case *pg.Node_CreateRoleStmt:
		return createRole(s.CreateRoleStmt)
	case *pg.Node_GrantStmt:
		return grant(s.GrantStmt), nil
	case *pg.Node_AlterDefaultPrivilegesStmt:
		return defaultPrivileges(s.AlterDefaultPrivilegesStmt), nil
	case *pg.Node_GrantRoleStmt:
		return grantRole(s.GrantRoleStmt)
	case *pg.Node_DropOwnedStmt:
		return &DropOwned{Roles: roleSpecs(s.DropOwnedStmt.Roles), Cascade: s.DropOwnedStmt.Behavior == pg.DropBehavior_DROP_CASCADE}, nil
	case *pg.Node_ReassignOwnedStmt:
		return &DropOwned{Roles: roleSpecs(s.ReassignOwnedStmt.Roles), To: grantor(s.ReassignOwnedStmt.Newrole)}, nil
	case *pg.Node_DropRoleStmt:
		return &DropRole{Roles: roleSpecs(s.DropRoleStmt.Roles), IfExists: s.DropRoleStmt.MissingOk}, nil
	case *pg.Node_VariableShowStmt:
		return show(s.VariableShowStmt), nil
	case *pg.Node_VariableSetStmt:
		return set(s.VariableSetStmt), nil
	case *pg.Node_TransactionStmt:
		return transaction(s.TransactionStmt), nil
	case *pg.Node_CopyStmt:
		return c.copy(s.CopyStmt)
	case *pg.Node_ExplainStmt:
		return c.explain(s.ExplainStmt)
	case *pg.Node_PrepareStmt:
		body, err := c.statement(s.PrepareStmt.Query)
		return &Prepare{Name: s.PrepareStmt.Name, ArgTypes: s.PrepareStmt.Argtypes, Body: body}, err
	case *pg.Node_ExecuteStmt:
		return &Execute{Name: s.ExecuteStmt.Name, Args: s.ExecuteStmt.Params}, nil
	case *pg.Node_DeallocateStmt:
		return &Deallocate{Name: s.DeallocateStmt.Name, All: s.DeallocateStmt.Name == ""}, nil
	case *pg.Node_DiscardStmt:
		return discard(s.DiscardStmt), nil
	case *pg.Node_DeclareCursorStmt:
		return c.declare(s.DeclareCursorStmt), nil
	case *pg.Node_FetchStmt:
		return fetch(s.FetchStmt), nil
	case *pg.Node_ClosePortalStmt:
		return &CloseCursor{Name: s.ClosePortalStmt.Portalname, All: s.ClosePortalStmt.Portalname == ""}, nil
	case *pg.Node_LockStmt:
		l := &LockTable{Mode: s.LockStmt.Mode, NoWait: s.LockStmt.Nowait}
		for _, r := range s.LockStmt.Relations {
			l.Tables = append(l.Tables, nameOf(r.GetRangeVar()))
		}
		return l, nil
	case *pg.Node_ListenStmt:
		return &Listen{What: "LISTEN", Channel: s.ListenStmt.Conditionname}, nil
	case *pg.Node_UnlistenStmt:
		return &Listen{What: "UNLISTEN", Channel: s.UnlistenStmt.Conditionname}, nil
	case *pg.Node_NotifyStmt:
		return &Listen{What: "NOTIFY", Channel: s.NotifyStmt.Conditionname, Payload: s.NotifyStmt.Payload}, nil
	case *pg.Node_ReindexStmt:
		return reindex(s.ReindexStmt), nil
	case *pg.Node_ClusterStmt:
		return &Cluster{Name: nameOf(s.ClusterStmt.Relation), Index: s.ClusterStmt.Indexname}, nil
	case *pg.Node_VacuumStmt:
		return maintain(s.VacuumStmt), nil
	case *pg.Node_ConstraintsSetStmt:
		t := &SetConstraints{Deferred: s.ConstraintsSetStmt.Deferred}
		for _, r := range s.ConstraintsSetStmt.Constraints {
			t.Names = append(t.Names, nameOf(r.GetRangeVar()))
		}
		return t, nil
	case *pg.Node_TruncateStmt:
		t := &Truncate{Restart: s.TruncateStmt.RestartSeqs, Cascade: s.TruncateStmt.Behavior == pg.DropBehavior_DROP_CASCADE}
		for _, r := range s.TruncateStmt.Relations {
			t.Names = append(t.Names, nameOf(r.GetRangeVar()))
		}
		return t, nil
	}
	return &Unsupported{What: unsupportedName(n)}, nil
}

// formStatement makes the body of a statement whose text was rewritten.
func (c *converter) formStatement(n *pg.Node) (Body, error) {
	f := c.form
	if ex := n.GetExplainStmt(); ex != nil {
		body, err := c.formStatement(ex.Query)
		return &Explain{Options: Options(ex.Options), Body: body}, err
	}
	switch {
	case f.kind == formStream && n.GetCreateStmt() != nil:
		return c.createStream(n.GetCreateStmt())
	case f.kind == formStream && n.GetCreateTableAsStmt() != nil:
		return c.createStreamAs(n.GetCreateTableAsStmt())
	case f.kind == formSink && n.GetViewStmt() != nil:
		return c.createSink(n.GetViewStmt())
	case f.kind == formDrop && n.GetDropStmt() != nil:
		d := drop(n.GetDropStmt())
		if dd, ok := d.(*Drop); ok {
			dd.Kind = f.object
		}
		return d, nil
	case f.kind == formAlter:
		return alterOther(n, f.object), nil
	case f.kind == formSubscribe && n.GetSelectStmt() != nil:
		return &Subscribe{Query: c.query(n.GetSelectStmt())}, nil
	case f.kind == formSubscribe && n.GetDeclareCursorStmt() != nil:
		body := c.declare(n.GetDeclareCursorStmt())
		body.(*Declare).Subscribe = true
		return body, nil
	case f.kind == formFetch && n.GetFetchStmt() != nil:
		b := fetch(n.GetFetchStmt())
		b.Options = f.options
		return b, nil
	case f.kind == formCopy && n.GetCopyStmt() != nil:
		body, err := c.copy(n.GetCopyStmt())
		if to, ok := body.(*CopyTo); ok {
			to.Subscribe = true
		}
		return body, err
	case f.kind == formGrant && n.GetGrantStmt() != nil:
		return grantOther(n.GetGrantStmt(), f.object), nil
	case f.kind == formEmit:
		return c.emitStatement(n)
	}
	return nil, sqlerr.New(sqlerr.SyntaxError, "syntax error").At(int32(f.start))
}

// emitStatement is a PostgreSQL statement with an EMIT clause behind it.
func (c *converter) emitStatement(n *pg.Node) (Body, error) {
	switch s := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return c.selectStatement(s.SelectStmt)
	case *pg.Node_CreateTableAsStmt:
		return c.createTableAs(s.CreateTableAsStmt)
	case *pg.Node_CopyStmt:
		return c.copy(s.CopyStmt)
	case *pg.Node_DeclareCursorStmt:
		return c.declare(s.DeclareCursorStmt), nil
	}
	return nil, sqlerr.New(sqlerr.SyntaxError, "EMIT is only allowed behind a query").At(c.form.emitAt)
}

func (c *converter) selectStatement(s *pg.SelectStmt) (Body, error) {
	first := s
	for first.Larg != nil { // of a set operation the first query has INTO
		first = first.Larg
	}
	into := first.IntoClause
	first.IntoClause = nil // the rest is a query like any
	q := c.query(s)
	switch {
	case into != nil:
		as := tableAs(into, false, q, nil)
		as.Into = true
		return as, nil
	case q.Emit == EmitChanges:
		return &Subscribe{Query: q}, nil
	}
	return &Select{Query: q}, nil
}

func (c *converter) query(s *pg.SelectStmt) Query {
	q := Query{Select: s, EmitAt: -1}
	if c.form != nil {
		q.Emit, q.EmitAt, q.Every = c.form.emit, c.form.emitAt, c.form.every
	}
	return q
}

// definition is the query of a statement … AS query.
func (c *converter) definition(s *pg.SelectStmt) Query {
	q := c.query(s)
	q.Text = c.textAfterAs()
	return q
}

// textAfterAs is the statement's text behind its first AS outside parentheses.
func (c *converter) textAfterAs() string {
	lx := lexer{src: c.sql[:c.end], pos: c.start}
	depth := 0
	for t := lx.next(); t.kind != tokEOF; t = lx.next() {
		switch text := lx.text(t); {
		case t.kind == tokOp && (text == "(" || text == "["):
			depth++
		case t.kind == tokOp && (text == ")" || text == "]"):
			depth--
		case t.kind == tokWord && depth == 0 && strings.EqualFold(text, "as"):
			return strings.TrimSpace(c.sql[t.end:c.end])
		}
	}
	return ""
}

// withoutCheckOption is the text of a view's query without WITH [LOCAL | CASCADED] CHECK OPTION behind it.
func withoutCheckOption(query string) string {
	lx := lexer{src: query}
	end := int32(-1) // of the text before the last WITH
	for t := lx.next(); t.kind != tokEOF; t = lx.next() {
		if t.kind == tokWord && strings.EqualFold(lx.text(t), "with") {
			end = t.start
		}
	}
	if end < 0 {
		return query
	}
	return strings.TrimSpace(query[:end])
}

// withoutData is the text of a view's query without WITH [NO] DATA behind it.
func withoutData(query string) string {
	lx := lexer{src: query}
	var last [3]string // words, the newest behind
	var starts [3]int32
	for t := lx.next(); t.kind != tokEOF; t = lx.next() {
		if t.kind == tokOp && lx.text(t) == ";" {
			continue
		}
		last, starts = [3]string{last[1], last[2], strings.ToLower(lx.text(t))}, [3]int32{starts[1], starts[2], t.start}
	}
	switch {
	case last[2] != "data":
	case last[1] == "with":
		return strings.TrimSpace(query[:starts[1]])
	case last[1] == "no" && last[0] == "with":
		return strings.TrimSpace(query[:starts[0]])
	}
	return query
}

func (c *converter) explain(s *pg.ExplainStmt) (Body, error) {
	body, err := c.statement(s.Query)
	return &Explain{Options: Options(s.Options), Body: body}, err
}

func nameOf(r *pg.RangeVar) Name {
	if r == nil {
		return Name{Pos: -1}
	}
	return Name{Catalog: r.Catalogname, Schema: r.Schemaname, Name: r.Relname, Pos: r.Location}
}
