package columnar

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Arrow counts from 1970, PostgreSQL from 2000.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86_400_000_000
)

var le = binary.LittleEndian

// convert writes the values of c in the layout of t, whose values are fixed-width, into dst.
func convert(dst []byte, t arrow.DataType, c *delta.Column) ([]byte, error) {
	dst = dst[:0]
	switch t := t.(type) {
	case *arrow.BooleanType:
		return packBools(dst, delta.Values[uint8](c)), nil
	case *arrow.Date32Type:
		for _, v := range delta.Values[int32](c) {
			if datetime.FiniteDate(v) { // an infinite one is the least or greatest number in both
				v += epochDays
			}
			dst = le.AppendUint32(dst, uint32(v))
		}
		return dst, nil
	case *arrow.TimestampType:
		return appendTimestamps(dst, c)
	case *arrow.MonthDayNanoIntervalType:
		return appendIntervals(dst, c)
	case *arrow.Decimal128Type:
		return appendDecimals(dst, t, c)
	}
	return nil, sqlerr.New(sqlerr.FeatureNotSupported, "no Arrow form of type %s", c.Type)
}

func packBools(dst []byte, v []uint8) []byte {
	dst = append(dst, make([]byte, (len(v)+7)/8)...)
	for i, b := range v {
		dst[i>>3] |= (b & 1) << (uint(i) & 7)
	}
	return dst
}

func appendTimestamps(dst []byte, c *delta.Column) ([]byte, error) {
	for i, v := range delta.Values[int64](c) {
		if datetime.FiniteTimestamp(v) {
			if v > math.MaxInt64-epochMicros { // the last years of PostgreSQL's range
				if !c.Null(int32(i)) {
					return nil, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range of Arrow's microseconds")
				}
				v = 0
			}
			v += epochMicros
		}
		dst = le.AppendUint64(dst, uint64(v))
	}
	return dst, nil
}

func appendIntervals(dst []byte, c *delta.Column) ([]byte, error) {
	for i, v := range delta.Values[delta.Interval](c) {
		if v.Micros > math.MaxInt64/1000 || v.Micros < math.MinInt64/1000 {
			if c.Null(int32(i)) {
				v = delta.Interval{}
			} else {
				return nil, sqlerr.New(sqlerr.IntervalFieldOverflow, "interval out of range of Arrow's nanoseconds")
			}
		}
		dst = le.AppendUint32(dst, uint32(v.Months))
		dst = le.AppendUint32(dst, uint32(v.Days))
		dst = le.AppendUint64(dst, uint64(v.Micros*1000))
	}
	return dst, nil
}

func appendDecimals(dst []byte, t *arrow.Decimal128Type, c *delta.Column) ([]byte, error) {
	for i, n := range delta.Values[decimal.Num](c) {
		if c.Null(int32(i)) {
			dst = append(dst, make([]byte, 16)...)
			continue
		}
		// A value of a numeric(p, s) has scale s and fits, unless it is no number.
		if n.Flag == decimal.Finite && int32(n.Scale) != t.Scale {
			d, err := decimal.ApplyMod(n.Load(c.Var), int(t.Precision), int(t.Scale))
			if err != nil {
				return nil, err
			}
			n = d.Num
		}
		if n.Flag != decimal.Finite {
			return nil, sqlerr.New(sqlerr.NumericValueOutOfRange, "%s has no Arrow form in %s", n.Load(c.Var), t).
				WithHint("Cast the column to text.")
		}
		dst = le.AppendUint64(dst, n.Lo)
		dst = le.AppendUint64(dst, uint64(n.Hi))
	}
	return dst, nil
}

// asText writes the values of c as text into dst, which is used again: the result's bytes and,
// apart, their offsets.
func asText(dst []byte, c *delta.Column) (offsets, text []byte, err error) {
	dst = dst[:0]
	offsets = slices.Grow[[]byte](nil, 4*(c.Len+1))
	offsets = le.AppendUint32(offsets, 0)
	for i := range int32(c.Len) {
		if !c.Null(i) {
			dst = codec.FormatText(dst, c, i, codec.UTC)
		}
		if len(dst) > math.MaxInt32 {
			return nil, nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "a column of one batch is over 2 GiB of text")
		}
		offsets = le.AppendUint32(offsets, uint32(len(dst)))
	}
	return offsets, dst, nil
}
