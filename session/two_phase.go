package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// prepareTransaction is PREPARE TRANSACTION on a server that keeps no prepared transactions, as PostgreSQL's with max_prepared_transactions = 0,
// its default: the transaction is rolled back, whatever the error is.
func (s *Session) prepareTransaction(ctx context.Context, c *parse.Transaction, w face.Writer) error {
	if !s.tx.block || s.tx.failed {
		return s.end(ctx, &parse.Transaction{Kind: parse.Rollback}, w)
	}
	temporary := s.tx.temporary || s.tx.writes != nil && s.tx.writes.WroteTemporary()
	err := s.tx.keys.commit(ctx)
	s.dropUnheld()
	s.rollback()
	switch {
	case err != nil:
		return err
	case len(c.Name) >= 200:
		return sqlerr.New(sqlerr.InvalidParameterValue, "transaction identifier \"%s\" is too long", c.Name)
	case temporary:
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot PREPARE a transaction that has operated on temporary objects")
	}
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "prepared transactions are disabled").
		WithHint("Transactions are not kept for another session to commit.")
}

// noteTemporary notes that a statement touches temporary relations.
func (s *Session) noteTemporary(relations ...catalog.OID) {
	at := s.catalog()
	for _, oid := range relations {
		if rel, ok := at.ByOID(oid); ok && rel.Temporary() {
			s.tx.temporary = true
		}
	}
}

// endPrepared is COMMIT and ROLLBACK PREPARED: there is none to end.
func (s *Session) endPrepared(c *parse.Transaction, tag string) error {
	if s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", tag)
	}
	return sqlerr.New(sqlerr.UndefinedObject, "prepared transaction with identifier \"%s\" does not exist", c.Name)
}
