package meta_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

const probedCommits = 60

// probedStore writes a store over two restarts, trims it, and leaves it in order or as a kill
// would: copied while it is open.
func probedStore(t *testing.T, killed bool) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "meta")
	n := 0
	for life := range 3 {
		s, err := meta.OpenPebble(dir, meta.PebbleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for range probedCommits / 3 {
			n++
			record := []byte(strings.Repeat(fmt.Sprint("record ", n, " "), 40))
			_, err := s.AppendLog(context.Background(), meta.CommitSeq(n-1), func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
				return record, nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Commit(context.Background(), meta.Txn{Writes: []meta.Write{{Key: fmt.Append(nil, "key", n), Value: []byte("v")}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.TrimLog(context.Background(), meta.CommitSeq(1+10*life)); err != nil {
			t.Fatal(err)
		}
		if life == 2 && killed {
			files := readDir(t, dir)
			_ = s.Close() // the copy is what counts
			return files
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return readDir(t, dir)
}

func readDir(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "LOCK" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if os.IsNotExist(err) {
			continue // the store, which may be at work, has just removed it
		}
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = b
	}
	return files
}

func writeDir(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "meta")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// damages are all kinds of damage to b; nil = the file is gone.
func damages(b []byte, rng *rand.Rand) map[string][]byte {
	out := map[string][]byte{"missing": nil}
	if len(b) == 0 {
		return out
	}
	out["empty"] = []byte{}
	out["cut at half"] = b[:len(b)/2]
	out["zeroed"] = make([]byte, len(b))
	for range 8 {
		bit := rng.IntN(8 * len(b))
		changed := slices.Clone(b)
		changed[bit/8] ^= 1 << (bit % 8)
		out[fmt.Sprintf("bit %d flipped", bit)] = changed
	}
	return out
}

// TestProbeDamage damages each file of a store: the probe tells and changes nothing, or all is
// there. What only a torn write can explain (the end of a WAL after a kill) is short at most.
func TestProbeDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, killed := range []bool{false, true} {
		whole := probedStore(t, killed)
		told, harmless := 0, 0
		for name, b := range whole {
			for kind, changed := range damages(b, rng) {
				what := fmt.Sprintf("killed %v: %s of %d bytes %s", killed, name, len(b), kind)
				files := maps.Clone(whole)
				files[name] = changed
				if changed == nil {
					delete(files, name)
				}
				dir := writeDir(t, files)
				e, err := meta.Probe(dir, meta.PebbleOptions{}, nil)
				if got := readDir(t, dir); !maps.EqualFunc(got, files, bytes.Equal) {
					t.Fatalf("%s: the probe changed the directory", what)
				}
				if err != nil {
					told++
					if !errors.Is(err, meta.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
						t.Errorf("%s: %v", what, err)
					}
					if _, err := meta.OpenPebble(dir, meta.PebbleOptions{}); err == nil {
						t.Errorf("%s: opened what the probe refuses", what)
					}
					if got := readDir(t, dir); !maps.EqualFunc(got, files, bytes.Equal) {
						t.Errorf("%s: the refusal changed the directory", what)
					}
					continue
				}
				harmless++
				if killed && strings.HasSuffix(name, ".log") && (e.Last < probedCommits || e.Floor < 21) {
					// Looks as a power cut does: the end of the log is lost, be it commits (proofs
					// tell: package server) or a trim, which is made again.
					continue
				}
				if !e.Exists || e.Last != probedCommits || e.Floor != 21 {
					t.Errorf("%s: %+v", what, e)
				}
				s, err := meta.OpenPebble(dir, meta.PebbleOptions{Probed: true})
				if err != nil {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if err := s.Close(); err != nil {
					t.Errorf("%s: close: %v", what, err)
				}
			}
		}
		t.Logf("killed %v: %d files, %d damages told, %d harmless", killed, len(whole), told, harmless)
		if told == 0 || harmless == 0 {
			t.Error("nothing was tested")
		}
	}
}

// TestProbeFresh: no store, an empty directory and one that a first start left early are fresh.
func TestProbeFresh(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"empty": {}, "died before its marker": {"MANIFEST-000001": []byte("x")},
	} {
		e, err := meta.Probe(writeDir(t, files), meta.PebbleOptions{}, nil)
		if err != nil || e.Exists {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if e, err := meta.Probe(filepath.Join(t.TempDir(), "none"), meta.PebbleOptions{}, nil); err != nil || e.Exists {
		t.Errorf("absent: %+v, %v", e, err)
	}
}
