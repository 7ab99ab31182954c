package state

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// TestWiden: an arrangement that was widened has, in every version, what one has whose rows were wide from the
// first on, before and after more is published, prepared and merged.
func TestWiden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		key := rapid.IntRange(0, len(types)-1).Draw(t, "key")
		at := rapid.IntRange(0, len(types)).Draw(t, "at")
		constant := drawBatch(t, []sqltype.OID{sqltype.Text}, 1, false)
		if constant.Len == 0 {
			t.Skip()
		}
		wide := slices.Insert(slices.Clone(types), at, sqltype.Text)
		from, value := make([]int, len(wide)), make([]delta.Column, len(wide))
		for i := range from {
			switch {
			case i < at:
				from[i] = i
			case i == at:
				from[i], value[i] = -1, constant.Cols[0]
			default:
				from[i] = i - 1
			}
		}
		w := NewWidening(wide, from, value)
		wideKey := []int{slices.Index(from, key)}
		var held atomic.Int64
		options := Options{History: true, Account: func(n int64) error { held.Add(n); return nil }}
		narrow, want := NewArrangement(types, []int{key}, options), NewArrangement(wide, wideKey, Options{History: true})
		v := CommitSeq(1)
		for ; v <= 4; v++ {
			d := drawBatch(t, types, 12, true)
			wd := w.Rows(&d)
			if err := errors.Join(narrow.Append(&d), want.Append(&wd)); err != nil {
				t.Fatal(err)
			}
			err := want.Publish(v)
			if got := narrow.Publish(v); !errors.Is(got, err) {
				t.Fatalf("%v and %v", got, err)
			}
			if err != nil {
				narrow.Discard()
				want.Discard()
				break
			}
		}
		last := drawBatch(t, types, 12, false)
		p, err := narrow.Prepare(&last, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := narrow.Widen(w, wideKey, options)
		if err != nil {
			t.Fatal(err)
		}
		sameVersions(t, want, got, v)
		wp, err := p.Widen(w, got)
		if err != nil {
			t.Fatal(err)
		}
		p.Discard()
		narrow.Free()
		wl := w.Rows(&last)
		if err := errors.Join(want.Append(&wl), want.Publish(v+1), got.Link(v+1, wp)); err != nil {
			t.Fatal(err)
		}
		d := drawBatch(t, wide, 12, false)
		if err := errors.Join(want.Append(&d), want.Publish(v+2), got.Append(&d), got.Publish(v+2)); err != nil {
			t.Fatal(err)
		}
		sameVersions(t, want, got, v+2)
		if err := got.Compact(); err != nil {
			t.Fatal(err)
		}
		sameVersions(t, want, got, v+2)
		got.Free()
		if held.Load() != 0 {
			t.Fatalf("%d bytes are left", held.Load())
		}
	})
}

// TestWidenOnDisk: chunks on disk are widened where they are read, merged and saved.
func TestWidenOnDisk(t *testing.T) {
	shrink(t, 64, 4<<10)
	chunkRows, chunkBytes = 1024, 64<<10
	smallDisk(t)
	packBytes = 256 << 10
	const n, limit = 50_000, 1 << 20
	m := newMemory(t, limit)
	o := m.options()
	a := NewArrangement(textTypes, []int{0}, o)
	rows := pairs(n, textOf)
	for v := 0; len(rows) > 0; v++ {
		k := min(500, len(rows))
		put(t, a, CommitSeq(v+1), rows[:k]...)
		rows = rows[k:]
		a.Keep(CommitSeq(max(v, 2) - 2))
	}
	five := delta.NewBuilder(sqltype.Int8)
	delta.Append(five, int64(5))
	wide := append(slices.Clone(textTypes), sqltype.Int8)
	w := NewWidening(wide, []int{0, 1, -1}, []delta.Column{{}, {}, five.Column()})
	got, err := a.Widen(w, []int{0}, o)
	if err != nil {
		t.Fatal(err)
	}
	a.Free()
	check := func(what string, a *RunSet) {
		t.Helper()
		v, err := a.At(unreadable64)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Release()
		cur, err := v.Scan(context.Background(), Range{})
		if err != nil {
			t.Fatal(err)
		}
		defer cur.Close()
		seen, more := 0, true
		var d delta.Batch
		for more {
			if _, more, err = cur.Next(context.Background(), &d); err != nil {
				t.Fatal(err)
			}
			for _, i := range liveRows(&d) {
				k := delta.Values[int64](&d.Cols[0])[d.Cols[0].At(i)]
				if string(d.Cols[1].Bytes(i)) != textOf(k) || delta.Values[int64](&d.Cols[2])[d.Cols[2].At(i)] != 5 {
					t.Fatalf("%s: row %d", what, k)
				}
				seen++
			}
		}
		if seen != n {
			t.Fatalf("%s: %d rows", what, seen)
		}
		keys := delta.NewBuilder(sqltype.Int8)
		var sel []int32
		for i := range int32(200) {
			delta.Append(keys, rand.Int64N(2*n))
			sel = append(sel, i)
		}
		k := keys.Column()
		probe, err := v.Probe(context.Background(), []delta.Column{k}, sel)
		if err != nil {
			t.Fatal(err)
		}
		found, wanted := 0, 0
		for i := range int32(200) {
			if delta.Values[int64](&k)[k.At(i)] < n {
				wanted++
			}
		}
		for more = true; more; {
			if _, more, err = probe.Next(context.Background(), &d); err != nil {
				t.Fatal(err)
			}
			found += d.Rows()
		}
		if found != wanted {
			t.Fatalf("%s: %d of %d keys found", what, found, wanted)
		}
	}
	check("widened", got)
	pieces := &piecetest.Memory{}
	list, err := got.Save(pieces, got.current().seq)
	if err != nil {
		t.Fatal(err)
	}
	again := NewArrangement(wide, []int{0}, o)
	if err := again.Load(pieces, list); err != nil {
		t.Fatal(err)
	}
	check("loaded", again)
	again.Free()
	if err := got.Compact(); err != nil {
		t.Fatal(err)
	}
	check("merged", got)
}
