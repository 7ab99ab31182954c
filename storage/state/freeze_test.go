package state

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// TestFreeze: what is saved of a frozen copy is what the state was, whatever happens to it after.
func TestFreeze(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := sampleFlat()
		write := func(name string) {
			for range rapid.IntRange(0, 5).Draw(t, name) {
				d := sampleRows(rapid.IntRange(0, 9).Draw(t, "rows"))
				slots := make([]Slot, d.Len)
				if err := f.Probe(d.Cols, nil, true, slots); err != nil {
					t.Fatal(err)
				}
				for _, s := range slots {
					f.Int64(0)[s]++
					f.Float64(1)[s] += 0.5
					f.Blob(2, s)[0]++
					if err := f.SetVar(3, s, bytes.Repeat([]byte{'x'}, rapid.IntRange(0, 30).Draw(t, "length"))); err != nil {
						t.Fatal(err)
					}
				}
				if rapid.Bool().Draw(t, "delete") {
					f.Delete(slots[:1])
				}
			}
		}
		write("before")
		var want, got bytes.Buffer
		frozen := f.Freeze()
		if err := f.Save(&want); err != nil {
			t.Fatal(err)
		}
		write("after")
		if err := frozen.Save(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatal("a frozen copy changed")
		}
		if err := sampleFlat().Load(&got); err != nil {
			t.Fatal(err)
		}
	})
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
		var section bytes.Buffer
		if err := SaveView(&section, v, from); err != nil {
			t.Fatal(err)
		}
		restored := fresh()
		if err := restored.Load(&section); err != nil {
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
