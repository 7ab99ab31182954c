package meta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/vfs"
)

// smallFS is a disk on which operations that take room fail from a certain one on, until it is
// emptied. Half of what is to be written still fits.
type smallFS struct {
	vfs.FS
	taken atomic.Int64
	limit atomic.Int64 // 0 = none
	// atSync: the sync fails for want of room, as it may where blocks are allocated late.
	atSync bool
}

func (s *smallFS) take() error {
	n, limit := s.taken.Add(1), s.limit.Load()
	if limit > 0 && n > limit {
		return &os.PathError{Op: "write", Path: "small", Err: syscall.ENOSPC}
	}
	return nil
}

func (s *smallFS) file(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &smallFile{f, s}, nil
}

func (s *smallFS) Create(name string) (vfs.File, error) {
	if err := s.take(); err != nil {
		return nil, err
	}
	return s.file(s.FS.Create(name))
}

func (s *smallFS) OpenReadWrite(name string, o ...vfs.OpenOption) (vfs.File, error) {
	if err := s.take(); err != nil {
		return nil, err
	}
	return s.file(s.FS.OpenReadWrite(name, o...))
}

func (s *smallFS) ReuseForWrite(from, to string) (vfs.File, error) {
	if err := s.take(); err != nil {
		return nil, err
	}
	return s.file(s.FS.ReuseForWrite(from, to))
}

func (s *smallFS) Link(from, to string) error {
	if err := s.take(); err != nil {
		return err
	}
	return s.FS.Link(from, to)
}

func (s *smallFS) Rename(from, to string) error {
	if err := s.take(); err != nil {
		return err
	}
	return s.FS.Rename(from, to)
}

type smallFile struct {
	vfs.File
	fs *smallFS
}

func (f *smallFile) Write(p []byte) (int, error) {
	if err := f.fs.take(); err != nil {
		if f.fs.atSync {
			return f.File.Write(p)
		}
		n, _ := f.File.Write(bytes.Clone(p[:len(p)/2]))
		return n, err
	}
	return f.File.Write(p)
}

func (f *smallFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.fs.take(); err != nil {
		if f.fs.atSync {
			return f.File.WriteAt(p, at)
		}
		n, _ := f.File.WriteAt(bytes.Clone(p[:len(p)/2]), at)
		return n, err
	}
	return f.File.WriteAt(p, at)
}

func (f *smallFile) Sync() error {
	if limit := f.fs.limit.Load(); f.fs.atSync && limit > 0 && f.fs.taken.Load() > limit {
		return syscall.ENOSPC
	}
	return f.File.Sync()
}

func (f *smallFile) SyncData() error { return f.Sync() }

// quickClock has a hundredth of the patience.
type quickClock struct{}

func (quickClock) Now() time.Time                         { return time.Now() }
func (quickClock) After(d time.Duration) <-chan time.Time { return time.After(d / 100) }

// history is what a writer was told of its commits.
type history struct {
	t     *testing.T
	store *PebbleStore
	acked []string // records in order
	full  int      // how often there was no room
}

func (h *history) record() string {
	return fmt.Sprintf("record %d %s", len(h.acked)+1, bytes.Repeat([]byte{byte('a' + len(h.acked)%26)}, 3000))
}

// write appends the next record, resolving an outcome that is not known as the log does: by what
// decide is shown. It reports whether there was room.
func (h *history) write() bool {
	h.t.Helper()
	record, seen := h.record(), CommitSeq(len(h.acked))
	landed := errors.New("landed")
	for {
		_, err := h.store.AppendLog(context.Background(), seen, func(next CommitSeq, missed []Record) ([]byte, []Write, error) {
			if len(missed) == 1 && string(missed[0].Bytes) == record {
				return nil, nil, landed
			}
			if len(missed) > 0 || next != seen+1 {
				h.t.Fatalf("commit %d is decided after %d others", next, len(missed))
			}
			key := fmt.Sprintf("key %d", len(h.acked)%7)
			return []byte(record), []Write{{Key: []byte(key), Value: []byte(record)}}, nil
		})
		switch {
		case err == nil || errors.Is(err, landed):
			h.acked = append(h.acked, record)
			return true
		case errors.Is(err, ErrUnknown):
		case errors.Is(err, ErrFull):
			h.full++
			return false
		default:
			h.t.Fatalf("commit %d: %v", seen+1, err)
		}
	}
}

// check reads everything.
func (h *history) check() {
	h.t.Helper()
	ctx := context.Background()
	if last, err := h.store.LastSeq(ctx); err != nil || last != CommitSeq(len(h.acked)) {
		h.t.Fatalf("last is %d (%v), %d were acknowledged", last, err, len(h.acked))
	}
	records, err := h.store.ScanLog(ctx, CommitSeq(max(len(h.acked)-20, 0)), 1<<30)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range records {
		if string(r.Bytes) != h.acked[r.Seq-1] {
			h.t.Fatalf("commit %d is %.20q", r.Seq, r.Bytes)
		}
	}
	if len(h.acked) == 0 {
		return
	}
	err = h.store.Read(ctx, func(s Snapshot) error {
		value, _, err := s.Get([]byte(fmt.Sprintf("key %d", (len(h.acked)-1)%7)))
		if string(value) != h.acked[len(h.acked)-1] {
			return errors.Join(err, fmt.Errorf("the newest value is %.20q", value))
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func openSmall(t *testing.T, fs vfs.FS, ballast func() bool) (*PebbleStore, error) {
	return OpenPebble("meta", PebbleOptions{FS: fs, Clock: quickClock{}, Ballast: ballast, memTable: 64 << 10})
}

const smallWrites = 90

// TestFullDisk: whichever operation is the first without room, what was acknowledged is there and
// can be read all the time, what was refused is not, and writing goes on once there is room.
func TestFullDisk(t *testing.T) {
	total := runFull(t, 0)
	step := int64(3)
	if s := os.Getenv("TRIBUTARY_TEST_EVERY"); s != "" {
		step, _ = strconv.ParseInt(s, 10, 64)
	}
	runs := 0
	for at := int64(1); at < total; at += step {
		runFull(t, at)
		runs++
	}
	t.Logf("%d operations take room, %d of them were the first without", total, runs)
}

func runFull(t *testing.T, at int64) (operations int64) {
	t.Helper()
	small := &smallFS{FS: vfs.NewMem()}
	store, err := openSmall(t, small, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &history{t: t, store: store}
	begun := small.taken.Load()
	if at > 0 {
		small.limit.Store(begun + at)
	}
	for i := 0; i < smallWrites; i++ {
		if i == smallWrites/2 {
			if err := store.TrimLog(context.Background(), CommitSeq(len(h.acked)-25)); err != nil && !errors.Is(err, ErrFull) {
				t.Fatalf("at operation %d: trim: %v", at, err)
			}
		}
		if h.write() {
			continue
		}
		h.check()
		if h.write() {
			t.Fatalf("at operation %d: written without room", at)
		}
		small.limit.Store(0)
		began := time.Now()
		for !h.write() {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("at operation %d: writing does not go on though there is room", at)
			}
			<-time.After(time.Millisecond)
		}
		h.check()
	}
	operations = small.taken.Load() - begun
	small.limit.Store(0)
	for !h.write() { // it may have been full with the last write behind it
		<-time.After(time.Millisecond)
	}
	if err := store.Close(); err != nil {
		t.Fatalf("at operation %d: close: %v", at, err)
	}
	if h.store, err = openSmall(t, small, nil); err != nil {
		t.Fatalf("at operation %d: open again: %v", at, err)
	}
	h.check()
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	return operations
}

// TestBallast: with a ballast what meets the full disk still ends.
func TestBallast(t *testing.T) {
	small := &smallFS{FS: vfs.NewMem()}
	var released atomic.Int64
	store, err := openSmall(t, small, func() bool {
		released.Add(1)
		small.limit.Store(0)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	h := &history{t: t, store: store}
	for i := range smallWrites {
		if i%10 == 9 {
			small.limit.Store(small.taken.Load() + 1)
		}
		if !h.write() {
			t.Fatal("refused")
		}
	}
	h.check()
	if released.Load() == 0 {
		t.Fatal("the disk was never full")
	}
}

// TestFullAtSync: a sync that fails for want of room is a sync that failed: the store stops.
func TestFullAtSync(t *testing.T) {
	small := &smallFS{FS: vfs.NewMem(), atSync: true}
	store, err := openSmall(t, small, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &history{t: t, store: store}
	h.write()
	small.limit.Store(small.taken.Load())
	for range 2 {
		_, err = store.AppendLog(context.Background(), 1, func(CommitSeq, []Record) ([]byte, []Write, error) {
			return []byte("x"), nil, nil
		})
		if !errors.Is(err, ErrPoisoned) {
			t.Fatalf("got %v, want ErrPoisoned", err)
		}
		small.limit.Store(0)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestClosedWhileFull: a store that waits for room can be closed.
func TestClosedWhileFull(t *testing.T) {
	small := &smallFS{FS: vfs.NewMem()}
	store, err := openSmall(t, small, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &history{t: t, store: store}
	h.write()
	small.limit.Store(small.taken.Load())
	if h.write() {
		t.Fatal("written without room")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	small.limit.Store(0)
	if h.store, err = openSmall(t, small, nil); err != nil {
		t.Fatal(err)
	}
	h.check()
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
}
