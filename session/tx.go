package session

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// txState is where a session stands in a transaction. An implicit one has a writes but no
// block.
type txState struct {
	block   bool // between BEGIN and COMMIT
	failed  bool // the block only waits for its end
	broken  bool // an implicit transaction had an error: it rolls back at its end
	queried bool // a statement has read or written: the isolation level stands
	// temporary: a statement has read, written or made something temporary.
	temporary bool
	writes    *table.Tx
	keys      *foreignKeys // what writes does to foreign keys
	// constraints are what SET CONSTRAINTS said.
	constraints constraintModes
	pin         *lane.Pin // the snapshot of a transaction that is repeatable
	serial      *serialReads
	began       time.Time // of the transaction, for now()
	saved       txSettings
	sequences   []catalog.OID // that it has made
	types       []catalog.OID // likewise
	// after is what is done behind the commit.
	after []func(ctx context.Context, wait bool) error
	notes txNotes
	// savepoints of the block, the newest last. While there are some, an error keeps what was written
	// before them.
	savepoints []savepoint
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

// fail notes an error: nothing of what the transaction did will stay, so others need not wait for
// its end to get its locks.
func (s *Session) fail() {
	if s.tx.block && len(s.tx.savepoints) > 0 {
		s.tx.failed = true // what goes and what stays is ROLLBACK TO's to say
		return
	}
	if s.tx.block {
		s.tx.failed = true
	} else {
		s.tx.broken = true
	}
	for _, p := range s.portals {
		if !p.stays {
			p.close()
		}
	}
	s.release()
}

// release lets go of writes, locks and the snapshot.
func (s *Session) release() {
	s.tx.keys.drop()
	s.tx.keys = nil
	if s.tx.writes != nil {
		s.tx.writes.Rollback()
		s.tx.writes, s.tx.after = nil, nil
	}
	if s.tx.pin != nil {
		s.tx.pin.Release()
		s.tx.pin = nil
	}
	s.tx.serial.close()
	s.tx.serial = nil
}

// allow refuses what a failed block does not do.
func (t *txState) allow(b parse.Body) error {
	if !t.failed {
		return nil
	}
	if c, ok := b.(*parse.Transaction); ok && (c.Kind == parse.Commit || c.Kind == parse.Rollback || c.Kind == parse.RollbackTo || c.Kind == parse.PrepareTransaction) {
		return nil
	}
	return sqlerr.New(sqlerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

// mayWrite refuses a statement, named as its tag, that writes in a read-only transaction.
func (s *Session) mayWrite(tag string) error {
	if s.set.values[atReadOnly] == "on" {
		return sqlerr.New(sqlerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", tag)
	}
	return nil
}

// repeatable: the transaction reads one snapshot.
func (s *Session) repeatable() bool {
	level := s.set.values[atIsolation]
	return level != "read committed" && level != "read uncommitted"
}

// writer gives the transaction's writes, beginning them at the first one; tag is the statement's.
// Portals that are open do not see what is written from here on.
func (s *Session) writer(ctx context.Context, tag string) (*table.Tx, error) {
	if err := s.mayWrite(tag); err != nil {
		return nil, err
	}
	return s.writes(ctx)
}

// writerOf is writer for what writes these relations: temporary ones are written in a read-only transaction too.
func (s *Session) writerOf(ctx context.Context, tag string, relations ...catalog.OID) (*table.Tx, error) {
	s.noteTemporary(relations...)
	at := s.catalog()
	if len(relations) == 0 {
		return s.writer(ctx, tag)
	}
	for _, oid := range relations {
		if rel, ok := at.ByOID(oid); !ok || !rel.Temporary() {
			return s.writer(ctx, tag)
		}
	}
	return s.writes(ctx)
}

func (s *Session) writes(ctx context.Context) (*table.Tx, error) {
	for _, p := range s.portals {
		if p.run != nil && !p.subscribes() {
			if err := p.run.settle(ctx); err != nil {
				return nil, err
			}
		}
	}
	s.tx.queried = true
	if s.tx.writes == nil {
		s.beginWrites()
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
	w, after, block := s.tx.writes, s.tx.after, s.tx.block
	if w != nil {
		err := s.tx.keys.commit(ctx)
		if err == nil {
			err = s.endOfRows(ctx)
		}
		if err != nil {
			s.rollback()
			return err
		}
		after = s.tx.after
	}
	send, err := s.notesTurn(ctx)
	if err != nil {
		s.rollback()
		return err
	}
	if w == nil {
		s.endTx(false)
		send(true)
		return nil
	}
	if w.ChangesCatalog() {
		s.settleSequences()
	}
	s.tx.writes = nil
	s.tx.serial.tell(w)
	_, err = w.Commit(ctx)
	s.endTx(err != nil)
	send(err == nil)
	if err != nil {
		return err
	}
	return s.committed(ctx, block, after)
}

func (s *Session) rollback() {
	s.release()
	s.endTx(true)
}

func (s *Session) endTx(rolledBack bool) {
	if rolledBack {
		s.db.rollbacks.Add(1)
	} else {
		s.db.commits.Add(1)
	}
	s.settleHeld(rolledBack)
	s.undoSettings(rolledBack)
	s.locks.EndTx()
	s.release()
	s.endSequences(s.tx.sequences)
	s.endTypes(s.tx.types)
	s.set.newTransaction()
	s.tx = txState{}
}

// transaction runs BEGIN, COMMIT, ROLLBACK.
func (s *Session) transaction(ctx context.Context, c *parse.Transaction, tag string, w face.Writer) error {
	switch c.Kind {
	case parse.Begin:
		return s.begin(c, tag, w)
	case parse.Commit, parse.Rollback:
		return s.end(ctx, c, w)
	case parse.Savepoint, parse.Release, parse.RollbackTo:
		return s.savepointStatement(c, w)
	case parse.PrepareTransaction:
		return s.prepareTransaction(ctx, c, w)
	}
	return s.endPrepared(c, tag)
}

func (s *Session) begin(c *parse.Transaction, tag string, w face.Writer) error {
	if s.tx.block {
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.ActiveSQLTransaction), Message: "there is already a transaction in progress"})
		return w.Complete(tag)
	}
	s.keepSettings()
	if err := s.applyModes(c.Modes); err != nil {
		s.set.newTransaction() // a BEGIN that was refused leaves no block
		return err
	}
	// What an implicit transaction did before BEGIN becomes part of the block, as in PostgreSQL.
	s.tx.block = true
	if s.tx.began.IsZero() {
		s.tx.began = s.db.Clock.Now()
	}
	return w.Complete(tag)
}

func (s *Session) applyModes(modes []parse.Option) error {
	for _, m := range modes {
		if err := s.allowMode(m.Name, m.Value); err != nil {
			return err
		}
		if _, err := s.set.set(m.Name, m.Value); err != nil {
			return err
		}
	}
	return nil
}

// allowMode refuses what a transaction cannot change any more once it has read.
func (s *Session) allowMode(name, value string) error {
	if !s.tx.queried {
		return nil
	}
	was := s.set.values
	switch name {
	case "transaction_isolation":
		if v, err := parseIsolation(value); err == nil && v != was[atIsolation] {
			return sqlerr.New(sqlerr.ActiveSQLTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		}
	case "transaction_read_only":
		if v, err := parseBool(value); err == nil && v == "off" && was[atReadOnly] == "on" {
			return sqlerr.New(sqlerr.ActiveSQLTransaction, "transaction read-write mode must be set before any query")
		}
	case "transaction_deferrable":
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query")
	}
	return nil
}

func (s *Session) end(ctx context.Context, c *parse.Transaction, w face.Writer) error {
	if !s.tx.block && c.Chain {
		kind := "COMMIT"
		if c.Kind == parse.Rollback {
			kind = "ROLLBACK"
		}
		return sqlerr.New(sqlerr.NoActiveSQLTransaction, "%s AND CHAIN can only be used in transaction blocks", kind)
	}
	if !s.tx.block {
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "there is no transaction in progress"})
	}
	failed, modes := s.tx.failed, s.set.modes()
	s.dropUnheld()
	tag := "COMMIT"
	if c.Kind == parse.Rollback || failed {
		s.rollback()
		tag = "ROLLBACK"
	} else if err := s.commit(ctx); err != nil {
		return err
	}
	if c.Chain { // the next block begins at once, with the characteristics of this one
		s.keepSettings()
		s.set.setModes(modes)
		s.tx.block, s.tx.began = true, s.db.Clock.Now()
	}
	return w.Complete(tag)
}

var errStatementTimeout = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to statement timeout")

// statementTimeout bounds a statement by statement_timeout.
func (s *Session) statementTimeout(ctx context.Context) (context.Context, func()) {
	d := s.set.limits.statementTimeout
	if d == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errStatementTimeout)
}

// exchangeTimeout is statementTimeout in the extended protocol, where a statement's time begins with its first message and
// ends with its Execute or with Sync: what the client takes between the messages counts.
func (s *Session) exchangeTimeout(ctx context.Context) (context.Context, func()) {
	d := s.set.limits.statementTimeout
	if d == 0 {
		s.exchangeEnds = time.Time{}
		return ctx, func() {}
	}
	if s.exchangeEnds.IsZero() {
		s.exchangeEnds = s.db.Clock.Now().Add(d)
	}
	left := max(0, s.exchangeEnds.Sub(s.db.Clock.Now()))
	return context.WithTimeoutCause(ctx, left, errStatementTimeout)
}

// inTime is the error of an exchange whose time is over.
func (s *Session) inTime() error {
	if s.exchangeEnds.IsZero() || s.db.Clock.Now().Before(s.exchangeEnds) {
		return nil
	}
	return errStatementTimeout
}
