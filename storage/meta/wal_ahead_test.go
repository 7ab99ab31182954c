package meta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/vfs"
)

// wals keeps what each WAL had when Pebble closed it, and when it was made.
type wals struct {
	vfs.FS
	mu   sync.Mutex
	made int
}

func (w *wals) count(name string) {
	if _, ok := walNumber(w.PathBase(name)); ok {
		w.mu.Lock()
		w.made++
		w.mu.Unlock()
	}
}

func (w *wals) Create(name string) (vfs.File, error) {
	w.count(name)
	return w.FS.Create(name)
}

func (w *wals) ReuseForWrite(from, name string) (vfs.File, error) {
	w.count(name)
	return w.FS.ReuseForWrite(from, name)
}

// TestWrittenAhead: batches of all sizes, over many WALs, fresh and used again. What LogWriter makes of them is compared
// in aheadFile.Write: a difference would end the engine. A batch that was given to Pebble because there was room for
// it made no WAL.
func TestWrittenAhead(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	fs := &wals{FS: vfs.NewStrictMem()}
	s, err := OpenPebble("meta", PebbleOptions{FS: fs, memTable: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	inside, behind := 0, 0
	for i := range 600 {
		size := random.IntN(1000)
		switch random.IntN(20) {
		case 0:
			size = walBlock - walHeader - walBatchHeader - 20 + random.IntN(40) // about as large as a block
		case 1:
			size = random.IntN(200_000)
		case 2:
			if random.IntN(10) == 0 {
				size = 1<<19 + random.IntN(1<<20) // too large for a memtable
			}
		}
		e := s.mu.engine
		b := e.db.NewBatch()
		if err := b.Set(userKey(fmt.Appendf(nil, "%d", i%50)), bytes.Repeat([]byte{byte(i)}, 8+size), nil); err != nil {
			t.Fatal(err)
		}
		had, before := e.room.has(b), fs.made
		if err := s.write(context.Background(), b); err != nil {
			t.Fatalf("batch %d of %d bytes: %v", i, size, err)
		}
		switch {
		case !had:
			behind++
		case fs.made > before:
			t.Fatalf("batch %d of %d bytes: there was room for it, and Pebble made a WAL", i, size)
		default:
			inside++
		}
	}
	if fs.made < 5 || inside < behind {
		t.Errorf("%d WALs; %d batches had room, %d perhaps not", fs.made, inside, behind)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenPebble("meta", PebbleOptions{FS: fs}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAheadPowerCut: many write at once and sync for each other. What one of them was told is durable is there after a
// power cut, and so is all that was placed before it.
func TestAheadPowerCut(t *testing.T) {
	for round := range 20 {
		fs := vfs.NewStrictMem()
		s, err := OpenPebble("meta", PebbleOptions{FS: fs, memTable: 256 << 10})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		told := make([]uint64, 8) // the newest that each was told of
		for i := range told {
			all.Go(func() {
				for n := uint64(1); n <= 60; n++ {
					value := append(number(n), make([]byte, 200*i)...)
					err := s.Commit(context.Background(), Txn{Writes: []Write{{Key: []byte{byte(i)}, Value: value}}})
					if err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
					told[i] = n
				}
			})
		}
		all.Wait()
		fs.SetIgnoreSyncs(true)
		_ = s.Close() // what Close would write is lost with the power
		fs.ResetToSyncedState()
		fs.SetIgnoreSyncs(false)
		if s, err = OpenPebble("meta", PebbleOptions{FS: fs}); err != nil {
			t.Fatal(err)
		}
		err = s.Read(context.Background(), func(snap Snapshot) error {
			for i, want := range told {
				v, _, err := snap.Get([]byte{byte(i)})
				if err != nil || !bytes.HasPrefix(v, number(want)) {
					return fmt.Errorf("writer %d was told of %d, %x is there (%v)", i, want, v[:min(8, len(v))], err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAheadDiffers: LogWriter's bytes that are not what was written ahead of them are refused, and nobody is told after
// that that his are durable.
func TestAheadDiffers(t *testing.T) {
	fs := vfs.NewMem()
	file, err := fs.Create("000001.log")
	if err != nil {
		t.Fatal(err)
	}
	f := &aheadFile{File: file, number: 1, syncs: &(&PebbleStore{}).syncs}
	end := f.emit([]byte("some batch"))
	if err := f.durable(end); err != nil {
		t.Fatal(err)
	}
	same := appendWALChunk(nil, walTypeFull, 1, []byte("some batch"))
	if n, err := f.Write(bytes.Clone(same)); n != len(same) || err != nil {
		t.Fatalf("the same: %d, %v", n, err)
	}
	end = f.emit([]byte("another"))
	if _, err := f.Write(appendWALChunk(nil, walTypeFull, 1, []byte("ANOTHER"))); !errors.Is(err, errAhead) {
		t.Errorf("what differs: %v", err)
	}
	if err := f.durable(end); !errors.Is(err, errAhead) {
		t.Errorf("durable behind it: %v", err)
	}
}

// TestLengthened: a WAL is longer than what was written of it. One that nobody closed is read to where it was written,
// what is damaged before that is found, and so is one that was closed.
func TestLengthened(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenPebble(filepath.Join(dir, "meta"), PebbleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	copied := func(name string, change func(wal []byte)) string {
		to := filepath.Join(dir, name)
		if err := os.CopyFS(to, os.DirFS(filepath.Join(dir, "meta"))); err != nil {
			t.Fatal(err)
		}
		wal := filepath.Join(to, walName(s.mu.engine.files.facts.wal))
		b, err := os.ReadFile(wal)
		if err != nil {
			t.Fatal(err)
		}
		if len(b)%stretch != 0 || len(b) == 0 {
			t.Errorf("%s: the WAL has %d bytes", name, len(b))
		}
		change(b)
		if err := os.WriteFile(wal, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return to
	}
	const each = 3 * stretch / 200 // commits, past the first stretch
	for i := range 200 {
		if _, err := s.AppendLog(context.Background(), CommitSeq(i), func(CommitSeq, []Record) ([]byte, []Write, error) {
			return bytes.Repeat([]byte{byte(i)}, each), nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	same := func([]byte) {}
	killed := copied("killed", same)
	damaged := copied("damaged", func(wal []byte) { wal[1000] ^= 1 })
	behind := copied("behind", func(wal []byte) { wal[len(wal)-1] ^= 1 }) // what nobody wrote
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{killed, behind, copied("closed", same)} {
		again, err := OpenPebble(path, PebbleOptions{})
		if err != nil {
			t.Fatal(path, err)
		}
		if last, err := again.LastSeq(context.Background()); last != 200 || err != nil {
			t.Errorf("%s: %d commits, %v", path, last, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{damaged, copied("closed and damaged", func(wal []byte) { wal[1000] ^= 1 })} {
		if _, err := OpenPebble(path, PebbleOptions{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
