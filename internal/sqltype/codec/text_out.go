package codec

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// FormatText appends the text of a value that is not NULL, as its output function does.
func FormatText(dst []byte, col *delta.Column, row int32, env *Env) []byte {
	i := col.At(row)
	switch col.Type {
	case sqltype.Text, sqltype.Varchar, sqltype.BPChar, sqltype.Name, sqltype.JSON, sqltype.JSONB, sqltype.Unknown:
		return append(dst, col.Bytes(row)...)
	case sqltype.Int4:
		return strconv.AppendInt(dst, int64(delta.Values[int32](col)[i]), 10)
	case sqltype.Int8:
		return strconv.AppendInt(dst, delta.Values[int64](col)[i], 10)
	case sqltype.Int2:
		return strconv.AppendInt(dst, int64(delta.Values[int16](col)[i]), 10)
	case sqltype.OIDType, sqltype.Regproc:
		return strconv.AppendUint(dst, uint64(uint32(delta.Values[int32](col)[i])), 10)
	case sqltype.Numeric:
		return col.Numeric(row).AppendText(dst)
	case sqltype.Bool:
		if delta.Values[uint8](col)[i] != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case sqltype.UUID:
		return AppendUUID(dst, delta.Values[[16]byte](col)[i])
	}
	return formatSettings(dst, col, row, env.orDefault())
}

// formatSettings formats the types whose text depends on settings.
func formatSettings(dst []byte, col *delta.Column, row int32, env *Env) []byte {
	i := col.At(row)
	switch col.Type {
	case sqltype.Float8:
		return env.float(dst, delta.Values[float64](col)[i], 64)
	case sqltype.Float4:
		return env.float(dst, float64(delta.Values[float32](col)[i]), 32)
	case sqltype.Timestamp:
		return datetime.AppendTimestamp(dst, delta.Values[int64](col)[i], ' ')
	case sqltype.Timestamptz:
		return datetime.AppendTimestamptz(dst, delta.Values[int64](col)[i], env.Location, ' ')
	case sqltype.Date:
		return datetime.AppendDate(dst, delta.Values[int32](col)[i])
	case sqltype.Time:
		return datetime.AppendTime(dst, delta.Values[int64](col)[i])
	case sqltype.Interval:
		return datetime.AppendInterval(dst, delta.Values[delta.Interval](col)[i], env.IntervalStyle)
	case sqltype.Bytea:
		return AppendBytea(dst, col.Bytes(row), env.ByteaEscape)
	case sqltype.Char:
		v := col.Bytes(row)
		switch {
		case len(v) == 0 || v[0] == 0:
			return dst
		case v[0] >= 0x80:
			return append(dst, '\\', '0'+v[0]>>6, '0'+v[0]>>3&7, '0'+v[0]&7)
		}
		return append(dst, v[0])
	}
	return dst
}

func (e *Env) float(dst []byte, v float64, bits int) []byte {
	if e.FewFloatDigits {
		return appendFloatDigits(dst, v, bits, e.ExtraFloatDigits)
	}
	return AppendFloat(dst, v, bits)
}
