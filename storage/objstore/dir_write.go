package objstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Put implements Store.
func (d *Dir) Put(ctx context.Context, key string, parts [][]byte, cond Condition) (ObjectInfo, error) {
	if err := checkPut(key, cond); err != nil {
		return ObjectInfo{}, err
	}
	if cond.IfAbsent { // the common refusal, before the bytes are written; link decides
		if info, err := os.Lstat(d.path(key)); err == nil && !info.IsDir() {
			return ObjectInfo{}, fmt.Errorf("put %s: %w", key, ErrPrecondition)
		}
	}
	u, err := d.create(ctx, key)
	if err != nil {
		return ObjectInfo{}, err
	}
	defer u.discard()
	if err := u.writeParts(parts); err != nil {
		return ObjectInfo{}, putError(key, err)
	}
	return u.commit(cond)
}

var partWriters = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 256<<10) }}

// writeParts gathers small parts, of which a segment has thousands, into few writes.
func (u *dirUpload) writeParts(parts [][]byte) error {
	w := partWriters.Get().(*bufio.Writer)
	defer func() { w.Reset(nil); partWriters.Put(w) }()
	w.Reset(u)
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Flush()
}

func putError(key string, err error) error { return fmt.Errorf("put %s: %w", key, noRoom(err)) }

// noRoom tells that the disk is full, unless the outcome is not known for it.
func noRoom(err error) error {
	if errors.Is(err, syscall.ENOSPC) && !errors.Is(err, ErrUnknown) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// Create implements Store.
func (d *Dir) Create(ctx context.Context, key string) (Upload, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	u, err := d.create(ctx, key)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// dirUpload is a temporary file on its way to a key.
type dirUpload struct {
	ctx  context.Context // of Create: Upload's methods have none
	dir  *Dir
	key  string
	file *os.File // nil once committed or discarded
}

func (d *Dir) create(ctx context.Context, key string) (*dirUpload, error) {
	if err := d.writable(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.cleaned(); err != nil {
		return nil, fmt.Errorf("remove what a crash left: %w", err)
	}
	f, err := os.CreateTemp(filepath.Join(d.root, dirTemp), "")
	if err != nil {
		return nil, putError(key, err)
	}
	return &dirUpload{ctx: ctx, dir: d, key: key, file: f}, nil
}

func (u *dirUpload) Write(p []byte) (int, error) {
	if u.file == nil {
		return 0, errUploadDone
	}
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.file.Write(p)
	return n, noRoom(err)
}

func (u *dirUpload) Commit() (ObjectInfo, error) {
	if u.file == nil {
		return ObjectInfo{}, errUploadDone
	}
	defer u.discard()
	return u.commit(Condition{})
}

func (u *dirUpload) Abort() error {
	u.discard()
	return nil
}

// discard removes the temporary file; harmless after it took its key.
func (u *dirUpload) discard() {
	if u.file == nil {
		return
	}
	_ = u.file.Close()           // nothing is read from it any more
	_ = os.Remove(u.file.Name()) // renamed away, or cleaned at the next start
	u.file = nil
}

func (u *dirUpload) commit(cond Condition) (ObjectInfo, error) {
	if err := u.dir.writable(); err != nil {
		return ObjectInfo{}, err
	}
	if err := u.ctx.Err(); err != nil {
		return ObjectInfo{}, err
	}
	target := u.dir.path(u.key)
	if err := u.dir.makeDirs(filepath.Dir(target)); err != nil {
		return ObjectInfo{}, putError(u.key, err)
	}
	var err error
	switch {
	case cond.IfAbsent:
		err = u.place(target, u.dir.ops.link)
	case cond.IfMatch != "":
		err = u.replaceMatching(target, cond.IfMatch)
	default:
		u.dir.replace.RLock()
		err = u.place(target, u.dir.ops.rename)
		u.dir.replace.RUnlock()
	}
	if err != nil {
		return ObjectInfo{}, putError(u.key, err)
	}
	info, err := u.file.Stat()
	if err != nil {
		return ObjectInfo{}, fmt.Errorf("put %s: %w: %w", u.key, ErrUnknown, err)
	}
	return dirInfo(u.key, info), nil
}

// place makes the file durable, gives it its name with link or rename, and makes that durable.
func (u *dirUpload) place(target string, name func(from, to string) error) error {
	if err := u.laterThan(target); err != nil {
		return err
	}
	if err := u.dir.synced(func() error { return u.dir.ops.syncFile(u.file) }); err != nil {
		return err
	}
	if err := name(u.file.Name(), target); err != nil {
		if errors.Is(err, fs.ErrExist) && !isDir(target) {
			return ErrPrecondition
		}
		return err
	}
	if err := u.dir.synced(func() error { return u.dir.ops.syncDir(filepath.Dir(target)) }); err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// laterThan sees to it that the file's time, which is its ETag, is after that of what it replaces.
func (u *dirUpload) laterThan(target string) error {
	old, err := os.Stat(target)
	if err != nil {
		return nil // nothing is replaced; the rename will tell if it is something worse
	}
	own, err := u.file.Stat()
	if err != nil {
		return err
	}
	if own.ModTime().After(old.ModTime()) {
		return nil
	}
	return os.Chtimes(u.file.Name(), time.Time{}, old.ModTime().Add(time.Microsecond))
}

// replaceMatching renames only if the target has the ETag; no other goroutine replaces
// meanwhile, and no other process has the root.
func (u *dirUpload) replaceMatching(target, etag string) error {
	u.dir.replace.Lock()
	defer u.dir.replace.Unlock()
	old, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) || err == nil && dirInfo(u.key, old).ETag != etag {
		return ErrPrecondition
	}
	if err != nil {
		return err
	}
	return u.place(target, u.dir.ops.rename)
}
