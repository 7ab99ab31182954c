package meta

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/latency"
)

// filesName is the file that says which WAL and MANIFEST are the newest. Pebble's own MANIFEST
// does not list WALs, and takes its first bad record for its end: without this a file that is
// gone, or an edit that went bad, leaves no trace.
const filesName = "FILES"

// fileFacts is what FILES says. Sizes are of what is certain to be there.
type fileFacts struct {
	ready        int    // 1 once the store was open: before, nothing was committed
	wal          uint64 // newest WAL, 0 = none yet
	manifest     uint64 // the MANIFEST that the marker names, 0 = none yet
	manifestSize int64  // bytes of it that were synced
	manifestCRC  uint32 // CRC32C of those
	// After a stop in order, the newest WAL as it was left.
	sealed    int64
	sealedCRC uint32
}

const filesFormat = "files 1 ready=%d wal=%d sealed=%d sum=%08x manifest=%d size=%d crc=%08x"

func (f fileFacts) String() string {
	return fmt.Sprintf(filesFormat, f.ready, f.wal, f.sealed, f.sealedCRC, f.manifest, f.manifestSize, f.manifestCRC)
}

func parseFileFacts(line string) (f fileFacts, ok bool) {
	n, err := fmt.Sscanf(line, filesFormat, &f.ready, &f.wal, &f.sealed, &f.sealedCRC, &f.manifest, &f.manifestSize, &f.manifestCRC)
	return f, err == nil && n == 7
}

// watchedFS keeps FILES while Pebble makes files in its directory.
type watchedFS struct {
	vfs.FS
	slots *slotFile
	mu    sync.Mutex
	facts fileFacts
	// written is each MANIFEST that was made since the open, as far as it was synced.
	written map[uint64]*manifestFile
	syncs   *latency.Histogram        // of WALs
	wal     atomic.Pointer[aheadFile] // the newest
}

func watch(fs vfs.FS, path string, syncs *latency.Histogram) (*watchedFS, error) {
	w := &watchedFS{FS: fs, syncs: syncs, slots: &slotFile{fs: fs, path: fs.PathJoin(path, filesName)}, written: map[uint64]*manifestFile{}}
	line, _, err := w.slots.read()
	if err != nil {
		return nil, err
	}
	w.facts, _ = parseFileFacts(line)
	return w, nil
}

func (w *watchedFS) Create(name string) (vfs.File, error) {
	f, err := w.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return w.made(f, name)
}

func (w *watchedFS) ReuseForWrite(from, name string) (vfs.File, error) {
	f, err := w.FS.ReuseForWrite(from, name)
	if err != nil {
		return nil, err
	}
	return w.made(f, name)
}

// made notes a new file before Pebble uses it. Its name is durable before FILES has it.
func (w *watchedFS) made(f vfs.File, path string) (vfs.File, error) {
	base := w.PathBase(path)
	var err error
	if n, ok := walNumber(base); ok {
		err = w.note(path, func(facts *fileFacts) { facts.wal, facts.sealed, facts.sealedCRC = n, 0, 0 })
	} else if n, ok := manifestNumber(base); ok {
		m := &manifestFile{File: f, fs: w, number: n}
		w.mu.Lock()
		w.written[n] = m
		w.mu.Unlock()
		return m, nil
	} else if n, ok := markedManifest(base); ok {
		err = w.note(path, func(facts *fileFacts) {
			facts.manifest, facts.manifestSize, facts.manifestCRC = n, 0, 0
			if m := w.written[n]; m != nil {
				facts.manifestSize, facts.manifestCRC = m.synced, m.syncedCRC
			}
		})
	}
	if err != nil {
		_ = f.Close() // nothing is in it yet
		return nil, err
	}
	if n, wal := walNumber(base); wal {
		ahead, err := newAhead(f, uint32(n), w.syncs)
		if err != nil {
			_ = f.Close() // nothing is in it yet
			return nil, err
		}
		w.wal.Store(ahead)
		return ahead, nil
	}
	return f, nil
}

func (w *watchedFS) note(path string, change func(*fileFacts)) error {
	if err := syncDirectory(w.FS, w.PathDir(path)); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.facts)
	return w.slots.write(w.facts.String())
}

// manifestFile tells FILES how much of a MANIFEST is durable. Pebble writes it from one
// goroutine at a time.
type manifestFile struct {
	vfs.File
	fs        *watchedFS
	number    uint64
	size      int64
	crc       uint32
	synced    int64
	syncedCRC uint32
}

func (m *manifestFile) Write(p []byte) (int, error) {
	before := m.crc
	m.crc = crc32.Update(m.crc, castagnoli, p) // first: a file may use p up, as Pebble's of memory does under -race
	n, err := m.File.Write(p)
	if n < len(p) {
		m.crc = before
		return n, errors.Join(err, io.ErrShortWrite) // Pebble gives the file up
	}
	m.size += int64(n)
	return n, err
}

func (m *manifestFile) Sync() error {
	if err := m.File.Sync(); err != nil {
		return err
	}
	return m.durable()
}

func (m *manifestFile) SyncData() error {
	if err := m.File.SyncData(); err != nil {
		return err
	}
	return m.durable()
}

func (m *manifestFile) durable() error {
	w := m.fs
	w.mu.Lock()
	defer w.mu.Unlock()
	m.synced, m.syncedCRC = m.size, m.crc
	if w.facts.manifest != m.number {
		return nil // not the one in use yet
	}
	w.facts.manifestSize, w.facts.manifestCRC = m.synced, m.syncedCRC
	return w.slots.write(w.facts.String())
}

// opened notes that the store can be used now.
func (w *watchedFS) opened() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.facts.ready == 1 {
		return nil
	}
	w.facts.ready = 1
	return w.slots.write(w.facts.String())
}

// seal notes how the newest WAL was left by a stop in order, and closes FILES.
func (w *watchedFS) seal(path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, err := readFile(w.FS, w.PathJoin(path, walName(w.facts.wal)))
	if err == nil {
		w.facts.sealed, w.facts.sealedCRC = int64(len(b)), crc32.Checksum(b, castagnoli)
		err = w.slots.write(w.facts.String())
	}
	if closeErr := w.slots.close(); err == nil {
		err = closeErr
	}
	return err
}

func walName(n uint64) string { return fmt.Sprintf("%06d.log", n) }

func walNumber(base string) (uint64, bool) {
	digits, ok := strings.CutSuffix(base, ".log")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil
}

func manifestNumber(base string) (uint64, bool) {
	digits, ok := strings.CutPrefix(base, "MANIFEST-")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil
}

// markedManifest reads marker.manifest.<iteration>.MANIFEST-<number>.
func markedManifest(base string) (uint64, bool) {
	rest, ok := strings.CutPrefix(base, "marker.manifest.")
	_, name, dot := strings.Cut(rest, ".")
	if !ok || !dot {
		return 0, false
	}
	return manifestNumber(name)
}
