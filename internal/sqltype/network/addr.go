package network

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// head is the family and the length of the network, in front of an address's bytes.
const head = 2

// MaxBits is the number of bits of v's family.
func MaxBits(v []byte) int { return 8 * (len(v) - head) }

// Family is 4 or 6.
func Family(v []byte) int { return int(v[0]) }

// Bits is the length of v's network.
func Bits(v []byte) int { return int(v[1]) }

func of(v []byte, bits int, ip []byte) []byte {
	out := make([]byte, 0, len(v))
	return append(append(out, v[0], byte(bits)), ip...)
}

// Compare is network_cmp: families, then networks, the larger one first, then addresses.
func Compare(a, b []byte) int {
	if len(a) < head || len(b) < head || a[0] != b[0] {
		return bytes.Compare(a, b)
	}
	return cmp.Or(compareBits(a[head:], b[head:], min(Bits(a), Bits(b))), cmp.Compare(a[1], b[1]), bytes.Compare(a[head:], b[head:]))
}

// compareBits compares the first n bits.
func compareBits(a, b []byte, n int) int {
	whole := n / 8
	if c := bytes.Compare(a[:whole], b[:whole]); c != 0 || n%8 == 0 {
		return c
	}
	mask := byte(0xff) << (8 - n%8)
	return cmp.Compare(a[whole]&mask, b[whole]&mask)
}

// Contains reports whether b's network is within a's, or, with equal, is it.
func Contains(a, b []byte, equal bool) bool {
	if a[0] != b[0] || Bits(a) > Bits(b) || !equal && Bits(a) == Bits(b) {
		return false
	}
	return compareBits(a[head:], b[head:], Bits(a)) == 0
}

// Overlaps reports whether one network is within the other.
func Overlaps(a, b []byte) bool {
	return a[0] == b[0] && compareBits(a[head:], b[head:], min(Bits(a), Bits(b))) == 0
}

// hostBitsClear reports whether no bit is set right of the network.
func hostBitsClear(v []byte) bool { return bytes.Equal(v, Network(v)) }

// mask is the bytes with the first bits set.
func mask(size, bits int) []byte {
	m := make([]byte, size)
	for i := range m {
		m[i] = ^byte(0xff >> min(8, max(0, bits-8*i)))
	}
	return m
}

// Network is v with its host bits cleared: a cidr.
func Network(v []byte) []byte {
	out := slices.Clone(v)
	for i, m := range mask(len(v)-head, Bits(v)) {
		out[head+i] &= m
	}
	return out
}

// Broadcast is v with its host bits set.
func Broadcast(v []byte) []byte {
	out := slices.Clone(v)
	for i, m := range mask(len(v)-head, Bits(v)) {
		out[head+i] |= ^m
	}
	return out
}

// Netmask is the bits of v's network as an address.
func Netmask(v []byte) []byte { return of(v, MaxBits(v), mask(len(v)-head, Bits(v))) }

// Hostmask is the bits of v's hosts as an address.
func Hostmask(v []byte) []byte {
	out := Not(Netmask(v))
	out[1] = byte(MaxBits(v))
	return out
}

// WithBits is v with a network of another length, -1 = all bits.
func WithBits(v []byte, bits int) ([]byte, error) {
	if bits == -1 {
		bits = MaxBits(v)
	}
	if bits < 0 || bits > MaxBits(v) {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid mask length: %d", bits)
	}
	return of(v, bits, v[head:]), nil
}

// Merge is the smallest network that has both.
func Merge(a, b []byte) ([]byte, error) {
	if a[0] != b[0] {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot merge addresses from different families")
	}
	n := min(Bits(a), Bits(b))
	for compareBits(a[head:], b[head:], n) != 0 {
		n--
	}
	return Network(of(a, n, a[head:])), nil
}

// Not is v with each bit turned.
func Not(v []byte) []byte {
	out := slices.Clone(v)
	for i := head; i < len(out); i++ {
		out[i] = ^out[i]
	}
	return out
}

// And is the bits that both have, in the longer of the networks.
func And(a, b []byte) ([]byte, error) {
	return bitwise("AND", a, b, func(x, y byte) byte { return x & y })
}

// Or is the bits that one of them has.
func Or(a, b []byte) ([]byte, error) {
	return bitwise("OR", a, b, func(x, y byte) byte { return x | y })
}

func bitwise(name string, a, b []byte, f func(x, y byte) byte) ([]byte, error) {
	if a[0] != b[0] {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot %s inet values of different sizes", name)
	}
	out := slices.Clone(a)
	out[1] = max(a[1], b[1])
	for i := head; i < len(out); i++ {
		out[i] = f(a[i], b[i])
	}
	return out, nil
}

func errRange() error { return sqlerr.New(sqlerr.NumericValueOutOfRange, "result is out of range") }

// Add is the address n after v.
func Add(v []byte, n int64) ([]byte, error) {
	out := slices.Clone(v)
	carry := 0
	for i := len(out) - 1; i >= head; i-- {
		carry += int(out[i]) + int(n&0xff)
		out[i] = byte(carry)
		carry >>= 8
		n >>= 8 // of a negative one, ones go on for ever
	}
	if n == 0 && carry == 0 || n == -1 && carry == 1 {
		return out, nil
	}
	return nil, errRange()
}

// Sub is the address n before v. The least number has no positive twin and counts as itself, as in PostgreSQL.
func Sub(v []byte, n int64) ([]byte, error) { return Add(v, -n) }

// Distance is how many addresses b is before a.
func Distance(a, b []byte) (int64, error) {
	if a[0] != b[0] {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "cannot subtract inet values of different sizes")
	}
	// The difference in two's complement, as wide as the addresses; what is past 64 bits must be its sign going on.
	carry, n, shift := 1, int64(0), 0
	for i := len(a) - 1; i >= head; i, shift = i-1, shift+8 {
		carry += int(a[i]) + int(^b[i])
		digit := byte(carry)
		carry >>= 8
		if shift < 64 {
			n |= int64(digit) << shift
		} else if digit != byte(n>>63) {
			return 0, errRange()
		}
	}
	if carry == 0 && shift < 64 {
		n |= -1 << shift
	}
	return n, nil
}
