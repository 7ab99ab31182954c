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
		for _, dep := range t.At().Dependents(next.OID) {
			for i := range dep.Columns {
				if of := dep.Columns[i].Type.OID; (of == sqltype.OID(next.OID) || of.Elem() == sqltype.OID(next.OID)) && !dep.Columns[i].Dropped {
					return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type \"%s\" because column \"%s.%s\" uses it", next.Name, dep.Name, dep.Columns[i].Name)
				}
			}
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type \"%s\" because %s %s uses it", next.Name, dep.Kind, dep.Name)
		}
		return bind.AlterComposite(b, next, t.At(), s.bindOptions())
	})
}
