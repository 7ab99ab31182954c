package meta

import (
	"context"
	"errors"
)

// CommitSeq is the dense, ordered number of a commit; it is the version of the database.
// The first commit is 1; 0 is "before everything".
type CommitSeq uint64

// Sentinels; tested with errors.Is. Nothing is retried inside a Store.
var (
	// ErrConflict: a check failed; nothing was written.
	ErrConflict = errors.New("metadata conflict")
	// ErrUnknown: the write may or may not have happened; resolve it by identity.
	ErrUnknown = errors.New("metadata outcome unknown")
	// ErrTruncated: the log below this point was removed; load a snapshot.
	ErrTruncated = errors.New("commit log truncated")
	// ErrLocked: another process holds the store.
	ErrLocked = errors.New("metadata store is locked by another process")
	// ErrCorrupt: what is stored cannot be trusted.
	ErrCorrupt = errors.New("metadata corrupt")
	// ErrPoisoned: an I/O error made the store stop; nothing is written or synced again.
	ErrPoisoned = errors.New("metadata store stopped after an I/O error")
	// ErrFull: the disk has no room. Nothing was written, unless the error is ErrUnknown too; reads
	// go on, and writes do when there is room.
	ErrFull = errors.New("metadata store has no room on the disk")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("metadata store is closed")
)

// Record is one commit record as stored: its number and its encoded bytes.
type Record struct {
	Seq   CommitSeq
	Bytes []byte
}

// Write is one unconditional change of a key; a nil Value deletes it.
type Write struct {
	Key   []byte
	Value []byte
}

// Check is a condition of a Txn: the key's version is exactly Version; 0 = the key is absent.
type Check struct {
	Key     []byte
	Version uint64
}

// Txn checks and writes at once. Identity, if set, makes an unknown outcome resolvable: a
// second Commit with the same Identity that already happened succeeds without doing it again.
type Txn struct {
	Identity []byte
	Checks   []Check
	Writes   []Write
}

// Snapshot reads one consistent state. Values are valid until fn of Read returns.
type Snapshot interface {
	// Get returns the value and its version (> 0), or version 0 when absent.
	Get(key []byte) (value []byte, version uint64, err error)
	// Scan visits keys in [from, to) in byte order until visit returns false; nil to = no end.
	Scan(from, to []byte, visit func(key, value []byte, version uint64) bool) error
}

// Store keeps ordered keys with versions and the commit log. Safe for concurrent use.
type Store interface {
	Read(ctx context.Context, fn func(Snapshot) error) error
	// Commit applies t or returns ErrConflict; it is durable on return.
	Commit(ctx context.Context, t Txn) error
	// AppendLog writes the next commit record. Under the commit lock it passes the records
	// after seen to decide, which returns the encoded record for number (last + 1) and writes
	// of the same commit; a decide error writes nothing and is returned. Durable on return.
	AppendLog(ctx context.Context, seen CommitSeq, decide func(next CommitSeq, missed []Record) (record []byte, writes []Write, err error)) (CommitSeq, error)
	// ScanLog returns records after `after`, in order, at least one if there is one, then up
	// to maxBytes. ErrTruncated when `after`+1 lies below the floor.
	ScanLog(ctx context.Context, after CommitSeq, maxBytes int) ([]Record, error)
	// LastSeq is the newest committed number, linearizable.
	LastSeq(ctx context.Context) (CommitSeq, error)
	// TrimLog removes the records below floor; floor itself stays.
	TrimLog(ctx context.Context, floor CommitSeq) error
	Close() error
}
