package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
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
		if err := s.mayLock(rel, mode); err != nil {
			return err
		}
		if !b.NoWait {
			err = s.tx.writes.LockRelation(ctx, rel.OID, mode)
		} else if got := s.tx.writes.TryLockRelation(rel.OID, mode); !got {
			err = sqlerr.New(sqlerr.LockNotAvailable, "could not obtain lock on relation \"%s\"", rel.Name)
		}
		if err != nil {
			return err
		}
		if now, ok := s.catalog().ByOID(rel.OID); !ok || now.Kind != rel.Kind {
			return sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", name.String())
		}
	}
	return w.Complete("LOCK TABLE")
}

// mayLock refuses who could not do to the table what the lock is for.
func (s *Session) mayLock(rel *catalog.Relation, mode table.LockMode) error {
	any := acl.Update | acl.Delete | acl.Truncate
	switch mode {
	case table.AccessShare:
		any = acl.Select
	case table.RowExclusive:
		any |= acl.Insert
	}
	if cat := s.catalog(); !cat.IsSuper(s.who.current) && cat.Privs(s.who.current, rel, any) == 0 {
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
	case catalog.KindTable:
		return rel, nil
	case catalog.KindPlainView:
		return nil, unsupported("LOCK TABLE of a view").WithHint("Lock the tables that it reads.")
	}
	return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not a table or view", rel.Name)
}
