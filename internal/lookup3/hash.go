package lookup3

import (
	"encoding/binary"
	"math/bits"
)

const golden = 0x9e3779b9

type state struct{ a, b, c uint32 }

func start(size int, seed uint64) state {
	v := golden + uint32(size) + 3923095
	s := state{v, v, v}
	if seed != 0 {
		s.a += uint32(seed >> 32)
		s.b += uint32(seed)
		s.mix()
	}
	return s
}

func (s *state) mix() {
	a, b, c := s.a, s.b, s.c
	a -= c
	a ^= bits.RotateLeft32(c, 4)
	c += b
	b -= a
	b ^= bits.RotateLeft32(a, 6)
	a += c
	c -= b
	c ^= bits.RotateLeft32(b, 8)
	b += a
	a -= c
	a ^= bits.RotateLeft32(c, 16)
	c += b
	b -= a
	b ^= bits.RotateLeft32(a, 19)
	a += c
	c -= b
	c ^= bits.RotateLeft32(b, 4)
	b += a
	s.a, s.b, s.c = a, b, c
}

func (s *state) final() {
	a, b, c := s.a, s.b, s.c
	c ^= b
	c -= bits.RotateLeft32(b, 14)
	a ^= c
	a -= bits.RotateLeft32(c, 11)
	b ^= a
	b -= bits.RotateLeft32(a, 25)
	c ^= b
	c -= bits.RotateLeft32(b, 16)
	a ^= c
	a -= bits.RotateLeft32(c, 4)
	b ^= a
	b -= bits.RotateLeft32(a, 14)
	c ^= b
	c -= bits.RotateLeft32(b, 24)
	s.a, s.b, s.c = a, b, c
}

// Bytes is hash_any.
func Bytes(k []byte) uint32 {
	s := over(k, 0)
	return s.c
}

// BytesSeeded is hash_any_extended.
func BytesSeeded(k []byte, seed uint64) uint64 {
	s := over(k, seed)
	return uint64(s.b)<<32 | uint64(s.c)
}

func over(k []byte, seed uint64) state {
	s := start(len(k), seed)
	for ; len(k) >= 12; k = k[12:] {
		s.a += binary.LittleEndian.Uint32(k)
		s.b += binary.LittleEndian.Uint32(k[4:])
		s.c += binary.LittleEndian.Uint32(k[8:])
		s.mix()
	}
	// The last bytes; the lowest of c is kept for the length.
	var last [12]byte
	copy(last[:8], k)
	if len(k) > 8 {
		copy(last[9:], k[8:])
	}
	s.a += binary.LittleEndian.Uint32(last[:])
	s.b += binary.LittleEndian.Uint32(last[4:])
	s.c += binary.LittleEndian.Uint32(last[8:])
	s.final()
	return s
}

// Uint32 is hash_uint32.
func Uint32(k uint32) uint32 {
	s := start(4, 0)
	s.a += k
	s.final()
	return s.c
}

// Uint32Seeded is hash_uint32_extended.
func Uint32Seeded(k uint32, seed uint64) uint64 {
	s := start(4, seed)
	s.a += k
	s.final()
	return uint64(s.b)<<32 | uint64(s.c)
}

// fold is an int64 as 32 bits: one that an int32 holds is that int32.
func fold(v int64) uint32 {
	high := uint32(v >> 32)
	if v < 0 {
		high = ^high
	}
	return uint32(v) ^ high
}

// Int64 is hashint8.
func Int64(v int64) uint32 { return Uint32(fold(v)) }

// Int64Seeded is hashint8extended.
func Int64Seeded(v int64, seed uint64) uint64 { return Uint32Seeded(fold(v), seed) }
