package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// lockTable is LOCK TABLE. It keeps out who writes, locks rows or changes definitions; who only reads has a version and holds
// nothing (docs/decisions/0064).
func (s *Session) lockTable(ctx context.Context, b *parse.LockTable, w face.Writer) error {
	if !s.tx.block {
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "LOCK TABLE can only be used in transaction blocks")
	}
	mode := table.LockMode(1) << (b.Mode - 1)
	s.tx.queried = true
	if s.tx.writes == nil {
		s.beginWrites()
	}
	for _, name := range b.Tables {
		rel, err := s.lockable(name)
		if err != nil {
			return err
		}
		if err := s.lockDown(ctx, rel, mode, b.NoWait, s.who.current, map[catalog.OID]bool{}); err != nil {
			return err
		}
	}
	return w.Complete("LOCK TABLE")
}

// lockDown locks a relation, and of a view the tables and views that it reads, as their role may: that of the view, unless it is one of
// who asks.
func (s *Session) lockDown(ctx context.Context, rel *catalog.Relation, mode table.LockMode, noWait bool, role catalog.OID, seen map[catalog.OID]bool) error {
	if seen[rel.OID] {
		return nil
	}
	seen[rel.OID] = true
	if err := s.mayLock(rel, mode, role); err != nil {
		return err
	}
	var err error
	if !noWait {
		err = s.tx.writes.LockRelation(ctx, rel.OID, mode)
	} else if got := s.tx.writes.TryLockRelation(rel.OID, mode); !got {
		err = sqlerr.New(sqlerr.LockNotAvailable, "could not obtain lock on relation \"%s\"", rel.Name)
	}
	if err != nil {
		return err
	}
	now, ok := s.catalog().ByOID(rel.OID)
	if !ok || now.Kind != rel.Kind {
		return sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", rel.Name)
	}
	if now.Kind != catalog.KindPlainView {
		return nil
	}
	if !bind.AsCaller(now) {
		role = s.catalog().OwnerOf(now)
	}
	for _, oid := range now.DependsOn {
		below, ok := s.catalog().ByOID(oid)
		if !ok || below.Kind != catalog.KindTable && below.Kind != catalog.KindPlainView {
			continue
		}
		if err := s.lockDown(ctx, below, mode, noWait, role, seen); err != nil {
			return err
		}
	}
	return nil
}

// mayLock refuses who could not do to the table what the lock is for.
func (s *Session) mayLock(rel *catalog.Relation, mode table.LockMode, role catalog.OID) error {
	any := acl.Update | acl.Delete | acl.Truncate
	switch mode {
	case table.AccessShare:
		any = acl.Select
	case table.RowExclusive:
		any |= acl.Insert
	}
	if cat := s.catalog(); !cat.IsSuper(role) && cat.Privs(role, rel, any) == 0 {
		return deniedFor(rel)
	}
	return nil
}

// lockable finds what LOCK TABLE names: a table or a view.
func (s *Session) lockable(name parse.Name) (*catalog.Relation, error) {
	rel, ok := s.catalog().Relation(name.Schema, name.Name, s.set.derived.SearchPath)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", name.String())
	}
	switch rel.Kind {
	case catalog.KindTable, catalog.KindPlainView:
		return rel, nil
	}
	return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a table or view", rel.Name)
}
