package state

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

var textTypes = []sqltype.OID{sqltype.Int8, sqltype.Text}

// put publishes rows (key, text) with a weight each.
func put(t testing.TB, a *RunSet, v CommitSeq, rows ...func(b *delta.BatchBuilder)) {
	t.Helper()
	add(t, a, rows...)
	if err := a.Publish(v); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, a *RunSet, rows ...func(b *delta.BatchBuilder)) {
	t.Helper()
	b := delta.NewBatchBuilder(a.order.types)
	for _, r := range rows {
		r(b)
	}
	d := b.Batch()
	if err := a.Append(&d); err != nil {
		t.Fatal(err)
	}
}

func row(key int64, text string, weight int64) func(b *delta.BatchBuilder) {
	return func(b *delta.BatchBuilder) {
		delta.Append(b.Cols[0], key)
		b.Cols[1].AppendString(text)
		b.End(weight)
	}
}

// contentOf scans a version: text by key.
func contentOf(t testing.TB, v View) map[int64]string {
	t.Helper()
	cur, err := v.Scan(context.Background(), Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	out := map[int64]string{}
	var d delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(context.Background(), &d); err != nil {
			t.Fatal(err)
		}
		for _, i := range liveRows(&d) {
			out[delta.Values[int64](&d.Cols[0])[i]] = string(d.Cols[1].Bytes(i))
		}
	}
	return out
}

// TestNothingIsOneSlice: a relation many times larger than a block, with values larger than one,
// lies in blocks of bounded size wherever it goes: appended at once, published, merged, saved and
// loaded. (One column of all of it would end at 2 GiB.)
func TestNothingIsOneSlice(t *testing.T) {
	shrink(t, 8, 256)
	a := NewArrangement(textTypes, []int{0}, Options{History: true})
	want := map[int64]string{}
	for v := range CommitSeq(20) {
		var rows []func(b *delta.BatchBuilder)
		for i := range int64(50) {
			key := (i*37 + int64(v)*1009) % 100_003
			text := strings.Repeat("x", int(key*key%97))
			if i%25 == 0 {
				text = strings.Repeat("wide", 300)
			}
			want[key] = text
			rows = append(rows, row(key, text, 1))
		}
		put(t, a, v+1, rows...)
	}
	check := func(a *RunSet, what string) {
		for _, r := range a.current().content {
			for _, c := range r.chunks {
				if c.n() > int32(chunkRows) || c.blockCount() > 1 && c.size.Load() > 4*chunkBytes {
					t.Fatalf("%s: a chunk of %d rows, %d bytes", what, c.n(), c.size.Load())
				}
				for _, b := range c.hot.Load().blocks {
					if n := len(b.cols[1].Var); int(b.n) > blockRows || b.n > 1 && n > blockBytes {
						t.Fatalf("%s: a block of %d rows, %d bytes of text", what, b.n, n)
					}
				}
			}
		}
		v, err := a.At(20)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Release()
		got := contentOf(t, v)
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
		}
		for k, text := range want {
			if got[k] != text {
				t.Fatalf("%s: key %d has %d bytes, want %d", what, k, len(got[k]), len(text))
			}
		}
	}
	check(a, "published")
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	check(a, "merged")
	pieces := &piecetest.Memory{}
	list, err := a.Save(pieces, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := NewArrangement(textTypes, []int{0}, Options{History: true})
	if err := b.Load(pieces, list); err != nil {
		t.Fatal(err)
	}
	check(b, "loaded")
}

// TestIdlePin: somebody holds a version while one row is changed again and again. The content stays
// as small as the relation, and when the pin goes so does what only it held.
func TestIdlePin(t *testing.T) {
	var account int64
	a := NewArrangement(textTypes, []int{0}, Options{History: true, Account: func(n int64) error { account += n; return nil }})
	put(t, a, 1, row(1, "0", 1), row(2, "quiet", 1))
	idle, err := a.At(1)
	if err != nil {
		t.Fatal(err)
	}
	const changes = 3000
	before := "0"
	for v := CommitSeq(2); v < changes+2; v++ {
		now := strings.Repeat("x", int(v%7)) + string(rune('a'+v%26))
		put(t, a, v, row(1, before, -1), row(1, now, 1))
		before = now
		if n := rowsHeld(a); n > 64 {
			t.Fatalf("%d rows of content at version %d", n, v)
		}
		if v == changes/2 {
			if n := len(a.current().deltas); n != changes/2 {
				t.Fatalf("%d deltas at version %d", n, v)
			}
			late, err := a.At(2)
			if err != nil {
				t.Fatal(err)
			}
			if got := contentOf(t, late); got[1] != "xx"+string(rune('a'+2)) || got[2] != "quiet" {
				t.Fatalf("version 2, opened late: %v", got)
			}
			late.Release()
		}
		if v > changes/2 {
			a.Keep(v)
		}
	}
	if got := contentOf(t, idle); got[1] != "0" || got[2] != "quiet" {
		t.Fatalf("the pin shows %v", got)
	}
	if a.Held() == 0 {
		t.Fatal("the pin holds nothing")
	}
	idle.Release()
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	if a.Held() != 0 || account > 4096 {
		t.Fatalf("%d bytes held, %d charged after the release", a.Held(), account)
	}
}

// rowsHeld counts the rows of all content runs.
func rowsHeld(a *RunSet) (n int64) {
	for _, r := range a.current().content {
		n += r.n
	}
	return n
}

// TestChangesAreTheDelta: one row changed in a large relation that was just merged: who follows it
// reads that row alone.
func TestChangesAreTheDelta(t *testing.T) {
	a := filledTest(t, 200_000)
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	at := a.current().seq
	put(t, a, at+1, func(b *delta.BatchBuilder) { benchRow(b, 1<<40) })
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	v, err := a.At(at + 1)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Release()
	cur, err := v.Changes(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(cur.(*changeCursor).deltas); n != 1 {
		t.Fatalf("%d deltas to read", n)
	}
	var d delta.Batch
	if _, more, err := cur.Next(context.Background(), &d); err != nil || more || d.Len != 1 {
		t.Fatalf("%d rows, more %v, %v", d.Len, more, err)
	}
}

func filledTest(t testing.TB, rows int) *RunSet {
	a := NewArrangement(benchTypes, []int{0}, Options{History: true})
	made := delta.NewBatchBuilder(benchTypes)
	for at, v := 0, CommitSeq(1); at < rows; at, v = at+10_000, v+1 {
		d := benchRows(made, at, 10_000)
		if err := errors.Join(a.Append(&d), a.Publish(v)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// TestTakenOver: rows that come in key order leave the chunks below them alone.
func TestTakenOver(t *testing.T) {
	shrink(t, 16, 1<<10)
	a := NewArrangement(textTypes, []int{0}, Options{})
	var rows []func(b *delta.BatchBuilder)
	for i := range int64(480) {
		rows = append(rows, row(i, "text", 1))
	}
	put(t, a, 1, rows...)
	old := map[*chunk]bool{}
	for _, c := range a.current().content[0].chunks {
		old[c] = true
	}
	put(t, a, 2, row(1000, "text", 1))
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	made := a.current().content[0]
	taken := 0
	for _, c := range made.chunks {
		if old[c] {
			taken++
		}
	}
	if made.n != 481 || taken < len(old)-1 {
		t.Fatalf("%d rows; %d of %d chunks taken over", made.n, taken, len(old))
	}
}

// TestPanicIsAnError: a failure inside stops the relation with an error, and no lock stays held.
func TestPanicIsAnError(t *testing.T) {
	fail := false
	a := NewArrangement(textTypes, []int{0}, Options{Account: func(n int64) error {
		if fail {
			panic("account")
		}
		return nil
	}})
	put(t, a, 1, row(1, "one", 1))
	b := delta.NewBatchBuilder(textTypes)
	row(2, "two", 1)(b)
	d := b.Batch()
	if err := a.Append(&d); err != nil {
		t.Fatal(err)
	}
	fail = true
	if err := a.Publish(2); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v", err)
	}
	fail = false
	v, err := a.At(2)
	if err != nil || v.Version() != 1 {
		t.Fatalf("version %v, %v", v, err)
	}
	v.Release()
}

// TestMergeProvesWeights: a row below zero that came past Publish is found by a merge that reaches the
// oldest run; nothing is published from then on.
func TestMergeProvesWeights(t *testing.T) {
	a := NewArrangement(textTypes, []int{0}, Options{})
	put(t, a, 1, row(1, "one", 1), row(2, "two", 1), row(3, "three", 1), row(4, "four", 1))
	b := delta.NewBatchBuilder(textTypes)
	row(9, "never there", -1)(b)
	d := b.Batch()
	if err := a.head.append(&d); err != nil {
		t.Fatal(err)
	}
	r, err := a.head.take()
	if err != nil {
		t.Fatal(err)
	}
	a.install(2, r)
	a.Discard()
	if err := a.Compact(); !errors.Is(err, ErrNegativeWeight) {
		t.Fatalf("got %v", err)
	}
	if err := a.Publish(3); !errors.Is(err, ErrNegativeWeight) {
		t.Fatalf("got %v", err)
	}
}

// TestOldPinObeysItsContext: the deltas that lead back to an old version are merged for who asks first; that ends with
// its context, and the next who asks has them.
func TestOldPinObeysItsContext(t *testing.T) {
	a := NewArrangement(textTypes, []int{0}, Options{History: true})
	for v := range int64(20) {
		b := delta.NewBatchBuilder(textTypes)
		for k := range int64(500) {
			row(500*v+k, "x", 1)(b)
		}
		d := b.Batch()
		if err := a.Append(&d); err != nil {
			t.Fatal(err)
		}
		if err := a.Publish(CommitSeq(v + 1)); err != nil {
			t.Fatal(err)
		}
	}
	old, err := a.At(1)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Release()
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := old.Scan(ended, Range{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a scan whose context has ended: %v", err)
	}
	cursor, err := old.Scan(t.Context(), Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	n := 0
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		n += d.Rows()
	}
	if n != 500 {
		t.Errorf("%d rows at version 1", n)
	}
}

// TestFlatGrowthBreathes: flat state that grows large looks up between pieces of what it copies, and loses nothing when
// it is told to stop.
func TestFlatGrowthBreathes(t *testing.T) {
	breaths := 0
	stop := errors.New("stop")
	f := NewFlat([]sqltype.OID{sqltype.Int8}, []CellType{CellInt64}, Options{Breathe: func() error { breaths++; return stop }})
	b := delta.NewBuilder(sqltype.Int8)
	slots := make([]Slot, 1<<16)
	for k := range int64(2 << 20) {
		delta.Append(b, k)
		if b.Len() == len(slots) {
			if err := f.Probe([]delta.Column{b.Column()}, nil, true, slots); err != nil {
				t.Fatal(err)
			}
			for i, s := range slots {
				f.Write(slots[i : i+1]).Int64(0)[s] = k
			}
			b.Clear()
		}
	}
	if breaths < 5 {
		t.Errorf("%d breaths", breaths)
	}
	if f.Len() != 2<<20 {
		t.Errorf("%d keys", f.Len())
	}
}
