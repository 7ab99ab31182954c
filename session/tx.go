package session

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// txState is where a session stands in a transaction. An implicit one has a writes but no
// block.
type txState struct {
	block      bool // between BEGIN and COMMIT
	failed     bool // the block only waits for its end
	broken     bool // an implicit transaction had an error: it rolls back at its end
	repeatable bool
	readOnly   bool
	writes     *table.Tx
	pin        *lane.Pin // the snapshot of a REPEATABLE READ block
	began      time.Time // of the transaction, for now()
	saved      txSettings
}

func (t *txState) status() face.TxStatus {
	switch {
	case t.failed:
		return face.TxFailed
	case t.block:
		return face.TxActive
	}
	return face.TxIdle
}

// fail notes an error.
func (t *txState) fail() {
	if t.block {
		t.failed = true
	} else {
		t.broken = true
	}
}

// allow refuses what a failed block does not do.
func (t *txState) allow(b parse.Body) error {
	if !t.failed {
		return nil
	}
	if c, ok := b.(*parse.Transaction); ok && (c.Kind == parse.Commit || c.Kind == parse.Rollback || c.Kind == parse.RollbackTo) {
		return nil
	}
	return sqlerr.New(sqlerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

// writer gives the transaction's writes, beginning them at the first one.
func (s *Session) writer() (*table.Tx, error) {
	if s.tx.readOnly || s.set.get("transaction_read_only") == "on" {
		return nil, sqlerr.New(sqlerr.ReadOnlySQLTransaction, "cannot execute a writing statement in a read-only transaction")
	}
	if s.tx.writes == nil {
		s.tx.writes = s.db.Tables.Begin(s.set.duration("lock_timeout"))
	}
	return s.tx.writes, nil
}

// endImplicit ends the transaction outside a block: it commits, or rolls back after an error.
func (s *Session) endImplicit(ctx context.Context) error {
	if s.tx.block {
		return nil
	}
	if s.tx.broken {
		s.rollback()
		return nil
	}
	return s.commit(ctx)
}

// commit makes the writes durable and ends the transaction, also when it cannot.
func (s *Session) commit(ctx context.Context) error {
	w := s.tx.writes
	s.tx.writes = nil
	if w == nil {
		s.endTx(false)
		return nil
	}
	_, err := w.Commit(ctx)
	s.endTx(err != nil)
	return err
}

func (s *Session) rollback() {
	if s.tx.writes != nil {
		s.tx.writes.Rollback()
	}
	s.endTx(true)
}

func (s *Session) endTx(rolledBack bool) {
	s.undoSettings(rolledBack)
	if s.tx.pin != nil {
		s.tx.pin.Release()
	}
	if s.tx.block {
		_, _ = s.set.set("transaction_read_only", s.set.get("default_transaction_read_only"))
		_, _ = s.set.set("transaction_isolation", s.set.get("default_transaction_isolation"))
	}
	s.tx = txState{}
}

// transaction runs BEGIN, COMMIT, ROLLBACK.
func (s *Session) transaction(ctx context.Context, c *parse.Transaction, tag string, w face.Writer) error {
	switch c.Kind {
	case parse.Begin:
		return s.begin(c, tag, w)
	case parse.Commit, parse.Rollback:
		return s.end(ctx, c, w)
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "savepoints and prepared transactions are not supported yet")
}

func (s *Session) begin(c *parse.Transaction, tag string, w face.Writer) error {
	if s.tx.block {
		s.client.Notice(face.Notice{Severity: "WARNING", Code: string(sqlerr.ActiveSQLTransaction), Message: "there is already a transaction in progress"})
		return w.Complete(tag)
	}
	// What an implicit transaction did before BEGIN becomes part of the block, as in PostgreSQL.
	s.tx.saved = s.saveSettings()
	s.tx.block = true
	if err := s.applyModes(c.Modes); err != nil {
		return err
	}
	s.tx.repeatable = s.set.get("transaction_isolation") == "repeatable read"
	s.tx.began = s.db.Clock.Now()
	return w.Complete(tag)
}

func (s *Session) applyModes(modes []parse.Option) error {
	for _, m := range modes {
		if m.Name == "transaction_deferrable" {
			continue
		}
		if _, err := s.set.set(m.Name, m.Value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) end(ctx context.Context, c *parse.Transaction, w face.Writer) error {
	if !s.tx.block {
		s.client.Notice(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "there is no transaction in progress"})
	}
	failed := s.tx.failed
	s.dropPortals()
	if c.Kind == parse.Rollback || failed {
		s.rollback()
		return w.Complete("ROLLBACK")
	}
	if err := s.commit(ctx); err != nil {
		return err
	}
	return w.Complete("COMMIT")
}

// statementTimeout bounds a statement by statement_timeout.
func (s *Session) statementTimeout(ctx context.Context) (context.Context, func()) {
	d := s.set.duration("statement_timeout")
	if d == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to statement timeout"))
}
