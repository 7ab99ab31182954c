package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createComposite is CREATE TYPE … AS (…).
func (s *Session) createComposite(ctx context.Context, b *parse.CreateComposite, w face.Writer) error {
	err := s.change(ctx, "CREATE TYPE", func(t *catalog.Txn) error {
		rel, err := bind.CreateComposite(b, t.At(), s.bindOptions())
		if err != nil {
			return err
		}
		if err := s.freeType(ctx, t, rel.Schema, rel.Name); err != nil {
			return err
		}
		if err := s.lockParents(ctx, "CREATE TYPE", rel.DependsOn); err != nil {
			return err
		}
		s.tx.types = append(s.tx.types, t.Put(rel).OID)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE TYPE")
}

// alterComposite changes the attributes of a type that nobody uses.
func (s *Session) alterComposite(ctx context.Context, b *parse.AlterComposite, w face.Writer) error {
	return s.changeType(ctx, parse.ObjType, b.Name, w, func(t *catalog.Txn, next *catalog.Relation) error {
		if !next.UserType.Composite {
			return sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a composite type", next.Name)
		}
		if deps := t.At().Dependents(next.OID); len(deps) > 0 {
			return usesType(next, deps[0])
		}
		return bind.AlterComposite(b, next, t.At(), s.bindOptions())
	})
}

// usesType refuses to change a composite type because of who has it: by a column, if there is one.
func usesType(of, dep *catalog.Relation) error {
	for i := range dep.Columns {
		if t := dep.Columns[i].Type.OID; (t == sqltype.OID(of.OID) || t.Elem() == sqltype.OID(of.OID)) && !dep.Columns[i].Dropped {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type \"%s\" because column \"%s.%s\" uses it", of.Name, dep.Name, dep.Columns[i].Name)
		}
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type \"%s\" because %s %s uses it", of.Name, dep.Kind, dep.Name)
}
