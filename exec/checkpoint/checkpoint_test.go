package checkpoint

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"github.com/tributary-db/tributary/catalog"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
)

var update = flag.Bool("update", false, "write testdata")

func open(t *testing.T) (*Store, *metatest.Memory) {
	m := metatest.OpenMemory(t)
	random := bytes.NewReader(bytes.Repeat([]byte("random!!"), 64))
	return NewStore(Config{Objects: objstore.NewMem(), Meta: m, Rand: random, Logger: slog.New(slog.DiscardHandler)}), m
}

// write makes a checkpoint with one section.
func write(t *testing.T, s *Store, boundary log.CommitSeq, section string) Info {
	t.Helper()
	info, err := s.Write(t.Context(), boundary, sections(boundary, section))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func sections(boundary log.CommitSeq, text string) func(w *Writer) (*Manifest, error) {
	return func(w *Writer) (*Manifest, error) {
		section, err := w.Section(func(to io.Writer) error {
			_, err := io.WriteString(to, text)
			return err
		})
		return sample(boundary, section), err
	}
}

func sample(boundary log.CommitSeq, s Section) *Manifest {
	return &Manifest{
		Engine: 1, Boundary: boundary,
		Tables: []Table{{OID: 16384, Fingerprint: "ab", Horizon: 2, NextRowID: 9, Rows: s, Indexes: []Index{{OID: 16385, Rows: s}}}},
		Members: []Member{
			{OID: 16386, Fingerprint: "cd", Frontier: boundary, Changed: 3, Late: 1, NoTime: 2, Contents: &s, Errors: &s, States: map[string]Section{"0.0/groups": s}},
			{OID: 16387, Fingerprint: "ef", Frontier: 2, Reads: []catalog.OID{16384}, Errors: &s},
		},
	}
}

func read(t *testing.T, l *Loaded) string {
	t.Helper()
	b, err := io.ReadAll(l.Open(t.Context(), l.Tables[0].Rows))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func keys(t *testing.T, s *Store) (out []string) {
	for info, err := range s.cfg.Objects.List(t.Context(), ObjectPrefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

func newest(t *testing.T, s *Store, at log.CommitSeq) *Loaded {
	t.Helper()
	l, err := s.Newest(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNewest(t *testing.T) {
	s, _ := open(t)
	if l := newest(t, s, 100); l != nil {
		t.Fatalf("found %+v in an empty store", l)
	}
	big := strings.Repeat("0123456789abcdef", 3*readBytes/16+1)
	for i, text := range []string{"one", "two", "three", big} {
		write(t, s, log.CommitSeq(10*i+10), text)
		l := newest(t, s, 100)
		if got := read(t, l); got != text || l.Boundary != log.CommitSeq(10*i+10) {
			t.Fatalf("boundary %d, section %.40q", l.Boundary, got)
		}
		if diff := cmp.Diff(*sample(l.Boundary, l.Tables[0].Rows), l.Manifest); diff != "" {
			t.Fatal(diff)
		}
		if n := len(keys(t, s)); n != min(i+1, 2) {
			t.Fatalf("%d objects after %d checkpoints", n, i+1)
		}
	}
	// A log that ends before the newest one: the one before it. Before both: none.
	if l := newest(t, s, 39); l == nil || l.Boundary != 30 {
		t.Fatalf("at 39: %+v", l)
	}
	if l := newest(t, s, 29); l != nil {
		t.Fatalf("at 29: %d", l.Boundary)
	}
}

func TestDamaged(t *testing.T) {
	s, _ := open(t)
	write(t, s, 10, "one")
	last := write(t, s, 20, "two")
	object, _, err := objstore.ReadObject(t.Context(), s.cfg.Objects, last.Key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if err := s.cfg.Objects.Delete(t.Context(), last.Key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.cfg.Objects.Put(t.Context(), last.Key, [][]byte{b}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	end := len(object)
	manifest := bytes.IndexByte(object, '{')
	for i := manifest; i < end; i++ {
		b := bytes.Clone(object)
		b[i] ^= 1 << (i % 8)
		put(b)
		if l := newest(t, s, 100); l == nil || l.Boundary != 10 {
			t.Fatalf("a bit of byte %d of %d flipped: %+v", i, end, l)
		}
	}
	for n := range end {
		put(object[:n])
		if l := newest(t, s, 100); l == nil || l.Boundary != 10 {
			t.Fatalf("cut to %d of %d: %+v", n, end, l)
		}
	}
	if err := s.cfg.Objects.Delete(t.Context(), last.Key); err != nil {
		t.Fatal(err)
	}
	if l := newest(t, s, 100); l == nil || l.Boundary != 10 {
		t.Fatalf("object gone: %+v", l)
	}
	for _, key := range keys(t, s) {
		_ = s.cfg.Objects.Delete(t.Context(), key)
	}
	if l := newest(t, s, 100); l != nil {
		t.Fatalf("both gone: %+v", l)
	}
	write(t, s, 30, "three")
	if l := newest(t, s, 100); read(t, l) != "three" {
		t.Fatal("no checkpoint after damage")
	}
}

func TestDamagedPointer(t *testing.T) {
	s, m := open(t)
	write(t, s, 10, "one")
	if err := m.Commit(t.Context(), meta.Txn{Writes: []meta.Write{{Key: pointerKey, Value: []byte("{")}}}); err != nil {
		t.Fatal(err)
	}
	if l := newest(t, s, 100); l != nil {
		t.Fatalf("%+v", l)
	}
	write(t, s, 20, "two")
	if l := newest(t, s, 100); l == nil || l.Boundary != 20 {
		t.Fatalf("%+v", l)
	}
}

// TestFailedWrite: the checkpoint before it stays, and Sweep removes what was left.
func TestFailedWrite(t *testing.T) {
	s, m := open(t)
	write(t, s, 10, "one")
	boom := errors.New("boom")
	if _, err := s.Write(t.Context(), 20, func(*Writer) (*Manifest, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if n := len(keys(t, s)); n != 1 {
		t.Fatalf("%d objects after a write that failed", n)
	}
	// The pointer moves while the object is written: somebody else is at work.
	_, err := s.Write(t.Context(), 20, func(w *Writer) (*Manifest, error) {
		err := m.Commit(context.Background(), meta.Txn{Writes: []meta.Write{{Key: pointerKey, Value: []byte(`{"newest":{"key":"state/ckpt/other"}}`)}}})
		if err != nil {
			return nil, err
		}
		return sections(20, "two")(w)
	})
	if !errors.Is(err, meta.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if n := len(keys(t, s)); n != 2 {
		t.Fatalf("%d objects", n)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, s)); n != 0 {
		t.Fatalf("%d objects after Sweep", n)
	}
}

func TestGolden(t *testing.T) {
	var b bytes.Buffer
	b.Write(appendHeader(nil))
	b.WriteString("section")
	out, err := appendManifest(b.Bytes(), sample(20, Section{Offset: 8, Size: 7}))
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/golden_v3.hex"
	if *update {
		if err := os.WriteFile(path, []byte(hex.Dump(out)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || hex.Dump(out) != string(want) {
		t.Fatalf("the format is not what it was (%v):\n%s", err, hex.Dump(out))
	}
}

func FuzzLoad(f *testing.F) {
	good, err := appendManifest(append(appendHeader(nil), "section"...), sample(20, Section{Offset: 8, Size: 7}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:40])
	huge, _ := appendManifest(appendHeader(nil), sample(20, Section{Offset: 8, Size: 1 << 62}))
	f.Add(huge)
	f.Fuzz(func(t *testing.T, b []byte) {
		objects := objstore.NewMem()
		if _, err := objects.Put(t.Context(), "state/ckpt/x", [][]byte{b}, objstore.Condition{}); err != nil {
			t.Skip(err)
		}
		l, err := load(t.Context(), objects, "state/ckpt/x")
		if err != nil {
			return
		}
		for s := range l.sections() {
			if _, err := io.Copy(io.Discard, l.Open(t.Context(), s)); err != nil {
				t.Fatalf("section %v of an object of %d bytes: %v", s, len(b), err)
			}
		}
	})
}

func TestManifestLimits(t *testing.T) {
	for _, s := range []Section{{Offset: 7, Size: 1}, {Offset: 8, Size: -1}, {Offset: 8, Size: 8}, {Offset: 1 << 62, Size: 1 << 62}} {
		b, err := appendManifest(append(appendHeader(nil), "section"...), sample(20, s))
		if err != nil {
			t.Fatal(err)
		}
		objects := objstore.NewMem()
		if _, err := objects.Put(t.Context(), "x", [][]byte{b}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t.Context(), objects, "x"); !errors.Is(err, ErrCorrupt) {
			t.Errorf("section %+v: %v", s, err)
		}
	}
}
