package sqltype

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Multipliers of the hash; stored state depends on them.
const (
	hashK1   = 0x9e3779b97f4a7c15
	hashK2   = 0xd6e8feb86659fd93
	hashNull = 0x8bb84b93962eacc9
)

// Combine adds the hash of one value to the hash of a row, or of a value made of several; their order
// matters.
func Combine(row, value uint64) uint64 { return mix(row^value, hashK1) + row }

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// nullsHashed makes a hash of one for values that are not NULL.
func nullsHashed(hash HashFunc) HashFunc {
	return func(v *Vec, sel []int32, out []uint64) {
		hash(v, sel, out)
		HashNulls(v, sel, out)
	}
}

// HashNulls puts the hash of NULL where a row is.
func HashNulls(c *Vec, sel []int32, out []uint64) {
	if c.Valid == nil {
		return
	}
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		if c.Valid[row>>6]&(1<<(uint(row)&63)) == 0 {
			out[i] = hashNull
		}
	}
}

func hashInts[T uint8 | int16 | int32 | int64](c *Vec, sel []int32, out []uint64) {
	v := Values[T](c)
	if sel == nil {
		for i := range out {
			out[i] = mix(uint64(int64(v[i]))^hashK2, hashK1)
		}
		return
	}
	for i, row := range sel {
		out[i] = mix(uint64(int64(v[row]))^hashK2, hashK1)
	}
}

func hashFloats[T float32 | float64](c *Vec, sel []int32, out []uint64) {
	v := Values[T](c)
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		out[i] = hashFloat(float64(v[row]))
	}
}

func hashFloat(f float64) uint64 {
	switch {
	case f == 0:
		f = 0 // -0 = 0
	case f != f:
		f = math.NaN()
	}
	return mix(math.Float64bits(f)^hashK2, hashK1)
}

func hashNumerics(c *Vec, sel []int32, out []uint64) {
	v := Values[decimal.Num](c)
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		if c.Null(row) {
			continue
		}
		out[i] = v[row].Load(c.Var).Hash()
	}
}

func hashIntervals(c *Vec, sel []int32, out []uint64) {
	v := Values[datetime.Interval](c)
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		hi, lo := v[row].Span()
		out[i] = mix(lo^hashK2, uint64(hi)^hashK1)
	}
}

func hashUUIDs(c *Vec, sel []int32, out []uint64) {
	v := Values[[16]byte](c)
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		a, b := binary.LittleEndian.Uint64(v[row][:8]), binary.LittleEndian.Uint64(v[row][8:])
		out[i] = mix(a^hashK2, b^hashK1)
	}
}

// hashBytes hashes PhysBytes values by a hash of each.
func hashBytes(hash func(v []byte) uint64) HashFunc {
	return func(c *Vec, sel []int32, out []uint64) { hashEach(hash, c, sel, out) }
}

func hashEach(hash func(v []byte) uint64, c *Vec, sel []int32, out []uint64) {
	o := Offsets(c)
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		out[i] = hash(c.Var[o[row]:o[row+1]])
	}
}

func trimBlanks(v []byte) []byte {
	for len(v) > 0 && v[len(v)-1] == ' ' {
		v = v[:len(v)-1]
	}
	return v
}

func hashString(v []byte) uint64 {
	n := len(v)
	h := uint64(n) * hashK2
	for len(v) > 16 {
		h = mix(binary.LittleEndian.Uint64(v)^hashK1, binary.LittleEndian.Uint64(v[8:])^h)
		v = v[16:]
	}
	var a, b uint64
	switch {
	case len(v) >= 8:
		a, b = binary.LittleEndian.Uint64(v), binary.LittleEndian.Uint64(v[len(v)-8:])
	case len(v) >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(v)), uint64(binary.LittleEndian.Uint32(v[len(v)-4:]))
	case len(v) > 0:
		a = uint64(v[0])<<16 | uint64(v[len(v)/2])<<8 | uint64(v[len(v)-1])
	}
	return mix(hashK1^uint64(n), mix(a^hashK2, b^h))
}
