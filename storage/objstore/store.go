package objstore

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Sentinels every Store returns (wrapped); tested with errors.Is.
var (
	// ErrNotFound: the object does not exist.
	ErrNotFound = errors.New("object not found")
	// ErrPrecondition: the condition of a Put did not hold; nothing was written by this call.
	ErrPrecondition = errors.New("object precondition failed")
	// ErrUnknown: the call may or may not have taken effect. The caller resolves it by
	// identity (Stat of the same name), never by a second name.
	ErrUnknown = errors.New("object store outcome unknown")
	// ErrRange: the asked range begins at or past the end of the object.
	ErrRange = errors.New("object range not satisfiable")
	// ErrFull: the disk has no room for the object; nothing was written.
	ErrFull = errors.New("no room for the object")
)

// ObjectInfo describes one object. ETag is opaque and changes with the content. Modified is zero
// where the store does not tell it.
type ObjectInfo struct {
	Key      string
	Size     int64
	ETag     string
	Modified time.Time
}

// Condition of a Put. The zero value is unconditional.
type Condition struct {
	IfAbsent bool   // succeed only if no object has this key
	IfMatch  string // succeed only if the object's ETag is this
}

// Store keeps immutable objects by key. Keys are slash-separated, without leading slash, of
// [A-Za-z0-9._-] segments; "." and ".." are refused. Only small manifests are ever replaced,
// and only by condition. Safe for concurrent use.
type Store interface {
	// Put writes one object made of parts, in order, and returns once it is durable. The
	// caller keeps parts and must not change them during the call.
	Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error)
	// Create starts an upload of unknown size; the object appears at Commit or not at all.
	Create(ctx context.Context, key string) (Upload, error)
	// GetRange reads up to len(dst) bytes from off. n < len(dst) with a nil error means the
	// object ended. off at or past the end is ErrRange. A negative off counts from the end
	// (-32 = the last 32 bytes; an object shorter than that is read from its start).
	GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error)
	// Stat returns size and ETag, or ErrNotFound.
	Stat(ctx context.Context, key string) (ObjectInfo, error)
	// List yields the objects whose key has prefix and sorts after `after`, in byte order.
	List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error]
	// Delete removes objects; a missing one is no error.
	Delete(ctx context.Context, keys ...string) error
}

// errUploadDone: Write or Commit after Commit or Abort.
var errUploadDone = errors.New("upload is committed or aborted")

// Upload is one object being written in pieces, by one goroutine. It ends with Commit or Abort;
// Abort after either is harmless, so that it can be deferred. The context of Create bounds it.
type Upload interface {
	Write(p []byte) (int, error)
	Commit() (ObjectInfo, error)
	Abort() error
}
