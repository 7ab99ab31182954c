package session

import (
	"cmp"
	"context"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/parse"
)

// changeAlone commits a change of the catalog by itself.
func (s *Session) changeAlone(ctx context.Context, build func(t *catalog.Txn) error) error {
	empty := true
	_, err := s.db.Catalog.Run(ctx, s.db.Log, func(t *catalog.Txn) error {
		t.Making = s.making(t)
		err := build(t)
		empty = t.Empty()
		return err
	})
	if err == nil && !empty {
		s.changed = true
	}
	return err
}

// logDDL tells the log what a statement has changed, and who did it, once that is committed. A statement that
// failed behind its commit, or whose client left, has changed it all the same.
func (s *Session) logDDL(st *statement) {
	if !s.changed {
		return
	}
	tell := func() {
		s.db.Logger.Info("ddl", "statement", st.Tag, "object", objectOf(st.Body), "role", s.user, "pid", s.pid)
	}
	if !s.tx.writes.ChangesCatalog() {
		tell()
		return
	}
	s.behind(func(context.Context, bool) error {
		tell()
		return nil
	})
}

// objectOf names what a DDL statement is about.
func objectOf(b parse.Body) string {
	switch b := b.(type) {
	case *parse.CreateTable:
		return b.Name.String()
	case *parse.CreateTableAs:
		return b.Name.String()
	case *parse.CreateStream:
		return b.Name.String()
	case *parse.CreateSink:
		return b.Name.String()
	case *parse.CreateTopic:
		return b.Name
	case *parse.CreateMaterializedView:
		return b.Name.String()
	case *parse.CreateView:
		return b.Name.String()
	case *parse.CreateIndex:
		return strings.TrimSpace(b.Name + " ON " + b.Table.String())
	case *parse.Drop:
		names := make([]string, len(b.Names))
		for i, n := range b.Names {
			names[i] = n.String()
		}
		return strings.Join(names, ", ")
	case *parse.CreateSchema:
		return b.Name
	case *parse.Comment:
		return b.Name.String()
	case *parse.AlterSchema:
		return b.Name
	case *parse.SetSchema:
		return b.Name.String()
	case *parse.CreateSequence:
		return b.Name.String()
	case *parse.CreateEnum:
		return b.Name.String()
	case *parse.AlterEnum:
		return b.Name.String()
	case *parse.RenameType:
		return b.Name.String()
	case *parse.CreateComposite:
		return b.Name.String()
	case *parse.AlterComposite:
		return b.Name.String()
	case *parse.CreateFunction:
		return b.Name.String()
	case *parse.AlterFunction:
		return b.Function.Name.String()
	case *parse.DropFunction:
		names := make([]string, len(b.Functions))
		for i, f := range b.Functions {
			names[i] = f.Name.String()
		}
		return strings.Join(names, ", ")
	case *parse.CreateDomain:
		return b.Name.String()
	case *parse.AlterDomain:
		return b.Name.String()
	case *parse.AlterTable:
		return b.Name.String()
	case *parse.AlterSequence:
		return b.Name.String()
	case *parse.Rename:
		return b.Name.String()
	case *parse.AlterSet:
		return b.Name.String()
	case *parse.AlterRebuild:
		return b.Name.String()
	}
	return objectOfRole(b)
}

// objectOfRole names what a statement about roles is about.
func objectOfRole(b parse.Body) string {
	var of []parse.RoleSpec
	switch b := b.(type) {
	case *parse.CreatePolicy:
		return b.Name + " ON " + b.Table.String()
	case *parse.AlterPolicy:
		return b.Name + " ON " + b.Table.String()
	case *parse.RenamePolicy:
		return b.Old + " ON " + b.Table.String()
	case *parse.DropPolicy:
		return b.Name + " ON " + b.Table.String()
	case *parse.CreateRole:
		return b.Name
	case *parse.AlterRole:
		of = []parse.RoleSpec{b.Role}
	case *parse.AlterSettings:
		if b.Role != nil {
			of = []parse.RoleSpec{*b.Role}
		}
	case *parse.AlterOwner:
		return b.Name.String()
	case *parse.RenameRole:
		return b.Name
	case *parse.DropRole:
		of = b.Roles
	case *parse.DropOwned:
		of = b.Roles
	case *parse.GrantRole:
		return strings.Join(b.Roles, ", ")
	case *parse.Grant:
		names := make([]string, len(b.Objects))
		for i, n := range b.Objects {
			names[i] = n.String()
		}
		return strings.Join(names, ", ")
	case *parse.DefaultPrivileges:
		of = b.Roles
	}
	names := make([]string, len(of))
	for i, r := range of {
		names[i] = cmp.Or(r.Name, r.Special.String())
	}
	return strings.Join(names, ", ")
}
