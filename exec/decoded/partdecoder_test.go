package decoded_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/storage/log"
)

// TestPartDecoders: a range that is divided somewhere gives the same rows, with the same commits, as one that is
// not, whoever decodes which part.
func TestPartDecoders(t *testing.T) {
	divided := 0
	for seed := range uint64(50) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { divided += decodeParts(t, rand.New(rand.NewPCG(seed, 3))) })
	}
	if divided < 100 {
		t.Errorf("only %d parts", divided)
	}
}

func decodeParts(t *testing.T, rng *rand.Rand) (divided int) {
	l, rel, want := newFakeLog(rng), streamRelation(), wants[rng.IntN(len(wants))]
	cache := decoded.NewCache([]int64{0, 1 << 30}[rng.IntN(2)], memory.New("total_memory", 0))
	feed, err := cache.Open(l, rel, want, nil)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := decoded.Open(l, rel, want)
	if err != nil {
		t.Fatal(err)
	}
	got, whole := reader{feed: feed}, reader{feed: alone}
	defer feed.Close()
	defer alone.Close()
	var decoders []*decoded.PartDecoder
	for range 1 + rng.IntN(3) {
		d, err := decoded.NewPartDecoder(rel, want)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		decoders = append(decoders, d)
	}
	for range 1 + rng.IntN(3) {
		for range rng.IntN(8) {
			l.commit([]int32{0, 2, 3}[rng.IntN(3):], 1+rng.IntN([]int{4, 3000, 9000}[rng.IntN(3)]), rng.IntN(4))
		}
		whole.read(t, l.newest)
		divided += readDivided(t, rng, &got, decoders, l.newest)
		if !slices.Equal(got.rows, whole.rows) {
			t.Fatalf("%d rows in parts, %d alone", len(got.rows), len(whole.rows))
		}
	}
	return divided
}

// readDivided reads on, at first as anybody, then in parts.
func readDivided(t *testing.T, rng *rand.Rand, r *reader, decoders []*decoded.PartDecoder, to log.CommitSeq) (parts int) {
	if err := r.feed.Begin(t.Context(), r.at, to); err != nil {
		t.Fatal(err)
	}
	seen := &commits{r: r}
	for before := rng.IntN(4); ; before-- {
		if before <= 0 && r.feed.Divide() {
			break
		}
		var rows decoded.Rows
		more, err := r.feed.Next(t.Context(), &rows)
		if err != nil {
			t.Fatal(err)
		}
		seen.note(&rows)
		if !more {
			r.feed.End()
			r.at = to
			return 0
		}
	}
	var p *decoded.Part
	for {
		var err error
		if p, err = r.feed.NextPart(t.Context(), 1+rng.IntN(100_000), p); err != nil {
			t.Fatal(err)
		}
		if p == nil {
			break
		}
		parts++
		d := decoders[rng.IntN(len(decoders))]
		d.Begin(p)
		for whole := false; !whole; {
			var rows decoded.Rows
			if whole, err = d.Fill(t.Context(), &rows, nil); err != nil {
				t.Fatal(err)
			}
			seen.note(&rows)
		}
	}
	r.feed.End()
	r.at = to
	return parts
}

// commits notes rows as reader.read does.
type commits struct {
	r    *reader
	last log.CommitSeq
}

func (s *commits) note(rows *decoded.Rows) {
	at := 0
	for _, c := range rows.Commits {
		if c.Seq != s.last {
			s.r.rows = append(s.r.rows, fmt.Sprint("commit ", c.Seq))
		}
		s.last = c.Seq
		for ; at < c.End; at++ {
			s.r.rows = append(s.r.rows, fmt.Sprint(rows.Partitions[at], rows.Offsets[at], values(rows.Cols, int32(at))))
		}
	}
}
