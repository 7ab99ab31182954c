package log

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// CommitSeq is the version of the database; see meta.CommitSeq.
type CommitSeq = meta.CommitSeq

// TopicID is a topic's random UUID; it never changes and is never used again.
type TopicID [16]byte

// Partition names one partition of a topic.
type Partition struct {
	Topic TopicID
	Index int32
}

// Sentinels. Each is mapped to a Kafka code in kafka/errors.go and to a SQLSTATE in
// session/errors.go; a test walks them.
var (
	ErrUnknownTopic           = errors.New("unknown topic or partition")
	ErrPartitions             = errors.New("invalid number of partitions")
	ErrTopicExists            = errors.New("topic already exists")
	ErrOffsetOutOfRange       = errors.New("offset out of range")
	ErrTruncated              = errors.New("records were deleted that have not been read")
	ErrOutOfOrderSequence     = errors.New("out of order sequence number")
	ErrInvalidEpoch           = errors.New("invalid producer epoch")
	ErrUnknownProducer        = errors.New("unknown producer id")
	ErrInvalidRecord          = errors.New("invalid record")
	ErrProducerFenced         = errors.New("a newer producer has the transactional id")
	ErrProducerIDMapping      = errors.New("producer id is not the transactional id's")
	ErrInvalidTxnState        = errors.New("invalid state of the transaction")
	ErrConcurrentTransactions = errors.New("the transaction is just ending") // retriable
	ErrTooLarge               = errors.New("entry is larger than allowed")
	ErrFenced                 = errors.New("writer is fenced")
	ErrCondition              = errors.New("commit condition failed")
	ErrClosed                 = errors.New("log is closed")
	ErrUnavailable            = errors.New("log is not available now") // retriable
	ErrFull                   = errors.New("the disk is nearly full")  // also ErrUnavailable
	ErrCorrupt                = errors.New("log data corrupt")
	ErrPoisoned               = errors.New("log stopped after an I/O error") // fsync is never retried
	ErrUnknownKind            = errors.New("log was written by another version")
)

// Kind tells what a change in a commit record does. Numbers are stored for ever; a reader
// that meets a kind it does not know stops before that record.
type Kind uint16

const (
	KindAppend   Kind = 1  // record batches placed: runs of partitions, inline or in an object
	KindEndTxn   Kind = 2  // a Kafka transaction ends
	KindTruncate Kind = 3  // log starts move up
	KindSwap     Kind = 4  // objects or inline groups out, objects in; contents equal
	KindTopic    Kind = 5  // topic created, deleted, changed
	KindCatalog  Kind = 6  // payload owned by the Part registered as "catalog"
	KindWriter   Kind = 7  // a writer starts and raises its fence
	KindProgress Kind = 8  // progress of a sink or generator: named CommitSeq (and a number)
	KindTime     Kind = 9  // a time tick: the commit has a time, and nothing else
	KindProducer Kind = 10 // producer ids handed out
	KindTxn      Kind = 11 // a transactional id gets an owner, an open transaction grows
)

// Change is one change of a commit record besides appends: a kind and its payload. The
// payload codecs of kinds owned by the log are in changes.go; KindCatalog's is opaque here.
type Change struct {
	Kind    Kind
	Payload []byte
}

// Condition speaks only of the fold; an entry whose condition fails is refused alone with
// ErrCondition (or the part's own error).
type Condition struct {
	Kind    ConditionKind
	Name    string // progress name, topic name, or the part's name
	Seq     CommitSeq
	Payload []byte // for CondPart: passed to Part.Check
}

// ConditionKind selects what a Condition compares.
type ConditionKind uint8

const (
	CondProgress    ConditionKind = 1 // progress of Name is exactly Seq
	CondTopicAbsent ConditionKind = 2 // no topic has Name
	CondPart        ConditionKind = 3 // ask the Part called Name
)

// Append places record batches at the end of one partition.
type Append struct {
	Partition Partition
	// RecordBatches are whole v2 record batches, back to back, verified by internal/recordbatch;
	// the log owns the bytes from Append on.
	RecordBatches []byte
	// TransactionalID is whose transaction transactional record batches belong to. Implicit takes the
	// partition into it (KIP-890), else that must have been done before.
	TransactionalID string
	Implicit        bool
}

// Entry is what succeeds or fails alone.
type Entry struct {
	Appends []Append
	Changes []Change
	Conds   []Condition
	Writes  []meta.Write // unconditional, same commit
	// Staged are records that were written before, flushed; they come before those of Appends.
	Staged *Stage
	// Note is handed to the followers of this process whose filter the Appends touch, so that
	// they need not read back what the writer had in hand. It may be dropped at any time: what it
	// tells must be in the entry as well.
	Note any
	// Unawaited: nobody waits for the result, so that it need not come soon.
	Unawaited bool
}

// Appended is the result of an entry.
type Appended struct {
	Seq CommitSeq
	// Per Append of the entry, in order.
	BaseOffsets []int64
	LogStarts   []int64
	// AppendTimes are Unix ms for LogAppendTime topics, -1 otherwise.
	AppendTimes []int64
	// Duplicate per append: an idempotent producer sent this record batch before; BaseOffsets
	// has the first one's.
	Duplicate []bool
}

// Pending is an entry on its way.
type Pending interface {
	Done() <-chan struct{}
	Result() (Appended, error) // valid after Done
}

// Budget bounds a read: stop after MaxBytes, but give at least one whole record batch when
// there is one.
type Budget struct{ MaxBytes int }

// PartitionRead asks for records of one partition from an offset on.
type PartitionRead struct {
	Partition Partition
	Offset    int64
	MaxBytes  int  // a client may say less than 0, which is 0: one whole record batch when it is the first
	Committed bool // read_committed: stop at the last stable offset
}

// PartitionData answers one PartitionRead. Err is ErrUnknownTopic or ErrOffsetOutOfRange for
// this partition alone; Ends are set whenever the partition is known.
type PartitionData struct {
	Ends
	// RecordBatches: whole record batches with offsets patched in, starting with the one that
	// contains the asked offset. Valid until FetchResult.Release.
	RecordBatches []byte
	Aborted       []AbortedTxn
	Err           error
}

// AbortedTxn names a Kafka transaction whose records a read_committed reader must skip.
type AbortedTxn struct {
	ProducerID  int64
	FirstOffset int64
}

// FetchResult is filled by Fetch, one PartitionData per PartitionRead, in order.
type FetchResult struct {
	Partitions []PartitionData
	AsOf       CommitSeq // what the answer reflects; pass it to Wait
	Bytes      int
	Cut        bool // there is more at once than the Budget alone has kept back
	release    func()
}

// Release gives the buffers back; the zero result may be released.
func (r *FetchResult) Release() {
	if r.release != nil {
		r.release()
		r.release = nil
	}
}

// Ends of a partition.
type Ends struct {
	LogStart         int64
	HighWatermark    int64
	LastStableOffset int64
}

// Filter selects partitions of a few topics; nil Partitions = all of the topic.
type Filter struct{ Topics []TopicFilter }

// TopicFilter is one topic of a Filter.
type TopicFilter struct {
	Topic      TopicID
	Partitions []int32
}

// ChangeRun is one record batch that became visible: whole, offsets patched in.
type ChangeRun struct {
	Partition   Partition
	VisibleAt   CommitSeq
	CommitTime  time.Time // of VisibleAt; monotone over the log
	RecordBatch []byte    // one v2 record batch; valid until the next call of Next or Close
	// First is the partition's log start, where the reader begins there, or as a transaction ended:
	// records before it in the record batch are deleted.
	First int64
}

// ChangeResult is filled by ChangeReader.Next, ordered by (visible-at, partition, offset).
type ChangeResult struct{ Runs []ChangeRun }

// ChangeReader walks what became visible in a range of commits. It may stop inside a commit
// and goes on there at the next call. It pins what it reads until Close.
type ChangeReader interface {
	Next(ctx context.Context, b Budget, dst *ChangeResult) (more bool, err error)
	Close() error
}

// Topic is what the log knows of a topic.
type Topic struct {
	ID         TopicID
	Name       string
	Partitions int32
	Configs    map[string]string // Kafka topic configs as given
	Internal   bool              // owned by a table: foreign Produce is refused above the log
	// Grown tells, oldest first, at which commits the topic got more partitions.
	Grown []Growth
}

// Growth is a commit at which a topic got its partitions from First on.
type Growth struct {
	At    CommitSeq
	First int32
}

// PartitionsAt is how many partitions the topic had as of commit v, which is not before its
// creation.
func (t *Topic) PartitionsAt(v CommitSeq) int32 {
	for _, g := range t.Grown {
		if g.At > v {
			return g.First
		}
	}
	return t.Partitions
}

// born is the commit at which the topic got the partition, 0 for its creation.
func (t *Topic) born(index int32) (at CommitSeq) {
	for _, g := range t.Grown {
		if g.First <= index {
			at = g.At
		}
	}
	return at
}

// Log is the commit log as the layers above see it. Safe for concurrent use.
type Log interface {
	// Admit waits for room for bytes of input of one peer, which gets a share of it; release
	// once answered. See internal/admission for when to ask.
	Admit(ctx context.Context, peer string, bytes int) (release func(), err error)
	// Append takes the entry's place in order and returns at once; it never blocks.
	Append(e *Entry) Pending
	// Commit is Append for who waits for the outcome anyway, and for the followers that the entry has notes for:
	// when no commit is under way, both are done in the calling goroutine. No context ends it.
	Commit(e *Entry) (Appended, error)
	// NewStage begins to write records of an entry before the entry.
	NewStage() *Stage
	Fetch(ctx context.Context, req []PartitionRead, b Budget, dst *FetchResult) error
	// Changes opens what became visible in (from, to], in visible-at order.
	Changes(ctx context.Context, from, to CommitSeq, f Filter) (ChangeReader, error)
	Ends(ctx context.Context, p []Partition, fresh bool) ([]Ends, error)
	// OffsetForTime finds the first record with a timestamp at or after ms (Unix); found is
	// false when there is none. ms -3 asks for the record with the largest timestamp (KIP-734).
	OffsetForTime(ctx context.Context, p Partition, ms int64, committed bool) (offset, timestamp int64, found bool, err error)
	// Newest published commit; fresh = linearizable, and the fold is there.
	Newest(ctx context.Context, fresh bool) (CommitSeq, error)
	// Touched is the newest commit at or below upTo that made something of f visible, 0 if none.
	Touched(f Filter, upTo CommitSeq) CommitSeq
	// LostBy is the commit at which records of a topic went last, 0 if none did.
	LostBy(id TopicID) CommitSeq
	// TruncatedBy is LostBy without what log compaction took out: the newest record of each key is there.
	TruncatedBy(id TopicID) CommitSeq
	// LostUntil is the newest commit of which records of a topic are gone, 0 if none are: what is built from the
	// log's beginning is not right at versions below it.
	LostUntil(id TopicID) CommitSeq
	// Wait returns the newest commit once one after `after` touches f (empty filter: any commit).
	Wait(ctx context.Context, f Filter, after CommitSeq) (CommitSeq, error)
	// Follow gives f what touches its filter, in commit order, from c.After on.
	Follow(c FollowConfig, f Follower) Following
	// CommitTime of a commit; monotone. The zero time below the snapshot's reach.
	CommitTime(v CommitSeq) time.Time
	// Now is the time that a commit made now would have at least.
	Now() time.Time

	// Topics of the fold, by name order; the slice is the caller's.
	Topics() []Topic
	TopicByName(name string) (Topic, bool)
	TopicByID(id TopicID) (Topic, bool)
	// Progress of a sink or generator: the CommitSeq and number last committed under name.
	Progress(name string) (seq CommitSeq, number int64)
	// NewProducerID hands out a producer id that was never used (a commit may be needed).
	NewProducerID(ctx context.Context) (int64, error)
}

// Part is state of a higher layer that lives in the fold (the catalog): pure functions of the
// log. All calls come from one goroutine, in commit order. Apply and Load run under the log's
// lock and must not call it. What Apply cannot take must be refused by the Check of a
// condition in the same entry: an error of Apply stops the log.
type Part interface {
	Name() string
	// Check a CondPart condition against the state and the changes of earlier entries of the
	// same commit (pending, in order).
	Check(c Condition, pending []Change) error
	// Apply a change of the part's kind that is durable as of v.
	Apply(v CommitSeq, c Change) error
	// Save returns what writes the state as it is now. That is called later, once or never, from
	// another goroutine, while Apply goes on.
	Save() func(w io.Writer) error
	Load(r io.Reader) error
}
