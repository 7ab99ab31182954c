package checkpoint

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/state/piece"
)

var update = flag.Bool("update", false, "write testdata")

// opened is a Store, its metadata, and what the tests write with it.
type opened struct {
	*Store
	meta *metatest.Memory
	// places of what was put, by text.
	places map[string]piece.Place
	starts byte
}

func open(t *testing.T) *opened {
	o := &opened{meta: metatest.OpenMemory(t), places: map[string]piece.Place{}}
	o.again(t, objstore.NewMem())
	return o
}

// again is a start on the same objects and metadata.
func (o *opened) again(t *testing.T, objects objstore.Store, timelines ...log.Timeline) {
	o.starts++
	o.Store = NewStore(t.Context(), Config{
		Objects: objects, Local: true, Meta: o.meta, Rand: rand.NewChaCha8([32]byte{o.starts}),
		Logger: slog.New(slog.DiscardHandler), Timelines: timelines,
	})
}

// write makes a checkpoint of one table, whose rows are these texts, each a piece.
func (o *opened) write(t *testing.T, boundary log.CommitSeq, texts ...string) Info {
	t.Helper()
	info, err := o.Write(t.Context(), boundary, o.table(boundary, texts...))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func (o *opened) table(boundary log.CommitSeq, texts ...string) func(w *Writer) (*Manifest, error) {
	return func(w *Writer) (*Manifest, error) {
		e := &piece.Encoder{}
		e.Uint(uint64(len(texts)))
		for _, text := range texts {
			p, ok := o.places[text]
			if !ok || !w.Keep(p) {
				var err error
				if p, err = w.Put([]byte(text)); err != nil {
					return nil, err
				}
				o.places[text] = p
			}
			e.Place(p)
		}
		parts, err := w.Parts(16384, map[string][]byte{PartRows: e.Finish()})
		return sample(boundary, parts), err
	}
}

func sample(boundary log.CommitSeq, parts Parts) *Manifest {
	return &Manifest{
		Engine: 1, Boundary: boundary,
		Tables: []Table{{OID: 16384, Fingerprint: "ab", Horizon: 2, NextRowID: 9, Parts: parts}},
		Members: []Member{
			{OID: 16386, Fingerprint: "cd", Frontier: boundary, Changed: 3, Late: 1, NoTime: 2, Parts: &parts},
			{OID: 16387, Fingerprint: "ef", Frontier: 2, Reads: []catalog.OID{16384}},
		},
	}
}

// read gives the texts that a checkpoint has.
func read(t *testing.T, l *Loaded) (out []string) {
	t.Helper()
	out, err := tryRead(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryRead(ctx context.Context, l *Loaded) (out []string, err error) {
	lists, err := l.Lists(ctx, &l.Tables[0].Parts)
	if err != nil {
		return nil, err
	}
	d := piece.NewDecoder(lists[PartRows])
	for range d.Count(1) {
		p := d.Place()
		s, err := l.Pieces().Open(p)
		if err != nil {
			return nil, err
		}
		b := make([]byte, p.Size)
		err = s.ReadAt(b, 0)
		s.Release()
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, d.Close()
}

func (o *opened) keys(t *testing.T) (out []string) {
	for info, err := range o.cfg.Objects.List(t.Context(), ObjectPrefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, info.Key)
	}
	return out
}

func (o *opened) at(t *testing.T, at log.CommitSeq) *Loaded {
	t.Helper()
	l, err := o.Newest(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNewest(t *testing.T) {
	o := open(t)
	if l := o.at(t, 100); l != nil {
		t.Fatalf("found %+v in an empty store", l)
	}
	big := strings.Repeat("0123456789abcdef", 3<<20/16)
	for i, text := range []string{"one", "two", "three", big} {
		o.write(t, log.CommitSeq(10*i+10), text)
		o.again(t, o.cfg.Objects)
		l := o.at(t, 100)
		if got := read(t, l); got[0] != text || l.Boundary != log.CommitSeq(10*i+10) {
			t.Fatalf("boundary %d, %.40q", l.Boundary, got)
		}
		if diff := cmp.Diff(*sample(l.Boundary, l.Tables[0].Parts), l.Manifest); diff != "" {
			t.Fatal(diff)
		}
		if n := len(o.keys(t)); n != min(i+1, 2) {
			t.Fatalf("%d objects after %d checkpoints", n, i+1)
		}
	}
	// A log that ends before the newest one: the one before it. Before both: none.
	if l := o.at(t, 39); l == nil || l.Boundary != 30 {
		t.Fatalf("at 39: %+v", l)
	}
	if l := o.at(t, 29); l != nil {
		t.Fatalf("at 29: %d", l.Boundary)
	}
	// Of a log that lost commits behind 35 the newest is of what is no more.
	o.again(t, o.cfg.Objects, log.Timeline{Number: 2, Kept: 35})
	if l := o.at(t, 100); l == nil || l.Boundary != 30 {
		t.Fatalf("behind a loss: %+v", l)
	}
	if o.write(t, 50, "next"); !strings.HasSuffix(o.info.Object, "-2.ckpt") {
		t.Fatalf("object %s of timeline 2", o.info.Object)
	}
	if l := o.at(t, 100); l == nil || l.Boundary != 50 {
		t.Fatalf("in the new timeline: %+v", l)
	}
}

// TestWritesWhatIsNew: what a kept checkpoint has is named again; objects live as long as something in
// them is named, or read; half dead ones are given up.
func TestWritesWhatIsNew(t *testing.T) {
	o := open(t)
	text := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("x", 1000)) }
	var texts []string
	for i := range 100 {
		texts = append(texts, text(i))
	}
	whole := o.write(t, 1, texts...)
	texts[7] = text(1007)
	part := o.write(t, 2, texts...)
	if part.Bytes*20 > whole.Bytes {
		t.Fatalf("%d bytes for one of a hundred pieces, %d for all", part.Bytes, whole.Bytes)
	}
	same := o.write(t, 3, texts...)
	if n := len(o.keys(t)); n != 3 {
		t.Fatalf("%d objects", n)
	}
	if got := read(t, o.at(t, 100)); fmt.Sprint(got) != fmt.Sprint(texts) {
		t.Fatal("not what was written")
	}
	// The list is the same, so not even that is written.
	if same.Bytes > 400 {
		t.Fatalf("%d bytes for nothing new", same.Bytes)
	}
	held, err := o.Latest().Pieces().Open(o.places[texts[1]])
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 { // most of the first object is dead
		texts[i] = text(2000 + i)
	}
	o.write(t, 4, texts...)
	o.write(t, 5, texts...)
	o.write(t, 6, texts...)
	if got := read(t, o.at(t, 100)); fmt.Sprint(got) != fmt.Sprint(texts) {
		t.Fatal("not what was written")
	}
	b := make([]byte, 6)
	if err := held.ReadAt(b, 0); err != nil || string(b) != "1 xxxx" {
		t.Fatalf("a piece that is still read: %q, %v", b, err)
	}
	held.Release()
	o.write(t, 7, texts...)
	for _, k := range o.keys(t) {
		if k == ObjectPrefix+whole.Object {
			t.Fatal("the first object is still there")
		}
	}
	if _, err := o.Latest().Pieces().Open(piece.Place{Object: mustParse(t, whole.Object), At: 8, Size: 1}); !errors.Is(err, piece.ErrGone) {
		t.Fatal(err)
	}
}

func mustParse(t *testing.T, name string) piece.Object {
	o, ok := piece.ParseObject(name)
	if !ok {
		t.Fatalf("object name %q", name)
	}
	return o
}

// TestSmallObjects: a checkpoint in several objects, and many that each add a little.
func TestSmallObjects(t *testing.T) {
	defer func(n int64) { objectBytes = n }(objectBytes)
	objectBytes = 500
	o := open(t)
	var texts []string
	for i := range 200 {
		texts = append(texts, fmt.Sprintf("%d %s", i, strings.Repeat("y", 100)))
		if i == 60 || i > 100 {
			o.write(t, log.CommitSeq(i), texts...)
		}
	}
	if n := len(o.keys(t)); n > 2*manyObjects+60 {
		t.Errorf("%d objects", n)
	}
	o.again(t, o.cfg.Objects)
	if err := o.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := read(t, o.at(t, 1000)); fmt.Sprint(got) != fmt.Sprint(texts) {
		t.Fatal("not what was written")
	}
}

// TestCarry: a relation that is not captured stays as it was.
func TestCarry(t *testing.T) {
	o := open(t)
	o.write(t, 2, "some", "thing")
	for boundary := log.CommitSeq(3); boundary < 7; boundary++ {
		before := o.Latest().Tables[0].Parts
		_, err := o.Write(t.Context(), boundary, func(w *Writer) (*Manifest, error) {
			if !w.Carry(&before) {
				return nil, errors.New("not carried")
			}
			return sample(boundary, before), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		o.again(t, o.cfg.Objects)
		if err := o.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := read(t, o.at(t, 100)); fmt.Sprint(got) != "[some thing]" {
			t.Fatal(got)
		}
	}
}

func TestDamaged(t *testing.T) {
	o := open(t)
	o.write(t, 10, "one")
	last := o.write(t, 20, "two")
	key := ObjectPrefix + last.Object
	object, _, err := objstore.ReadObject(t.Context(), o.cfg.Objects, key, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	put := func(b []byte) {
		if err := o.cfg.Objects.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := o.cfg.Objects.Put(t.Context(), key, [][]byte{b}, objstore.Condition{}); err != nil {
			t.Fatal(err)
		}
		o.again(t, o.cfg.Objects)
	}
	want := func(what string) {
		t.Helper()
		l := o.at(t, 100)
		switch {
		case l == nil:
			t.Fatalf("%s: none", what)
		case l.Boundary == 10: // the root was damaged
		default:
			// What a piece is, who keeps it has a checksum of; a list has one here.
			if got, err := tryRead(t.Context(), l); err == nil && len(got) != 1 {
				t.Fatalf("%s: %q", what, got)
			}
		}
		if err := o.Sweep(t.Context()); l.Boundary == 10 && err == nil {
			t.Fatalf("%s: swept though it is not known what is named", what)
		}
		if n := len(o.keys(t)); n != 2 {
			t.Fatalf("%s: %d objects", what, n)
		}
	}
	roots := 0
	for i := range object {
		b := bytes.Clone(object)
		b[i] ^= 1 << (i % 8)
		put(b)
		want(fmt.Sprintf("a bit of byte %d of %d flipped", i, len(object)))
		if o.at(t, 100).Boundary == 10 {
			roots++
		}
	}
	if roots < len(object)/2 {
		t.Fatalf("only %d of %d flipped bits are seen at once", roots, len(object))
	}
	for n := range object {
		put(object[:n])
		want(fmt.Sprintf("cut to %d of %d", n, len(object)))
	}
	// The next one stands behind the one that could be read.
	o.at(t, 100)
	o.write(t, 30, "three", "one")
	if p, _, err := o.readPointer(t.Context()); err != nil || p.Previous.Boundary != 10 {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := o.Sweep(t.Context()); err != nil || len(o.keys(t)) != 2 {
		t.Fatal(err, o.keys(t))
	}
	if l := o.at(t, 100); fmt.Sprint(read(t, l)) != "[three one]" {
		t.Fatal(read(t, l))
	}
	for _, key := range o.keys(t) {
		_ = o.cfg.Objects.Delete(t.Context(), key)
	}
	o.again(t, o.cfg.Objects)
	if l := o.at(t, 100); l != nil {
		t.Fatalf("both gone: %+v", l)
	}
	o.write(t, 40, "four")
	if l := o.at(t, 100); read(t, l)[0] != "four" {
		t.Fatal("no checkpoint after damage")
	}
}

func TestDamagedPointer(t *testing.T) {
	o := open(t)
	o.write(t, 10, "one")
	if err := o.meta.Commit(t.Context(), meta.Txn{Writes: []meta.Write{{Key: pointerKey, Value: []byte("{")}}}); err != nil {
		t.Fatal(err)
	}
	o.again(t, o.cfg.Objects)
	if l := o.at(t, 100); l != nil {
		t.Fatalf("%+v", l)
	}
	o.write(t, 20, "two")
	if l := o.at(t, 100); l == nil || l.Boundary != 20 {
		t.Fatalf("%+v", l)
	}
}

// TestFailedWrite: the checkpoint before it stays, and Sweep removes what was left.
func TestFailedWrite(t *testing.T) {
	o := open(t)
	o.write(t, 10, "one")
	boom := errors.New("boom")
	if _, err := o.Write(t.Context(), 20, func(*Writer) (*Manifest, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if n := len(o.keys(t)); n != 1 {
		t.Fatalf("%d objects after a write that failed", n)
	}
	// The pointer moves while the object is written: somebody else is at work.
	_, err := o.Write(t.Context(), 20, func(w *Writer) (*Manifest, error) {
		other := `{"newest":{"object":"00000000000000000015-0000000000000001-1.ckpt"}}`
		if err := o.meta.Commit(context.Background(), meta.Txn{Writes: []meta.Write{{Key: pointerKey, Value: []byte(other)}}}); err != nil {
			return nil, err
		}
		return o.table(20, "two")(w)
	})
	if !errors.Is(err, meta.ErrConflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if n := len(o.keys(t)); n != 2 {
		t.Fatalf("%d objects", n)
	}
	if err := o.Sweep(t.Context()); !errors.Is(err, objstore.ErrNotFound) {
		t.Fatalf("swept beside a pointer to what is not there: %v", err)
	}
}

func sampleRoot() *root {
	name := piece.Object{Timeline: 1, Commit: 20, Random: 7}
	parts := Parts{Place: piece.Place{Object: name, At: 8, Size: 7}, Sum: Sum{1, 2, 3}}
	return &root{Manifest: *sample(20, parts), objects: []objectUse{{name, 15, 7}, {piece.Object{Timeline: 1, Commit: 10, Random: 6}, 100, 50}}}
}

func sampleObject() []byte {
	b := append(appendHeader(nil), "section"...)
	r := sampleRoot().encode()
	return appendTrailer(append(b, r...), r)
}

func TestGolden(t *testing.T) {
	out := append(sampleObject(), encodeLists(map[piece.Object]int64{{Timeline: 1, Commit: 10, Random: 6}: 50}, map[string][]byte{PartRows: []byte("rows"), PartIndex(5): nil})...)
	const path = "testdata/golden_v4.hex"
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
	good := sampleObject()
	f.Add(good)
	f.Add(good[:40])
	name := sampleRoot().objects[0].name
	f.Fuzz(func(t *testing.T, b []byte) {
		objects := objstore.NewMem()
		if _, err := objects.Put(t.Context(), key(name), [][]byte{b}, objstore.Condition{}); err != nil {
			t.Skip(err)
		}
		s := NewStore(t.Context(), Config{Objects: objects, Local: true})
		l, err := s.load(t.Context(), name)
		if err != nil {
			return
		}
		s.objects.adopt(l.uses, nil)
		for i := range l.Tables {
			_, _ = l.Lists(t.Context(), &l.Tables[i].Parts)
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add(encodeLists(map[piece.Object]int64{{Timeline: 1, Commit: 10, Random: 6}: 50}, map[string][]byte{PartRows: []byte("rows")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		use, lists, err := decodeLists(b)
		if err != nil {
			return
		}
		again, same, err := decodeLists(encodeLists(use, lists))
		if err != nil || !cmp.Equal(use, again) || !cmp.Equal(lists, same) {
			t.Fatalf("%v: %v %v, %v %v", err, use, again, lists, same)
		}
	})
}
