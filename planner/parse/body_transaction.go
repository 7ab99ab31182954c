package parse

// TransactionKind is the verb of a Transaction.
type TransactionKind uint8

const (
	Begin TransactionKind = iota + 1
	Commit
	Rollback
	Savepoint
	Release
	RollbackTo
	PrepareTransaction // of two-phase commit, as are the two below
	CommitPrepared
	RollbackPrepared
)

// Transaction is BEGIN, COMMIT, ROLLBACK and their kin.
type Transaction struct {
	Kind  TransactionKind
	Start bool // START TRANSACTION: only the command tag differs from BEGIN
	Modes []Option
	Name  string // of a savepoint or a prepared transaction
	Chain bool
}

func (*Transaction) body() {}
