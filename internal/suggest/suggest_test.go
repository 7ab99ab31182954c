package suggest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, among, want string }{
		{"ordrs", "orders customers", "orders"},
		{"Ordesr", "orders customers", "orders"},
		{"tpoic", "topic format", "topic"},
		{"a", "b", ""},
		{"id", "no", ""},
		{"abcd", "abxy dcba", "abxy"},
		{"orders", "orders", ""}, // it is not itself that was meant
		{"payments", "customers", ""},
		{"größe", "grösse größen", "größen"},
		{"", "a", ""},
		{"cuont", "cot count", "count"},
		{"orderz", "orderx ordera", "ordera"},
		{strings.Repeat("x", 70), strings.Repeat("x", 69), ""},
	} {
		if got := Nearest(c.name, slices.Values(strings.Fields(c.among))); got != c.want {
			t.Errorf("%q among %q: %q, want %q", c.name, c.among, got, c.want)
		}
	}
}

// The bounded distance is the whole one, cut off.
func TestDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, rng.IntN(9))
		for i := range b {
			b[i] = "abc"[rng.IntN(3)]
		}
		return string(b)
	}
	for range 20_000 {
		a, b, limit := word(), word(), rng.IntN(5)
		if got, want := Distance(a, b, limit), min(slow(a, b), limit+1); got != want {
			t.Fatalf("Distance(%q, %q, %d) = %d, want %d", a, b, limit, got, want)
		}
	}
}

// slow is the definition.
func slow(a, b string) int {
	switch {
	case a == "" || b == "":
		return len(a) + len(b)
	case a[0] == b[0]:
		return slow(a[1:], b[1:])
	}
	return 1 + min(slow(a[1:], b), slow(a, b[1:]), slow(a[1:], b[1:]))
}
