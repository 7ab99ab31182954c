package meta_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/vfs"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
)

func TestConformance(t *testing.T) {
	metatest.Run(t, metatest.Opener{
		New: func(t *testing.T) meta.Store { return metatest.OpenMemory(t) },
		Reopen: func(t *testing.T, s meta.Store) meta.Store {
			return s.(*metatest.Memory).Reopen(t)
		},
	})
}

// walFS calls onSync before each sync of a WAL file.
type walFS struct {
	vfs.FS
	onSync func() error
}

func (f walFS) Create(name string) (vfs.File, error) {
	file, err := f.FS.Create(name)
	return f.wrap(file, name), err
}

func (f walFS) ReuseForWrite(oldname, newname string) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(oldname, newname)
	return f.wrap(file, newname), err
}

func (f walFS) wrap(file vfs.File, name string) vfs.File {
	if file == nil || !strings.HasSuffix(name, ".log") {
		return file
	}
	return walFile{File: file, onSync: f.onSync}
}

type walFile struct {
	vfs.File
	onSync func() error
}

func (f walFile) Sync() error {
	if err := f.onSync(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f walFile) SyncData() error {
	if err := f.onSync(); err != nil {
		return err
	}
	return f.File.SyncData()
}

func appendText(s meta.Store, text string) (meta.CommitSeq, error) {
	return s.AppendLog(context.Background(), 0, func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
		return []byte(text), []meta.Write{{Key: []byte("last"), Value: []byte(text)}}, nil
	})
}

// TestPowerCut: what was acknowledged is there after a power cut, from the first write in a
// fresh directory on; numbers stay dense.
func TestPowerCut(t *testing.T) {
	s := metatest.OpenMemory(t)
	want := 0
	for round := range 5 {
		for range round * 7 {
			if _, err := appendText(s, fmt.Sprint("r", want+1)); err != nil {
				t.Fatal(err)
			}
			want++
		}
		s = s.PowerCut(t)
		records, err := s.ScanLog(context.Background(), 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) != want {
			t.Fatalf("round %d: %d records after the power cut, %d were acknowledged", round, len(records), want)
		}
		for i, r := range records {
			if string(r.Bytes) != fmt.Sprint("r", i+1) {
				t.Fatalf("record %d is %q", i+1, r.Bytes)
			}
		}
	}
}

func TestSecondOpenIsLocked(t *testing.T) {
	dir := t.TempDir() + "/meta"
	s, err := meta.OpenPebble(dir, meta.PebbleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := meta.OpenPebble(dir, meta.PebbleOptions{}); !errors.Is(err, meta.ErrLocked) {
		t.Fatalf("second open: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = meta.OpenPebble(dir, meta.PebbleOptions{})
	if err != nil {
		t.Fatalf("open after close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LastSeq(context.Background()); !errors.Is(err, meta.ErrClosed) {
		t.Fatalf("after close: %v, want ErrClosed", err)
	}
}

// TestSyncErrorPoisons: after one failed WAL sync nothing is written or read any more, though
// the disk works again.
func TestSyncErrorPoisons(t *testing.T) {
	mem := vfs.NewStrictMem()
	var failing atomic.Bool
	var synced atomic.Int64
	fs := walFS{FS: mem, onSync: func() error {
		synced.Add(1)
		if failing.Load() {
			return errors.New("disk on fire")
		}
		return nil
	}}
	s, err := meta.OpenPebble("meta", meta.PebbleOptions{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // a poisoned store only gives back its lock
	if _, err := appendText(s, "good"); err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	if _, err := appendText(s, "lost"); !errors.Is(err, meta.ErrPoisoned) {
		t.Fatalf("append with a failing sync: %v, want ErrPoisoned", err)
	}
	failing.Store(false)
	before := synced.Load()
	if _, err := appendText(s, "later"); !errors.Is(err, meta.ErrPoisoned) {
		t.Fatalf("append after a failed sync: %v, want ErrPoisoned", err)
	}
	if err := s.Commit(context.Background(), meta.Txn{Writes: []meta.Write{{Key: []byte("a"), Value: []byte("1")}}}); !errors.Is(err, meta.ErrPoisoned) {
		t.Fatalf("commit after a failed sync: %v, want ErrPoisoned", err)
	}
	if _, err := s.LastSeq(context.Background()); !errors.Is(err, meta.ErrPoisoned) {
		t.Fatalf("read after a failed sync: %v, want ErrPoisoned", err)
	}
	if synced.Load() != before {
		t.Fatal("the WAL was synced again after a failed sync")
	}
}

// TestReadersSeeOnlyDurable: while a sync hangs neither LastSeq nor ScanLog nor Read show the
// write.
func TestReadersSeeOnlyDurable(t *testing.T) {
	mem := vfs.NewStrictMem()
	var hang atomic.Bool
	entered, leave := make(chan struct{}, 16), make(chan struct{})
	fs := walFS{FS: mem, onSync: func() error {
		if hang.Load() {
			entered <- struct{}{}
			<-leave
		}
		return nil
	}}
	s, err := meta.OpenPebble("meta", meta.PebbleOptions{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	hang.Store(true)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := appendText(s, "slow"); err != nil {
			t.Error(err)
		}
	})
	<-entered
	if last, err := s.LastSeq(context.Background()); err != nil || last != 0 {
		t.Errorf("last = %d, %v while the sync hangs", last, err)
	}
	if records, err := s.ScanLog(context.Background(), 0, 100); err != nil || len(records) != 0 {
		t.Errorf("scan = %v, %v while the sync hangs", records, err)
	}
	read := make(chan error, 1)
	wg.Go(func() { read <- s.Read(context.Background(), func(meta.Snapshot) error { return nil }) })
	select {
	case err := <-read:
		t.Errorf("a read ended (%v) before the write it contains was durable", err)
	default:
	}
	hang.Store(false)
	close(leave)
	wg.Wait()
	if last, err := s.LastSeq(context.Background()); err != nil || last != 1 {
		t.Errorf("last = %d, %v after the sync", last, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
