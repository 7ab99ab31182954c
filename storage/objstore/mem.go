package objstore

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Mem keeps objects in memory, for tests and for `mem://`. Nothing bounds it.
type Mem struct {
	mu struct {
		sync.RWMutex
		objects map[string]memObject
		etag    int64
	}
}

type memObject struct {
	data []byte // never written once stored
	etag string
}

var _ Store = (*Mem)(nil)

// NewMem makes an empty store.
func NewMem() *Mem {
	m := &Mem{}
	m.mu.objects = map[string]memObject{}
	return m
}

// Put implements Store.
func (m *Mem) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	if err := checkPut(key, cond); err != nil {
		return ObjectInfo{}, err
	}
	if err := ctx.Err(); err != nil {
		return ObjectInfo{}, err
	}
	data := bytes.Join(parts, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	old, exists := m.mu.objects[key]
	if cond.IfAbsent && exists || cond.IfMatch != "" && old.etag != cond.IfMatch {
		return ObjectInfo{}, fmt.Errorf("put %s: %w", key, ErrPrecondition)
	}
	m.mu.etag++
	o := memObject{data: data, etag: strconv.FormatInt(m.mu.etag, 10)}
	m.mu.objects[key] = o
	return o.info(key), nil
}

func (o memObject) info(key string) ObjectInfo {
	return ObjectInfo{Key: key, Size: int64(len(o.data)), ETag: o.etag}
}

func (m *Mem) get(ctx context.Context, key string) (memObject, error) {
	if err := CheckKey(key); err != nil {
		return memObject{}, err
	}
	if err := ctx.Err(); err != nil {
		return memObject{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.mu.objects[key]
	if !ok {
		return memObject{}, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return o, nil
}

// GetRange implements Store.
func (m *Mem) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return 0, err
	}
	start, err := rangeStart(key, off, int64(len(o.data)))
	if err != nil {
		return 0, err
	}
	return copy(dst, o.data[start:]), nil
}

// Stat implements Store.
func (m *Mem) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	o, err := m.get(ctx, key)
	if err != nil {
		return ObjectInfo{}, err
	}
	return o.info(key), nil
}

// List implements Store; it shows the objects of the moment it is ranged over.
func (m *Mem) List(ctx context.Context, prefix, after string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(ObjectInfo{}, err)
			return
		}
		for _, info := range m.matching(prefix, after) {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (m *Mem) matching(prefix, after string) []ObjectInfo {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []ObjectInfo
	for key, o := range m.mu.objects {
		if strings.HasPrefix(key, prefix) && key > after {
			found = append(found, o.info(key))
		}
	}
	slices.SortFunc(found, func(a, b ObjectInfo) int { return strings.Compare(a.Key, b.Key) })
	return found
}

// Delete implements Store.
func (m *Mem) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		delete(m.mu.objects, key)
	}
	return nil
}

// Create implements Store.
func (m *Mem) Create(ctx context.Context, key string) (Upload, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	return &memUpload{ctx: ctx, store: m, key: key}, nil
}

type memUpload struct {
	ctx   context.Context // of Create: Upload's methods have none
	store *Mem
	key   string
	data  []byte
	done  bool
}

func (u *memUpload) Write(p []byte) (int, error) {
	if u.done {
		return 0, errUploadDone
	}
	u.data = append(u.data, p...)
	return len(p), nil
}

func (u *memUpload) Commit() (ObjectInfo, error) {
	if u.done {
		return ObjectInfo{}, errUploadDone
	}
	u.done = true
	return u.store.Put(u.ctx, u.key, [][]byte{u.data}, Condition{})
}

func (u *memUpload) Abort() error {
	u.done, u.data = true, nil
	return nil
}
