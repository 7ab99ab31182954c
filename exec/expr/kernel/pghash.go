package kernel

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/lookup3"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// The hash functions of PostgreSQL's hash operator classes. One of 32 bits is the lower half of the one of 64 with the seed 0. An enum's is that
// of its label's key, which is no OID as in PostgreSQL.
func init() {
	plain := func(c *Call) {
		put := fixed[int32](c.Out)
		c.hashRows(func(row int32) uint64 { return 0 }, func(row int32, h uint64) { put[row] = int32(uint32(h)) })
	}
	seeded := func(c *Call) {
		put, seeds := fixed[int64](c.Out), delta.Values[int64](c.Args[1])
		c.hashRows(func(row int32) uint64 { return uint64(seeds[c.Args[1].At(row)]) }, func(row int32, h uint64) { put[row] = int64(h) })
	}
	for _, symbol := range []string{"hashbpchar", "hashchar", "hashenum", "hashfloat4", "hashfloat8", "hashinet", "hashint2", "hashint4", "hashint8",
		"hashmacaddr", "hashmacaddr8", "hashname", "hashoid", "hashoidvector", "hashtext"} {
		kernels(map[string]Kernel{symbol: plain, symbol + "extended": seeded})
	}
	for _, symbol := range []string{"hash_array", "hash_multirange", "hash_numeric", "hash_range", "hash_record", "interval_hash", "jsonb_hash", "time_hash",
		"timestamp_hash", "timetz_hash", "uuid_hash", "pg_lsn_hash"} {
		kernels(map[string]Kernel{symbol: plain, symbol + "_extended": seeded})
	}
}

func (c *Call) hashRows(seed func(row int32) uint64, put func(row int32, h uint64)) {
	a := c.Args[0]
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		h, err := hashValue(c, a.Type, &a.Vec, i, seed(i))
		if err != nil {
			c.finish(i, err)
			continue
		}
		put(i, h)
	}
}

// rotated turns each half by one bit.
func rotated(h uint64) uint64 {
	return uint64(bits.RotateLeft32(uint32(h>>32), 1))<<32 | uint64(bits.RotateLeft32(uint32(h), 1))
}

// hashValue is a value's hash.
func hashValue(c *Call, t sqltype.OID, v *sqltype.Vec, row int32, seed uint64) (uint64, Err) {
	t = t.Base()
	switch t {
	case sqltype.Interval:
		_, span := sqltype.Values[datetime.Interval](v)[v.At(row)].Span()
		return lookup3.Int64Seeded(int64(span), seed), nil
	case sqltype.Timetz:
		us, west := datetime.SplitTimeTZ(sqltype.Values[[16]byte](v)[v.At(row)])
		return lookup3.Int64Seeded(us, seed) ^ lookup3.Uint32Seeded(uint32(west), seed), nil
	case sqltype.LSN:
		return lookup3.Int64Seeded(int64(sqltype.Unsigned(sqltype.Values[int64](v)[v.At(row)])), seed), nil
	case sqltype.MACAddr:
		return lookup3.BytesSeeded(binary.BigEndian.AppendUint64(nil, uint64(sqltype.Values[int64](v)[v.At(row)]))[2:], seed), nil
	case sqltype.MACAddr8:
		return lookup3.BytesSeeded(binary.BigEndian.AppendUint64(nil, sqltype.Unsigned(sqltype.Values[int64](v)[v.At(row)])), seed), nil
	}
	switch v.Phys {
	case sqltype.PhysBool:
		return lookup3.Uint32Seeded(uint32(v.Data[v.At(row)]), seed), nil
	case sqltype.PhysInt16:
		return lookup3.Uint32Seeded(uint32(sqltype.Values[int16](v)[v.At(row)]), seed), nil
	case sqltype.PhysInt32:
		return lookup3.Uint32Seeded(uint32(sqltype.Values[int32](v)[v.At(row)]), seed), nil
	case sqltype.PhysInt64:
		return lookup3.Int64Seeded(sqltype.Values[int64](v)[v.At(row)], seed), nil
	case sqltype.PhysFloat32:
		return hashFloat(float64(sqltype.Values[float32](v)[v.At(row)]), seed), nil
	case sqltype.PhysFloat64:
		return hashFloat(sqltype.Values[float64](v)[v.At(row)], seed), nil
	case sqltype.PhysNumeric:
		return hashNumeric(v.Numeric(row), seed), nil
	case sqltype.PhysUUID:
		u := sqltype.Values[[16]byte](v)[v.At(row)]
		return lookup3.BytesSeeded(u[:], seed), nil
	}
	return hashBytesValue(c, t, v.Bytes(row), seed)
}

func hashFloat(f float64, seed uint64) uint64 {
	if f == 0 {
		return seed
	}
	if math.IsNaN(f) {
		return lookup3.BytesSeeded(binary.LittleEndian.AppendUint64(nil, 0x7ff8000000000000), seed)
	}
	return lookup3.BytesSeeded(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), seed)
}

// hashNumeric is of the digits to the base 10000, and where the first one stands.
func hashNumeric(d decimal.Dec, seed uint64) uint64 {
	if !d.IsFinite() {
		return seed
	}
	wire := d.AppendBinary(nil)
	n, weight := int(binary.BigEndian.Uint16(wire)), int16(binary.BigEndian.Uint16(wire[2:]))
	if n == 0 {
		return seed - 1
	}
	digits := wire[8:]
	for i := 0; i+1 < len(digits); i += 2 {
		digits[i], digits[i+1] = digits[i+1], digits[i]
	}
	return lookup3.BytesSeeded(digits, seed) ^ uint64(int64(weight))
}

func hashBytesValue(c *Call, t sqltype.OID, b []byte, seed uint64) (uint64, Err) {
	switch t {
	case sqltype.BPChar:
		b = bytes.TrimRight(b, " ")
	case sqltype.Char:
		return lookup3.Uint32Seeded(uint32(int8(charByte(b))), seed), nil
	case sqltype.JSONB:
		return hashJSON(b, seed), nil
	case sqltype.Inet, sqltype.CIDR:
		b = bytes.Clone(b)
		b[0] = b[0] / 2 // 2 and 3 stand for the families
	case sqltype.OIDVector:
		a := sqltype.OpenArray(sqltype.PhysInt32, b)
		return lookup3.BytesSeeded(a.Elems.Data, seed), nil
	}
	r := sqltype.RangeOf(t)
	switch elem := t.Elem(); {
	case r != nil && r.Multi == t:
		h := uint64(1)
		for _, x := range ranges.DecodeMulti(r.Kind, b) {
			h = h<<5 - h + hashRange(c, r, &x, seed)
		}
		return h, nil
	case r != nil:
		x, _ := ranges.Decode(r.Kind, b)
		return hashRange(c, r, &x, seed), nil
	case elem != sqltype.Invalid:
		a := sqltype.OpenArray(elem.Phys(), b)
		return hashAll(c, a.Elems.Len, 1, func(i int) (sqltype.OID, *sqltype.Vec, int32) { return elem, &a.Elems, int32(i) }, seed)
	case t == sqltype.Record || sqltype.IsComposite(t):
		fields := sqltype.RecordFields(b)
		return hashAll(c, len(fields), 0, func(i int) (sqltype.OID, *sqltype.Vec, int32) { return fields[i].Type, &fields[i].Vec, 0 }, seed)
	}
	return lookup3.BytesSeeded(b, seed), nil
}

// hashAll is of elements or fields, of which NULL counts 0.
func hashAll(c *Call, n int, h uint64, at func(i int) (sqltype.OID, *sqltype.Vec, int32), seed uint64) (uint64, Err) {
	for i := range n {
		if i&1023 == 1023 {
			if err := c.breathe(); err != nil {
				return 0, err
			}
		}
		t, v, row := at(i)
		var one uint64
		if !v.Null(row) {
			if !hashed(t) {
				return 0, sqlerr.New(sqlerr.UndefinedFunction, "could not identify a hash function for type %s", t)
			}
			var err Err
			if one, err = hashValue(c, t, v, row, seed); err != nil {
				return 0, err
			}
		}
		h = h<<5 - h + one
	}
	return h, nil
}

// hashed: values of the type have a hash.
func hashed(t sqltype.OID) bool {
	switch t = t.Base(); t {
	case sqltype.Bit, sqltype.Varbit, sqltype.Money, sqltype.TSVector, sqltype.TSQuery:
		return false
	}
	return errNoEquality(t) == nil
}

func hashRange(c *Call, t *sqltype.RangeType, r *ranges.Range, seed uint64) uint64 {
	h := lookup3.Uint32Seeded(uint32(r.Flags()), seed)
	bound := func(b *ranges.Bound) uint64 {
		if r.Empty || b.Infinite {
			return 0
		}
		v, _ := hashValue(c, t.Elem, t.Value(b), 0, seed)
		return v
	}
	return rotated(h^bound(&r.Lower)) ^ bound(&r.Upper)
}

// Marks of what a JSON value begins with, as PostgreSQL's stored form has them.
const (
	jsonObjectMark = 0x20000000
	jsonArrayMark  = 0x40000000
)

func hashJSON(v []byte, seed uint64) uint64 {
	if len(v) == 2 && (v[0] == '{' || v[0] == '[') { // an empty one
		return seed
	}
	if !isObject(v) && !isArray(v) { // a scalar stands in an array
		return hashScalar(mark(0, jsonArrayMark), v, seed)
	}
	return hashJSONItems(0, v, seed)
}

func mark(h, m uint64) uint64 { return h ^ (m<<32 | m) }

func hashJSONItems(h uint64, v []byte, seed uint64) uint64 {
	if isObject(v) {
		h = mark(h, jsonObjectMark)
	} else {
		h = mark(h, jsonArrayMark)
	}
	for it := jsonb.Elements(v); ; {
		key, val, ok := it.Next()
		if !ok {
			return h
		}
		if key != nil {
			h = rotated(h) ^ lookup3.BytesSeeded(jsonb.Unquote(key), seed)
		}
		if isObject(val) || isArray(val) {
			h = hashJSONItems(h, val, seed)
		} else {
			h = hashScalar(h, val, seed)
		}
	}
}

func hashScalar(h uint64, v []byte, seed uint64) uint64 {
	h = rotated(h)
	switch {
	case v[0] == 'n':
		return h ^ (seed + 1)
	case v[0] == '"':
		return h ^ lookup3.BytesSeeded(jsonb.Unquote(v), seed)
	case (v[0] == 't' || v[0] == 'f') && seed != 0:
		return h ^ lookup3.Uint32Seeded(uint32(b2u(v[0] == 't')), seed)
	case v[0] == 't':
		return h ^ 2
	case v[0] == 'f':
		return h ^ 4
	}
	d, err := decimal.Parse(v)
	if err != nil {
		return h
	}
	return h ^ hashNumeric(d, seed)
}
