package log

import (
	"context"
	"math"
	"time"
)

// ProducerIdentity is a producer id with its epoch.
type ProducerIdentity struct {
	ID    int64
	Epoch int16
}

// NoIdentity is that of a producer that has none yet.
var NoIdentity = ProducerIdentity{ID: -1, Epoch: -1}

// maxProducerEpoch is not given out: behind the one before it follows a new producer id.
const maxProducerEpoch = math.MaxInt16

// GroupOffset is how far a consumer group has read one partition.
type GroupOffset struct {
	Partition   Partition
	Offset      int64
	LeaderEpoch int32 // -1 = unknown
	Metadata    string
}

// TxnState is the state of a transactional id.
type TxnState uint8

const (
	TxnEmpty     TxnState = 0 // nothing since the id was initialized
	TxnOpen      TxnState = 1
	TxnCommitted TxnState = 2 // the last transaction was
	TxnAborted   TxnState = 3
)

// String is Kafka's name of the state.
func (s TxnState) String() string {
	switch s {
	case TxnOpen:
		return "Ongoing"
	case TxnCommitted:
		return "CompleteCommit"
	case TxnAborted:
		return "CompleteAbort"
	}
	return "Empty"
}

// Transaction is what the log knows of a transactional id.
type Transaction struct {
	Name       string
	Producer   ProducerIdentity
	State      TxnState
	Timeout    time.Duration
	Start      time.Time // commit time at which the open one began; zero = none is open
	Partitions []Partition
	Groups     []string
}

// ActiveProducer is a producer that a partition remembers.
type ActiveProducer struct {
	ProducerIdentity
	LastSequence int32
	LastTime     time.Time // commit time of its last record batch
	TxnStart     int64     // offset of the first record of its open transaction, -1 = none
}

// Transactions are Kafka's transactions. Every call that changes something is one commit, and is
// answered once it is durable; repeated with the same arguments after a lost answer it changes
// nothing more. Safe for concurrent use.
//
// Errors: ErrProducerFenced if who is not the present owner of the id, ErrProducerIDMapping if the
// id is not known or is another producer's, ErrInvalidTxnState, ErrConcurrentTransactions (try
// again), and those of Append.
type Transactions interface {
	// InitTransactions makes the caller the only owner of a transactional id: who had it before is
	// fenced, a transaction left open is aborted. have is what the caller owned so far, or
	// NoIdentity.
	InitTransactions(ctx context.Context, name string, timeout time.Duration, have ProducerIdentity) (ProducerIdentity, error)
	// AddToTransaction takes partitions and groups into the transaction, which it begins if none is
	// open.
	AddToTransaction(ctx context.Context, name string, who ProducerIdentity, parts []Partition, groups []string) error
	// AddOffsets makes offsets of a group pending: they hold once the transaction is committed. The
	// group must have been added, unless implicit.
	AddOffsets(ctx context.Context, name string, who ProducerIdentity, group string, offsets []GroupOffset, implicit bool) error
	// EndTransaction commits or aborts. bump raises the epoch with it (KIP-890) and returns the new
	// identity; without it, the identity stays.
	EndTransaction(ctx context.Context, name string, who ProducerIdentity, commit, bump bool) (ProducerIdentity, error)
	// Transactions lists the transactional ids by name; nil names = all.
	Transactions(names []string) []Transaction
	// Unstable are the partitions for which offsets of a group are pending.
	Unstable(group string) map[Partition]bool
	// Producers of a partition, by id.
	Producers(p Partition) ([]ActiveProducer, error)
}

var _ Transactions = (*DB)(nil)
