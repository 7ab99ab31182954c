package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece/piecetest"
)

// memoryOf is an account with a limit, and a tier below it.
type memoryOf struct {
	used, peak atomic.Int64
	limit      int64
	tier       *Tier
	dir        string
}

func newMemory(t testing.TB, limit int64) *memoryOf {
	t.Helper()
	m := &memoryOf{limit: limit, dir: t.TempDir()}
	var err error
	m.tier, err = NewTier(TierConfig{Dir: m.dir, Limit: limit, Used: m.used.Load, Charge: func(n int64) { m.used.Add(n) }, OpenFiles: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.tier.Close)
	return m
}

func (m *memoryOf) charge(n int64) error {
	now := m.used.Add(n)
	if n > 0 && now > m.limit {
		m.used.Add(-n)
		return fmt.Errorf("%d of %d bytes are used", now-n, m.limit)
	}
	for peak := m.peak.Load(); now > peak && !m.peak.CompareAndSwap(peak, now); peak = m.peak.Load() {
	}
	return nil
}

func (m *memoryOf) options() Options {
	return Options{History: true, Account: m.charge, Merges: NewPool(m.tier)}
}

// pairs are keys 0..n-1 with a text each that says which it is, in order of a permutation.
func pairs(n int, text func(key int64) string) []func(b *delta.BatchBuilder) {
	rows := make([]func(b *delta.BatchBuilder), n)
	for i, key := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		rows[i] = row(int64(key), text(int64(key)), 1)
	}
	return rows
}

func textOf(key int64) string { return fmt.Sprintf("%d %s", key, strings.Repeat("abc", int(key%20))) }

// TestLargerThanMemory: a relation more than four times as large as the account is appended, published, merged,
// probed, scanned, followed, saved and loaded, and the account is never exceeded.
func TestLargerThanMemory(t *testing.T) {
	shrink(t, 64, 4<<10)
	chunkRows, chunkBytes = 1024, 64<<10 // as many blocks as there are in practice
	smallDisk(t)
	packBytes = 256 << 10
	const n, limit = 100_000, 1 << 20
	m := newMemory(t, limit)
	o := m.options()
	a := NewArrangement(textTypes, []int{0}, o)
	rows := pairs(n, textOf)
	for v := 0; len(rows) > 0; v++ {
		k := min(500, len(rows))
		put(t, a, CommitSeq(v+1), rows[:k]...)
		rows = rows[k:]
		a.Keep(CommitSeq(max(v, 2) - 2))
		if v%9 == 8 {
			for o.Merges.Step(context.Background()) {
			}
		}
	}
	check := func(a *RunSet, what string) {
		t.Helper()
		v, err := a.At(unreadable64)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Release()
		got := contentOf(t, v)
		if len(got) != n {
			t.Fatalf("%s: %d rows", what, len(got))
		}
		for key, text := range got {
			if text != textOf(key) {
				t.Fatalf("%s: key %d has %q", what, key, text)
			}
		}
		probeAll(t, v, n)
	}
	check(a, "published")
	if err := a.Compact(); err != nil {
		t.Fatal(err)
	}
	check(a, "merged")
	put(t, a, 201, row(17, textOf(17), -1), row(17, "new", 1), row(n+1, "more", 1))
	put(t, a, 202, row(17, "new", -1), row(17, textOf(17), 1), row(n+1, "more", -1))
	b := delta.NewBatchBuilder(textTypes)
	row(18, "not what it has", -1)(b)
	d := b.Batch()
	if err := errors.Join(a.Append(&d), a.Publish(203)); !errors.Is(err, ErrNegativeWeight) {
		t.Fatalf("a row that is not there was taken back: %v", err)
	}
	a.Discard()
	dataBytes := int64(0)
	for _, c := range a.current().content[0].chunks {
		dataBytes += c.data
	}
	if dataBytes < 4*limit {
		t.Fatalf("only %d bytes of data", dataBytes)
	}
	pieces := &piecetest.Memory{}
	list, err := a.Save(pieces, 200)
	if err != nil {
		t.Fatal(err)
	}
	a.Free()
	again := NewArrangement(textTypes, []int{0}, o)
	if err := again.Load(pieces, list); err != nil {
		t.Fatal(err)
	}
	check(again, "loaded")
	old, err := again.At(201)
	if err != nil {
		t.Fatal(err)
	}
	if got := contentOf(t, old); got[17] != "new" || got[n+1] != "more" {
		t.Fatalf("version 201 has %q, %q", got[17], got[n+1])
	}
	old.Release()
	again.Free()
	st := m.tier.Stats()
	if st.Reads == 0 || st.Hits == 0 || st.Evictions == 0 || st.Failed != 0 {
		t.Fatalf("%+v", st)
	}
	t.Logf("%d bytes of data, limit %d, peak %d, %+v", dataBytes, limit, m.peak.Load(), st)
	eventually(t, func() bool {
		runtime.GC()
		st := m.tier.Stats()
		return st.Disk.Alive == 0 && st.CachedBytes == 0 && m.used.Load() == 0
	}, func() string { return fmt.Sprintf("%+v, %d bytes used", m.tier.Stats(), m.used.Load()) })
}

const unreadable64 = ^CommitSeq(0)

// eventually waits for what the collector does.
func eventually(t testing.TB, done func() bool, state func() string) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(until) {
			t.Fatalf("still %s", state())
		}
		runtime.Gosched()
	}
}

// probeAll looks up keys that are there and keys that are not.
func probeAll(t testing.TB, v View, n int64) {
	t.Helper()
	k := delta.NewBuilder(sqltype.Int8)
	for key := int64(-50); key < n+50; key += 7 {
		delta.Append(k, key)
	}
	keys := []delta.Column{k.Column()}
	cur, err := v.Probe(context.Background(), keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	var d delta.Batch
	found := int64(0)
	for more := true; more; {
		var match []int32
		if match, more, err = cur.Next(context.Background(), &d); err != nil {
			t.Fatal(err)
		}
		for i, at := range match {
			key := delta.Values[int64](&keys[0])[at]
			if got := string(d.Cols[1].Bytes(int32(i))); got != textOf(key) {
				t.Fatalf("key %d has %q", key, got)
			}
			found++
		}
	}
	if want := (n + 6) / 7; found < want-1 || found > want+1 {
		t.Fatalf("%d keys found, want %d", found, want)
	}
}

// cold makes an arrangement all on disk.
func cold(t testing.TB, m *memoryOf, n int) *RunSet {
	t.Helper()
	a := NewArrangement(textTypes, []int{0}, m.options())
	put(t, a, 1, pairs(n, textOf)...)
	m.tier.putAwayNow(1 << 40)
	for _, r := range a.current().content {
		for _, c := range r.chunks {
			if c.cold.Load() == nil || c.hot.Load() != nil {
				t.Fatal("a chunk is in memory")
			}
		}
	}
	return a
}

// TestDamageOnDisk: bits that flipped and a file that was cut are errors of who
// reads, wherever that is: scans, probes, merges, changes, captures. The arrangement beside it works.
func TestDamageOnDisk(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	packBytes = 1 << 20
	damages := map[string]func(path string) error{
		"bit": func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for i := 20; i < len(b); i += 512 {
				b[i] ^= 4
			}
			return os.WriteFile(path, b, 0o600)
		},
		"cut": func(path string) error { return os.Truncate(path, 30) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			m := newMemory(t, 64<<20)
			a := cold(t, m, 3000)
			other := cold(t, newMemory(t, 64<<20), 100)
			err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					err = damage(path)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			bad := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnreadable) {
					t.Fatalf("%s: %v", what, err)
				}
			}
			v, err := a.At(1)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Release()
			scan, err := v.Scan(context.Background(), Range{})
			if err == nil {
				var d delta.Batch
				for more := true; more && err == nil; {
					_, more, err = scan.Next(context.Background(), &d)
				}
			}
			bad("scan", err)
			k := delta.NewBuilder(sqltype.Int8)
			delta.Append(k, int64(77))
			cur, err := v.Probe(context.Background(), []delta.Column{k.Column()}, nil)
			if err == nil {
				_, _, err = cur.Next(context.Background(), new(delta.Batch))
				cur.Close()
			}
			bad("probe", err)
			changes, err := v.Changes(context.Background(), 0)
			if err == nil {
				_, _, err = changes.Next(context.Background(), new(delta.Batch))
			}
			bad("changes", err)
			_, err = a.Save(&piecetest.Memory{}, 0)
			bad("capture", err)
			put(t, a, 2, row(-1, "new", 1))
			bad("merge", a.Compact())
			b := delta.NewBatchBuilder(textTypes)
			row(77, textOf(77), -1)(b)
			d := b.Batch()
			bad("publish", errors.Join(a.Append(&d), a.Publish(3)))
			w, err := other.At(1)
			if err != nil {
				t.Fatal(err)
			}
			if len(contentOf(t, w)) != 100 {
				t.Fatal("the other arrangement lost rows")
			}
			w.Release()
		})
	}
}

// TestReadersBesidePutAway: readers see every row while chunks leave memory under them.
func TestReadersBesidePutAway(t *testing.T) {
	shrink(t, 64, 4<<10)
	smallDisk(t)
	packBytes = 64 << 10
	m := newMemory(t, 200<<10)
	a := NewArrangement(textTypes, []int{0}, m.options())
	const n = 5000
	for v, rows := 0, pairs(n, textOf); len(rows) > 0; v++ {
		put(t, a, CommitSeq(v+1), rows[:1000]...)
		rows = rows[1000:]
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 10 {
				v, err := a.At(unreadable64)
				if err != nil {
					t.Error(err)
					return
				}
				if got := contentOf(t, v); len(got) != n {
					t.Errorf("%d rows", len(got))
				}
				probeAll(t, v, n)
				v.Release()
			}
		})
	}
	for range 20 {
		m.tier.putAwayNow(20 << 10)
		m.tier.evict(0)
		runtime.GC()
	}
	all.Wait()
}

func FuzzBlock(f *testing.F) {
	b := delta.NewBatchBuilder(textTypes)
	for _, r := range pairs(20, textOf) {
		r(b)
	}
	rows := b.Batch()
	good := encodeBlock(&block{cols: rows.Cols, n: 20})
	f.Add(good[blockHead:])
	f.Add(good[:40])
	f.Fuzz(func(t *testing.T, payload []byte) {
		src := append(make([]byte, blockHead), payload...)
		for _, packed := range []uint64{uint64(len(payload)), 4096} {
			seal(src, packed, 20)
			if err := checkBlock(src); err != nil {
				t.Fatal(err)
			}
			if b, err := decodeBlock(src, textTypes, nil); err == nil && (b.n != 20 || b.cols[1].Len != 20) {
				t.Fatalf("%d rows", b.n)
			}
		}
	})
}

// TestTicksAtOnce: arrangements that are appended to at once, none of which can put another's rows on disk, have room
// for all of them: what each collects before it makes a run of it is a small part of the memory.
func TestTicksAtOnce(t *testing.T) {
	smallDisk(t)
	const sets, n, step, limit = 6, 40_000, 1000, 6 << 20
	m := newMemory(t, limit)
	all := make([]*RunSet, sets)
	for i := range all {
		all[i] = NewArrangement(textTypes, []int{0}, m.options())
	}
	rows := pairs(n, textOf)
	for from := 0; from < n; from += step {
		for _, a := range all {
			add(t, a, rows[from:from+step]...)
		}
	}
	for _, a := range all {
		if err := a.Publish(1); err != nil {
			t.Fatal(err)
		}
		if got := a.current().rows; got != n {
			t.Errorf("%d rows of %d", got, n)
		}
		a.Close()
	}
}
