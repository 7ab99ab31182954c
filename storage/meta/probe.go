package meta

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/sstable"
	"github.com/cockroachdb/pebble/vfs"
)

// Extent is how far a store goes.
type Extent struct {
	Exists bool // false: nothing was ever committed here
	// Records in [Floor, Last] are there; Floor = Last + 1 when there is none.
	Floor, Last CommitSeq
}

// Probe reads the store in directory path without changing a byte of it, and gives read what it
// holds (nil = not asked). ErrCorrupt: something is gone or damaged, whatever an opening would
// make of it: Pebble takes a bad record of its MANIFEST for the end, and then deletes the
// tables that it no longer knows. So a store is opened only after a Probe.
func Probe(path string, opts PebbleOptions, read func(Snapshot) error) (Extent, error) {
	fs := opts.FS
	if fs == nil {
		fs = vfs.Default
	}
	names, err := fs.List(path)
	if isNotExist(err) {
		return Extent{}, nil
	}
	if err != nil {
		return Extent{}, err
	}
	p := &probe{fs: fs, path: path, names: map[string]bool{}}
	for _, n := range names {
		p.names[n] = true
	}
	if exists, err := p.checkFiles(); err != nil || !exists {
		return Extent{}, err
	}
	lock, err := pebble.LockDirectory(path, fs)
	if err != nil {
		return Extent{}, fmt.Errorf("%w: %s: %v", ErrLocked, path, err)
	}
	defer func() { _ = lock.Close() }() // nothing was written
	var e Extent
	err = contained(func() (err error) {
		e, err = p.open(lock, read)
		return err
	})
	if err != nil && !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return e, err
}

type probe struct {
	fs    vfs.FS
	path  string
	names map[string]bool
	ro    *readOnlyFS
}

func (p *probe) file(name string) string { return p.fs.PathJoin(p.path, name) }

// checkFiles holds the directory against FILES. exists is false for a directory that no store
// was ever in.
func (p *probe) checkFiles() (exists bool, err error) {
	slots := slotFile{fs: p.fs, path: p.file(filesName)}
	line, _, err := slots.read()
	if err != nil {
		return false, err
	}
	facts, known := parseFileFacts(line)
	marked, used := uint64(0), known && facts.ready == 1
	for n := range p.names {
		if m, ok := markedManifest(n); ok {
			marked = max(marked, m)
		}
		if !known && !used {
			used, err = p.isUsed(n)
		}
		if err != nil {
			return false, err
		}
	}
	if !used { // a first start may die at any step
		return marked > 0 && p.hasPrefix(formatMarker), nil
	}
	switch manifest := fmt.Sprintf("MANIFEST-%06d", max(marked, facts.manifest)); {
	case marked == 0:
		return true, fmt.Errorf("%w: the file marker.manifest.* that names %s is missing", ErrCorrupt, manifest)
	case marked < facts.manifest:
		return true, fmt.Errorf("%w: the marker names MANIFEST-%06d, the newest is %s", ErrCorrupt, marked, manifest)
	case !p.names[manifest]:
		return true, fmt.Errorf("%w: %s is missing", ErrCorrupt, manifest)
	case !p.hasPrefix(formatMarker):
		return true, fmt.Errorf("%w: the file marker.format-version.* is missing", ErrCorrupt)
	}
	if err := p.checkNewestWAL(facts); err != nil {
		return true, err
	}
	return true, p.checkManifest(marked, facts)
}

// checkNewestWAL: the WAL that FILES names is there, and as it was left if it was left in order.
func (p *probe) checkNewestWAL(facts fileFacts) error {
	name := walName(facts.wal)
	if facts.wal > 0 && !p.names[name] {
		return fmt.Errorf("%w: the newest write-ahead log %s is missing", ErrCorrupt, name)
	}
	if facts.sealed == 0 {
		return nil
	}
	b, err := readFile(p.fs, p.file(name))
	if err != nil {
		return err
	}
	if int64(len(b)) != facts.sealed || crc32.Checksum(b, castagnoli) != facts.sealedCRC {
		return fmt.Errorf("%w: %s is not as it was left: %d bytes, it had %d", ErrCorrupt, name, len(b), facts.sealed)
	}
	return nil
}

const formatMarker = "marker.format-version."

// isUsed tells a file that a store only has once something was committed.
func (p *probe) isUsed(name string) (bool, error) {
	if _, wal := walNumber(name); !wal {
		return strings.HasSuffix(name, ".sst"), nil
	}
	info, err := p.fs.Stat(p.file(name))
	return err == nil && info.Size() > 0, err
}

func (p *probe) hasPrefix(prefix string) bool {
	for n := range p.names {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

// checkManifest compares a MANIFEST with what FILES says of it, or, of one that FILES does not
// know yet, looks for records behind a bad one.
func (p *probe) checkManifest(number uint64, facts fileFacts) error {
	name := fmt.Sprintf("MANIFEST-%06d", number)
	b, err := readFile(p.fs, p.file(name))
	if err != nil {
		return err
	}
	if facts.manifest != number {
		if at := damagedManifest(b); at >= 0 {
			return fmt.Errorf("%w: %s is damaged at byte %d", ErrCorrupt, name, at)
		}
		return nil
	}
	if int64(len(b)) < facts.manifestSize {
		return fmt.Errorf("%w: %s has %d bytes, it had %d", ErrCorrupt, name, len(b), facts.manifestSize)
	}
	if crc32.Checksum(b[:facts.manifestSize], castagnoli) != facts.manifestCRC {
		return fmt.Errorf("%w: checksum of %s", ErrCorrupt, name)
	}
	return nil
}

// open reads everything through Pebble, which may write nothing.
func (p *probe) open(lock *pebble.Lock, read func(Snapshot) error) (e Extent, err error) {
	db, err := p.openDB(lock)
	if err != nil {
		return Extent{}, err
	}
	defer func() { _ = db.Close() }() // nothing was written
	if err := p.checkWALs(); err != nil {
		return Extent{}, err
	}
	if err := p.checkTables(db); err != nil {
		return Extent{}, err
	}
	g := &engine{db: db}
	g.durable.init()
	_, found, err := g.getNumber(metaKey("format"))
	if err != nil {
		return Extent{}, err
	}
	if !found {
		return Extent{}, emptyStore(db)
	}
	if err := g.load(); err != nil {
		return Extent{}, err
	}
	e = Extent{Exists: true, Floor: g.floor, Last: g.last}
	if err := g.checkDense(); err != nil {
		return e, err
	}
	if read != nil {
		err = read(pebbleSnapshot{db})
	}
	return e, err
}

// openDB opens Pebble so that it writes nothing; with a nil lock the caller has the directory.
func (p *probe) openDB(lock *pebble.Lock) (*pebble.DB, error) {
	p.ro = &readOnlyFS{FS: p.fs, locked: lock == nil}
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	return pebble.Open(p.path, &pebble.Options{FS: p.ro, ReadOnly: true, Lock: lock, Cache: cache, Logger: silentLogger{}})
}

// checkDense: every commit record from floor to last is there.
func (e *engine) checkDense() error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixLog}, UpperBound: []byte{prefixLog + 1}})
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }() // errors are read by Error below
	want := e.floor
	for ok := it.First(); ok; ok = it.Next() {
		seq, err := logSeq(it.Key())
		if err != nil {
			return err
		}
		if seq != want {
			return fmt.Errorf("%w: commit record %d is missing, %d is there", ErrCorrupt, want, seq)
		}
		want++
	}
	return it.Error()
}

// emptyStore: a first start may die before it writes its format; then nothing else is there.
func emptyStore(db *pebble.DB) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	if it.First() {
		_ = it.Close() // the damage is what matters
		return fmt.Errorf("%w: the metadata has no format", ErrCorrupt)
	}
	return it.Close()
}

// checkWALs looks at the WALs that Pebble has replayed: only the newest may end torn.
func (p *probe) checkWALs() error {
	newest := uint64(0)
	for n := range p.ro.opened {
		newest = max(newest, n)
	}
	for n := range p.ro.opened {
		name := walName(n)
		b, err := readFile(p.fs, p.file(name))
		if err != nil {
			return err
		}
		if n == newest {
			if bad, last := damagedAt(b, uint32(n)); bad >= 0 {
				return fmt.Errorf("%w: %s is damaged at byte %d, and commits up to %d lie behind", ErrCorrupt, name, bad, last)
			}
		} else if bad := damagedClosed(b, uint32(n)); bad >= 0 {
			return fmt.Errorf("%w: %s is damaged at byte %d", ErrCorrupt, name, bad)
		}
	}
	return nil
}

// checkTables verifies every block of every table in use.
func (p *probe) checkTables(db *pebble.DB) error {
	levels, err := db.SSTables()
	if err != nil {
		return err
	}
	for _, level := range levels {
		for _, t := range level {
			name := fmt.Sprintf("%06d.sst", uint64(t.BackingSSTNum))
			if err := p.checkTable(name); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
			}
		}
	}
	return nil
}

func (p *probe) checkTable(name string) error {
	f, err := p.fs.Open(p.file(name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		_ = f.Close() // the error of the table is what matters
		return err
	}
	r, err := sstable.NewReader(readable, sstable.ReaderOptions{})
	if err != nil {
		return err
	}
	if err := r.ValidateBlockChecksums(); err != nil {
		_ = r.Close() // the error of the table is what matters
		return err
	}
	return r.Close()
}

// contained runs fn where Pebble may panic or end the goroutine without harm to the caller.
func contained(fn func() error) error { return containedUntil(nil, fn) }

// containedUntil leaves fn behind once stop is closed.
func containedUntil(stop <-chan struct{}, fn func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("storage engine stopped")
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("storage engine: %v", r)
			}
			done <- err
		}()
		err = fn()
	}()
	select {
	case err := <-done:
		return err
	case <-stop:
		return errors.New("storage engine stopped")
	}
}

// readOnlyFS refuses every change, and notes which WALs are read. It hides OPTIONS files, which
// hold nothing that we do not set.
type readOnlyFS struct {
	vfs.FS
	locked bool // the directory is held already
	mu     sync.Mutex
	opened map[uint64]bool
}

func (f *readOnlyFS) Lock(name string) (io.Closer, error) {
	if f.locked {
		return nopCloser{}, nil
	}
	return f.FS.Lock(name)
}

var errReadOnly = errors.New("the metadata is only looked at")

func (*readOnlyFS) Create(string) (vfs.File, error) { return nil, errReadOnly }
func (*readOnlyFS) Link(string, string) error       { return errReadOnly }
func (*readOnlyFS) OpenReadWrite(string, ...vfs.OpenOption) (vfs.File, error) {
	return nil, errReadOnly
}
func (*readOnlyFS) Remove(string) error                            { return errReadOnly }
func (*readOnlyFS) RemoveAll(string) error                         { return errReadOnly }
func (*readOnlyFS) Rename(string, string) error                    { return errReadOnly }
func (*readOnlyFS) ReuseForWrite(string, string) (vfs.File, error) { return nil, errReadOnly }
func (*readOnlyFS) MkdirAll(string, os.FileMode) error             { return errReadOnly }

func (f *readOnlyFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if n, ok := walNumber(f.PathBase(name)); ok {
		f.mu.Lock()
		if f.opened == nil {
			f.opened = map[uint64]bool{}
		}
		f.opened[n] = true
		f.mu.Unlock()
	}
	return f.FS.Open(name, opts...)
}

func (f *readOnlyFS) List(dir string) ([]string, error) {
	names, err := f.FS.List(dir)
	kept := names[:0]
	for _, n := range names {
		if !strings.HasPrefix(n, optionsPrefix) {
			kept = append(kept, n)
		}
	}
	return kept, err
}

const optionsPrefix = "OPTIONS-"

func isNotExist(err error) bool { return err != nil && errors.Is(err, os.ErrNotExist) }

// silentLogger: what is wrong is in the error of the probe.
type silentLogger struct{}

func (silentLogger) Infof(string, ...interface{})  {}
func (silentLogger) Errorf(string, ...interface{}) {}
func (silentLogger) Fatalf(format string, args ...interface{}) {
	panic(fmt.Sprintf(format, args...))
}
