package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/latency"
)

// Names of the directory's own; no key has a "+".
const (
	dirTemp = "+tmp"
	dirLock = "+lock"
)

// Dir keeps objects as files under one directory.
//
//	write +tmp/<n> ─► fsync ─► link (IfAbsent) or rename to its key ─► fsync of its folder
type Dir struct {
	root string
	lock *os.File // flocked while open: one Dir owns the root
	ops  dirOps
	// replace is held exclusively around check and rename of IfMatch, shared around other
	// renames.
	replace sync.RWMutex
	// cleaned: what a crash left in +tmp is gone. At the first write and not at the open: a start
	// that is refused changes nothing.
	cleaned func() error
	syncs   latency.Histogram
	mu      struct {
		sync.Mutex
		poison error // first failed fsync; no write is taken after it
	}
}

// dirOps are the steps that a test makes fail.
type dirOps struct {
	syncFile func(f *os.File) error
	syncDir  func(path string) error
	rename   func(from, to string) error
	link     func(from, to string) error
}

var _ Store = (*Dir)(nil)

// ErrInUse: another process, or another Dir of this one, has the directory open.
var ErrInUse = errors.New("object directory is in use by another server")

// OpenDir opens or makes the directory root. New directories are made durable in their parents.
// ErrInUse when somebody else has it open. The first write removes what a crash left in +tmp.
// Close releases it.
func OpenDir(root string) (*Dir, error) {
	d := &Dir{root: filepath.Clean(root), ops: dirOps{syncFile: (*os.File).Sync, syncDir: syncDir, rename: os.Rename, link: os.Link}}
	if err := d.makeDirs(filepath.Join(d.root, dirTemp)); err != nil {
		return nil, fmt.Errorf("open object directory: %w", err)
	}
	d.cleaned = sync.OnceValue(d.clean)
	if err := d.takeLock(); err != nil {
		return nil, fmt.Errorf("open object directory %s: %w", root, err)
	}
	return d, nil
}

// SyncLatency is the time of each sync of an object, and of the folder that has its name.
func (d *Dir) SyncLatency() latency.Snapshot { return d.syncs.Snapshot() }

// synced times a sync and remembers a failed one.
func (d *Dir) synced(sync func() error) error {
	began := clock.Real{}.Now()
	err := sync()
	d.syncs.Observe(clock.Real{}.Now().Sub(began))
	return d.poisoned(err)
}

// Close releases the directory; the Dir must not be used after it.
func (d *Dir) Close() error { return d.lock.Close() }

func (d *Dir) takeLock() error {
	f, err := os.OpenFile(filepath.Join(d.root, dirLock), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	// why exclusive: what one server removes or replaces here the other still names.
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return err
	}
	d.lock = f
	return nil
}

func (d *Dir) clean() error {
	temp := filepath.Join(d.root, dirTemp)
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(temp, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// makeDirs is MkdirAll that syncs the parent of every directory it makes.
func (d *Dir) makeDirs(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := d.makeDirs(parent); err != nil {
			return err
		}
	}
	// why sync also when another made it: its sync may not be through yet, and ours has to be.
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.poisoned(d.ops.syncDir(parent))
}

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// poisoned remembers a failed fsync.
func (d *Dir) poisoned(err error) error {
	if err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.poison == nil {
		d.mu.poison = err
	}
	return err
}

// writable fails after a failed fsync.
func (d *Dir) writable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mu.poison != nil {
		return fmt.Errorf("object directory stopped after an I/O error: %w", d.mu.poison)
	}
	return nil
}

func (d *Dir) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// GetRange implements Store.
func (d *Dir) GetRange(ctx context.Context, key string, off int64, dst []byte) (int, error) {
	f, info, err := d.openObject(ctx, key)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	start, err := rangeStart(key, off, info.Size())
	if err != nil {
		return 0, err
	}
	n, err := f.ReadAt(dst, start)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (d *Dir) openObject(ctx context.Context, key string) (*os.File, fs.FileInfo, error) {
	if err := CheckKey(key); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(d.path(key))
	if err != nil {
		return nil, nil, notFound(key, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

func notFound(key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return err
}

// Stat implements Store.
func (d *Dir) Stat(ctx context.Context, key string) (ObjectInfo, error) {
	if err := CheckKey(key); err != nil {
		return ObjectInfo{}, err
	}
	if err := ctx.Err(); err != nil {
		return ObjectInfo{}, err
	}
	info, err := os.Stat(d.path(key))
	if err != nil {
		return ObjectInfo{}, notFound(key, err)
	}
	if info.IsDir() {
		return ObjectInfo{}, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	return dirInfo(key, info), nil
}

func dirInfo(key string, info fs.FileInfo) ObjectInfo {
	var inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	etag := strings.Join([]string{
		strconv.FormatInt(info.ModTime().UnixNano(), 36), strconv.FormatUint(inode, 36), strconv.FormatInt(info.Size(), 36),
	}, "-")
	return ObjectInfo{Key: key, Size: info.Size(), ETag: etag, Modified: info.ModTime()}
}

// Delete implements Store. A crash may bring a deleted object back.
func (d *Dir) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		if info, err := os.Stat(d.path(key)); err == nil && info.IsDir() {
			continue // a folder of keys is no object
		}
		if err := os.Remove(d.path(key)); err != nil && !errors.Is(notFound(key, err), ErrNotFound) {
			return err
		}
	}
	return nil
}
