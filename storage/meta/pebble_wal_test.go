package meta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/vfs"
)

// writtenWAL is the WAL of a store with some commits, small ones and one over several blocks,
// and writes between them. lastTwo is where the last two commits begin.
func writtenWAL(t *testing.T) (fs vfs.FS, name string, b []byte, lastTwo int) {
	t.Helper()
	fs = vfs.NewMem()
	s, err := OpenPebble("m", PebbleOptions{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	const commits = 12
	ctx := context.Background()
	for i := range commits {
		if i == commits-2 {
			_, b = readWAL(t, fs)
			lastTwo = len(bytes.TrimRight(b, "\x00"))
		}
		size := 40 * (i + 1)
		if i == 5 {
			size = 100_000
		}
		_, err := s.AppendLog(ctx, CommitSeq(i), func(CommitSeq, []Record) ([]byte, []Write, error) {
			return bytes.Repeat([]byte{byte(i + 1)}, size), []Write{{Key: fmt.Appendf(nil, "w%d", i), Value: []byte("x")}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx, Txn{Writes: []Write{{Key: fmt.Appendf(nil, "k%d", i), Value: []byte("y")}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name, b = readWAL(t, fs)
	return fs, name, b, lastTwo
}

func readWAL(t *testing.T, fs vfs.FS) (name string, b []byte) {
	t.Helper()
	names, err := fs.List("m")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, n := range names {
		if len(n) > 4 && n[len(n)-4:] == ".log" {
			name = n
		}
	}
	f, err := fs.Open(fs.PathJoin("m", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err = io.ReadAll(f); err != nil {
		t.Fatal(err)
	}
	return name, b
}

// TestDamagedWAL: a bad byte before the last two commits is told, whatever it is; a WAL that
// ends early is a power cut.
func TestDamagedWAL(t *testing.T) {
	fs, name, whole, lastTwo := writtenWAL(t)
	var number uint32
	if _, err := fmt.Sscanf(name, "%d.log", &number); err != nil {
		t.Fatal(err)
	}
	if bad, _ := damagedAt(whole, number); bad >= 0 {
		t.Fatalf("an undamaged WAL is damaged at %d", bad)
	}
	for at := range lastTwo {
		if at > 4000 && at < lastTwo-4000 && at%97 != 0 {
			continue // inside the large record
		}
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if bad, last := damagedAt(b, number); bad < 0 || bad > at || last != 12 {
			t.Fatalf("byte %d of %d: damaged at %d, last commit %d", at, len(b), bad, last)
		}
	}
	for end := 0; end < len(whole); end += 7 {
		if bad, _ := damagedAt(whole[:end], number); bad >= 0 {
			t.Fatalf("a WAL of %d of %d bytes is damaged at %d", end, len(whole), bad)
		}
	}
	f, err := fs.Create(fs.PathJoin("m", name))
	if err != nil {
		t.Fatal(err)
	}
	whole[lastTwo/2] ^= 4
	if _, err := f.Write(whole); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPebble("m", PebbleOptions{FS: fs}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("opened a damaged store: %v", err)
	}
}
