package ranges

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Kind is what the bounds of a range are.
type Kind uint8

const (
	Int4 Kind = iota
	Int8
	Date      // days since 2000-01-01; the least and greatest are the infinities
	Timestamp // microseconds, with or without a zone
	Numeric
)

// Flags of a range, as PostgreSQL has them in its binary form.
const (
	Empty = 1 << iota
	LowerInc
	UpperInc
	LowerInf
	UpperInf
)

// Bound is one end of a range.
type Bound struct {
	Int       int64
	Dec       decimal.Dec // of Numeric
	Infinite  bool
	Inclusive bool
	Lower     bool
}

// Range is a range. The zero value is that of no bounds, which Make does not give.
type Range struct {
	Empty        bool
	Lower, Upper Bound
}

// None is the empty range.
var None = Range{Empty: true}

func compareValues(k Kind, a, b *Bound) int {
	if k == Numeric {
		return decimal.Cmp(a.Dec, b.Dec)
	}
	return cmp.Compare(a.Int, b.Int)
}

// side is a bound's infinity, -1 or 1, 0 for a finite one.
func (b *Bound) side() int {
	switch {
	case !b.Infinite:
		return 0
	case b.Lower:
		return -1
	}
	return 1
}

// compareBounds orders bounds as places between values.
func compareBounds(k Kind, a, b *Bound) int {
	if sa, sb := a.side(), b.side(); sa != 0 || sb != 0 {
		return cmp.Compare(sa, sb)
	}
	if c := compareValues(k, a, b); c != 0 {
		return c
	}
	return cmp.Compare(a.offset(), b.offset())
}

// offset is where a bound is beside its value: before it, at it, behind it.
func (b *Bound) offset() int {
	switch {
	case b.Inclusive:
		return 0
	case b.Lower:
		return 1
	}
	return -1
}

// Make is the range between two bounds, in canonical form: 22000 if they are in the wrong order.
func Make(k Kind, lower, upper Bound) (Range, error) {
	lower.Lower, upper.Lower = true, false
	r, err := between(k, lower, upper)
	if err != nil || r.Empty || k > Date {
		return r, err
	}
	if !lower.Infinite && !lower.Inclusive {
		if err := r.Lower.next(k); err != nil {
			return r, err
		}
	}
	if !upper.Infinite && upper.Inclusive {
		if err := r.Upper.next(k); err != nil {
			return r, err
		}
	}
	return between(k, r.Lower, r.Upper)
}

// between does not look for the canonical form.
func between(k Kind, lower, upper Bound) (Range, error) {
	if !lower.Infinite && !upper.Infinite {
		c := compareValues(k, &lower, &upper)
		if c > 0 {
			return None, sqlerr.New(sqlerr.DataException, "range lower bound must be less than or equal to range upper bound")
		}
		if c == 0 && !(lower.Inclusive && upper.Inclusive) {
			return None, nil
		}
	}
	lower.Inclusive = lower.Inclusive && !lower.Infinite
	upper.Inclusive = upper.Inclusive && !upper.Infinite
	return Range{Lower: lower, Upper: upper}, nil
}

// next makes an upper bound exclusive or a lower one inclusive: that of the value behind it.
func (b *Bound) next(k Kind) error {
	last, what := int64(math.MaxInt32), "integer out of range"
	switch k {
	case Int8:
		last, what = math.MaxInt64, "bigint out of range"
	case Date:
		if b.Int == math.MinInt32 || b.Int == math.MaxInt32 {
			return nil // infinity stays what it is
		}
		if b.Int >= lastDate {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range")
		}
	}
	if b.Int == last {
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s", what)
	}
	b.Int++
	b.Inclusive = b.Lower
	return nil
}

// lastDate is 5874897-12-31.
const lastDate = 2145031948

// Flags are those of the binary form.
func (r *Range) Flags() byte {
	if r.Empty {
		return Empty
	}
	flags := byte(0)
	switch {
	case r.Lower.Inclusive:
		flags |= LowerInc
	case r.Lower.Infinite:
		flags |= LowerInf
	}
	switch {
	case r.Upper.Inclusive:
		flags |= UpperInc
	case r.Upper.Infinite:
		flags |= UpperInf
	}
	return flags
}

// Append appends a range's value.
func Append(dst []byte, k Kind, r *Range) []byte {
	dst = append(dst, r.Flags())
	if r.Empty {
		return dst
	}
	return appendBound(appendBound(dst, k, &r.Lower), k, &r.Upper)
}

func appendBound(dst []byte, k Kind, b *Bound) []byte {
	switch {
	case b.Infinite:
		return dst
	case k != Numeric:
		return binary.LittleEndian.AppendUint64(dst, uint64(b.Int))
	}
	at := len(dst)
	dst = b.Dec.AppendBinary(append(dst, 0, 0, 0, 0))
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// Decode reads a range's value; rest is what follows. Bytes that are none are the empty range.
func Decode(k Kind, v []byte) (r Range, rest []byte) {
	if len(v) == 0 || v[0]&Empty != 0 {
		return None, v[min(1, len(v)):]
	}
	flags := v[0]
	v = v[1:]
	r.Lower = Bound{Lower: true, Inclusive: flags&LowerInc != 0, Infinite: flags&LowerInf != 0}
	r.Upper = Bound{Inclusive: flags&UpperInc != 0, Infinite: flags&UpperInf != 0}
	ok := true
	for _, b := range []*Bound{&r.Lower, &r.Upper} {
		if ok && !b.Infinite {
			v, ok = b.decode(k, v)
		}
	}
	if !ok {
		return None, nil
	}
	return r, v
}

func (b *Bound) decode(k Kind, v []byte) (rest []byte, ok bool) {
	if k != Numeric {
		if len(v) < 8 {
			return nil, false
		}
		b.Int = int64(binary.LittleEndian.Uint64(v))
		return v[8:], true
	}
	if len(v) < 4 {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(v)
	if uint64(n) > uint64(len(v)-4) {
		return nil, false
	}
	d, err := decimal.DecodeBinary(v[4 : 4+n])
	b.Dec = d
	return v[4+n:], err == nil
}
