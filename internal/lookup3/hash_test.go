package lookup3

import "testing"

// TestHashes: the lower half with the seed 0 is the hash without one; the numbers are PostgreSQL's.
func TestHashes(t *testing.T) {
	for text, want := range map[string]int32{"": -1477818771, "a": 1075015857, "PostgreSQL": -1696465276, "a longer text, of more than twelve bytes": -887503599} {
		h := Bytes([]byte(text))
		if int32(h) != want {
			t.Errorf("%q: %d, want %d", text, int32(h), want)
		}
		if uint32(BytesSeeded([]byte(text), 0)) != h {
			t.Errorf("%q: the lower half differs", text)
		}
	}
	for _, v := range []int64{0, 1, -1, 1 << 40, -1 << 40} {
		if uint32(Int64Seeded(v, 0)) != Int64(v) {
			t.Errorf("%d: the lower half differs", v)
		}
	}
	if h := int64(BytesSeeded([]byte("PostgreSQL"), 7)); h != -1225464925675805177 {
		t.Errorf("with a seed: %d", h)
	}
	if h := int64(Int64Seeded(-5000000000, 3)); h != 5112412090131384660 {
		t.Errorf("a number with a seed: %d", h)
	}
	if Int64(-5) != Uint32(0xfffffffb) {
		t.Error("a number of 32 bits is hashed as one")
	}
}
