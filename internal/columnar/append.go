package columnar

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// appendArray appends the values of a to b.
func appendArray(b *delta.Builder, t sqltype.Type, a arrow.Array, env *codec.Env) error {
	t = sqltype.BaseOf(t)
	if d, ok := a.(*array.Dictionary); ok {
		return appendDictionary(b, t, d, env)
	}
	one, err := appender(b, t, a, env)
	if err != nil {
		return err
	}
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
		} else if err := one(i); err != nil {
			return err
		}
	}
	return nil
}

// appendDictionary reads each value once and picks rows by index.
func appendDictionary(b *delta.Builder, t sqltype.Type, d *array.Dictionary, env *codec.Env) error {
	values := delta.NewBuilder(b.Type())
	if err := appendArray(values, t, d.Dictionary(), env); err != nil {
		return err
	}
	sel := make([]int32, d.Len())
	for i := range sel {
		if sel[i] = -1; !d.IsNull(i) {
			sel[i] = int32(d.GetValueIndex(i))
			if int(sel[i]) >= values.Len() || sel[i] < 0 {
				return sqlerr.New(sqlerr.BadCopyFileFormat, "dictionary index %d of %d values", sel[i], values.Len())
			}
		}
	}
	c := values.Column()
	b.Gather(&c, sel)
	return nil
}

// appender is how one value of a goes into b; 42804 when the types do not fit.
func appender(b *delta.Builder, t sqltype.Type, a arrow.Array, env *codec.Env) (func(i int) error, error) {
	if text := textOf(a); text != nil {
		return func(i int) error { return codec.AppendText(b, t, []byte(text(i)), env) }, nil
	}
	if whole := wholeOf(a); whole != nil {
		if f := appendWhole(b, t, whole); f != nil {
			return f, nil
		}
	}
	var f func(i int) error
	switch t.OID {
	case sqltype.Bool:
		if a, ok := a.(*array.Boolean); ok {
			f = func(i int) error { b.AppendBool(a.Value(i)); return nil }
		}
	case sqltype.Float4, sqltype.Float8:
		f = appendFloat(b, t, a)
	case sqltype.Numeric:
		f = appendNumeric(b, t, a, env)
	case sqltype.Bytea:
		if bytes := bytesOf(a); bytes != nil {
			f = func(i int) error { b.AppendBytes(bytes(i)); return nil }
		}
	case sqltype.UUID:
		if a, ok := a.(*array.FixedSizeBinary); ok && a.DataType().(*arrow.FixedSizeBinaryType).ByteWidth == 16 {
			f = func(i int) error { delta.Append(b, [16]byte(a.Value(i))); return nil }
		}
	default:
		f = appendTime(b, t, a)
	}
	if f == nil {
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "values of Arrow type %s do not fit type %s", a.DataType(), t)
	}
	return f, nil
}

// textOf reads a as text, nil if it is none.
func textOf(a arrow.Array) func(i int) string {
	switch a := a.(type) {
	case *array.String:
		return a.Value
	case *array.LargeString:
		return a.Value
	case *array.StringView:
		return a.Value
	}
	return nil
}

func bytesOf(a arrow.Array) func(i int) []byte {
	switch a := a.(type) {
	case *array.Binary:
		return a.Value
	case *array.LargeBinary:
		return a.Value
	case *array.BinaryView:
		return a.Value
	case *array.FixedSizeBinary:
		return a.Value
	}
	return nil
}

// wholeOf reads a as whole numbers; ok is false past int64.
func wholeOf(a arrow.Array) func(i int) (v int64, ok bool) {
	switch a := a.(type) {
	case *array.Int8:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int16:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int32:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int64:
		return func(i int) (int64, bool) { return a.Value(i), true }
	case *array.Uint8:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint16:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint32:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint64:
		return func(i int) (int64, bool) { return int64(a.Value(i)), a.Value(i) <= math.MaxInt64 }
	}
	return nil
}

// appendWhole puts whole numbers into a column of numbers, nil for another type.
func appendWhole(b *delta.Builder, t sqltype.Type, value func(int) (int64, bool)) func(int) error {
	put := func(least, most int64, name string, put func(int64)) func(int) error {
		return func(i int) error {
			v, ok := value(i)
			if !ok || v < least || v > most {
				return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", name)
			}
			put(v)
			return nil
		}
	}
	switch t.OID {
	case sqltype.Int2:
		return put(math.MinInt16, math.MaxInt16, "smallint", func(v int64) { delta.Append(b, int16(v)) })
	case sqltype.Int4:
		return put(math.MinInt32, math.MaxInt32, "integer", func(v int64) { delta.Append(b, int32(v)) })
	case sqltype.Int8:
		return put(math.MinInt64, math.MaxInt64, "bigint", func(v int64) { delta.Append(b, v) })
	case sqltype.OIDType:
		return put(0, math.MaxUint32, "OID", func(v int64) { delta.Append(b, int32(uint32(v))) })
	case sqltype.Numeric:
		return func(i int) error {
			v, ok := value(i)
			if !ok {
				return sqlerr.New(sqlerr.NumericValueOutOfRange, "bigint out of range")
			}
			return putNumeric(b, t, decimal.FromInt64(v))
		}
	}
	return nil
}

func putNumeric(b *delta.Builder, t sqltype.Type, d decimal.Dec) error {
	if p, s, ok := sqltype.NumericMod(t.Mod); ok {
		var err error
		if d, err = decimal.ApplyMod(d, p, s); err != nil {
			return err
		}
	}
	b.AppendNumeric(d)
	return nil
}

func appendFloat(b *delta.Builder, t sqltype.Type, a arrow.Array) func(int) error {
	switch a := a.(type) {
	case *array.Float32:
		if t.OID == sqltype.Float4 {
			return func(i int) error { delta.Append(b, a.Value(i)); return nil }
		}
		return func(i int) error { delta.Append(b, float64(a.Value(i))); return nil }
	case *array.Float64:
		if t.OID == sqltype.Float8 {
			return func(i int) error { delta.Append(b, a.Value(i)); return nil }
		}
	}
	return nil
}

// appendNumeric goes by text: exact for every width of decimal.
func appendNumeric(b *delta.Builder, t sqltype.Type, a arrow.Array, env *codec.Env) func(int) error {
	var text func(i int) string
	switch a := a.(type) {
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		text = func(i int) string { return a.Value(i).ToString(scale) }
	case *array.Decimal256:
		scale := a.DataType().(*arrow.Decimal256Type).Scale
		text = func(i int) string { return a.Value(i).ToString(scale) }
	case *array.Float64:
		return func(i int) error { return putNumeric(b, t, decimal.FromFloat64(a.Value(i))) }
	case *array.Float32:
		return func(i int) error { return putNumeric(b, t, decimal.FromFloat32(a.Value(i))) }
	default:
		return nil
	}
	return func(i int) error { return codec.AppendText(b, t, []byte(text(i)), env) }
}

// appendTime is dates, times and intervals.
func appendTime(b *delta.Builder, t sqltype.Type, a arrow.Array) func(int) error {
	switch a := a.(type) {
	case *array.Date32:
		if t.OID == sqltype.Date {
			return func(i int) error { return putDate(b, int32(a.Value(i))) }
		}
	case *array.Timestamp:
		return appendTimestamp(b, t, a)
	case *array.Time32:
		if unit := a.DataType().(*arrow.Time32Type).Unit; t.OID == sqltype.Time {
			return func(i int) error { return putTime(b, t, int64(a.Value(i)), unit) }
		}
	case *array.Time64:
		if unit := a.DataType().(*arrow.Time64Type).Unit; t.OID == sqltype.Time {
			return func(i int) error { return putTime(b, t, int64(a.Value(i)), unit) }
		}
	case *array.MonthDayNanoInterval:
		if t.OID == sqltype.Interval {
			return func(i int) error {
				v := a.Value(i)
				out := delta.Interval{Months: v.Months, Days: v.Days, Micros: roundTo(v.Nanoseconds, 1000)}
				delta.Append(b, datetime.ApplyIntervalMod(out, sqltype.IntervalFields(t.Mod), sqltype.IntervalPrecision(t.Mod)))
				return nil
			}
		}
	}
	return nil
}

// appendTimestamp takes a timestamp with a zone for timestamptz only, and one without for
// timestamp only: anything else would guess which zone was meant.
func appendTimestamp(b *delta.Builder, t sqltype.Type, a *array.Timestamp) func(int) error {
	at := a.DataType().(*arrow.TimestampType)
	if (t.OID != sqltype.Timestamp || at.TimeZone != "") && (t.OID != sqltype.Timestamptz || at.TimeZone == "") {
		return nil
	}
	return func(i int) error {
		v, ok := micros(int64(a.Value(i)), at.Unit)
		if ok && datetime.FiniteTimestamp(v) {
			v = datetime.RoundMicros(v-epochMicros, t.Mod)
			ok = datetime.ValidTimestamp(v)
		}
		if !ok {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
		}
		delta.Append(b, v)
		return nil
	}
}

func putDate(b *delta.Builder, v int32) error {
	if datetime.FiniteDate(v) {
		if int64(v)-epochDays < math.MinInt32 || !datetime.ValidDate(v-epochDays) {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range")
		}
		v -= epochDays
	}
	delta.Append(b, v)
	return nil
}

func putTime(b *delta.Builder, t sqltype.Type, v int64, unit arrow.TimeUnit) error {
	v, ok := micros(v, unit)
	if !ok || v < 0 || v > 86_400_000_000 {
		return sqlerr.New(sqlerr.DatetimeFieldOverflow, "time out of range")
	}
	delta.Append(b, datetime.RoundMicros(v, t.Mod))
	return nil
}

// micros brings v to microseconds, rounding as PostgreSQL's input does; false past int64.
func micros(v int64, unit arrow.TimeUnit) (int64, bool) {
	switch unit {
	case arrow.Second:
		return v * 1_000_000, v >= math.MinInt64/1_000_000 && v <= math.MaxInt64/1_000_000
	case arrow.Millisecond:
		return v * 1000, v >= math.MinInt64/1000 && v <= math.MaxInt64/1000
	case arrow.Nanosecond:
		return roundTo(v, 1000), true
	}
	return v, true
}

// roundTo divides by unit to the nearest, halves away from zero.
func roundTo(v, unit int64) int64 {
	q, r := v/unit, v%unit
	switch {
	case r*2 >= unit:
		q++
	case r*2 <= -unit:
		q--
	}
	return q
}
