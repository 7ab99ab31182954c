package decimal

import (
	"math/rand/v2"
	"testing"
)

// TestRows: the loops give what the general functions give, and leave what is not small.
func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	number := func() Num {
		d := New(int64(r.Uint64())>>r.IntN(64), r.IntN(25))
		switch r.IntN(12) {
		case 0:
			d.Hi = int64(r.Uint64()) >> 2 // not small
		case 1:
			d = []Dec{NotANumber, Infinity, MinusInf, New(-1<<63, 0), New(1<<63-1, 18), Zero}[r.IntN(6)]
		}
		return d.Num
	}
	const n = 20_000
	a, b, sel := make([]Num, n), make([]Num, n), make([]int32, n)
	for i := range a {
		a[i], b[i], sel[i] = number(), number(), int32(i)
		if i%7 == 0 {
			b[i] = a[i]
		}
	}
	for name, c := range map[string]struct {
		rows    func(dst, a, b []Num, sa, sb int, sel, rest []int32) []int32
		general func(a, b Dec) (Dec, error)
	}{"add": {AddRows, Add}, "sub": {SubRows, Sub}, "mul": {MulRows, Mul}} {
		for _, stride := range []int{0, 1} {
			dst := make([]Num, n)
			left := c.rows(dst, a, b, 1, stride, sel, nil)
			if stride == 1 && (len(left) == 0 || len(left) > n/2) {
				t.Errorf("%s left %d of %d", name, len(left), n)
			}
			for i := range dst {
				if len(left) > 0 && left[0] == int32(i) {
					left = left[1:]
					continue
				}
				want, err := c.general(Dec{Num: a[i]}, Dec{Num: b[i*stride]})
				if err != nil || dst[i] != want.Num {
					t.Fatalf("%s of %v and %v is %v, not %v (%v)", name, a[i], b[i*stride], dst[i], want.Num, err)
				}
			}
		}
	}
	dst := make([]uint8, n)
	left := CmpRows(dst, [3]uint8{0, 1, 2}, a, b, 1, 1, sel, nil)
	for i := range dst {
		if len(left) > 0 && left[0] == int32(i) {
			left = left[1:]
			continue
		}
		if want := Cmp(Dec{Num: a[i]}, Dec{Num: b[i]}) + 1; int(dst[i]) != want {
			t.Fatalf("%v to %v is %d, not %d", a[i], b[i], dst[i], want)
		}
	}
}
