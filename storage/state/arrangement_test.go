package state

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// model is a multiset for every version, by row image.
type model struct {
	types    []sqltype.OID
	versions map[CommitSeq]map[string]int64
	last     CommitSeq
	open     map[string]int64
}

func newModel(types []sqltype.OID) *model {
	return &model{types: types, versions: map[CommitSeq]map[string]int64{0: {}}, open: map[string]int64{}}
}

func (m *model) add(d *delta.Batch) {
	for _, i := range liveRows(d) {
		m.open[string(delta.AppendRow(nil, d.Cols, i))] += d.Weight(i)
	}
}

func (m *model) at(v CommitSeq) map[string]int64 {
	v = min(v, m.last)
	for m.versions[v] == nil {
		v--
	}
	return m.versions[v]
}

func plus(a, b map[string]int64, factor int64) map[string]int64 {
	out := maps.Clone(a)
	for k, w := range b {
		if out[k] += factor * w; out[k] == 0 {
			delete(out, k)
		}
	}
	return out
}

func negative(a map[string]int64) bool {
	for _, w := range a {
		if w < 0 {
			return true
		}
	}
	return false
}

func (m *model) rows(image map[string]int64) (n int64) {
	for _, w := range image {
		n += w
	}
	return n
}

// drain reads a cursor to its end and checks that rows come in order, each once.
func drain(t *rapid.T, o *RowOrder, c Cursor, sorted bool) map[string]int64 {
	got := map[string]int64{}
	var before *delta.BatchBuilder
	for {
		var d delta.Batch
		_, more, err := c.Next(context.Background(), &d)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range liveRows(&d) {
			image := string(delta.AppendRow(nil, d.Cols, i))
			if _, again := got[image]; again {
				t.Fatalf("row %x comes twice", image)
			}
			got[image] = d.Weight(i)
			if before != nil && sorted {
				if b := before.Batch(); o.Compare(b.Cols, 0, d.Cols, i) >= 0 {
					t.Fatalf("rows out of order")
				}
			}
			before = delta.NewBatchBuilder(o.types)
			before.AppendRow(d.Cols, i, 1)
		}
		if !more {
			c.Close()
			return got
		}
	}
}

func sameRows(t *rapid.T, what string, got, want map[string]int64) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Fatalf("%s: got %d rows %x, want %d rows %x", what, len(got), got, len(want), want)
	}
}

func checkScan(t *rapid.T, a *RunSet, w View, want map[string]int64) {
	c, err := w.Scan(context.Background(), Range{})
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, "scan", drain(t, a.order, c, true), want)
	checkColumns(t, a, w)
	checkBounds(t, a, w)
	checkParts(t, a, w.(Divider), want)
	checkScanAfter(t, a, w)
	checkRange(t, a, w)
}

// checkParts compares the parts of a scan, put together, with the whole of it.
func checkParts(t *rapid.T, a *RunSet, w Divider, want map[string]int64) {
	cuts, err := w.Cuts(context.Background(), int64(rapid.IntRange(1, 8).Draw(t, "rows of a part")))
	if err != nil {
		t.Fatal(err)
	}
	got, from := map[string]int64{}, []delta.Column(nil)
	for _, before := range append(cuts, nil) {
		c, err := w.Scan(context.Background(), Range{From: from, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		for image, weight := range drain(t, a.order, c, true) {
			if _, again := got[image]; again {
				t.Fatalf("row %x is in two parts", image)
			}
			got[image] = weight
		}
		from = before
	}
	sameRows(t, "parts", got, want)
}

// checkScanAfter: a scan in parts, each behind the last row of the one before, is one scan.
func checkScanAfter(t *rapid.T, a *RunSet, w View) {
	all := delta.NewBatchBuilder(a.order.types)
	c, _ := w.Scan(context.Background(), Range{})
	for more := true; more; {
		var d delta.Batch
		_, more, _ = c.Next(context.Background(), &d)
		all.AppendBatch(&d)
	}
	rows := all.Batch()
	if rows.Len == 0 {
		return
	}
	at := int32(rapid.IntRange(0, rows.Len-1).Draw(t, "after"))
	want := map[string]int64{}
	for i := at + 1; i < int32(rows.Len); i++ {
		want[string(delta.AppendRow(nil, rows.Cols, i))] = rows.Weight(i)
	}
	after, err := DecodeRow(EncodeRow(one(rows.Cols, at)), a.order.types)
	if err != nil {
		t.Fatal(err)
	}
	c, err = w.Scan(context.Background(), Range{After: after})
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, "scan behind a row", drain(t, a.order, c, true), want)
	equal := a.order.keyColumns(after)
	equal = equal[:min(1, len(equal))]
	for i := at + 1; i < int32(rows.Len); i++ {
		if a.order.comparePrefix(rows.Cols, i, equal, 0) != 0 {
			delete(want, string(delta.AppendRow(nil, rows.Cols, i)))
		}
	}
	if c, err = w.Scan(context.Background(), Range{Equal: equal, After: after}); err != nil {
		t.Fatal(err)
	}
	sameRows(t, "range behind a row", drain(t, a.order, c, true), want)
}

// checkProbe compares Probe, Edge and Scan of a prefix with filtering a full scan.
func checkProbe(t *rapid.T, a *RunSet, key []int, w View, want map[string]int64) {
	keyTypes := make([]sqltype.OID, len(key))
	for i, k := range key {
		keyTypes[i] = a.order.types[k]
	}
	if len(key) > 1 { // as many of its first columns as it has, or fewer
		keyTypes = keyTypes[:rapid.IntRange(1, len(key)).Draw(t, "key columns")]
	}
	ask := drawBatch(t, keyTypes, 3, false)
	for _, i := range liveRows(&ask) {
		match := map[string]int64{}
		sorted := delta.NewBatchBuilder(a.order.types)
		c, _ := w.Scan(context.Background(), Range{})
		for more := true; more; {
			var d delta.Batch
			_, more, _ = c.Next(context.Background(), &d)
			for _, r := range liveRows(&d) {
				if a.order.comparePrefix(d.Cols, r, ask.Cols, i) == 0 {
					match[string(delta.AppendRow(nil, d.Cols, r))] = d.Weight(r)
					sorted.AppendRow(d.Cols, r, d.Weight(r))
				}
			}
		}
		p, err := w.Probe(context.Background(), ask.Cols, []int32{i})
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, "probe", drain(t, a.order, p, true), match)
		s, _ := w.Scan(context.Background(), Range{Equal: one(ask.Cols, i)})
		sameRows(t, "range", drain(t, a.order, s, true), match)
		checkEdges(t, a, w, ask.Cols, i, sorted.Batch())
	}
	_ = want
}

func one(cols []delta.Column, row int32) []delta.Column {
	out := make([]delta.Column, len(cols))
	for i := range cols {
		out[i] = delta.Copy(&cols[i], []int32{row})
	}
	return out
}

func checkEdges(t *rapid.T, a *RunSet, w View, keys []delta.Column, i int32, sorted delta.Batch) {
	for _, last := range []bool{false, true} {
		e, err := w.Edge(context.Background(), keys, []int32{i}, last)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{}
		if sorted.Len > 0 {
			row := int32(0)
			if last {
				row = int32(sorted.Len - 1)
			}
			want[string(delta.AppendRow(nil, sorted.Cols, row))] = sorted.Weight(row)
		}
		sameRows(t, "edge", drain(t, a.order, e, true), want)
	}
}

// checkChanges replays what happened after a version and must arrive at the view.
func checkChanges(t *rapid.T, w View, m *model, after CommitSeq) {
	c, err := w.Changes(context.Background(), after)
	if errors.Is(err, ErrSnapshotTooOld) {
		return
	}
	state, seen := m.at(after), after
	for more := true; more; {
		var d delta.Batch
		var v CommitSeq
		v, more, err = c.Next(context.Background(), &d)
		if err != nil {
			t.Fatal(err)
		}
		if d.Len == 0 {
			break
		}
		if v < seen || v > w.Version() {
			t.Fatalf("change of version %d after %d, up to %d", v, seen, w.Version())
		}
		if v != seen && seen != after {
			sameRows(t, "replayed", state, m.at(seen))
		}
		step := map[string]int64{}
		for i := range int32(d.Len) {
			step[string(delta.AppendRow(nil, d.Cols, i))] += d.Weight(i)
		}
		state, seen = plus(state, step, 1), v
	}
	sameRows(t, "replayed to the end", state, m.at(w.Version()))
}

func drawKey(t *rapid.T, types []sqltype.OID) []int {
	perm := rapid.Permutation(upTo(len(types))).Draw(t, "columns")
	return perm[:rapid.IntRange(0, len(types)).Draw(t, "keys")]
}

func drawOrder(t *rapid.T, types []sqltype.OID) (order []Order) {
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		order = append(order, Order{
			Column:     rapid.IntRange(0, len(types)-1).Draw(t, "column"),
			Desc:       rapid.Bool().Draw(t, "desc"),
			NullsFirst: rapid.Bool().Draw(t, "nulls first"),
		})
	}
	return order
}

type pin struct {
	view View
	seq  CommitSeq
}

// shrink makes blocks and chunks small, so that little data has many.
func shrink(t *testing.T, rows, bytes int) {
	a, b, c, d, e := blockRows, blockBytes, chunkRows, chunkBytes, together
	blockRows, blockBytes, chunkRows, chunkBytes, together = rows, bytes, 3*rows, int64(4*bytes), int32(max(2, rows/4))
	t.Cleanup(func() { blockRows, blockBytes, chunkRows, chunkBytes, together = a, b, c, d, e })
}

func TestArrangementIsAMultisetWithVersions(t *testing.T) {
	t.Run("large blocks", testArrangement)
	t.Run("small blocks", func(t *testing.T) {
		shrink(t, 2, 64)
		testArrangement(t)
	})
}

func testArrangement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := drawTypes(t)
		key := drawKey(t, types)
		account := new(int64)
		options := Options{
			Order: drawOrder(t, types), History: rapid.Bool().Draw(t, "history"),
			Account: func(n int64) error { *account += n; return nil },
		}
		if rapid.Bool().Draw(t, "beside") {
			c := newCrowd(1)
			defer c.work.Wait()
			options.Beside = c
		}
		a, m := NewArrangement(types, key, options), newModel(types)
		var pins []pin
		kept := CommitSeq(0)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 8).Draw(t, "step") {
			case 0, 1, 2:
				d := drawBatch(t, types, 8, true)
				m.add(&d)
				if err := a.Append(&d); err != nil {
					t.Fatal(err)
				}
				deltatest.Poison(&d)
			case 3, 4:
				publish(t, a, m)
			case 5:
				w := a.Head()
				now := plus(m.at(m.last), m.open, 1)
				checkScan(t, a, w, now)
				checkProbe(t, a, key, w, now)
			case 6:
				v := CommitSeq(rapid.Uint64Range(0, uint64(m.last)+1).Draw(t, "version"))
				w, err := a.At(v)
				if err != nil {
					if !errors.Is(err, ErrSnapshotTooOld) || (options.History && v >= kept) || v >= m.last {
						t.Fatalf("at %d of %d: %v", v, m.last, err)
					}
					continue
				}
				pins = append(pins, pin{w, min(v, m.last)})
			case 7:
				kept = max(kept, CommitSeq(rapid.Uint64Range(0, uint64(m.last)).Draw(t, "keep")))
				a.Keep(kept)
				if err := a.Compact(); err != nil {
					t.Fatal(err)
				}
			case 8:
				a = saveAndLoad(t, a, key, options, kept)
				pins, m.open = nil, map[string]int64{}
			}
			for _, p := range pins {
				checkScan(t, a, p.view, m.at(p.seq))
				if want := m.rows(m.at(p.seq)); p.view.Rows() != want {
					t.Fatalf("%d rows at %d, want %d", p.view.Rows(), p.seq, want)
				}
			}
			if len(pins) > 0 && rapid.Bool().Draw(t, "release") {
				p := pins[0]
				checkProbe(t, a, key, p.view, m.at(p.seq))
				checkChanges(t, p.view, m, CommitSeq(rapid.Uint64Range(0, uint64(p.seq)).Draw(t, "after")))
				p.view.Release()
				pins = pins[1:]
			}
		}
	})
}

// publish makes a new version, at times in parts.
func publish(t *rapid.T, a *RunSet, m *model) {
	v := m.last + CommitSeq(rapid.IntRange(1, 3).Draw(t, "ahead"))
	publishAs(t, a, m, v)
	for m.last == v && rapid.Bool().Draw(t, "another part") {
		d := drawBatch(t, m.types, 4, true)
		m.add(&d)
		if err := a.Append(&d); err != nil {
			t.Fatal(err)
		}
		publishAs(t, a, m, v)
	}
}

func publishAs(t *rapid.T, a *RunSet, m *model, v CommitSeq) {
	next := plus(m.at(m.last), m.open, 1)
	err := a.Publish(v)
	if negative(next) {
		if !errors.Is(err, ErrNegativeWeight) {
			t.Fatalf("published a negative weight: %v", err)
		}
		a.Discard()
		m.open = map[string]int64{}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.versions[v], m.last, m.open = next, v, map[string]int64{}
}

func saveAndLoad(t *rapid.T, a *RunSet, key []int, options Options, from CommitSeq) *RunSet {
	pieces := &piecetest.Memory{}
	list, err := a.Save(pieces, from)
	if err != nil {
		t.Fatal(err)
	}
	b := NewArrangement(a.order.types, key, options)
	if err := b.Load(pieces, list); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMemoryIsGivenBack(t *testing.T) {
	var account int64
	types := []sqltype.OID{sqltype.Int8, sqltype.Text}
	a := NewArrangement(types, []int{0}, Options{Account: func(n int64) error { account += n; return nil }})
	fill := func(weight int64) {
		b := delta.NewBatchBuilder(types)
		for i := range 1000 {
			delta.Append(b.Cols[0], int64(i))
			b.Cols[1].AppendString("some text")
			b.End(weight)
		}
		d := b.Batch()
		if err := a.Append(&d); err != nil {
			t.Fatal(err)
		}
	}
	fill(1)
	if err := a.Publish(1); err != nil {
		t.Fatal(err)
	}
	w, err := a.At(1)
	if err != nil {
		t.Fatal(err)
	}
	full := account
	fill(-1)
	if err := a.Publish(2); err != nil {
		t.Fatal(err)
	}
	if account < full {
		t.Fatalf("%d bytes charged while a pin holds %d", account, full)
	}
	w.Release()
	if err := a.Publish(3); err != nil {
		t.Fatal(err)
	}
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	if account > 4096 {
		t.Fatalf("%d bytes still charged for nothing", account)
	}
}

func TestOverBudget(t *testing.T) {
	full := errors.New("no")
	a := NewArrangement([]sqltype.OID{sqltype.Int8}, nil, Options{Account: func(n int64) error {
		if n > 0 {
			return full
		}
		return nil
	}})
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Int8})
	delta.Append(b.Cols[0], int64(1))
	b.End(1)
	d := b.Batch()
	if err := a.Append(&d); !errors.Is(err, ErrOutOfMemory) || !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
}

// TestReadersBesideTheWriter: views stay what they were while versions are published, merged
// and released all around them.
func TestReadersBesideTheWriter(t *testing.T) {
	t.Run("merged by the writer", func(t *testing.T) { besideTheWriter(t, nil) })
	t.Run("merged in a pool", func(t *testing.T) {
		pool := NewPool(nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			pool.Run(ctx, 2)
		}()
		besideTheWriter(t, pool)
		cancel()
		<-done
		if pool.Stats().Merges == 0 {
			t.Error("the pool did nothing")
		}
	})
}

func besideTheWriter(t *testing.T, pool *Pool) {
	shrink(t, 64, 4<<10)
	types := []sqltype.OID{sqltype.Int8, sqltype.Int8}
	var account atomic.Int64
	a := NewArrangement(types, []int{0}, Options{Account: func(n int64) error { account.Add(n); return nil }, Merges: pool})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				w, err := a.At(^CommitSeq(0))
				if err != nil {
					t.Error(err)
					return
				}
				if n := countRowsOf(t, w); n != w.Rows() || n != int64(w.Version()) {
					t.Errorf("version %d has %d rows, says %d", w.Version(), n, w.Rows())
				}
				w.Release()
			}
		})
	}
	b := delta.NewBatchBuilder(types)
	for v := range CommitSeq(400) {
		b.Clear()
		// Version v+1 has v+1 rows: every row moves on by one, and one is added.
		for i := range int64(v) {
			delta.Append(b.Cols[0], i%17)
			delta.Append(b.Cols[1], i+int64(v))
			b.End(-1)
		}
		for i := range int64(v) + 1 {
			delta.Append(b.Cols[0], i%17)
			delta.Append(b.Cols[1], i+int64(v)+1)
			b.End(1)
		}
		d := b.Batch()
		if err := errors.Join(a.Append(&d), a.Publish(v+1)); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	readers.Wait()
	a.Free()
	if account.Load() != 0 {
		t.Fatalf("%d bytes charged for nothing", account.Load())
	}
}

func countRowsOf(t *testing.T, w View) (n int64) {
	key := delta.NewColumn(sqltype.Int8, 17)
	for i := range delta.Values[int64](&key) {
		delta.Values[int64](&key)[i] = int64(i)
	}
	c, err := w.Probe(context.Background(), []delta.Column{key}, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	for more := true; more; {
		var d delta.Batch
		if _, more, err = c.Next(context.Background(), &d); err != nil {
			t.Error(err)
			return 0
		}
		for i := range int32(d.Len) {
			n += d.Weight(i)
		}
	}
	return n
}
