package faults_test

import (
	"os"

	"github.com/cockroachdb/pebble/vfs"
)

// disk is what a process sees of the disk of the metadata.
type disk struct {
	vfs.FS
	power *power
}

// change is an effect on names, which lasts once their directory is synced; a torn one has not taken place.
func (d *disk) change(what, name string, do func() error) error {
	return d.power.run(effect{what: "disk: " + what + " " + name, do: do, kept: func() error {
		if err := do(); err != nil {
			return err
		}
		return d.keep(d.PathDir(name))
	}})
}

func (d *disk) keep(dir string) error {
	f, err := d.FS.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only synced
	return f.Sync()
}

func (d *disk) open(what, name string, do func() (vfs.File, error)) (f vfs.File, err error) {
	err = d.change(what, name, func() error { f, err = do(); return err })
	if err != nil {
		if f != nil {
			_ = f.Close() // nobody has it
		}
		return nil, err
	}
	return &file{f, d, name}, nil
}

func (d *disk) Create(name string) (vfs.File, error) {
	return d.open("create", name, func() (vfs.File, error) { return d.FS.Create(name) })
}

func (d *disk) OpenReadWrite(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if _, err := d.FS.Stat(name); err == nil { // nothing is made
		f, err := d.FS.OpenReadWrite(name, opts...)
		if err != nil {
			return nil, err
		}
		return &file{f, d, name}, nil
	}
	return d.open("create", name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, opts...) })
}

func (d *disk) ReuseForWrite(from, name string) (vfs.File, error) {
	return d.open("reuse", name, func() (vfs.File, error) { return d.FS.ReuseForWrite(from, name) })
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &file{f, d, name}, nil
}

func (d *disk) Link(from, to string) error {
	return d.change("link", to, func() error { return d.FS.Link(from, to) })
}

func (d *disk) Remove(name string) error {
	return d.change("remove", name, func() error { return d.FS.Remove(name) })
}

func (d *disk) RemoveAll(name string) error {
	return d.change("remove all", name, func() error { return d.FS.RemoveAll(name) })
}

func (d *disk) Rename(from, to string) error {
	return d.change("rename", to, func() error { return d.FS.Rename(from, to) })
}

func (d *disk) MkdirAll(name string, mode os.FileMode) error {
	if _, err := d.FS.Stat(name); err == nil {
		return nil
	}
	return d.change("make", name, func() error { return d.FS.MkdirAll(name, mode) })
}

// file is one that a process writes, or a directory that it syncs.
type file struct {
	vfs.File
	disk *disk
	name string
}

// write is an effect on bytes. What ends a process behind it, or in it, was written out by the system on its own.
func (f *file) write(p []byte, do func(p []byte) (int, error)) (n int, err error) {
	synced := func(p []byte) error {
		if _, err := do(p); err != nil {
			return err
		}
		return f.File.Sync()
	}
	err = f.disk.power.run(effect{what: "disk: write " + f.name, do: func() (err error) { n, err = do(p); return err },
		kept: func() error { return synced(p) }, half: func() error { return synced(p[:len(p)/2]) }})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) { return f.write(p, f.File.Write) }

func (f *file) WriteAt(p []byte, at int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.File.WriteAt(p, at) })
}

func (f *file) sync(do func() error) error {
	return f.disk.power.run(effect{what: "disk: sync " + f.name, do: do})
}

func (f *file) Sync() error {
	return f.sync(f.File.Sync)
}

func (f *file) SyncData() error {
	return f.sync(f.File.SyncData)
}

func (f *file) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}
