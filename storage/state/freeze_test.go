package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// flatText is every key with its cells.
func flatText(t interface{ Fatal(args ...any) }, f *FlatSet) string {
	var rows []string
	err := f.Scan(func(slots []Slot) bool {
		keys := f.Keys(slots)
		for i, s := range slots {
			rows = append(rows, fmt.Sprintf("%x %d %g %x %x", delta.AppendRow(nil, keys, int32(i)), f.Int64(0).At(s), f.Float64(1).At(s), f.Blob(2, s), f.Var(3, s)))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

// flatWriter changes flat state at random.
type flatWriter struct {
	r *rand.Rand
	f *FlatSet
}

func (w *flatWriter) step(t interface{ Fatal(args ...any) }, keys int) {
	b := delta.NewBatchBuilder(sectionTypes)
	for range 1 + w.r.IntN(20) {
		k := w.r.IntN(keys)
		delta.Append(b.Cols[0], int64(k))
		appendValue(b.Cols[1], k%6)
		appendValue(b.Cols[2], k%5)
		appendValue(b.Cols[3], k%3)
		b.End(1)
	}
	d := b.Batch()
	slots := make([]Slot, d.Len)
	if err := w.f.Probe(d.Cols, nil, true, slots); err != nil {
		t.Fatal(err)
	}
	cells := w.f.Write(slots)
	for _, s := range slots {
		cells.Int64(0)[s]++
		cells.Float64(1)[s] += 0.5
		cells.Blob(2, s)[0]++
		if err := w.f.SetVar(3, s, bytes.Repeat([]byte{'x'}, w.r.IntN(30))); err != nil {
			t.Fatal(err)
		}
	}
	if w.r.IntN(3) == 0 {
		slices.Sort(slots)
		w.f.Delete(slices.Compact(slots)[:1])
	}
}

// TestFreeze: what is saved of frozen state is what it was, whatever is written while it is saved, in
// another goroutine too; checkpoints that fail or are given up lose nothing; and each restart has all.
func TestFreeze(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		pieces := &piecetest.Memory{}
		w := &flatWriter{r, sampleFlat()}
		keys := 1 + r.IntN(3000)
		for range 30 {
			for range r.IntN(40) {
				w.step(t, keys)
			}
			want := flatText(t, w.f)
			frozen := w.f.Freeze()
			var list []byte
			var err error
			done := make(chan struct{})
			go func() {
				defer close(done)
				list, err = frozen.Save(pieces)
			}()
			for range r.IntN(40) {
				w.step(t, keys)
			}
			<-done
			if err != nil {
				t.Fatal(err)
			}
			again := sampleFlat()
			if err := again.Load(pieces, list); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if got := flatText(t, again); got != want {
				t.Fatalf("seed %d: saved\n%s\nwas\n%s", seed, got, want)
			}
			if r.IntN(3) > 0 {
				frozen.Durable()
			}
			frozen.Release()
			if r.IntN(8) == 0 {
				w.f = again // a restart from it, if it was durable or not
			}
		}
	}
}

// TestFlatWritesWhatChanged: a checkpoint writes the keys that changed, not all, also behind a restart.
func TestFlatWritesWhatChanged(t *testing.T) {
	const n = 20_000
	f := NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{})
	touch := func(every int) { touchKeys(t, f, 0, n, every) }
	pieces := &piecetest.Memory{}
	last := int64(0)
	save := func() (list []byte, wrote int64) {
		list, err := f.Save(pieces)
		if err != nil {
			t.Fatal(err)
		}
		written, _ := pieces.Written()
		wrote, last = written-last, written
		return list, wrote
	}
	touch(1)
	_, whole := save()
	touch(100)
	list, part := save()
	if part*20 > whole {
		t.Errorf("1 %% of the keys are %d bytes, all %d", part, whole)
	}
	if _, none := save(); none != 0 {
		t.Errorf("nothing changed, %d bytes", none)
	}
	f = NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{})
	if err := f.Load(pieces, list); err != nil || f.later == nil || f.Len() != n {
		t.Fatal(err, f.Len())
	}
	if _, none := save(); none != 0 || f.later == nil {
		t.Errorf("not even loaded, %d bytes", none)
	}
	touch(100)
	if _, again := save(); again*20 > whole {
		t.Errorf("1 %% of the keys are %d bytes behind a restart, all %d", again, whole)
	}
	// Much that changes a little at a time is written anew in the end, so lists stay short.
	for range 200 {
		touch(100)
		if save(); len(f.levels) > 8 {
			t.Fatalf("%d levels", len(f.levels))
		}
	}
	pieces.DropAll()
	if _, err := f.Save(pieces); err == nil {
		t.Fatal("pieces that are gone were named")
	}
}

// touchKeys adds 1 to every so many keys.
func touchKeys(t *testing.T, f *FlatSet, from, to, every int) {
	t.Helper()
	b := delta.NewBuilder(sqltype.Int8)
	for k := from; k < to; k += every {
		delta.Append(b, int64(k))
	}
	slots := make([]Slot, b.Len())
	if err := f.Probe([]delta.Column{b.Column()}, nil, true, slots); err != nil {
		t.Fatal(err)
	}
	cells := f.Write(slots)
	for _, s := range slots {
		cells.Int64(0)[s]++
	}
}

// TestFlatGrows: keys that came behind the first checkpoint are not what makes a later one write all; what is changed
// again and again is written about as often as the number of its checkpoints doubles; and a restart knows all that.
func TestFlatGrows(t *testing.T) {
	const n = 20_000
	for _, first := range []int{n / 10, n / 2, n * 7 / 10, n * 9 / 10} {
		f := NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{})
		pieces := &piecetest.Memory{}
		var list []byte
		save := func() (wrote int64) {
			before, _ := pieces.Written()
			var err error
			if list, err = f.Save(pieces); err != nil {
				t.Fatal(err)
			}
			after, _ := pieces.Written()
			return after - before
		}
		touchKeys(t, f, 0, first, 1)
		whole := save()
		touchKeys(t, f, first, n, 1)
		whole = max(whole, save())
		wrote := int64(0)
		for i := range 12 {
			if i%5 == 4 {
				f = NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{})
				if err := f.Load(pieces, list); err != nil {
					t.Fatal(err)
				}
			}
			touchKeys(t, f, i, n, 100)
			part := save()
			if i == 0 && part*20 > whole {
				t.Errorf("%d of %d keys at first: 1 %% of the keys are %d bytes, all %d", first, n, part, whole)
			}
			wrote += part
		}
		if wrote > whole {
			t.Errorf("%d of %d keys at first: twelve times 1 %% of the keys are %d bytes, all %d", first, n, wrote, whole)
		}
		if f.Len() != n {
			t.Errorf("%d keys", f.Len())
		}
	}
}

// TestSaveView: a view that was pinned while versions went on is saved as of its own version,
// with its history from the asked version on.
func TestSaveView(t *testing.T) {
	types := []sqltype.OID{sqltype.Int4, sqltype.Text}
	fresh := func() *RunSet { return NewArrangement(types, []int{0}, Options{History: true}) }
	rapid.Check(t, func(t *rapid.T) {
		a := fresh()
		have := map[[2]int]int{}
		version := CommitSeq(0)
		publish := func(n int) {
			for range n {
				version += CommitSeq(rapid.IntRange(1, 2).Draw(t, "step"))
				b := delta.NewBatchBuilder(types)
				for range rapid.IntRange(0, 4).Draw(t, "rows") {
					row := [2]int{rapid.IntRange(0, 5).Draw(t, "key"), rapid.IntRange(0, 4).Draw(t, "value")}
					weight := 1
					if have[row] > 0 && rapid.Bool().Draw(t, "minus") {
						weight = -1
					}
					have[row] += weight
					appendValue(b.Cols[0], row[0])
					appendValue(b.Cols[1], row[1])
					b.End(int64(weight))
				}
				d := b.Batch()
				if err := errors.Join(a.Append(&d), a.Publish(version)); err != nil {
					t.Fatal(err)
				}
			}
		}
		publish(rapid.IntRange(0, 8).Draw(t, "before"))
		at := CommitSeq(rapid.Uint64Range(0, uint64(version)+1).Draw(t, "at"))
		v, err := a.At(at)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Release()
		publish(rapid.IntRange(0, 8).Draw(t, "after"))
		a.Keep(version)
		from := CommitSeq(rapid.Uint64Range(0, uint64(at)).Draw(t, "from"))
		pieces := &piecetest.Memory{}
		list, err := SaveView(pieces, v, from)
		if err != nil {
			t.Fatal(err)
		}
		restored := fresh()
		if err := restored.Load(pieces, list); err != nil {
			t.Fatal(err)
		}
		r, err := restored.At(^CommitSeq(0))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		if r.Version() != v.Version() || r.Rows() != v.Rows() {
			t.Fatalf("version %d of %d rows, want %d of %d", r.Version(), r.Rows(), v.Version(), v.Rows())
		}
		if got, want := scanText(t, r), scanText(t, v); got != want {
			t.Fatalf("rows:\n%s\nwant\n%s", got, want)
		}
		for after := from; after <= v.Version(); after++ {
			if got, want := changesText(t, r, after), changesText(t, v, after); got != want {
				t.Fatalf("changes after %d:\n%s\nwant\n%s", after, got, want)
			}
		}
	})
}

// changesText are the changes after a version; ErrSnapshotTooOld as text.
func changesText(t *rapid.T, v View, after CommitSeq) string {
	cur, err := v.Changes(context.Background(), after)
	if err != nil {
		return err.Error()
	}
	defer cur.Close()
	var out bytes.Buffer
	var d delta.Batch
	for more := true; more; {
		var seq CommitSeq
		if seq, more, err = cur.Next(context.Background(), &d); err != nil {
			t.Fatal(err)
		}
		for i := range int32(d.Len) {
			out.WriteByte(byte('0' + seq))
			out.Write(delta.AppendRow(nil, d.Cols, i))
			out.WriteByte(byte(d.Weight(i)))
		}
	}
	return out.String()
}

func scanText(t *rapid.T, v View) string {
	cur, err := v.Scan(context.Background(), Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	var out bytes.Buffer
	var d delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(context.Background(), &d); err != nil {
			t.Fatal(err)
		}
		for i := range int32(d.Len) {
			if d.Sel == nil || slices.Contains(d.Sel, i) {
				out.Write(delta.AppendRow(nil, d.Cols, i))
				out.WriteByte(byte(d.Weight(i)))
			}
		}
	}
	return out.String()
}
