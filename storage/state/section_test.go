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
	"github.com/tributary-db/tributary/storage/state/piece"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
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

// saved is the list of an arrangement or of flat state, and its pieces, one behind the other.
type saved struct{ list, pieces []byte }

// put makes the pieces again; the list finds them where they were.
func (s saved) memory(t testing.TB) *piecetest.Memory {
	m := new(piecetest.Memory).As(1)
	if _, err := m.Put(s.pieces); err != nil {
		t.Fatal(err)
	}
	return m
}

// sections are one of each kind: an arrangement with two versions and an index for its chunks, and
// flat state.
func sections(t testing.TB) (arrangement, flat saved) {
	before := minCold
	minCold = 0
	defer func() { minCold = before }()
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
	cells := f.Write(slots)
	for i, s := range slots {
		cells.Int64(0)[s], cells.Float64(1)[s] = int64(i), float64(i)/2
		copy(cells.Blob(2, s), "blob!")
		if err := f.SetVar(3, s, bytes.Repeat([]byte{'v'}, i)); err != nil {
			t.Fatal(err)
		}
	}
	x, y := new(piecetest.Memory).As(1), new(piecetest.Memory).As(1)
	var err, err2 error
	arrangement.list, err = a.Save(x, 1)
	flat.list, err2 = f.Save(y)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	arrangement.pieces, flat.pieces = x.Bytes(), y.Bytes()
	return arrangement, flat
}

// TestGoldenSections: the format is stored, so bytes written today must be read for ever.
func TestGoldenSections(t *testing.T) {
	arrangement, flat := sections(t)
	for name, got := range map[string][]byte{
		"arrangement.v6": arrangement.list, "arrangement.v6.pieces": arrangement.pieces, "flat.v6": flat.list, "flat.v6.pieces": flat.pieces,
	} {
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
			t.Errorf("%s differs from the golden file", name)
		}
	}
	if err := errors.Join(loadArrangement(t, arrangement), loadFlat(t, flat)); err != nil {
		t.Fatal(err)
	}
}

func loadArrangement(t testing.TB, s saved) error {
	return sampleArrangement().Load(s.memory(t), s.list)
}

func loadFlat(t testing.TB, s saved) error { return sampleFlat().Load(s.memory(t), s.list) }

// TestDamagedPieces flips each byte of the pieces that is read, and cuts the list at each place: always an
// error that says that it is damage. What a list says, its owner has a checksum of.
func TestDamagedPieces(t *testing.T) {
	arrangement, flat := sections(t)
	check := func(name string, good saved, indexes int, load func(testing.TB, saved) error) {
		passed := 0
		for i := range good.pieces {
			bad := saved{good.list, bytes.Clone(good.pieces)}
			bad.pieces[i] ^= 0x10
			if err := load(t, bad); err == nil {
				passed++
			} else if !IsDamage(err) {
				t.Errorf("%s with byte %d flipped: %v", name, i, err)
			}
		}
		if passed != indexes {
			t.Errorf("%s: %d flipped bytes passed, want those of the indexes: %d", name, passed, indexes)
		}
		for i := range good.list {
			if err := load(t, saved{good.list[:i], good.pieces}); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s cut at %d: %v", name, i, err)
			}
		}
	}
	// Without a tier chunks are read whole, and need no index.
	d := piece.NewDecoder(arrangement.list)
	readHeader(d, kindArrangement, sectionTypes)
	sampleArrangement().order.readShape(d)
	indexes := 0
	for range d.Count(1) {
		c, _ := decodeSaved(d, nil)
		indexes += int(c.indexSize)
	}
	if indexes == 0 {
		t.Fatal("no chunk has an index")
	}
	check("arrangement", arrangement, indexes, loadArrangement)
	check("flat", flat, 0, loadFlat)
}

// reseal makes the checksums of every block right again.
func reseal(pieces []byte) {
	for at := 0; at+blockHead <= len(pieces); {
		n := binary.LittleEndian.Uint64(pieces[at:])
		if n > uint64(len(pieces)-at-blockHead) {
			return
		}
		b := pieces[at : at+blockHead+int(n)]
		binary.LittleEndian.PutUint32(b[20:], crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[blockHead:]))
		at += len(b)
	}
}

// TestMutatedPieces changes bytes of lists, and of blocks under right checksums: an error, or state that
// can be used; never a panic.
func TestMutatedPieces(t *testing.T) {
	arrangement, flat := sections(t)
	rapid.Check(t, func(t *rapid.T) {
		mutate := func(s saved) saved {
			s.list, s.pieces = bytes.Clone(s.list), bytes.Clone(s.pieces)
			b := s.list
			if rapid.Bool().Draw(t, "pieces") {
				b = s.pieces
			}
			for range rapid.IntRange(1, 4).Draw(t, "changes") {
				b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			}
			reseal(s.pieces)
			return s
		}
		use(t, mutate(arrangement), mutate(flat))
	})
}

// use loads both, and saves them again if that worked.
func use(t interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}, arrangement, flat saved) {
	load := func(s saved, load func(m *piecetest.Memory) error, save func(m *piecetest.Memory) error) {
		m := new(piecetest.Memory).As(1)
		if _, err := m.Put(s.pieces); err != nil {
			t.Fatal(err)
		}
		if err := load(m); err == nil {
			if err := save(m); err != nil && !IsDamage(err) {
				t.Fatalf("loaded but cannot be saved: %v", err)
			}
		} else if !IsDamage(err) {
			t.Fatal(err)
		}
	}
	a, f := sampleArrangement(), sampleFlat()
	load(arrangement, func(m *piecetest.Memory) error { return a.Load(m, arrangement.list) },
		func(m *piecetest.Memory) error { _, err := a.Save(m, 0); return err })
	load(flat, func(m *piecetest.Memory) error { return errors.Join(f.Load(m, flat.list), f.Ready()) },
		func(m *piecetest.Memory) error { _, err := f.Save(m); return err })
}

func FuzzLoad(f *testing.F) {
	arrangement, flat := sections(f)
	f.Add(arrangement.list, arrangement.pieces, flat.list, flat.pieces)
	f.Fuzz(func(t *testing.T, a, aPieces, b, bPieces []byte) {
		reseal(aPieces)
		reseal(bPieces)
		use(t, saved{a, aPieces}, saved{b, bPieces})
	})
}
