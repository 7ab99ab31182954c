package decoded_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

func streamRelation() *catalog.Relation {
	rel := &catalog.Relation{Name: "s", Kind: catalog.KindStream, Topic: topic, Format: catalog.Format{Name: "json"}}
	for _, c := range []struct {
		name string
		typ  sqltype.OID
	}{{"id", sqltype.Int8}, {"name", sqltype.Text}, {"at", sqltype.Timestamp}, {"big", sqltype.Numeric}} {
		rel.Columns = append(rel.Columns, catalog.Column{Name: c.name, Type: sqltype.Type{OID: c.typ, Mod: -1}})
	}
	return rel
}

// reader is a Feed, what it has seen, and how far it is.
type reader struct {
	feed decoded.Feed
	at   log.CommitSeq
	rows []string
}

// read goes on to a version and notes each row with its commit, its place and its columns, and each
// commit with where it ends.
func (r *reader) read(t *testing.T, to log.CommitSeq) {
	t.Helper()
	if err := r.feed.Begin(t.Context(), r.at, to); err != nil {
		t.Fatal(err)
	}
	last := log.CommitSeq(0)
	for more := true; more; {
		var rows decoded.Rows
		var err error
		if more, err = r.feed.Next(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, c := range rows.Commits {
			if c.Seq < last || c.Seq <= r.at || c.Seq > to || c.Micros != int64(c.Seq)*1_000_000 {
				t.Fatalf("commit %+v in (%d, %d] behind %d", c, r.at, to, last)
			}
			if c.Seq != last {
				r.rows = append(r.rows, fmt.Sprint("commit ", c.Seq))
			}
			last = c.Seq
			for ; at < c.End; at++ {
				r.rows = append(r.rows, fmt.Sprint(rows.Partitions[at], rows.Offsets[at], values(rows.Cols, int32(at))))
			}
		}
		if at != rows.Len || len(rows.Partitions) != at || len(rows.Offsets) != at {
			t.Fatalf("commits have %d rows of %d", at, rows.Len)
		}
	}
	r.feed.End()
	r.at = to
}

func values(cols []delta.Column, row int32) (out []string) {
	for i := range cols {
		c := &cols[i]
		switch {
		case c.Null(row):
			out = append(out, "NULL")
		case c.Type.Phys() == sqltype.PhysBytes:
			out = append(out, string(c.Bytes(row)))
		case c.Type == sqltype.Numeric:
			out = append(out, c.Numeric(row).String())
		case c.Type == sqltype.Int4:
			out = append(out, fmt.Sprint(delta.Values[int32](c)[row]))
		default:
			out = append(out, fmt.Sprint(delta.Values[int64](c)[row]))
		}
	}
	return out
}

// wants are what readers ask for.
var wants = [][]int{
	{0}, {1, 0}, {}, {3, plan.MetaOffset}, {2, plan.MetaKey, plan.MetaPartition}, {0, 1, 2, 3, plan.MetaTimestamp, plan.MetaHeaders},
}

// Readers that come and go, at ticks of their own, see what each would see alone, whatever the
// cache has room for.
func TestSharedIsAlone(t *testing.T) {
	for seed := range uint64(120) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { sharedIsAlone(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func sharedIsAlone(t *testing.T, rng *rand.Rand) {
	l, rel := newFakeLog(rng), streamRelation()
	account := memory.New("total_memory", 0)
	cache := decoded.NewCache([]int64{0, 2 << 10, 20 << 10, 1 << 30}[rng.IntN(4)], account)
	type pair struct{ shared, alone reader }
	var pairs []*pair
	open := func() {
		want := wants[rng.IntN(len(wants))]
		shared, err := cache.Open(l, rel, want, nil)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := decoded.Open(l, rel, want)
		if err != nil {
			t.Fatal(err)
		}
		from := l.newest - log.CommitSeq(rng.IntN(int(l.newest)+1))
		pairs = append(pairs, &pair{reader{feed: shared, at: from}, reader{feed: alone, at: from}})
	}
	for range 60 {
		switch what := rng.IntN(10); {
		case what < 4:
			records := rng.IntN(5)
			if rng.IntN(30) == 0 {
				records = 5000 // more than a part
			}
			l.commit([][]int32{{0}, {1}, {0, 2}, {0, 1, 2}}[rng.IntN(4)], records+1, rng.IntN(4))
		case what == 4 && len(pairs) < 5:
			open()
		case what == 5 && len(pairs) > 0:
			i := rng.IntN(len(pairs))
			pairs[i].shared.feed.Close()
			pairs[i].alone.feed.Close()
			pairs = slices.Delete(pairs, i, i+1)
		case len(pairs) > 0:
			p := pairs[rng.IntN(len(pairs))]
			to := p.shared.at + log.CommitSeq(rng.IntN(int(l.newest-p.shared.at)+1))
			p.shared.read(t, to)
			p.alone.read(t, to)
			if !slices.Equal(p.shared.rows, p.alone.rows) {
				t.Fatalf("beside others:\n%q\nalone:\n%q", p.shared.rows, p.alone.rows)
			}
		}
	}
	for _, p := range pairs {
		p.shared.feed.Close()
		p.alone.feed.Close()
	}
	if account.Used() != 0 || cache.Stats().Bytes != 0 {
		t.Fatalf("%d bytes are still charged, %d held", account.Used(), cache.Stats().Bytes)
	}
}

// Of many readers that follow the log one reads it.
func TestOneOfManyReads(t *testing.T) {
	l, rel := newFakeLog(rand.New(rand.NewPCG(1, 1))), streamRelation()
	cache := decoded.NewCache(1<<20, memory.New("total_memory", 0))
	var readers []*reader
	for i := range 20 {
		feed, err := cache.Open(l, rel, wants[i%len(wants)], nil)
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
		readers = append(readers, &reader{feed: feed})
	}
	l.commit([]int32{0}, 1, 0)
	for _, r := range readers {
		r.read(t, l.newest)
	}
	before := l.reads
	for range 50 {
		l.commit([]int32{0, 1}, 10, 0)
		for _, r := range readers {
			r.read(t, l.newest)
		}
	}
	if n := l.reads - before; n != 50 {
		t.Fatalf("50 commits were read %d times", n)
	}
	if s := cache.Stats(); s.Hits != 50*19 || s.Misses != 50 {
		t.Fatalf("%+v", s)
	}
}

// Readers at the same time see the same, and each commit is decoded once if there is room for it.
func TestReadersAtOnce(t *testing.T) {
	for _, limit := range []int64{64 << 10, 64 << 20} {
		l, rel := newFakeLog(rand.New(rand.NewPCG(3, 1))), streamRelation()
		l.commit([]int32{0}, 1, 0)
		from := l.newest
		for i := range 60 {
			l.commit([]int32{0, 1}, 1+[]int{1, 20, 300, 5000}[i%4]/(1+i/20), 5)
		}
		account := memory.New("total_memory", 0)
		cache := decoded.NewCache(limit, account)
		alone, err := decoded.Open(l, rel, []int{0, 1})
		if err != nil {
			t.Fatal(err)
		}
		want := &reader{feed: alone, at: from}
		want.read(t, l.newest)
		readers := make([]*reader, 8)
		for i := range readers {
			feed, err := cache.Open(l, rel, []int{0, 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer feed.Close()
			readers[i] = &reader{feed: feed, at: from}
		}
		var all sync.WaitGroup
		for i, r := range readers {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 2))
				for r.at < l.newest && !t.Failed() {
					r.read(t, min(l.newest, r.at+log.CommitSeq(1+rng.IntN(8))))
				}
			})
		}
		all.Wait()
		for i, r := range readers {
			if !slices.Equal(r.rows, want.rows) {
				t.Errorf("reader %d saw %d rows and commits, %d are there", i, len(r.rows), len(want.rows))
			}
		}
		if s := cache.Stats(); limit > 1<<20 && s.Misses != 60 {
			t.Errorf("60 commits: %+v", s)
		}
	}
}

// Memory that others need is not taken, and rows come all the same.
func TestNoMemory(t *testing.T) {
	l, rel := newFakeLog(rand.New(rand.NewPCG(1, 1))), streamRelation()
	account := memory.New("total_memory", 1)
	cache := decoded.NewCache(1<<20, account)
	var readers []*reader
	for range 2 {
		feed, err := cache.Open(l, rel, []int{0}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
		readers = append(readers, &reader{feed: feed, at: 1})
	}
	l.newest = 1
	for range 5 {
		l.commit([]int32{0}, 3, 0)
		for _, r := range readers {
			r.read(t, l.newest)
		}
	}
	for _, r := range readers {
		if len(r.rows) != 5*4 {
			t.Fatalf("%q", r.rows)
		}
	}
	if s := cache.Stats(); s.Bytes != 0 || s.Hits != 0 {
		t.Fatalf("%+v", s)
	}
}
