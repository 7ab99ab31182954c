package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var rewrite = flag.Bool("rewrite", false, "rewrite golden files")

var sectionTypes = []sqltype.OID{sqltype.Int8, sqltype.Text, sqltype.Numeric, sqltype.Bool}

func sampleArrangement() *RunSet {
	return NewArrangement(sectionTypes, []int{0}, Options{Order: []Order{{Column: 1, Desc: true}}, History: true})
}

func sampleFlat() *FlatSet { return NewFlat(sectionTypes, testCells, Options{}) }

func sampleRows(first int) delta.Batch {
	b := delta.NewBatchBuilder(sectionTypes)
	for i := first; i < first+4; i++ {
		for _, c := range b.Cols {
			appendValue(c, i%6)
		}
		b.End(1)
	}
	return b.Batch()
}

// sections are one of each kind: an arrangement with two versions, and flat state.
func sections(t testing.TB) (arrangement, flat []byte) {
	a := sampleArrangement()
	for v := range 2 {
		d := sampleRows(3 * v)
		if err := errors.Join(a.Append(&d), a.Publish(CommitSeq(v+1))); err != nil {
			t.Fatal(err)
		}
	}
	f := sampleFlat()
	d := sampleRows(0)
	slots := make([]Slot, d.Len)
	if err := f.Probe(d.Cols, nil, true, slots); err != nil {
		t.Fatal(err)
	}
	for i, s := range slots {
		f.Int64(0)[s], f.Float64(1)[s] = int64(i), float64(i)/2
		copy(f.Blob(2, s), "blob!")
		if err := f.SetVar(3, s, bytes.Repeat([]byte{'v'}, i)); err != nil {
			t.Fatal(err)
		}
	}
	var x, y bytes.Buffer
	if err := errors.Join(a.Save(&x, 1), f.Save(&y)); err != nil {
		t.Fatal(err)
	}
	return x.Bytes(), y.Bytes()
}

// TestGoldenSections: the format is stored, so bytes written today must be read for ever.
func TestGoldenSections(t *testing.T) {
	arrangement, flat := sections(t)
	for name, got := range map[string][]byte{"arrangement.v3": arrangement, "flat.v3": flat} {
		path := filepath.Join("testdata", name)
		if *rewrite {
			if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, got, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the section differs from the golden file", name)
		}
	}
	if err := errors.Join(sampleArrangement().Load(bytes.NewReader(arrangement)), sampleFlat().Load(bytes.NewReader(flat))); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedSections flips each byte, and cuts at each place: always ErrCorrupt.
func TestDamagedSections(t *testing.T) {
	arrangement, flat := sections(t)
	check := func(name string, good []byte, load func([]byte) error) {
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			if err := load(bad); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s with byte %d flipped: %v", name, i, err)
			}
			if err := load(good[:i]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s cut at %d: %v", name, i, err)
			}
		}
	}
	check("arrangement", arrangement, func(b []byte) error { return sampleArrangement().Load(bytes.NewReader(b)) })
	check("flat", flat, func(b []byte) error { return sampleFlat().Load(bytes.NewReader(b)) })
}

// framed puts a payload into one frame with the right checksum, so that fuzzing passes it.
func framed(payload []byte) []byte {
	if len(payload) > maxFrame {
		payload = payload[:maxFrame]
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(payload, castagnoli))
	return append(append(out, payload...), make([]byte, frameHead)...)
}

// TestMutatedSections changes payload bytes under a right checksum: an error, or state that can
// be used; never a panic.
func TestMutatedSections(t *testing.T) {
	arrangement, flat := sections(t)
	rapid.Check(t, func(t *rapid.T) {
		mutate := func(section []byte) []byte {
			p := bytes.Clone(section[frameHead : len(section)-frameHead])
			for range rapid.IntRange(1, 4).Draw(t, "changes") {
				p[rapid.IntRange(0, len(p)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
			return framed(p)
		}
		a := sampleArrangement()
		if err := a.Load(bytes.NewReader(mutate(arrangement))); err == nil {
			if err := a.Save(new(bytes.Buffer), 0); err != nil {
				t.Fatalf("loaded but cannot be saved: %v", err)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		if err := sampleFlat().Load(bytes.NewReader(mutate(flat))); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	arrangement, flat := sections(f)
	f.Add(arrangement[frameHead : len(arrangement)-frameHead])
	f.Add(flat[frameHead : len(flat)-frameHead])
	f.Fuzz(func(t *testing.T, payload []byte) {
		a := sampleArrangement()
		if err := a.Load(bytes.NewReader(framed(payload))); err == nil {
			if err := a.Save(new(bytes.Buffer), 0); err != nil {
				t.Fatalf("loaded but cannot be saved: %v", err)
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		g := sampleFlat()
		if err := g.Load(bytes.NewReader(framed(payload))); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
