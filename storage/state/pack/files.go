package pack

import (
	"os"
	"sync"
)

// fileTable opens packs and keeps a bounded number of them open.
type fileTable struct {
	limit int
	mu    sync.Mutex
	open  map[*packFile]*openFile
	clock uint64
}

// openFile is used by so many; one that is used may be out of the table, and is then closed by the
// last who puts it back.
type openFile struct {
	*os.File
	pack   *packFile
	users  int
	used   uint64
	closed bool // out of the table
}

// get gives the file of a pack, to be put back. A writer, for whom the pack stays, makes it (os.O_CREATE).
func (t *fileTable) get(pk *packFile, create int) (*openFile, error) {
	if f := t.find(pk); f != nil {
		return f, nil
	}
	// why: opened outside the mutex, at times twice, so that a slow disk holds nobody else up.
	file, err := os.OpenFile(pk.path, os.O_RDWR|create, 0o644)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	f, twice := t.open[pk]
	if !twice {
		f = &openFile{File: file, pack: pk}
		t.open[pk] = f
	}
	t.useLocked(f)
	stale := t.stalestLocked()
	t.mu.Unlock()
	if twice {
		_ = file.Close() // nothing was written through it
	}
	if stale != nil {
		_ = stale.Close() // nothing in a pack is the only copy
	}
	return f, nil
}

func (t *fileTable) find(pk *packFile) *openFile {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.open[pk]
	if f != nil {
		t.useLocked(f)
	}
	return f
}

func (t *fileTable) useLocked(f *openFile) {
	t.clock++
	f.used = t.clock
	f.users++
}

// stalestLocked takes the file out that nobody uses and that was used longest ago, when there are
// too many. REQUIRES: t.mu held.
func (t *fileTable) stalestLocked() *openFile {
	if len(t.open) <= t.limit {
		return nil
	}
	var stale *openFile
	for _, f := range t.open {
		if f.users == 0 && (stale == nil || f.used < stale.used) {
			stale = f
		}
	}
	if stale != nil {
		stale.closed = true
		delete(t.open, stale.pack)
	}
	return stale
}

func (t *fileTable) put(f *openFile) {
	t.mu.Lock()
	f.users--
	last := f.closed && f.users == 0
	t.mu.Unlock()
	if last {
		_ = f.Close() // nothing in a pack is the only copy
	}
}

// forget closes the file of a pack that is removed.
func (t *fileTable) forget(pk *packFile) {
	t.mu.Lock()
	f := t.open[pk]
	last := false
	if f != nil {
		delete(t.open, pk)
		f.closed = true
		last = f.users == 0
	}
	t.mu.Unlock()
	if last {
		_ = f.Close() // nothing in a pack is the only copy
	}
}

func (t *fileTable) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}
