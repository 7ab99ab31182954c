package meta_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tributary-db/tributary/storage/meta"
)

// TestSalvage: what goes on of a store, each way, with the old one kept; a crash between the two
// renames is completed.
func TestSalvage(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name        string
		s           meta.Salvage
		floor, last meta.CommitSeq
		old         bool // the old store's keys are there
	}{
		{"cut at the end", meta.Salvage{Kept: 20, Readable: true}, 5, 20, true},
		{"as it is", meta.Salvage{Kept: 30, Readable: true}, 5, 30, true},
		{"behind a snapshot", meta.Salvage{Kept: 50, Readable: true, NoLog: true}, 51, 50, true},
		{"nothing left", meta.Salvage{Kept: 50, NoLog: true}, 51, 50, false},
		{"nothing at all", meta.Salvage{NoLog: true}, 1, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "meta")
			before := versionOf(t, path, func(s *meta.PebbleStore) {
				for i := range meta.CommitSeq(30) {
					if _, err := s.AppendLog(ctx, i, func(next meta.CommitSeq, _ []meta.Record) ([]byte, []meta.Write, error) {
						return fmt.Append(nil, next), []meta.Write{{Key: []byte("old"), Value: fmt.Append(nil, next)}}, nil
					}); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.TrimLog(ctx, 5); err != nil {
					t.Fatal(err)
				}
			})
			tt.s.Suffix, tt.s.Writes = ".lost-2", []meta.Write{{Key: []byte("new"), Value: []byte("1")}}
			if err := tt.s.Do(ctx, path, meta.PebbleOptions{}); err != nil {
				t.Fatal(err)
			}
			if e, err := meta.Probe(path+".lost-2", meta.PebbleOptions{}, nil); err != nil || e.Last != 30 {
				t.Errorf("the old store: %+v, %v", e, err)
			}
			if err := os.Rename(path, path+".new"); err != nil { // as between the two renames
				t.Fatal(err)
			}
			for range 2 {
				if err := meta.FinishSalvage(path); err != nil {
					t.Fatal(err)
				}
			}
			e, err := meta.Probe(path, meta.PebbleOptions{}, func(s meta.Snapshot) error {
				for key, want := range map[string]bool{"old": tt.old, "new": true} {
					if _, version, err := s.Get([]byte(key)); err != nil || (version > 0) != want {
						t.Errorf("key %s has version %d, %v", key, version, err)
					}
				}
				return nil
			})
			if err != nil || e.Floor != tt.floor || e.Last != tt.last {
				t.Fatalf("%+v, %v", e, err)
			}
			after := versionOf(t, path, func(s *meta.PebbleStore) {
				if seq, err := s.AppendLog(ctx, tt.last, func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error) {
					return []byte("next"), nil, nil
				}); err != nil || seq != tt.last+1 {
					t.Errorf("the next commit is %d, %v", seq, err)
				}
			})
			if tt.old && after <= before {
				t.Errorf("version %d after %d: numbers come again", after, before)
			}
		})
	}
}

// versionOf opens the store, runs fn and returns the version of a key written after it.
func versionOf(t *testing.T, path string, fn func(s *meta.PebbleStore)) (version uint64) {
	t.Helper()
	s, err := meta.OpenPebble(path, meta.PebbleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fn(s)
	if err := s.Commit(context.Background(), meta.Txn{Writes: []meta.Write{{Key: []byte("probe"), Value: []byte("1")}}}); err != nil {
		t.Fatal(err)
	}
	err = s.Read(context.Background(), func(snap meta.Snapshot) (err error) {
		_, version, err = snap.Get([]byte("probe"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return version
}
