package pack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func open(t *testing.T, packBytes int64, files int) *Store {
	t.Helper()
	s, err := Open(Config{Dir: t.TempDir(), PackBytes: packBytes, OpenFiles: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func readAll(t *testing.T, p *Piece) []byte {
	t.Helper()
	b := make([]byte, p.Size())
	if err := p.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRandom writes, reads, releases and compacts in random order: every piece is what was written,
// no more files are open than allowed, and in the end nothing is left.
func TestRandom(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := open(t, 1000, 3)
		alive := map[*Piece][]byte{}
		for range 500 {
			switch r.IntN(6) {
			case 0, 1, 2:
				b := bytes.Repeat([]byte{byte(r.Uint32())}, 1+r.IntN(1500))
				p, err := s.Write(b[:len(b)/2], b[len(b)/2:])
				if err != nil {
					t.Fatal(err)
				}
				alive[p] = b
			case 3:
				for p, want := range alive {
					if got := readAll(t, p); !bytes.Equal(got, want) {
						t.Fatalf("seed %d: piece of %d bytes is another", seed, len(want))
					}
				}
			case 4:
				for p := range alive {
					p.Release()
					delete(alive, p)
					break
				}
			case 5:
				if _, err := s.Compact(); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.Stats().Open; n > 3 {
				t.Fatalf("%d files are open", n)
			}
		}
		for more := true; more; {
			var err error
			if more, err = s.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		if st := s.Stats(); st.Bytes > 2*st.Alive+1000+1500 {
			t.Fatalf("seed %d: %d bytes of files for %d of pieces", seed, st.Bytes, st.Alive)
		}
		for p := range alive {
			p.Release()
		}
		if st := s.Stats(); st.Packs > 1 || st.Alive != 0 {
			t.Fatalf("seed %d: %+v left", seed, st)
		}
		s.Close()
		if left, _ := os.ReadDir(s.cfg.Dir); len(left) != 0 {
			t.Fatalf("%v left after Close", left)
		}
	}
}

// TestReadBesideCompact: readers see their bytes whatever is moved and removed meanwhile.
func TestReadBesideCompact(t *testing.T) {
	s := open(t, 4096, 2)
	var kept []*Piece
	for i := range 200 {
		p, err := s.Write(bytes.Repeat([]byte{byte(i)}, 300))
		if err != nil {
			t.Fatal(err)
		}
		if i%5 == 0 {
			kept = append(kept, p)
		} else {
			p.Release()
		}
	}
	var readers sync.WaitGroup
	failed := make(chan error, 4)
	for range 4 {
		readers.Go(func() {
			for range 50 {
				for i, p := range kept {
					b := make([]byte, 300)
					if err := p.ReadAt(b, 0); err != nil || b[0] != byte(5*i) || b[299] != b[0] {
						failed <- fmt.Errorf("piece %d: %v, %d", i, err, b[0])
						return
					}
				}
			}
		})
	}
	moved := 0
	for more := true; more; moved++ {
		var err error
		if more, err = s.Compact(); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	close(failed)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if moved < 5 {
		t.Fatalf("only %d packs were rewritten", moved)
	}
}

// TestOpenRemovesWhatWasLeft: packs are scratch.
func TestOpenRemovesWhatWasLeft(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "000000000007.pack")
	other := filepath.Join(dir, "keep")
	for _, path := range []string{left, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(Config{Dir: dir, PackBytes: 100, OpenFiles: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Fatalf("what an earlier process left: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Fatal(err)
	}
}

// TestShortFile: a file that was cut is an error of the read.
func TestShortFile(t *testing.T) {
	s := open(t, 100, 1)
	p, err := s.Write(make([]byte, 150))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(p.place.Load().pack.path, 100); err != nil {
		t.Fatal(err)
	}
	if err := p.ReadAt(make([]byte, 150), 0); err == nil {
		t.Fatal("a cut file reads")
	}
	if err := p.ReadAt(make([]byte, 10), 145); err == nil {
		t.Fatal("a read behind the piece")
	}
}
