package parquet

import (
	"math"
	"math/big"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/float16"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// wide makes arrays of rows from values: in the Arrow type's layout, and with room for NULLs. Its
// arrays are valid until the next one.
type wide struct {
	valid     []byte
	fixed     []byte // values in Arrow's layout
	out       []byte // the same with room for NULLs
	positions []byte // of bytes: offsets
}

func (w *wide) size() int64 {
	return int64(cap(w.valid) + cap(w.fixed) + cap(w.out) + cap(w.positions))
}

// array is the rows of c that marks say: 1 is the next value of v, 0 NULL.
func (w *wide) array(c *column, v *values, marks []uint32) (arrow.Array, error) {
	nulls := w.validity(marks)
	buffers := []*arrowmemory.Buffer{arrowmemory.NewBufferBytes(w.valid)}
	if c.width == 0 && c.form == formSame {
		w.offsets(v, marks)
		buffers = append(buffers, arrowmemory.NewBufferBytes(w.positions), arrowmemory.NewBufferBytes(v.bytes))
	} else {
		fixed, width, err := w.convert(c, v)
		if err != nil {
			return nil, err
		}
		if nulls > 0 {
			fixed = w.spread(fixed, width, marks)
		}
		if c.form == formBits {
			fixed = w.bits(fixed)
		}
		buffers = append(buffers, arrowmemory.NewBufferBytes(fixed))
	}
	data := array.NewData(c.typ, len(marks), buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

func (w *wide) validity(marks []uint32) (nulls int) {
	w.valid = append(w.valid[:0], make([]byte, (len(marks)+7)/8)...)
	nulls = len(marks)
	for i, m := range marks {
		w.valid[i>>3] |= byte(m) << (i & 7)
		nulls -= int(m)
	}
	return nulls
}

func (w *wide) offsets(v *values, marks []uint32) {
	w.positions = le.AppendUint32(w.positions[:0], 0)
	next, end := 0, uint32(0)
	for _, m := range marks {
		if m == 1 {
			end = v.ends[next]
			next++
		}
		w.positions = le.AppendUint32(w.positions, end)
	}
}

// spread leaves a hole for each NULL.
func (w *wide) spread(fixed []byte, width int, marks []uint32) []byte {
	w.out = slices.Grow(w.out[:0], width*len(marks))[:width*len(marks)]
	for i, m := range marks {
		if m == 1 {
			copy(w.out[i*width:], fixed[:width])
			fixed = fixed[width:]
		} else {
			clear(w.out[i*width : (i+1)*width])
		}
	}
	return w.out
}

// bits packs booleans, a byte each, in their own place.
func (w *wide) bits(b []byte) []byte {
	for i := 0; i < len(b); i += 8 {
		var packed byte
		for j, v := range b[i:min(i+8, len(b))] {
			packed |= v << j
		}
		b[i/8] = packed
	}
	return b[:(len(b)+7)/8]
}

// convert brings values to the layout of c's Arrow type.
func (w *wide) convert(c *column, v *values) (fixed []byte, width int, err error) {
	n := len(v.ends)
	if v.width > 0 {
		n = len(v.fixed) / v.width
	}
	w.fixed = w.fixed[:0]
	switch c.form {
	case formInt96:
		for i := range n {
			at, err := julian(v.at(i))
			if err != nil {
				return nil, 0, err
			}
			w.fixed = le.AppendUint64(w.fixed, uint64(at))
		}
		return w.fixed, 8, nil
	case formHalf:
		for i := range n {
			half := float16.FromBits(le.Uint16(v.at(i)))
			w.fixed = le.AppendUint32(w.fixed, math.Float32bits(half.Float32()))
		}
		return w.fixed, 4, nil
	case formInterval:
		for i := range n {
			b := v.at(i)
			months, days, millis := le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:])
			if months > math.MaxInt32 || days > math.MaxInt32 {
				return nil, 0, sqlerr.New(sqlerr.IntervalFieldOverflow, "interval out of range")
			}
			w.fixed = le.AppendUint32(w.fixed, months)
			w.fixed = le.AppendUint32(w.fixed, days)
			w.fixed = le.AppendUint64(w.fixed, uint64(millis)*1_000_000)
		}
		return w.fixed, 16, nil
	case formDecimal:
		return w.decimals(c, v, n)
	}
	return v.fixed, v.width, nil
}

// decimals become little-endian numbers of 16 or 32 bytes.
func (w *wide) decimals(c *column, v *values, n int) ([]byte, int, error) {
	width, digits := 16, int32(0)
	switch t := c.typ.(type) {
	case *arrow.Decimal128Type:
		digits = t.Precision
	case *arrow.Decimal256Type:
		width, digits = 32, t.Precision
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	var number big.Int
	for i := range n {
		b := v.at(i)
		at := len(w.fixed)
		w.fixed = append(w.fixed, make([]byte, width)...)
		out := w.fixed[at:]
		negative := false
		if c.phys == physInt32 || c.phys == physInt64 {
			negative = b[len(b)-1]&0x80 != 0
			extend(out, negative)
			copy(out, b)
		} else {
			negative = len(b) > 0 && b[0]&0x80 != 0
			for len(b) > width { // what only repeats the sign
				if (b[0] != 0 || negative) && (b[0] != 0xff || !negative) {
					return nil, 0, errDecimal(c, digits)
				}
				b = b[1:]
			}
			if len(b) == width && (b[0]&0x80 != 0) != negative {
				return nil, 0, errDecimal(c, digits)
			}
			extend(out, negative)
			for j, d := range b {
				out[len(b)-1-j] = d
			}
		}
		if setAbs(&number, out, negative).Cmp(limit) >= 0 {
			return nil, 0, errDecimal(c, digits)
		}
	}
	return w.fixed, width, nil
}

func errDecimal(c *column, digits int32) error {
	return bad("column %q has a decimal of more than %d digits", c.name, digits)
}

func extend(b []byte, negative bool) {
	if negative {
		for i := range b {
			b[i] = 0xff
		}
	}
}

// setAbs makes z the absolute value of a little-endian number.
func setAbs(z *big.Int, b []byte, negative bool) *big.Int {
	words := z.Bits()[:0]
	carry := uint64(0)
	if negative {
		carry = 1
	}
	for i := 0; i < len(b); i += 8 {
		word := le.Uint64(b[i:])
		if negative {
			word = ^word + carry
			if word != 0 {
				carry = 0
			}
		}
		words = append(words, big.Word(word))
	}
	return z.SetBits(words)
}

// julian is microseconds since 1970 of an INT96: nanoseconds of a day, and the day by Julian count.
func julian(b []byte) (int64, error) {
	const unixDay, dayMicros = 2_440_588, 86_400_000_000
	nanos, day := int64(le.Uint64(b)), int64(int32(le.Uint32(b[8:])))-unixDay
	micros := nanos / 1000
	switch rest := nanos % 1000; {
	case rest >= 500:
		micros++
	case rest <= -500:
		micros--
	}
	const most = math.MaxInt64/dayMicros - 1
	if day > most || day < -most || micros > dayMicros || micros < -dayMicros {
		return 0, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
	}
	return day*dayMicros + micros, nil
}
