package objstoretest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/tributary-db/tributary/storage/objstore"
)

// Op names an operation for Fault.
type Op uint8

// The operations of a store. OpWrite and OpCommit are an upload's.
const (
	OpPut Op = iota + 1
	OpCreate
	OpWrite
	OpCommit
	OpGet
	OpStat
	OpList
	OpDelete
)

// Fault is a scripted failure of the calls it matches. What is left zero does nothing.
type Fault struct {
	Op     Op     // the operation; 0 = every one
	Prefix string // of the key; for List of its prefix
	Skip   int    // so many matching calls pass first
	Times  int    // then so many are hit; 0 = all from there on

	// Gate holds the call until it is closed or the context ends: a delay without a clock.
	Gate <-chan struct{}
	// Err is returned instead of doing the call. A PUT that really happened and then failed has
	// Ambiguous too: the call is done, and its result is lost.
	Err error
	// Ambiguous does the call and returns Err (ErrUnknown if that is nil) whatever came of it.
	Ambiguous bool
	// Truncate shortens what GetRange returns to so many bytes (if > 0), as an object that ends early would.
	Truncate int
	// FlipBit inverts a bit of the byte at FlipAt of what GetRange returns.
	FlipBit bool
	FlipAt  int
}

// Faulty passes calls on and makes those fail that a Fault matches; for tests. It is safe for
// concurrent use.
type Faulty struct {
	inner objstore.Store
	mu    struct {
		sync.Mutex
		faults []*scripted
	}
}

type scripted struct {
	Fault
	seen int
}

var _ objstore.Store = (*Faulty)(nil)

// NewFaulty wraps s. Closing it closes s.
func NewFaulty(s objstore.Store) *Faulty { return &Faulty{inner: s} }

// Close closes the wrapped store.
func (f *Faulty) Close() error { return objstore.Close(f.inner) }

// Inject adds a fault; the first that hits a call decides.
func (f *Faulty) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.faults = append(f.mu.faults, &scripted{Fault: fault})
}

// Heal removes all faults.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.faults = nil
}

func (f *Faulty) hit(op Op, key string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.mu.faults {
		if s.Op != 0 && s.Op != op || !strings.HasPrefix(key, s.Prefix) {
			continue
		}
		s.seen++
		if s.seen > s.Skip && (s.Times == 0 || s.seen <= s.Skip+s.Times) {
			return &s.Fault
		}
	}
	return nil
}

// run does call unless a fault says otherwise. The fault that hit is returned for what only
// GetRange can do.
func (f *Faulty) run(ctx context.Context, op Op, key string, call func() error) (*Fault, error) {
	fault := f.hit(op, key)
	if fault == nil {
		return nil, call()
	}
	if fault.Gate != nil {
		select {
		case <-fault.Gate:
		case <-ctx.Done():
			return fault, ctx.Err()
		}
	}
	if fault.Ambiguous {
		lost := call() // done, or not: its result is what the caller must not learn
		if fault.Err != nil {
			return fault, fault.Err
		}
		return fault, fmt.Errorf("%w (done: %t)", objstore.ErrUnknown, lost == nil)
	}
	if fault.Err != nil {
		return fault, fault.Err
	}
	return fault, call()
}

// Put implements Store.
func (f *Faulty) Put(ctx context.Context, key string, parts [][]byte, cond objstore.Condition) (info objstore.ObjectInfo, err error) {
	_, err = f.run(ctx, OpPut, key, func() (err error) { info, err = f.inner.Put(ctx, key, parts, cond); return err })
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return info, nil
}

// GetRange implements Store.
func (f *Faulty) GetRange(ctx context.Context, key string, off int64, dst []byte) (n int, err error) {
	fault, err := f.run(ctx, OpGet, key, func() (err error) { n, err = f.inner.GetRange(ctx, key, off, dst); return err })
	if err != nil {
		return 0, err
	}
	if fault == nil {
		return n, nil
	}
	if fault.FlipBit && fault.FlipAt < n {
		dst[fault.FlipAt] ^= 1
	}
	if fault.Truncate > 0 {
		n = min(n, fault.Truncate)
	}
	return n, nil
}

// Stat implements Store.
func (f *Faulty) Stat(ctx context.Context, key string) (info objstore.ObjectInfo, err error) {
	_, err = f.run(ctx, OpStat, key, func() (err error) { info, err = f.inner.Stat(ctx, key); return err })
	return info, err
}

// List implements Store. A fault hits once, at the start.
func (f *Faulty) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.ObjectInfo, error] {
	return func(yield func(objstore.ObjectInfo, error) bool) {
		if _, err := f.run(ctx, OpList, prefix, func() error { return nil }); err != nil {
			yield(objstore.ObjectInfo{}, err)
			return
		}
		f.inner.List(ctx, prefix, after)(yield)
	}
}

// Delete implements Store. Keys go one by one; the first that fails ends the call.
func (f *Faulty) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := f.run(ctx, OpDelete, key, func() error { return f.inner.Delete(ctx, key) }); err != nil {
			return err
		}
	}
	return nil
}

// Create implements Store.
func (f *Faulty) Create(ctx context.Context, key string) (objstore.Upload, error) {
	var u objstore.Upload
	_, err := f.run(ctx, OpCreate, key, func() (err error) { u, err = f.inner.Create(ctx, key); return err })
	if err != nil {
		return nil, err
	}
	return &faultyUpload{ctx: ctx, inner: u, store: f, key: key}, nil
}

type faultyUpload struct {
	ctx   context.Context // of Create: Upload's methods have none
	inner objstore.Upload
	store *Faulty
	key   string
}

func (u *faultyUpload) Write(p []byte) (n int, err error) {
	_, err = u.store.run(u.ctx, OpWrite, u.key, func() (err error) { n, err = u.inner.Write(p); return err })
	return n, err
}

func (u *faultyUpload) Commit() (info objstore.ObjectInfo, err error) {
	_, err = u.store.run(u.ctx, OpCommit, u.key, func() (err error) { info, err = u.inner.Commit(); return err })
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return info, nil
}

func (u *faultyUpload) Abort() error { return u.inner.Abort() }
