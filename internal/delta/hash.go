package delta

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Multipliers of the hash; stored state depends on them.
const (
	hashSeed = 0x2d358dccaa6c78a5
	hashK1   = 0x9e3779b97f4a7c15
	hashK2   = 0xd6e8feb86659fd93
	hashNull = 0x8bb84b93962eacc9
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// combine adds the hash of one value to the hash of a row; order of columns matters.
func combine(row, value uint64) uint64 { return mix(row^value, hashK1) + row }

// HashKeys writes to out[i] the hash of the i-th live row (of sel; nil = rows 0..n-1) of the
// key columns. Rows that are equal by SQL equality have equal hashes, also across int2, int4
// and int8 and across float4 and float8; NULLs are equal to each other. len(out) is the
// number of live rows. The hash is the same in every process and release.
func HashKeys(keys []Column, n int, sel []int32, out []uint64) {
	if sel != nil {
		n = len(sel)
	}
	out = out[:n]
	for i := range out {
		out[i] = hashSeed
	}
	for k := range keys {
		hashColumn(&keys[k], sel, out)
	}
}

func hashColumn(c *Column, sel []int32, out []uint64) {
	if c.Const {
		var one [1]uint64
		v := *c
		v.Const, v.Len = false, 1
		hashValues(&v, nil, one[:])
		h := one[0]
		for i := range out {
			out[i] = combine(out[i], h)
		}
		return
	}
	var buf [1024]uint64
	for from := 0; from < len(out); from += len(buf) {
		part := out[from:min(from+len(buf), len(out))]
		hashes := buf[:len(part)]
		if sel != nil {
			hashValues(c, sel[from:from+len(part)], hashes)
		} else {
			s := c.Slice(from, from+len(part))
			hashValues(&s, nil, hashes)
		}
		for i, h := range hashes {
			part[i] = combine(part[i], h)
		}
	}
}

// hashValues hashes each value of c into out.
func hashValues(c *Column, sel []int32, out []uint64) {
	switch c.Type.Phys() {
	case sqltype.PhysBool:
		hashInts[uint8](c, sel, out)
	case sqltype.PhysInt16:
		hashInts[int16](c, sel, out)
	case sqltype.PhysInt32:
		hashInts[int32](c, sel, out)
	case sqltype.PhysInt64:
		hashInts[int64](c, sel, out)
	case sqltype.PhysFloat32:
		hashFloats[float32](c, sel, out)
	case sqltype.PhysFloat64:
		hashFloats[float64](c, sel, out)
	case sqltype.PhysNumeric:
		hashNumerics(c, sel, out)
	case sqltype.PhysInterval:
		hashIntervals(c, sel, out)
	case sqltype.PhysUUID:
		hashUUIDs(c, sel, out)
	case sqltype.PhysBytes:
		hashStrings(c, sel, out)
	}
	hashNulls(c, sel, out)
}

func hashNulls(c *Column, sel []int32, out []uint64) {
	if c.Valid == nil {
		return
	}
	for i := range out {
		row := int32(i)
		if sel != nil {
			row = sel[i]
		}
		if !Bit(c.Valid, row) {
			out[i] = hashNull
		}
	}
}

func hashInts[T uint8 | int16 | int32 | int64](c *Column, sel []int32, out []uint64) {
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

func hashFloats[T float32 | float64](c *Column, sel []int32, out []uint64) {
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

func hashNumerics(c *Column, sel []int32, out []uint64) {
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

func hashIntervals(c *Column, sel []int32, out []uint64) {
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

func hashUUIDs(c *Column, sel []int32, out []uint64) {
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

func hashStrings(c *Column, sel []int32, out []uint64) {
	o := Offsets(c)
	hash := hashString
	switch c.Type {
	case sqltype.BPChar:
		hash = func(v []byte) uint64 { return hashString(trimBlanks(v)) }
	case sqltype.JSONB:
		hash = jsonb.Hash
	}
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
