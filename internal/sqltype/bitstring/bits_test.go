package bitstring

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func of(t *testing.T, digits string) []byte {
	t.Helper()
	s, err := AppendParsed(nil, []byte(digits), -1, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBitsAreDigits: what is done to bit strings is done to their digits.
func TestBitsAreDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprint(&b, r.IntN(2))
		}
		return b.String()
	}
	same := func(what string, got []byte, want string) {
		t.Helper()
		if text := string(AppendText(nil, got)); text != want {
			t.Fatalf("%s: %s, want %s", what, text, want)
		}
		if canonical := of(t, want); string(canonical) != string(got) {
			t.Fatalf("%s: % x, want % x", what, got, canonical)
		}
	}
	for range 5_000 {
		a, b := random(r.IntN(40)), random(r.IntN(40))
		x, y := of(t, a), of(t, b)
		if got := Compare(x, y); got != strings.Compare(a, b) {
			t.Fatalf("%s against %s: %d", a, b, got)
		}
		same("concat", Concat(nil, x, y), a+b)
		from, n := r.IntN(45), r.IntN(45)
		got, err := Substring(x, int32(from+1), int32(n), false)
		if err != nil {
			t.Fatal(err)
		}
		same("substring", got, a[min(from, len(a)):min(from+n, len(a))])
		left := a[min(n, len(a)):]
		same("left", Shift(x, int32(n)), left+strings.Repeat("0", len(a)-len(left)))
		right := a[:len(a)-min(n, len(a))]
		same("right", Shift(x, int32(-n)), strings.Repeat("0", len(a)-len(right))+right)
		at := Position(x, y, func() bool { return true })
		if want := strings.Index(a, b) + 1; a != "" && int(at) != want {
			t.Fatalf("%s in %s: %d, want %d", b, a, at, want)
		}
		v := int64(r.Uint64()) >> r.IntN(64)
		wide := fmt.Sprintf("%064b", uint64(v))
		same("int", AppendInt(nil, v, int32(n)), wide[64-n:])
	}
}
