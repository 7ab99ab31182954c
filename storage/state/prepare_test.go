package state

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// TestLinkIsPublish: prepared deltas, linked, are what appended and published ones are: contents of
// every version, errors, and all memory comes back.
func TestLinkIsPublish(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		var held [2]atomic.Int64
		account := func(i int) func(int64) error { return func(n int64) error { held[i].Add(n); return nil } }
		key := []int{rapid.IntRange(0, len(types)-1).Draw(t, "key")}
		published := NewArrangement(types, key, Options{History: true, Account: account(0)})
		linked := NewArrangement(types, key, Options{History: true, Account: account(1)})
		for v := CommitSeq(1); v <= 6; v++ {
			var ps []*Prepared
			for range rapid.IntRange(0, 3).Draw(t, "deltas") {
				d := drawBatch(t, types, 12, true)
				if err := published.Append(&d); err != nil {
					t.Fatal(err)
				}
				p, err := linked.Prepare(&d, nil)
				if err != nil {
					t.Fatal(err)
				}
				if !p.Of(linked) || p.Of(published) {
					t.Fatal("a prepared delta does not know its arrangement")
				}
				ps = append(ps, p)
			}
			want, got := published.Publish(v), linked.Link(v, ps...)
			if !errors.Is(got, want) {
				t.Fatalf("version %d: publish says %v, link %v", v, want, got)
			}
			if want != nil {
				published.Discard()
				for _, p := range ps {
					p.Discard()
				}
				break
			}
			sameVersions(t, published, linked, v)
		}
		published.Free()
		linked.Free()
		if held[0].Load() != 0 || held[1].Load() != 0 {
			t.Fatalf("%d and %d bytes are left", held[0].Load(), held[1].Load())
		}
	})
}

func sameVersions(t *rapid.T, a, b *RunSet, newest CommitSeq) {
	for v := CommitSeq(0); v <= newest; v++ {
		var rows [2]map[string]int64
		for i, set := range []*RunSet{a, b} {
			view, err := set.At(v)
			if err != nil {
				t.Fatal(err)
			}
			c, err := view.Scan(context.Background(), Range{})
			if err != nil {
				t.Fatal(err)
			}
			rows[i] = drain(t, set.order, c, true)
			c.Close()
			view.Release()
		}
		if !maps.Equal(rows[0], rows[1]) {
			t.Fatalf("version %d: %v published, %v linked", v, rows[0], rows[1])
		}
	}
}

// TestPrepareIsRefusedFirst: without room nothing is kept and nothing stays charged; a run that is
// not linked gives its memory back; work in it ends when it is told to.
func TestPrepareIsRefusedFirst(t *testing.T) {
	var held atomic.Int64
	full, stop := errors.New("full"), errors.New("stop")
	account := func(n int64) error { held.Add(n); return nil }
	a := NewArrangement([]sqltype.OID{sqltype.Int8, sqltype.Text}, []int{0}, Options{Account: account, Reserve: func(n int64) error {
		if held.Load()+n > 8<<20 {
			return full
		}
		return account(n)
	}})
	batch := func(n int) delta.Batch {
		b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Int8, sqltype.Text})
		for i := range n {
			delta.Append(b.Cols[0], int64(i*7919%n))
			b.Cols[1].AppendString("some text")
			b.End(1)
		}
		return b.Batch()
	}
	large, small := batch(1_000_000), batch(10_000)
	if _, err := a.Prepare(&large, nil); !errors.Is(err, full) || !errors.Is(err, ErrOutOfMemory) {
		t.Fatalf("without room: %v", err)
	}
	if _, err := a.Prepare(&small, func() error { return stop }); err != stop {
		t.Fatalf("told to stop: %v", err)
	}
	if held.Load() != 0 {
		t.Fatalf("%d bytes stay after refusals", held.Load())
	}
	p, err := a.Prepare(&small, nil)
	if err != nil || held.Load() < 100_000 {
		t.Fatalf("%v, %d bytes held", err, held.Load())
	}
	p.Discard()
	if p.Discard(); held.Load() != 0 {
		t.Fatalf("%d bytes stay", held.Load())
	}
}

// BenchmarkLink is what a follower pays for a commit of many rows.
func BenchmarkLink(b *testing.B) {
	types := []sqltype.OID{sqltype.Int8, sqltype.Text}
	rows := delta.NewBatchBuilder(types)
	for i := range 200_000 {
		delta.Append(rows.Cols[0], int64(i*7919%200_000))
		rows.Cols[1].AppendString("some text")
		rows.End(1)
	}
	d := rows.Batch()
	for b.Loop() {
		b.StopTimer()
		a := NewArrangement(types, []int{0}, Options{History: true})
		p, err := a.Prepare(&d, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := a.Link(1, p); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStagedIsAppended: prepared deltas over a version, however they are joined, are read as what is
// appended and not yet published; linked, they are what is published; all memory comes back.
func TestStagedIsAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		var held [2]atomic.Int64
		account := func(i int) func(int64) error { return func(n int64) error { held[i].Add(n); return nil } }
		key := []int{rapid.IntRange(0, len(types)-1).Draw(t, "key")}
		appended := NewArrangement(types, key, Options{History: true, Account: account(0)})
		staged := NewArrangement(types, key, Options{History: true, Account: account(1)})
		for v := CommitSeq(1); v <= 3; v++ {
			var ps []*Prepared
			for range rapid.IntRange(0, 6).Draw(t, "deltas") {
				d := drawBatch(t, types, 12, true)
				if err := appended.Append(&d); err != nil {
					t.Fatal(err)
				}
				p, err := staged.Prepare(&d, nil)
				if err != nil {
					t.Fatal(err)
				}
				if ps = append(ps, p); rapid.Bool().Draw(t, "join") {
					from := rapid.IntRange(0, len(ps)-1).Draw(t, "from")
					if p, err = staged.Join(ps[from:], nil); err != nil {
						t.Fatal(err)
					}
					ps = append(ps[:from], p)
				}
				sameStaged(t, appended.Head(), staged, ps, d.Cols, key)
			}
			want, got := appended.Publish(v), staged.Link(v, ps...)
			if !errors.Is(got, want) {
				t.Fatalf("version %d: publish says %v, link %v", v, want, got)
			}
			if want != nil {
				appended.Discard()
				for _, p := range ps {
					p.Discard()
				}
				break
			}
			sameVersions(t, appended, staged, v)
		}
		appended.Free()
		staged.Free()
		if held[0].Load() != 0 || held[1].Load() != 0 {
			t.Fatalf("%d and %d bytes are left", held[0].Load(), held[1].Load())
		}
	})
}

// sameStaged compares a view with the newest version and ps, by a scan and by probes.
func sameStaged(t *rapid.T, want View, set *RunSet, ps []*Prepared, rows []delta.Column, key []int) {
	at, err := set.At(1 << 60)
	if err != nil {
		t.Fatal(err)
	}
	got := With(at, ps...)
	defer got.Release()
	if want.Rows() != got.Rows() {
		t.Fatalf("%d rows, want %d", got.Rows(), want.Rows())
	}
	read := func(v View, open func(View) (Cursor, error)) map[string]int64 {
		c, err := open(v)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return drain(t, set.order, c, false)
	}
	for _, open := range []func(View) (Cursor, error){
		func(v View) (Cursor, error) { return v.Scan(context.Background(), Range{}) },
		func(v View) (Cursor, error) {
			if rows[0].Len == 0 {
				return v.Scan(context.Background(), Range{})
			}
			return v.Probe(context.Background(), []delta.Column{rows[key[0]]}, []int32{0})
		},
	} {
		if a, b := read(want, open), read(got, open); !maps.Equal(a, b) {
			t.Fatalf("appended %v, staged %v", a, b)
		}
	}
}
