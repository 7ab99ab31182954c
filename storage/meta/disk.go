package meta

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/vfs"
)

// diskFS is the disk as one engine sees it. An operation that finds no room is tried once more
// when Ballast gave some back. If there is still none the engine can never write again (Pebble
// does not resume): from there on nothing of it changes the disk, so that what is there stays as
// the first failure left it, and another engine may be opened over it.
type diskFS struct {
	vfs.FS
	ballast func() bool // gives room back, false = there is none to give; nil = none
	ended   func()      // called once, when full is set

	gate       sync.RWMutex // held for reading by every operation that changes something
	full       atomic.Bool
	syncFailed atomic.Bool
}

var errFrozen = errors.New("the engine was given up: " + ErrFull.Error())

func isFull(err error) bool { return err != nil && errors.Is(err, syscall.ENOSPC) }

// change runs an operation that changes the disk.
func (d *diskFS) change(op func() error) error {
	d.gate.RLock()
	defer d.gate.RUnlock()
	if d.full.Load() {
		return errFrozen
	}
	err := op()
	if isFull(err) && d.ballast != nil && d.ballast() {
		err = op()
	}
	if isFull(err) && !d.full.Swap(true) {
		d.ended()
	}
	return err
}

// retire waits for the operations that were under way when the disk was full.
func (d *diskFS) retire() {
	d.full.Store(true)
	d.gate.Lock()
	defer d.gate.Unlock()
}

// Lock of the directory is held by the store, whichever engine it has.
func (d *diskFS) Lock(string) (io.Closer, error) { return nopCloser{}, nil }

func (d *diskFS) file(open func() (vfs.File, error)) (f vfs.File, err error) {
	err = d.change(func() error { f, err = open(); return err })
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d}, nil
}

func (d *diskFS) Create(name string) (vfs.File, error) {
	return d.file(func() (vfs.File, error) { return d.FS.Create(name) })
}

func (d *diskFS) OpenReadWrite(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.file(func() (vfs.File, error) { return d.FS.OpenReadWrite(name, opts...) })
}

func (d *diskFS) ReuseForWrite(from, name string) (vfs.File, error) {
	return d.file(func() (vfs.File, error) { return d.FS.ReuseForWrite(from, name) })
}

func (d *diskFS) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d}, nil
}

func (d *diskFS) Link(from, to string) error {
	return d.change(func() error { return d.FS.Link(from, to) })
}

func (d *diskFS) Remove(name string) error {
	return d.change(func() error { return d.FS.Remove(name) })
}

func (d *diskFS) RemoveAll(name string) error {
	return d.change(func() error { return d.FS.RemoveAll(name) })
}

func (d *diskFS) Rename(from, to string) error {
	return d.change(func() error { return d.FS.Rename(from, to) })
}

func (d *diskFS) MkdirAll(name string, mode os.FileMode) error {
	return d.change(func() error { return d.FS.MkdirAll(name, mode) })
}

// diskFile is a file that its engine writes, or a directory that it syncs.
type diskFile struct {
	vfs.File
	disk *diskFS
}

// Write goes on behind what a first try has written.
func (f *diskFile) Write(p []byte) (n int, err error) {
	err = f.disk.change(func() error {
		k, err := f.File.Write(p[n:])
		n += k
		return err
	})
	return n, err
}

func (f *diskFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.disk.change(func() error { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}

func (f *diskFile) Preallocate(at, length int64) error {
	return f.disk.change(func() error { return f.File.Preallocate(at, length) })
}

// sync is never tried twice: what a failed one left on disk cannot be known, whatever the reason.
func (f *diskFile) sync(op func() error) error {
	f.disk.gate.RLock()
	defer f.disk.gate.RUnlock()
	if f.disk.full.Load() {
		return errFrozen
	}
	err := op()
	if err != nil {
		f.disk.syncFailed.Store(true)
	}
	return err
}

func (f *diskFile) Sync() error     { return f.sync(f.File.Sync) }
func (f *diskFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *diskFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

type nopCloser struct{}

func (nopCloser) Close() error { return nil }
