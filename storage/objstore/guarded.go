package objstore

import (
	"context"
	"iter"
	"sync"
)

// Guarded asks look before anything in the store is replaced or deleted, or appears under a name
// that is not checked to be new; an error of look is that of the call. Objects that are put with
// IfAbsent, as all segments are, cost no look: they harm nobody.
type Guarded struct {
	inner Store
	look  func(ctx context.Context) error

	deleting sync.RWMutex // held for reading by each Delete
	held     holds
}

var _ Store = (*Guarded)(nil)

// NewGuarded wraps s. Closing it closes s.
func NewGuarded(s Store, look func(ctx context.Context) error) *Guarded {
	return &Guarded{inner: s, look: look}
}

// Close closes the wrapped store.
func (g *Guarded) Close() error { return Close(g.inner) }

// Put implements Store.
func (g *Guarded) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	if !cond.IfAbsent {
		if err := g.look(ctx); err != nil {
			return ObjectInfo{}, err
		}
	}
	return g.inner.Put(ctx, key, parts, cond)
}

// Create implements Store.
func (g *Guarded) Create(ctx context.Context, key string) (Upload, error) {
	u, err := g.inner.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	return &guardedUpload{Upload: u, ctx: ctx, look: g.look}, nil
}

type guardedUpload struct {
	Upload
	ctx  context.Context // of Create: Upload's methods have none
	look func(ctx context.Context) error
}

func (u *guardedUpload) Commit() (ObjectInfo, error) {
	if err := u.look(u.ctx); err != nil {
		return ObjectInfo{}, err
	}
	return u.Upload.Commit()
}

// GetRange implements Store.
func (g *Guarded) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	return g.inner.GetRange(ctx, key, off, dst)
}

// Stat implements Store.
func (g *Guarded) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	return g.inner.Stat(ctx, key)
}

// List implements Store.
func (g *Guarded) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return g.inner.List(ctx, prefix, after)
}

// Delete implements Store.
func (g *Guarded) Delete(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	g.deleting.RLock()
	defer g.deleting.RUnlock()
	if g.park(keys) {
		return nil
	}
	if err := g.look(ctx); err != nil {
		return err
	}
	return g.inner.Delete(ctx, keys...)
}
