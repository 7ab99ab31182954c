package recordbatch

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestThin: whatever the codec, what is kept of a record batch is what it was, with and without a delete
// horizon, once and again; the header says what it said but for the counts.
func TestThin(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for seed := range 400 {
		codec := Codec(rng.IntN(5))
		recs := make([]plain, 1+rng.IntN(40))
		for i := range recs {
			recs[i] = plain{Key: fmt.Sprint("key ", i), Value: fmt.Sprint("value ", rng.IntN(1000)), Offset: int64(i), Timestamp: 1_700_000_000_000 + rng.Int64N(1000) - 500}
			if rng.IntN(3) == 0 {
				recs[i].Value, recs[i].NullValue = "", true
			}
			if rng.IntN(3) == 0 {
				recs[i].Headers = []string{"a=b", "none"}
			}
		}
		raw := kmsgBatch(codec, pack(t, codec, kmsgRecords(recs), false), len(recs), recs[0].Timestamp, recs[0].Timestamp)
		Patch(raw, 5, 0)
		before, err := ParseHeader(raw)
		if err != nil {
			t.Fatal(err)
		}
		want, err := readAll(raw, 0)
		if err != nil {
			t.Fatal(err)
		}
		var thinner Thinner
		for range 1 + rng.IntN(3) {
			keep := make([]bool, len(want))
			kept := want[:0:0]
			for i := range keep {
				if keep[i] = rng.IntN(4) > 0; keep[i] {
					kept = append(kept, want[i])
				}
			}
			horizon := int64(-1)
			if rng.IntN(2) == 0 {
				horizon = 1_900_000_000_000
			}
			out, err := thinner.Thin([]byte("before"), raw, keep, horizon, 0)
			if len(kept) == 0 {
				if err == nil {
					t.Fatal("a record batch of nothing")
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			h, thin, rest, err := Verify(out[len("before"):])
			if err != nil || len(rest) > 0 {
				t.Fatal(seed, err, len(rest))
			}
			got, err := readAll(thin, 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept, got); diff != "" {
				t.Fatalf("seed %d, %s: %s", seed, codec, diff)
			}
			most := NoTimestamp
			for _, r := range kept {
				most = max(most, r.Timestamp)
			}
			if h.BaseOffset != before.BaseOffset || h.LastOffsetDelta != before.LastOffsetDelta || h.BaseSequence != before.BaseSequence ||
				h.ProducerID != before.ProducerID || h.Codec() != codec || h.MaxTimestamp != most || int(h.RecordCount) != len(kept) {
				t.Fatalf("header %+v of %+v", h, before)
			}
			if at, ok := h.Horizon(); horizon >= 0 && (!ok || at != horizon) {
				t.Fatalf("horizon %d, %t", at, ok)
			}
			raw, want = thin, kept
		}
	}
}

// TestAppendEmpty: a reader of it has nothing and goes on behind it.
func TestAppendEmpty(t *testing.T) {
	raw := sampleBatch(t, CodecZstd, false)
	Patch(raw, 77, 0)
	h, err := ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	got, empty, rest, err := Verify(AppendEmpty(nil, &h))
	if err != nil || len(rest) > 0 || got.BaseOffset != 77 || got.LastOffset() != h.LastOffset() {
		t.Fatalf("%+v, %v", got, err)
	}
	if recs, err := readAll(empty, 0); err != nil || len(recs) > 0 {
		t.Fatal(recs, err)
	}
	s := NoSummary
	s.Add(&got, 0)
	if s.MaxTimestamp != NoTimestamp || s.MinTimestamp != NoTimestamp || s.Span != int64(h.LastOffsetDelta)+1 {
		t.Fatalf("%+v", s)
	}
}
