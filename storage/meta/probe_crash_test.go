package meta_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/storage/meta"
)

// cutFS loses power before its left-th change: nothing is durable from there on.
type cutFS struct {
	vfs.FS
	mem  *vfs.MemFS
	left *atomic.Int64
}

func (f cutFS) step() {
	if f.left.Add(-1) == 0 {
		f.mem.SetIgnoreSyncs(true)
	}
}

func (f cutFS) cut() bool { return f.left.Load() <= 0 }

func (f cutFS) Create(name string) (vfs.File, error) {
	f.step()
	file, err := f.FS.Create(name)
	return cutFile{file, f}, err
}

func (f cutFS) OpenReadWrite(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, opts...)
	return cutFile{file, f}, err
}

func (f cutFS) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	return cutFile{file, f}, err
}

func (f cutFS) Rename(from, to string) error { f.step(); return f.FS.Rename(from, to) }
func (f cutFS) Remove(name string) error     { f.step(); return f.FS.Remove(name) }

type cutFile struct {
	vfs.File
	fs cutFS
}

func (f cutFile) Sync() error     { f.fs.step(); return f.File.Sync() }
func (f cutFile) SyncData() error { f.fs.step(); return f.File.SyncData() }

// TestPowerCutAnywhere cuts the power at every change that two lives of a store make, also inside
// opening and closing: what is left is never taken for damage, and has all that was acknowledged.
func TestPowerCutAnywhere(t *testing.T) {
	for at := int64(1); ; at++ {
		mem := vfs.NewStrictMem()
		fs := cutFS{FS: mem, mem: mem, left: new(atomic.Int64)}
		fs.left.Store(at)
		acked := meta.CommitSeq(0)
		for range 2 {
			s, err := meta.OpenPebble("m", meta.PebbleOptions{FS: fs})
			if err != nil {
				t.Fatalf("cut at %d: %v", at, err)
			}
			for range 3 {
				seq, err := s.AppendLog(context.Background(), acked, func(next meta.CommitSeq, _ []meta.Record) ([]byte, []meta.Write, error) {
					return fmt.Append(nil, "record ", next), nil, nil
				})
				if err != nil {
					t.Fatalf("cut at %d: %v", at, err)
				}
				if fs.cut() {
					break
				}
				acked = seq
			}
			if err := s.Close(); err != nil {
				t.Fatalf("cut at %d: close: %v", at, err)
			}
			if fs.cut() {
				break
			}
		}
		if !fs.cut() {
			t.Logf("%d places", at-1)
			if at < 40 {
				t.Error("too few: nothing was cut")
			}
			return
		}
		mem.ResetToSyncedState()
		mem.SetIgnoreSyncs(false)
		e, err := meta.Probe("m", meta.PebbleOptions{FS: mem}, nil)
		if err != nil || e.Last < acked {
			t.Fatalf("cut at %d: %+v, %v; %d were acknowledged", at, e, err, acked)
		}
		s, err := meta.OpenPebble("m", meta.PebbleOptions{FS: mem})
		if errors.Is(err, meta.ErrCorrupt) || err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("cut at %d: close: %v", at, err)
		}
	}
}
