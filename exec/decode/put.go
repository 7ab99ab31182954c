package decode

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// putter appends a JSON value that is not null to a builder of type t. raw is its text,
// without quotes for a string.
type putter func(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error

// putterOf chooses by type, once per column.
func putterOf(t sqltype.Type) putter {
	t = sqltype.BaseOf(t)
	if t.OID.Elem() != sqltype.Invalid {
		return arrayPutter(t)
	}
	switch t.OID {
	case sqltype.Text, sqltype.Varchar, sqltype.BPChar, sqltype.Name:
		if t.OID == sqltype.Text || t.OID == sqltype.Varchar && t.Mod < 0 {
			return putText
		}
		return putTextMod
	case sqltype.JSON, sqltype.JSONB:
		return putJSON
	case sqltype.Bool:
		return putBool
	case sqltype.Int2:
		return putInt[int16]
	case sqltype.Int4:
		return putInt[int32]
	case sqltype.Int8:
		return putInt[int64]
	case sqltype.Float4, sqltype.Float8:
		return putFloat
	case sqltype.Numeric:
		return putNumeric
	case sqltype.Timestamp, sqltype.Timestamptz:
		return putTimestamp
	}
	return putString
}

// fitter reports whether a value that is not null is surely one of its column's type; if not, a putter finds out.
type fitter func(v *slot) bool

// fitterOf chooses by type, once per column.
func fitterOf(t sqltype.Type) fitter {
	switch t = sqltype.BaseOf(t); {
	case t.OID == sqltype.Text || t.OID == sqltype.Varchar && t.Mod < 0:
		return func(v *slot) bool { return v.kind != kindEscaped }
	case t.OID == sqltype.Int8:
		return func(v *slot) bool { return v.kind == kindInt && v.end-v.from <= 18 }
	case t.OID == sqltype.Int4:
		return func(v *slot) bool { return v.kind == kindInt && v.end-v.from <= 9 }
	case t.OID == sqltype.Bool:
		return func(v *slot) bool { return v.kind == kindTrue || v.kind == kindFalse }
	}
	return func(*slot) bool { return false }
}

func errKind(k kind, t sqltype.Type) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "cannot convert JSON %s to type %s", k, sqltype.TypeName(t))
}

// putString takes strings alone, through the type's text input.
func putString(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	switch k {
	case kindString:
		return codec.AppendText(b, t, raw, codec.UTC)
	case kindEscaped:
		text, err := unescape(nil, raw)
		if err != nil {
			return err
		}
		return codec.AppendText(b, t, text, codec.UTC)
	}
	return errKind(k, t)
}

// putText takes a string's characters, or anything else's JSON text.
func putText(b *delta.Builder, _ sqltype.Type, raw []byte, k kind) error {
	if k != kindEscaped {
		b.AppendBytes(raw)
		return nil
	}
	buf := b.Var()
	out, err := unescape(buf, raw)
	if err != nil {
		b.SetVar(out[:len(buf)])
		return err
	}
	b.SetVar(out)
	b.EndBytes()
	return nil
}

// putTextMod is putText for types that cut, pad or refuse.
func putTextMod(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	if k == kindEscaped {
		return putString(b, t, raw, k)
	}
	return codec.AppendText(b, t, raw, codec.UTC)
}

// putJSON takes anything; a string comes with its quotes.
func putJSON(b *delta.Builder, t sqltype.Type, raw []byte, _ kind) error {
	if t.OID == sqltype.JSON {
		b.AppendBytes(raw)
		return nil
	}
	buf := b.Var()
	out, err := jsonb.Normalize(buf, raw)
	if err != nil {
		b.SetVar(out[:len(buf)])
		return err
	}
	b.SetVar(out)
	b.EndBytes()
	return nil
}

func putBool(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	switch k {
	case kindTrue:
		b.AppendBool(true)
	case kindFalse:
		b.AppendBool(false)
	default:
		return putString(b, t, raw, k)
	}
	return nil
}

// putInt takes integral numbers: 5, 5.0, 5e3.
func putInt[T int16 | int32 | int64](b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	switch k {
	case kindInt:
		v, ok := shortInt(raw)
		if ok && int64(T(v)) == v {
			delta.Append(b, T(v))
			return nil
		}
	case kindNumber:
	default:
		return putString(b, t, raw, k)
	}
	d, err := decimal.Parse(raw)
	if err != nil {
		return err
	}
	if v, ok := d.Exact64(); ok && int64(T(v)) == v {
		delta.Append(b, T(v))
		return nil
	}
	if d.IsFinite() && decimal.MinScale(d) > 0 {
		return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, sqltype.TypeName(t), raw)
	}
	return sqlerr.New(sqlerr.NumericValueOutOfRange, `value "%s" is out of range for type %s`, raw, sqltype.TypeName(t))
}

// shortInt reads up to 18 digits.
func shortInt(raw []byte) (int64, bool) {
	s, neg := raw, false
	if s[0] == '-' {
		s, neg = s[1:], true
	}
	if len(s) > 18 {
		return 0, false
	}
	v := int64(0)
	for _, c := range s {
		v = v*10 + int64(c-'0')
	}
	if neg {
		v = -v
	}
	return v, true
}

func putFloat(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	if k != kindInt && k != kindNumber {
		return putString(b, t, raw, k)
	}
	bits := 64
	if t.OID == sqltype.Float4 {
		bits = 32
	}
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(raw), len(raw)), bits)
	if err != nil || v == 0 {
		// Out of range, or perhaps an underflow: PostgreSQL's own reading decides.
		if v, err = sqltype.ParseFloat(raw, bits); err != nil {
			return err
		}
	}
	if bits == 32 {
		delta.Append(b, float32(v))
	} else {
		delta.Append(b, v)
	}
	return nil
}

func putNumeric(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	if k != kindInt && k != kindNumber {
		return putString(b, t, raw, k)
	}
	if t.Mod < 0 {
		if n, ok := shortNumeric(raw); ok {
			delta.Append(b, n)
			return nil
		}
	}
	d, err := decimal.Parse(raw)
	if err != nil {
		return err
	}
	if p, s, ok := sqltype.NumericMod(t.Mod); ok {
		if d, err = decimal.ApplyMod(d, p, s); err != nil {
			return err
		}
	}
	b.AppendNumeric(d)
	return nil
}

// shortNumeric reads a JSON number of up to 18 digits without exponent.
func shortNumeric(raw []byte) (n decimal.Num, ok bool) {
	s, neg := raw, false
	if s[0] == '-' {
		s, neg = s[1:], true
	}
	if len(s) > 19 {
		return n, false
	}
	v, scale, point := int64(0), 0, 0
	for _, c := range s {
		if c == '.' {
			point = 1
			continue
		}
		if c -= '0'; c > 9 {
			return n, false
		}
		v = v*10 + int64(c)
		scale += point
	}
	if len(s)-point > 18 {
		return n, false
	}
	if neg {
		v = -v
	}
	return decimal.New(v, scale).Num, true
}

// putTimestamp takes a number as epoch milliseconds, fractions to the microsecond.
func putTimestamp(b *delta.Builder, t sqltype.Type, raw []byte, k kind) error {
	var micros int64
	switch k {
	case kindInt, kindNumber:
		ms, ok := int64(0), false
		if k == kindInt {
			ms, ok = shortInt(raw)
		}
		if ok && ms < math.MaxInt64/1000 && ms > math.MinInt64/1000 {
			micros = ms * 1000
		} else if micros, ok = scaledMillis(raw); !ok {
			return errTimestamp(raw)
		}
	default:
		return putString(b, t, raw, k)
	}
	ts := micros + datetime.UnixEpochMicros
	if ts > micros || !datetime.ValidTimestamp(ts) {
		return errTimestamp(raw)
	}
	delta.Append(b, datetime.RoundMicros(ts, t.Mod))
	return nil
}

func errTimestamp(raw []byte) error {
	return sqlerr.New(sqlerr.DatetimeFieldOverflow, `timestamp out of range: "%s"`, raw)
}

// scaledMillis reads any JSON number of milliseconds as microseconds.
func scaledMillis(raw []byte) (int64, bool) {
	d, err := decimal.Parse(raw)
	if err != nil {
		return 0, false
	}
	if d, err = decimal.Mul(d, decimal.FromInt64(1000)); err != nil {
		return 0, false
	}
	v, err := d.ToInt64(64, "bigint")
	return v, err == nil
}

// unescape appends the characters of an escaped string that the scanner has checked. What no
// text can hold is said in the words of the detail: the row has no JSON of its own to show.
func unescape(dst, raw []byte) ([]byte, error) {
	dst, err := jsonb.Unescape(dst, raw)
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return dst, sqlerr.New(e.Code, "%s", strings.TrimSuffix(e.Detail, "."))
	}
	return dst, err
}
