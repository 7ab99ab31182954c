package delta

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ErrCorrupt says that bytes are no image of a row of the given types.
var ErrCorrupt = errors.New("delta: corrupt row image")

// AppendRow appends the image of a row: self-delimiting when the types are known.
//
//	bit per column, low bit first, set = NULL  | (columns+7)/8 bytes
//	per column that is not NULL:
//	  fixed width   little-endian bytes
//	  numeric       flag byte, uvarint scale, byte count n, n bytes two's complement little-endian
//	                (flag FiniteBig: uvarint n, sign byte and magnitude big-endian)
//	  varlen        uvarint n, n bytes
func AppendRow(dst []byte, cols []Column, row int32) []byte {
	at := len(dst)
	for range (len(cols) + 7) / 8 {
		dst = append(dst, 0)
	}
	for i := range cols {
		c := &cols[i]
		if c.Null(row) {
			dst[at+i/8] |= 1 << (i & 7)
			continue
		}
		dst = appendValue(dst, c, row)
	}
	return dst
}

func appendValue(dst []byte, c *Column, row int32) []byte {
	switch p := c.Phys; p {
	case sqltype.PhysBytes:
		v := c.Bytes(row)
		return append(binary.AppendUvarint(dst, uint64(len(v))), v...)
	case sqltype.PhysNumeric:
		return appendNumeric(dst, c.Numeric(row))
	default:
		size := p.Size()
		i := int(c.At(row)) * size
		return append(dst, c.Data[i:i+size]...)
	}
}

func appendNumeric(dst []byte, d decimal.Dec) []byte {
	dst = append(dst, byte(d.Flag))
	if !d.IsFinite() {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(d.Scale))
	if d.Flag == decimal.FiniteBig {
		dst = binary.AppendUvarint(dst, uint64(len(d.Big)))
		return append(dst, d.Big...)
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], d.Lo)
	binary.LittleEndian.PutUint64(b[8:], uint64(d.Hi))
	n := 16
	for n > 1 && (b[n-1] == 0 && b[n-2] < 0x80 || b[n-1] == 0xff && b[n-2] >= 0x80) {
		n--
	}
	dst = append(dst, byte(n))
	return append(dst, b[:n]...)
}

// DecodeRow appends the row at the start of src to the builders, one per column, and returns
// what follows it. On ErrCorrupt the builders hold a partial row: Truncate them.
func DecodeRow(src []byte, into []*Builder) ([]byte, error) {
	nulls := (len(into) + 7) / 8
	if len(src) < nulls {
		return src, ErrCorrupt
	}
	bitmap, rest := src[:nulls], src[nulls:]
	for i, b := range into {
		if bitmap[i/8]&(1<<(i&7)) != 0 {
			b.AppendNull()
			continue
		}
		var ok bool
		if rest, ok = decodeValue(rest, b); !ok {
			return src, ErrCorrupt
		}
	}
	return rest, nil
}

func decodeValue(src []byte, b *Builder) ([]byte, bool) {
	switch b.phys {
	case sqltype.PhysBytes:
		v, rest, ok := cutBytes(src)
		if ok {
			b.AppendBytes(v)
		}
		return rest, ok
	case sqltype.PhysNumeric:
		d, rest, ok := decodeNumeric(src)
		if ok {
			b.AppendNumeric(d)
		}
		return rest, ok
	case sqltype.PhysNone:
		return src, false
	}
	if len(src) < b.size {
		return src, false
	}
	at := len(b.data)
	b.extend(1)
	copy(b.data[at:], src[:b.size])
	b.mark()
	if b.phys == sqltype.PhysBool && src[0] > 1 {
		return src, false
	}
	return src[b.size:], true
}

func cutBytes(src []byte) (v, rest []byte, ok bool) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > uint64(len(src)-k) {
		return nil, src, false
	}
	return src[k : k+int(n)], src[k+int(n):], true
}

func decodeNumeric(src []byte) (d decimal.Dec, rest []byte, ok bool) {
	if len(src) < 1 || src[0] > byte(decimal.NegInf) {
		return d, src, false
	}
	d.Flag = decimal.Flag(src[0])
	src = src[1:]
	if !d.IsFinite() {
		return d, src, true
	}
	scale, k := binary.Uvarint(src)
	if k <= 0 || scale > decimal.MaxScale {
		return d, src, false
	}
	d.Scale = uint16(scale)
	src = src[k:]
	if d.Flag == decimal.FiniteBig {
		v, rest, ok := cutBytes(src)
		// A coefficient of up to 127 bits is Finite, and there is no leading zero.
		if !ok || len(v) < 17 || v[0] > 1 || v[1] == 0 || len(v) == 17 && v[1] < 0x80 {
			return d, src, false
		}
		d.Big = v
		return d, rest, true
	}
	if len(src) < 1 || src[0] < 1 || src[0] > 16 || len(src) < 1+int(src[0]) {
		return d, src, false
	}
	n := int(src[0])
	var b [16]byte
	copy(b[:], src[1:1+n])
	if b[n-1] >= 0x80 {
		for i := n; i < 16; i++ {
			b[i] = 0xff
		}
	}
	d.Lo = binary.LittleEndian.Uint64(b[:8])
	d.Hi = int64(binary.LittleEndian.Uint64(b[8:]))
	return d, src[1+n:], true
}

// Fixed-width images are memory copied, so this engine runs on little-endian machines only;
// here the compiler checks the layout of the one struct among them.
var _ = [1]struct{}{}[unsafe.Offsetof(Interval{}.Days)-8]
