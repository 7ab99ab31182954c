package decimal

import (
	"math"
	"strconv"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// ToInt64 rounds half away from zero to an integer of so many bits (16, 32, 64); name is the
// type for the error.
func (d Dec) ToInt64(bits int, name string) (int64, error) {
	switch d.Flag {
	case NaN:
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert NaN to %s", name)
	case PosInf, NegInf:
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "cannot convert infinity to %s", name)
	}
	if v, ok := d.rounded(0, halfUp).int64(); ok && v >= math.MinInt64>>(64-bits) && v <= math.MaxInt64>>(64-bits) {
		return v, nil
	}
	return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", name)
}

// int64 is the value of a number with scale 0.
func (d Dec) int64() (int64, bool) {
	if d.Flag != Finite {
		return 0, false
	}
	return int64(d.Lo), d.Hi == int64(d.Lo)>>63
}

// Exact64 is the value of d if it is an integer that fits 64 bits.
func (d Dec) Exact64() (int64, bool) {
	if d.Flag == Finite && d.Scale == 0 {
		return d.int64()
	}
	if !d.IsFinite() || MinScale(d) > 0 {
		return 0, false
	}
	return d.rounded(0, toZero).int64()
}

// Float64 is the nearest double; a number past its range is an error, as in PostgreSQL.
func (d Dec) Float64() (float64, error) {
	switch d.Flag {
	case NaN:
		return math.NaN(), nil
	case PosInf:
		return math.Inf(1), nil
	case NegInf:
		return math.Inf(-1), nil
	}
	return d.parseFloat(64, "double precision")
}

// Float32 is the nearest real.
func (d Dec) Float32() (float32, error) {
	if !d.IsFinite() {
		f, _ := d.Float64()
		return float32(f), nil
	}
	f, err := d.parseFloat(32, "real")
	return float32(f), err
}

func (d Dec) parseFloat(bits int, name string) (float64, error) {
	var buf [64]byte
	s := d.AppendText(buf[:0])
	f, err := strconv.ParseFloat(string(s), bits)
	if err != nil || f == 0 && !d.IsZero() {
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, `"%s" is out of range for type %s`, s, name)
	}
	return f, nil
}

// FromFloat64 is the numeric of a double with 15 significant digits, as PostgreSQL's cast.
func FromFloat64(f float64) Dec { return fromFloat(f, 15, 64) }

// FromFloat32 is the numeric of a real with 6 significant digits.
func FromFloat32(f float32) Dec { return fromFloat(float64(f), 6, 32) }

func fromFloat(f float64, digits, bits int) Dec {
	switch {
	case f != f:
		return NotANumber
	case math.IsInf(f, 1):
		return Infinity
	case math.IsInf(f, -1):
		return MinusInf
	}
	var buf [64]byte
	s := strconv.AppendFloat(buf[:0], f, 'e', digits-1, bits)
	// C's %g drops trailing zeros of the mantissa.
	e := 0
	for s[e] != 'e' {
		e++
	}
	k := e
	for s[k-1] == '0' {
		k--
	}
	if s[k-1] == '.' {
		k--
	}
	d, err := Parse(append(append(make([]byte, 0, 32), s[:k]...), s[e:]...))
	if err != nil {
		return NotANumber
	}
	return d
}
