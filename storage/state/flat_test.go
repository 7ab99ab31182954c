package state

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// cellsOf is what the model holds for a key; image is the one first inserted.
type cellsOf struct {
	image string
	num   int64
	real  float64
	blob  [5]byte
	text  []byte
}

// flatModel finds keys by comparing values, one by one.
type flatModel struct {
	rows *delta.BatchBuilder
	live []*cellsOf
}

func (m *flatModel) find(cols []delta.Column, row int32) *cellsOf {
	all := m.rows.Batch()
	for i, c := range m.live {
		same := c != nil
		for k := range cols {
			same = same && delta.EqualKey(&all.Cols[k], int32(i), &cols[k], row)
		}
		if same {
			return c
		}
	}
	return nil
}

func (m *flatModel) insert(cols []delta.Column, row int32) *cellsOf {
	if c := m.find(cols, row); c != nil {
		return c
	}
	c := &cellsOf{image: string(delta.AppendRow(nil, cols, row))}
	m.rows.AppendRow(cols, row, 1)
	m.live = append(m.live, c)
	return c
}

func (m *flatModel) delete(c *cellsOf) {
	m.live[slices.Index(m.live, c)] = nil
}

var testCells = []CellType{CellInt64, CellFloat64, Blob(5), CellVar}

func TestFlatIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		if rapid.IntRange(0, 9).Draw(t, "no key") == 0 {
			types = nil
		}
		f := NewFlat(types, testCells, Options{})
		m := &flatModel{rows: delta.NewBatchBuilder(types)}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			d := drawBatch(t, types, 12, false)
			rows := liveRows(&d)
			slots := make([]Slot, len(rows))
			insert := rapid.Bool().Draw(t, "insert")
			if err := f.Probe(d.Cols, rows, insert, slots); err != nil {
				t.Fatal(err)
			}
			var doomed []Slot
			for i, row := range rows {
				want := m.find(d.Cols, row)
				if insert {
					want = m.insert(d.Cols, row)
				}
				if (want == nil) != (slots[i] == NoSlot) {
					t.Fatalf("row %d: slot %d, model %v", row, slots[i], want)
				}
				if want == nil {
					continue
				}
				checkCells(t, f, slots[i], want)
				drawCells(t, f, slots[i], want)
				if rapid.IntRange(0, 5).Draw(t, "doom") == 0 && !slices.Contains(doomed, slots[i]) {
					doomed = append(doomed, slots[i])
				}
			}
			deleteBoth(f, m, doomed)
			deltatest.Poison(&d)
			if rapid.IntRange(0, 4).Draw(t, "checkpoint") == 0 {
				f = saveAndLoadFlat(t, f, types)
			}
			checkFlat(t, f, m)
		}
	})
}

func saveAndLoadFlat(t *rapid.T, f *FlatSet, types []sqltype.OID) *FlatSet {
	pieces := &piecetest.Memory{}
	list, err := f.Save(pieces)
	if err != nil {
		t.Fatal(err)
	}
	g := NewFlat(types, testCells, Options{})
	if err := g.Load(pieces, list); err != nil {
		t.Fatal(err)
	}
	return g
}

func drawCells(t *rapid.T, f *FlatSet, s Slot, c *cellsOf) {
	c.num += 7
	c.real += 0.5
	c.blob[2]++
	c.text = bytes.Repeat([]byte{byte(c.num)}, rapid.IntRange(0, 40).Draw(t, "length"))
	cells := f.Write([]Slot{s})
	cells.Int64(0)[s] = c.num
	cells.Float64(1)[s] = c.real
	copy(cells.Blob(2, s), c.blob[:])
	if err := f.SetVar(3, s, c.text); err != nil {
		t.Fatal(err)
	}
}

func checkCells(t *rapid.T, f *FlatSet, s Slot, c *cellsOf) {
	if f.Int64(0).At(s) != c.num || f.Float64(1).At(s) != c.real ||
		!bytes.Equal(f.Blob(2, s), c.blob[:]) || !bytes.Equal(f.Var(3, s), c.text) {
		t.Fatalf("slot %d: %d %g %x %x, want %+v", s, f.Int64(0).At(s), f.Float64(1).At(s), f.Blob(2, s), f.Var(3, s), c)
	}
}

func deleteBoth(f *FlatSet, m *flatModel, slots []Slot) {
	keys := f.Keys(slots)
	for i := range slots {
		m.delete(m.find(keys, int32(i)))
	}
	f.Delete(slots)
}

func checkFlat(t *rapid.T, f *FlatSet, m *flatModel) {
	want := map[string]*cellsOf{}
	for _, c := range m.live {
		if c != nil {
			want[c.image] = c
		}
	}
	if f.Len() != len(want) {
		t.Fatalf("%d keys, want %d", f.Len(), len(want))
	}
	f.Scan(func(slots []Slot) bool {
		keys := f.Keys(slots)
		for i, s := range slots {
			image := string(delta.AppendRow(nil, keys, int32(i)))
			c := want[image]
			if c == nil {
				t.Fatalf("slot %d has unknown key %x", s, image)
			}
			checkCells(t, f, s, c)
			delete(want, image)
		}
		return true
	})
	if len(want) > 0 {
		t.Fatalf("scan missed %d keys", len(want))
	}
}

// TestFlatManyKeys passes the point where the index splits into buckets, and deletes half.
func TestFlatManyKeys(t *testing.T) {
	var charged int64
	f := NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{Account: func(n int64) error { charged += n; return nil }})
	const n = 3 * oneSlab
	b := delta.NewBuilder(sqltype.Int8)
	for i := range int64(n) {
		delta.Append(b, i*i)
	}
	keys := []delta.Column{b.Column()}
	slots := make([]Slot, n)
	for range 2 {
		if err := f.Probe(keys, nil, true, slots); err != nil {
			t.Fatal(err)
		}
		for i, s := range slots {
			f.Write([]Slot{s}).Int64(0)[s] += int64(i)
		}
	}
	var odd []Slot
	for i := 1; i < n; i += 2 {
		odd = append(odd, slots[i])
	}
	f.Delete(odd)
	if err := f.Probe(keys, nil, false, slots); err != nil {
		t.Fatal(err)
	}
	for i, s := range slots {
		if (s == NoSlot) != (i%2 == 1) || s != NoSlot && f.Int64(0).At(s) != 2*int64(i) {
			t.Fatalf("key %d: slot %d", i, s)
		}
	}
	if charged < n*16 {
		t.Fatalf("only %d bytes charged", charged)
	}
	if f.Clear(); charged != 0 {
		t.Fatalf("%d bytes still charged", charged)
	}
}

func BenchmarkFlatProbe(b *testing.B) {
	for _, groups := range []int64{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			f := NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{})
			c := delta.NewColumn(sqltype.Int8, 1024)
			v := delta.Values[int64](&c)
			slots := make([]Slot, 1024)
			seed := uint64(1)
			for b.Loop() {
				for i := range v {
					seed = seed*6364136223846793005 + 1442695040888963407
					v[i] = int64((seed >> 33) % uint64(groups))
				}
				if err := f.Probe([]delta.Column{c}, nil, true, slots); err != nil {
					b.Fatal(err)
				}
				sums := f.Write(slots).Int64(0)
				for _, s := range slots {
					sums[s]++
				}
			}
			b.ReportMetric(float64(b.N)*1024/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
