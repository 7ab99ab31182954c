package ranges

import (
	"math/rand/v2"
	"testing"
)

// span is the numbers that sets are made of here.
const span = 24

type set [span]bool

// random is a multirange of whole numbers, and the same as a set.
func random(t *testing.T, r *rand.Rand) (Multi, set) {
	var all []Range
	var in set
	for range r.IntN(5) {
		from := r.IntN(span)
		to := from + r.IntN(span-from+1)
		one, err := Make(Int4, Bound{Int: int64(from), Inclusive: true}, Bound{Int: int64(to)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
		for i := from; i < to; i++ {
			in[i] = true
		}
	}
	m, err := Normalize(Int4, all)
	if err != nil {
		t.Fatal(err)
	}
	return m, in
}

// TestMultiIsASet: what is done to multiranges is done to the sets of their numbers, and what comes out is in normal form.
func TestMultiIsASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, inA := random(t, r)
		b, inB := random(t, r)
		for name, c := range map[string]struct {
			f  func(Kind, Multi, Multi) (Multi, error)
			is func(a, b bool) bool
		}{
			"union":     {UnionMulti, func(a, b bool) bool { return a || b }},
			"intersect": {IntersectMulti, func(a, b bool) bool { return a && b }},
			"minus":     {MinusMulti, func(a, b bool) bool { return a && !b }},
		} {
			got, err := c.f(Int4, a, b)
			if err != nil {
				t.Fatal(err)
			}
			for i := range span {
				v := Bound{Int: int64(i), Inclusive: true}
				if got.ContainsValue(Int4, &v) != c.is(inA[i], inB[i]) {
					t.Fatalf("%v %s %v = %v at %d", a, name, b, got, i)
				}
			}
			for i := range len(got) - 1 {
				if got[i].Adjacent(Int4, &got[i+1]) || !got[i].Before(Int4, &got[i+1]) {
					t.Fatalf("%v %s %v = %v is not in normal form", a, name, b, got)
				}
			}
			if back := DecodeMulti(Int4, AppendMulti(nil, Int4, got)); CompareMulti(Int4, back, got) != 0 {
				t.Fatalf("%v reads back as %v", got, back)
			}
		}
		contains, overlaps := true, false
		for i := range span {
			contains = contains && (inA[i] || !inB[i])
			overlaps = overlaps || inA[i] && inB[i]
		}
		if a.ContainsMulti(Int4, b) != contains || a.OverlapsMulti(Int4, b) != overlaps {
			t.Fatalf("%v and %v: contains %v, overlaps %v", a, b, contains, overlaps)
		}
	}
}

// FuzzDecode: bytes that are no range are one, too.
func FuzzDecode(f *testing.F) {
	one, _ := Make(Int4, Bound{Int: 1, Inclusive: true}, Bound{Int: 5})
	f.Add(byte(Int4), Append(nil, Int4, &one))
	f.Add(byte(Numeric), []byte{0, 2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, kind byte, v []byte) {
		k := Kind(kind) % (Numeric + 1)
		m := DecodeMulti(k, v)
		if back := DecodeMulti(k, AppendMulti(nil, k, m)); CompareMulti(k, m, back) != 0 {
			t.Errorf("%v reads back as %v", m, back)
		}
	})
}
