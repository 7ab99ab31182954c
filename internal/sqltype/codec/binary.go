package codec

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/jsonpath"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/bitstring"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/internal/sqltype/network"
	"github.com/tributary-db/tributary/internal/tsearch"
	"github.com/tributary-db/tributary/internal/xid"
)

func errShort() error {
	return sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
}

func errBinary() error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "incorrect binary data format")
}

// AppendBinary reads src as the receive function of t does, typmod included, and appends it.
func AppendBinary(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	t = sqltype.BaseOf(t)
	switch p := t.OID.Phys(); p {
	case sqltype.PhysBytes:
		if sqltype.IsComposite(t.OID) {
			return appendBinaryRecord(b, t, src, env)
		}
		return appendBinaryBytes(b, t, src, env)
	case sqltype.PhysNumeric:
		d, err := decimal.DecodeBinary(src)
		if err == nil {
			d, err = applyNumericMod(d, t.Mod)
		}
		if err == nil {
			b.AppendNumeric(d)
		}
		return err
	case sqltype.PhysNone:
		return sqlerr.New(sqlerr.FeatureNotSupported, "no binary input function available for type %s", sqltype.TypeName(t))
	default:
		switch t.OID {
		case sqltype.MACAddr, sqltype.MACAddr8:
			return appendBinaryMAC(b, t.OID, src)
		case sqltype.Timetz:
			return appendBinaryTimetz(b, t, src)
		}
		if sqltype.EnumOf(t.OID) != nil {
			return AppendText(b, t, src, env)
		}
		if len(src) < p.Size() {
			return errShort()
		}
		if len(src) > p.Size() {
			return errBinary()
		}
		return appendBinaryFixed(b, t, p, src)
	}
}

func appendBinaryBytes(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	if t.OID.Elem() != sqltype.Invalid {
		return appendBinaryArray(b, t, src, env)
	}
	if sqltype.RangeOf(t.OID) != nil {
		return appendBinaryRange(b, t.OID, src, env)
	}
	if g, ok := geometricIn[t.OID]; ok {
		return appendDecoded(b, src, g.decode)
	}
	switch t.OID {
	case sqltype.Bytea:
		b.AppendBytes(src)
		return nil
	case sqltype.Char:
		switch {
		case len(src) == 0:
			return errShort()
		case len(src) > 1:
			return errBinary()
		}
		b.AppendBytes(bytes.TrimRight(src, "\x00"))
		return nil
	case sqltype.Bit, sqltype.Varbit:
		if len(src) < 4 {
			return errShort()
		}
		n := int32(binary.BigEndian.Uint32(src))
		switch data := src[4:]; {
		case n < 0 || n > bitstring.MaxLen:
			return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "invalid length in external bit string")
		case len(data) < bitstring.Size(n):
			return errShort()
		case len(data) > bitstring.Size(n):
			return errBinary()
		}
		if err := bitstring.CheckLen(n, t.Mod, t.OID == sqltype.Varbit); err != nil {
			return err
		}
		return appendVar(b, src[4:], func(dst, data []byte) ([]byte, error) { return bitstring.Append(dst, data, n), nil })
	case sqltype.Inet, sqltype.CIDR:
		v, err := network.DecodeBinary(src, t.OID == sqltype.CIDR)
		if err == nil {
			b.AppendBytes(v)
		}
		return err
	case sqltype.Snapshot, sqltype.TxidSnapshot:
		return appendDecoded(b, src, xid.Decode)
	case sqltype.TSVector:
		return appendDecoded(b, src, tsearch.DecodeVector)
	case sqltype.TSQuery:
		return appendDecoded(b, src, tsearch.DecodeQuery)
	case sqltype.JSONB, sqltype.JSONPath:
		normalize, colon := jsonb.Normalize, ""
		if t.OID == sqltype.JSONPath {
			normalize, colon = jsonpath.Normalize, ":"
		}
		if len(src) == 0 {
			return errShort()
		}
		if src[0] != 1 {
			return sqlerr.New(sqlerr.InternalError, "unsupported %s version number%s %d", sqltype.TypeName(t), colon, src[0])
		}
		if err := CheckText(src[1:]); err != nil {
			return err
		}
		return appendVar(b, src[1:], normalize)
	}
	return AppendText(b, t, src, env)
}

func appendDecoded(b *delta.Builder, src []byte, decode func([]byte) ([]byte, error)) error {
	v, err := decode(src)
	if err == nil {
		b.AppendBytes(v)
	}
	return err
}

func appendBinaryFixed(b *delta.Builder, t sqltype.Type, p sqltype.Physical, src []byte) error {
	be := binary.BigEndian
	switch p {
	case sqltype.PhysBool:
		b.AppendBool(src[0] != 0)
	case sqltype.PhysInt16:
		delta.Append(b, int16(be.Uint16(src)))
	case sqltype.PhysInt32:
		v := int32(be.Uint32(src))
		if t.OID == sqltype.Date && datetime.FiniteDate(v) && !datetime.ValidDate(v) {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "date out of range")
		}
		delta.Append(b, v)
	case sqltype.PhysInt64:
		return appendBinaryInt64(b, t, int64(be.Uint64(src)))
	case sqltype.PhysFloat32:
		delta.Append(b, math.Float32frombits(be.Uint32(src)))
	case sqltype.PhysFloat64:
		delta.Append(b, math.Float64frombits(be.Uint64(src)))
	case sqltype.PhysUUID:
		delta.Append(b, [16]byte(src))
	case sqltype.PhysInterval:
		v := delta.Interval{Micros: int64(be.Uint64(src)), Days: int32(be.Uint32(src[8:])), Months: int32(be.Uint32(src[12:]))}
		delta.Append(b, datetime.ApplyIntervalMod(v, sqltype.IntervalFields(t.Mod), sqltype.IntervalPrecision(t.Mod)))
	}
	return nil
}

func appendBinaryInt64(b *delta.Builder, t sqltype.Type, v int64) error {
	switch t.OID {
	case sqltype.Timestamp, sqltype.Timestamptz:
		if datetime.FiniteTimestamp(v) && !datetime.ValidTimestamp(v) {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
		}
		v = datetime.RoundMicros(v, t.Mod)
	case sqltype.LSN, sqltype.XID8:
		v = sqltype.FromUnsigned(uint64(v))
	case sqltype.Time:
		if v < 0 || v > datetime.UsecsPerDay {
			return sqlerr.New(sqlerr.DatetimeFieldOverflow, "time out of range")
		}
		v = datetime.RoundMicros(v, t.Mod)
	}
	delta.Append(b, v)
	return nil
}

// appendBinaryMAC: six octets are a macaddr8 too, as in its text.
func appendBinaryMAC(b *delta.Builder, t sqltype.OID, src []byte) error {
	size := 6
	if t == sqltype.MACAddr8 && len(src) != 6 {
		size = 8
	}
	switch {
	case len(src) < size:
		return errShort()
	case len(src) > size:
		return errBinary()
	}
	v := binary.BigEndian.Uint64(append(make([]byte, 8-size, 8), src...))
	switch {
	case t == sqltype.MACAddr:
		delta.Append(b, int64(v))
	case size == 6:
		delta.Append(b, sqltype.FromUnsigned(network.Widen(int64(v))))
	default:
		delta.Append(b, sqltype.FromUnsigned(v))
	}
	return nil
}

func appendBinaryTimetz(b *delta.Builder, t sqltype.Type, src []byte) error {
	switch {
	case len(src) < 12:
		return errShort()
	case len(src) > 12:
		return errBinary()
	}
	us, west := int64(binary.BigEndian.Uint64(src)), int32(binary.BigEndian.Uint32(src[8:]))
	if err := datetime.CheckTimeTZ(us, west); err != nil {
		return err
	}
	delta.Append(b, datetime.TimeTZ(datetime.RoundMicros(us, t.Mod), west))
	return nil
}
