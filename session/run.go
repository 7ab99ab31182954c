package session

import (
	"context"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// runStatement runs everything but a plain query.
//
//lint:dispatch
func (s *Session) runStatement(ctx context.Context, p *portal, w face.Writer) error {
	st := p.prepared.statement
	if isDDL(st.Body) {
		if err := s.beforeDDL(ctx, st); err != nil {
			return err
		}
		s.changed = false
		defer s.logDDL(st)
	}
	switch b := st.Body.(type) {
	case *parse.Transaction:
		return s.transaction(ctx, b, st.Tag, w)
	case *parse.SetTransaction:
		return s.setTransaction(b, w)
	case *parse.Insert, *parse.Update, *parse.Delete, *parse.Merge:
		return s.runDML(ctx, p, w)
	case *parse.SetConstraints:
		return s.setConstraints(ctx, b, w)
	case *parse.Truncate:
		return s.truncate(ctx, b, w)
	case *parse.CopyFrom:
		return s.copyFrom(ctx, b, w)
	case *parse.CopyTo:
		return s.copyTo(ctx, p, b, w)
	case *parse.Explain:
		return s.explain(ctx, p, w)
	case *parse.CreateTable:
		return s.createTable(ctx, b, w)
	case *parse.CreateStream:
		return s.createStream(ctx, b, w)
	case *parse.CreateSink:
		return s.createSink(ctx, b, w)
	case *parse.CreateTopic:
		return s.createTopic(ctx, b, w)
	case *parse.CreateMaterializedView:
		return s.createView(ctx, b, w)
	case *parse.CreateIndex:
		return s.createIndex(ctx, b, w)
	case *parse.CreateSchema:
		return s.createSchema(ctx, b, w)
	case *parse.Comment:
		return s.comment(ctx, b, w)
	case *parse.AlterSchema:
		return s.alterSchema(ctx, b, w)
	case *parse.SetSchema:
		return s.setSchema(ctx, b, w)
	case *parse.CreateSequence:
		return s.createSequence(ctx, b, w)
	case *parse.AlterSequence:
		return s.alterSequence(ctx, b, w)
	case *parse.CreateEnum:
		return s.createEnum(ctx, b, w)
	case *parse.AlterEnum:
		return s.alterEnum(ctx, b, w)
	case *parse.RenameType:
		return s.renameType(ctx, b, w)
	case *parse.CreateComposite:
		return s.createComposite(ctx, b, w)
	case *parse.AlterComposite:
		return s.alterComposite(ctx, b, w)
	case *parse.CreateFunction:
		return s.createFunction(ctx, b, w)
	case *parse.DropFunction:
		return s.dropFunction(ctx, b, w)
	case *parse.AlterFunction:
		return s.alterFunction(ctx, b, w)
	case *parse.CreateDomain:
		return s.createDomain(ctx, b, w)
	case *parse.AlterDomain:
		return s.alterDomain(ctx, b, w)
	case *parse.Drop:
		return s.drop(ctx, b, w)
	case *parse.AlterTable:
		return s.alterTable(ctx, b, w)
	case *parse.Rename:
		return s.rename(ctx, b, w)
	case *parse.AlterSet:
		return s.alterSet(ctx, b, w)
	case *parse.AlterRebuild:
		return s.alterRebuild(ctx, b, w)
	case *parse.CreatePolicy:
		return s.createPolicy(ctx, b, w)
	case *parse.AlterPolicy:
		return s.alterPolicy(ctx, b, w)
	case *parse.RenamePolicy:
		return s.renamePolicy(ctx, b, w)
	case *parse.DropPolicy:
		return s.dropPolicy(ctx, b, w)
	case *parse.CreateRole:
		return s.createRole(ctx, b, w)
	case *parse.AlterRole:
		return s.alterRole(ctx, b, w)
	case *parse.AlterSettings:
		return s.alterSettings(ctx, b, w)
	case *parse.AlterOwner:
		return s.alterOwner(ctx, b, w)
	case *parse.Grant:
		return s.grant(ctx, b, w)
	case *parse.GrantRole:
		return s.grantRole(ctx, b, w)
	case *parse.DefaultPrivileges:
		return s.defaultPrivileges(ctx, b, w)
	case *parse.DropOwned:
		return s.dropOwned(ctx, b, w)
	case *parse.RenameRole:
		return s.renameRole(ctx, b, w)
	case *parse.DropRole:
		return s.dropRole(ctx, b, w)
	case *parse.Describe:
		return s.describe(b, w)
	case *parse.ShowCreate:
		return s.showCreate(b, w)
	case *parse.ShowObjects:
		return s.showObjects(b, w)
	case *parse.Show:
		return s.show(b, w)
	case *parse.Set:
		return s.setParameter(b, w)
	case *parse.Reset:
		return s.resetParameter(b, w)
	case *parse.Deallocate:
		return s.deallocate(b, w)
	case *parse.Prepare:
		return s.prepareStatement(ctx, p, b, w)
	case *parse.Reindex:
		return s.reindex(ctx, b, w)
	case *parse.Cluster:
		return s.cluster(ctx, b, w)
	case *parse.Maintain:
		return s.maintain(b, w)
	case *parse.Discard:
		return s.discard(ctx, b, w)
	case *parse.LockTable:
		return s.lockTable(ctx, b, w)
	case *parse.Listen:
		return s.listen(b, w)
	case *parse.Declare:
		return s.declare(ctx, p, b, w)
	case *parse.Fetch:
		return s.fetch(ctx, p, b, w)
	case *parse.CloseCursor:
		return s.closeCursor(b, w)
	case *parse.CreateTableAs:
		return s.createTableAs(ctx, p, b, w)
	case *parse.CreateView:
		return s.createPlainView(ctx, b, w)
	case *parse.Refresh:
		return s.refresh(ctx, b, w)
	case *parse.DropSystem:
		return s.dropSystem(b, st.Tag, w)
	case *parse.CreateExtension:
		return createExtension(b)
	case *parse.Unsupported:
		if b.What == "DO" {
			return unsupported(b.What).WithHint("There are no languages but SQL: send the statements themselves.")
		}
		return unsupported(b.What)
	}
	return unsupported(st.Tag)
}

func unsupported(what string) *sqlerr.Error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported yet", what)
}

func isDDL(b parse.Body) bool {
	switch b.(type) {
	case *parse.CreateTable, *parse.CreateTableAs, *parse.CreateStream, *parse.CreateSink, *parse.CreateTopic, *parse.CreateMaterializedView,
		*parse.CreateIndex, *parse.CreateView, *parse.CreateSequence, *parse.AlterSequence, *parse.CreateEnum, *parse.AlterEnum, *parse.RenameType, *parse.CreateDomain, *parse.AlterDomain, *parse.CreateComposite, *parse.AlterComposite, *parse.CreateFunction, *parse.DropFunction, *parse.AlterFunction, *parse.AlterTable, *parse.Rename, *parse.Drop, *parse.AlterSet, *parse.AlterRebuild,
		*parse.CreateRole, *parse.AlterRole, *parse.AlterSettings, *parse.AlterOwner, *parse.Grant, *parse.GrantRole, *parse.DefaultPrivileges, *parse.DropOwned, *parse.RenameRole, *parse.DropRole,
		*parse.CreatePolicy, *parse.AlterPolicy, *parse.RenamePolicy, *parse.DropPolicy, *parse.CreateSchema, *parse.AlterSchema, *parse.Comment, *parse.SetSchema:
		return true
	}
	return false
}
