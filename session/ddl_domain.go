package session

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createDomain is CREATE DOMAIN.
func (s *Session) createDomain(ctx context.Context, b *parse.CreateDomain, w face.Writer) error {
	err := s.change(ctx, "CREATE DOMAIN", func(t *catalog.Txn) error {
		rel, err := bind.CreateDomain(b, t.At(), s.bindOptions())
		if err != nil {
			return err
		}
		if err := s.freeType(ctx, t, rel.Schema, rel.Name); err != nil {
			return err
		}
		if err := s.lockParents(ctx, "CREATE DOMAIN", rel.DependsOn); err != nil {
			return err
		}
		s.tx.types = append(s.tx.types, t.Put(rel).OID)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE DOMAIN")
}

// alterDomain is ALTER DOMAIN but for its name, schema and owner. Values that are there must be as it says then.
func (s *Session) alterDomain(ctx context.Context, b *parse.AlterDomain, w face.Writer) error {
	return s.changeType(ctx, parse.ObjDomain, b.Name, w, func(t *catalog.Txn, next *catalog.Relation) error {
		change, err := bind.AlterDomain(b, next, t.At(), s.bindOptions())
		if err != nil {
			return err
		}
		if change.Missing != "" {
			s.notice("constraint %q of domain %q does not exist, skipping", change.Missing, next.Name)
		}
		if b.New == "" && (b.Stmt.Subtype == "C" || b.Stmt.Subtype == "O" || b.Stmt.Subtype == "X" || b.Stmt.Subtype == "N") {
			if err := notInDataflows(t.At(), next, next); err != nil {
				return err
			}
		}
		if change.Check == "" && !change.NotNull {
			return nil
		}
		return s.holdsOfAll(ctx, t, next, next, &change)
	})
}

// notInDataflows refuses other constraints of a domain that what runs for ever casts to: it checks by those of when it was made.
func notInDataflows(at *catalog.Snapshot, altered, domain *catalog.Relation) error {
	for _, dep := range at.Dependents(domain.OID) {
		if dep.Kind == catalog.KindType {
			if err := notInDataflows(at, altered, dep); err != nil {
				return err
			}
		}
		if !dep.Derived() {
			continue
		}
		casts, err := bind.CastsTo(dep, altered.OID, at)
		if err != nil {
			return err
		}
		if casts {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter the constraints of domain %s because %s %s casts to it", altered.Name, dep.Kind, dep.Name).
				WithHint("Drop it, and create it again afterwards.")
		}
	}
	return nil
}

// holdsOfAll checks the values of a domain, and of those over it, in tables.
func (s *Session) holdsOfAll(ctx context.Context, t *catalog.Txn, altered, domain *catalog.Relation, change *bind.DomainChange) error {
	for _, rel := range t.At().Dependents(domain.OID) {
		for i := range rel.Columns {
			if c := &rel.Columns[i]; c.Type.OID.Elem() == sqltype.OID(domain.OID) && !c.Dropped && (rel.Kind == catalog.KindTable || rel.Kind == catalog.KindView) {
				return sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type \"%s\" because column \"%s.%s\" uses it", domain.Name, rel.Name, c.Name)
			}
		}
	}
	for _, dep := range t.At().Dependents(domain.OID) {
		if err := s.lock(ctx, "ALTER DOMAIN", dep.OID, table.Exclusive); err != nil {
			return err
		}
		dep, there := t.At().ByOID(dep.OID)
		switch {
		case !there:
		case dep.Kind == catalog.KindType && dep.UserType.Domain != nil:
			if err := s.holdsOfAll(ctx, t, altered, dep, change); err != nil {
				return err
			}
		case dep.Kind == catalog.KindTable:
			if err := s.holdsOf(ctx, dep, altered, domain, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdsOf checks the values of a domain in the columns of a table.
func (s *Session) holdsOf(ctx context.Context, rel, altered, domain *catalog.Relation, change *bind.DomainChange) error {
	for i := range rel.Columns {
		c := &rel.Columns[i]
		if c.Type.OID != sqltype.OID(domain.OID) || c.Dropped {
			continue
		}
		condition, code, what := ident(c.Name)+" IS NULL", sqlerr.NotNullViolation, "contains null values"
		if change.Check != "" {
			over, err := bind.OverColumn(change.Check, c.Name)
			if err != nil {
				return err
			}
			condition, code, what = "NOT ("+over+")", sqlerr.CheckViolation, "contains values that violate the new constraint"
		}
		broken, err := s.anyRow(ctx, rel, condition)
		if err != nil {
			return err
		}
		if broken {
			return sqlerr.New(code, "%s", fmt.Sprintf("column \"%s\" of table \"%s\" %s", c.Name, rel.Name, what)).
				About(sqlerr.Object{Schema: rel.Schema, Table: rel.Name, Column: c.Name})
		}
	}
	return nil
}
