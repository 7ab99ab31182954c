package sqltype

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

func valueAt[T Fixed](v *Vec, row int32) T { return Values[T](v)[v.At(row)] }

func textBytes(dst []byte, v *Vec, row int32, _ *Env) []byte { return append(dst, v.Bytes(row)...) }

func textInts[T int16 | int32 | int64](dst []byte, v *Vec, row int32, _ *Env) []byte {
	return strconv.AppendInt(dst, int64(valueAt[T](v, row)), 10)
}

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

func textOID(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return strconv.AppendUint(dst, uint64(uint32(valueAt[int32](v, row))), 10)
}

func textNumeric(dst []byte, v *Vec, row int32, _ *Env) []byte { return v.Numeric(row).AppendText(dst) }

func textBool(dst []byte, v *Vec, row int32, _ *Env) []byte {
	if valueAt[uint8](v, row) != 0 {
		return append(dst, 't')
	}
	return append(dst, 'f')
}

func textUUID(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return AppendUUID(dst, valueAt[[16]byte](v, row))
}

func textFloat8(dst []byte, v *Vec, row int32, env *Env) []byte {
	return env.float(dst, valueAt[float64](v, row), 64)
}

func textFloat4(dst []byte, v *Vec, row int32, env *Env) []byte {
	return env.float(dst, float64(valueAt[float32](v, row)), 32)
}

func (e *Env) float(dst []byte, v float64, bits int) []byte {
	if e != nil && e.FewFloatDigits {
		return appendFloatDigits(dst, v, bits, e.ExtraFloatDigits)
	}
	return AppendFloat(dst, v, bits)
}

func textTimestamp(dst []byte, v *Vec, row int32, env *Env) []byte {
	return env.OrDefault().DateStyle.AppendTimestamp(dst, valueAt[int64](v, row))
}

func textTimestamptz(dst []byte, v *Vec, row int32, env *Env) []byte {
	env = env.OrDefault()
	return env.DateStyle.AppendTimestamptz(dst, valueAt[int64](v, row), env.Location)
}

func textDate(dst []byte, v *Vec, row int32, env *Env) []byte {
	return env.OrDefault().DateStyle.AppendDate(dst, valueAt[int32](v, row))
}

func textTime(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return datetime.AppendTime(dst, valueAt[int64](v, row))
}

func textTimetz(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return datetime.AppendTimeTZ(dst, valueAt[[16]byte](v, row))
}

func textMoney(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return AppendMoney(dst, valueAt[int64](v, row))
}

func textInterval(dst []byte, v *Vec, row int32, env *Env) []byte {
	return datetime.AppendInterval(dst, valueAt[datetime.Interval](v, row), env.OrDefault().IntervalStyle)
}

func textBytea(dst []byte, v *Vec, row int32, env *Env) []byte {
	return AppendBytea(dst, v.Bytes(row), env.OrDefault().ByteaEscape)
}

func textChar(dst []byte, col *Vec, row int32, _ *Env) []byte {
	v := col.Bytes(row)
	switch {
	case len(v) == 0 || v[0] == 0:
		return dst
	case v[0] >= 0x80:
		return append(dst, '\\', '0'+v[0]>>6, '0'+v[0]>>3&7, '0'+v[0]&7)
	}
	return append(dst, v[0])
}

func sendBool(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return append(dst, valueAt[uint8](v, row))
}

func sendInt16(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(valueAt[int16](v, row)))
}

func sendInt32(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(valueAt[int32](v, row)))
}

func sendInt64(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(valueAt[int64](v, row)))
}

func sendFloat4(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(valueAt[float32](v, row)))
}

func sendFloat8(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(valueAt[float64](v, row)))
}

func sendNumeric(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return v.Numeric(row).AppendBinary(dst)
}

func sendUUID(dst []byte, v *Vec, row int32, _ *Env) []byte {
	u := valueAt[[16]byte](v, row)
	return append(dst, u[:]...)
}

func sendTimetz(dst []byte, v *Vec, row int32, _ *Env) []byte {
	us, west := datetime.SplitTimeTZ(valueAt[[16]byte](v, row))
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(dst, uint64(us)), uint32(west))
}

func sendInterval(dst []byte, v *Vec, row int32, _ *Env) []byte {
	i := valueAt[datetime.Interval](v, row)
	dst = binary.BigEndian.AppendUint64(dst, uint64(i.Micros))
	dst = binary.BigEndian.AppendUint32(dst, uint32(i.Days))
	return binary.BigEndian.AppendUint32(dst, uint32(i.Months))
}

func sendChar(dst []byte, v *Vec, row int32, _ *Env) []byte {
	if len(v.Bytes(row)) == 0 {
		return append(dst, 0)
	}
	return append(dst, v.Bytes(row)...)
}

// sendVersioned is the text of a jsonb or jsonpath; the version of the form comes first.
func sendVersioned(dst []byte, v *Vec, row int32, _ *Env) []byte {
	return append(append(dst, 1), v.Bytes(row)...)
}
