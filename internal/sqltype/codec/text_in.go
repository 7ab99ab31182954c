package codec

import (
	"bytes"
	"unicode/utf8"

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

// maxName is the longest value of type name.
const maxName = 63

// AppendText reads src as the input function of t does, typmod included, and appends it to b,
// whose type is t's.
func AppendText(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	if err := CheckText(src); err != nil {
		return err
	}
	env, t = env.OrDefault(), sqltype.BaseOf(t)
	switch t.OID.Phys() {
	case sqltype.PhysBytes:
		if t.OID == sqltype.Int2Vector || t.OID == sqltype.OIDVector {
			return appendTextVector(b, t, src, env)
		}
		if t.OID.Elem() != sqltype.Invalid {
			return appendTextArray(b, t, src, env)
		}
		if sqltype.IsComposite(t.OID) {
			return appendTextRecord(b, t, src, env)
		}
		if sqltype.RangeOf(t.OID) != nil {
			return appendTextRange(b, t.OID, src, env)
		}
		return appendTextBytes(b, t, src)
	case sqltype.PhysNumeric:
		d, err := decimal.Parse(src)
		if err == nil {
			d, err = applyNumericMod(d, t.Mod)
		}
		if err != nil {
			return err
		}
		b.AppendNumeric(d)
		return nil
	}
	if e := sqltype.EnumOf(t.OID); e != nil {
		return appendLabel(b, t.OID, e, src, env)
	}
	return appendTextFixed(b, t, src, env)
}

// appendLabel is enum_in.
func appendLabel(b *delta.Builder, t sqltype.OID, e *sqltype.Enum, src []byte, env *Env) error {
	find := e.Key
	if env.Stored {
		find = e.KeyOnce
	}
	key, ok := find(src)
	if !ok {
		return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input value for enum %s: \"%s\"", t, src)
	}
	delta.Append(b, key)
	return nil
}

// CheckText refuses what is not UTF-8 or holds a NUL.
func CheckText(src []byte) error {
	if utf8.Valid(src) && bytes.IndexByte(src, 0) < 0 {
		return nil
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if src[i] == 0 || r == utf8.RuneError && n == 1 {
			return errEncoding(src[i:])
		}
		i += n
	}
	return nil
}

func errEncoding(at []byte) error {
	want := 1
	switch c := at[0]; {
	case c >= 0xf0 && c < 0xf8:
		want = 4
	case c >= 0xe0 && c < 0xf0:
		want = 3
	case c >= 0xc0 && c < 0xe0:
		want = 2
	}
	const hex = "0123456789abcdef"
	text := make([]byte, 0, 20)
	for i, c := range at[:min(want, len(at))] {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(text, '0', 'x', hex[c>>4], hex[c&15])
	}
	return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": %s`, text)
}

func appendTextBytes(b *delta.Builder, t sqltype.Type, src []byte) error {
	if g, ok := geometricIn[t.OID]; ok {
		return appendVar(b, src, func(dst, src []byte) ([]byte, error) { return g.parse(dst, src, float8In) })
	}
	switch t.OID {
	case sqltype.Bytea:
		return appendVar(b, src, appendBytea)
	case sqltype.JSONB:
		return appendVar(b, src, jsonb.Normalize)
	case sqltype.JSONPath:
		return appendVar(b, src, jsonpath.Normalize)
	case sqltype.Snapshot, sqltype.TxidSnapshot:
		return appendVar(b, src, xid.AppendParsed)
	case sqltype.TSVector:
		return appendVar(b, src, tsearch.AppendVector)
	case sqltype.TSQuery:
		return appendVar(b, src, tsearch.AppendQueryParsed)
	case sqltype.JSON:
		if err := jsonb.Valid(src); err != nil {
			return err
		}
	case sqltype.Varchar:
		v, err := CheckVarchar(src, t.Mod, false)
		if err != nil {
			return err
		}
		src = v
	case sqltype.BPChar:
		return appendVar(b, src, func(dst, src []byte) ([]byte, error) {
			return AppendBPChar(dst, src, t.Mod, false)
		})
	case sqltype.Name:
		src = ClipName(src)
	case sqltype.Char:
		src = charInput(src)
	case sqltype.NodeTree, sqltype.NDistinct, sqltype.Dependencies, sqltype.MCVList, sqltype.ACLItem, sqltype.AnyArray, sqltype.Void:
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot accept a value of type %s", sqltype.TypeName(t))
	case sqltype.Bit, sqltype.Varbit:
		return appendVar(b, src, func(dst, src []byte) ([]byte, error) {
			return bitstring.AppendParsed(dst, src, t.Mod, t.OID == sqltype.Varbit)
		})
	case sqltype.Inet, sqltype.CIDR:
		v, err := network.Parse(src, t.OID == sqltype.CIDR)
		if err != nil {
			return err
		}
		src = v
	}
	b.AppendBytes(src)
	return nil
}

// appendVar appends what f makes of src in place.
func appendVar(b *delta.Builder, src []byte, f func(dst, src []byte) ([]byte, error)) error {
	buf := b.Var()
	out, err := f(buf, src)
	if err != nil {
		b.SetVar(out[:len(buf)])
		return err
	}
	b.SetVar(out)
	b.EndBytes()
	return nil
}

// ClipName cuts text to the length of a name, at a character.
func ClipName(src []byte) []byte {
	if len(src) <= maxName {
		return src
	}
	n := maxName
	for n > 0 && !utf8.RuneStart(src[n]) {
		n--
	}
	return src[:n]
}

// charInput is the input of "char": the first byte, or \ooo.
func charInput(src []byte) []byte {
	if len(src) == 4 && src[0] == '\\' && octal(src[1]) && octal(src[2]) && octal(src[3]) {
		return []byte{src[1]<<6 | (src[2]-'0')<<3 | (src[3] - '0')}
	}
	return src[:min(1, len(src))]
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

func appendTextFixed(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	switch t.OID {
	case sqltype.Bool:
		return put(b, src, ParseBool)
	case sqltype.Int2:
		v, err := ParseInt(src, 16)
		return putValue(b, int16(v), err)
	case sqltype.Int4:
		v, err := ParseInt(src, 32)
		return putValue(b, int32(v), err)
	case sqltype.Int8:
		v, err := ParseInt(src, 64)
		return putValue(b, v, err)
	case sqltype.OIDType, sqltype.XID, sqltype.CID:
		v, err := parseOID(src, t.OID)
		return putValue(b, int32(v), err)
	case sqltype.Float4:
		v, err := sqltype.ParseFloat(src, 32)
		return putValue(b, float32(v), err)
	case sqltype.Float8:
		v, err := sqltype.ParseFloat(src, 64)
		return putValue(b, v, err)
	case sqltype.UUID:
		return put(b, src, ParseUUID)
	case sqltype.Money:
		return put(b, src, parseMoney)
	case sqltype.Timetz:
		v, err := datetime.ParseTimeTZ(src, env.Location)
		us, west := datetime.SplitTimeTZ(v)
		return putValue(b, datetime.TimeTZ(datetime.RoundMicros(us, t.Mod), west), err)
	case sqltype.LSN:
		return put(b, src, ParseLSN)
	case sqltype.XID8:
		return put(b, src, parseXID8)
	case sqltype.MACAddr:
		return put(b, src, network.ParseMAC)
	case sqltype.MACAddr8:
		v, err := network.ParseMAC8(src)
		return putValue(b, sqltype.FromUnsigned(v), err)
	case sqltype.Date:
		v, err := datetime.ParseDate(src, env.DateStyle.Order)
		return putValue(b, v, err)
	case sqltype.Time:
		v, err := datetime.ParseTime(src)
		return putValue(b, datetime.RoundMicros(v, t.Mod), err)
	case sqltype.Timestamp:
		v, err := datetime.ParseTimestamp(src, env.DateStyle.Order)
		return putRounded(b, v, t.Mod, err)
	case sqltype.Timestamptz:
		v, err := datetime.ParseTimestamptz(src, env.DateStyle.Order, env.Location)
		return putRounded(b, v, t.Mod, err)
	case sqltype.Interval:
		v, err := datetime.ParseInterval(src, sqltype.IntervalFields(t.Mod), env.IntervalStyle)
		if err == nil {
			v = datetime.ApplyIntervalMod(v, sqltype.IntervalFields(t.Mod), sqltype.IntervalPrecision(t.Mod))
		}
		return putValue(b, v, err)
	}
	if sqltype.IsReg(t.OID) {
		v, err := parseReg(src, t.OID, env)
		return putValue(b, int32(v), err)
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "type %s has no values", sqltype.TypeName(t))
}

func putValue[T delta.Fixed](b *delta.Builder, v T, err error) error {
	if err == nil {
		delta.Append(b, v)
	}
	return err
}

func put[T delta.Fixed](b *delta.Builder, src []byte, parse func([]byte) (T, error)) error {
	v, err := parse(src)
	return putValue(b, v, err)
}

func putRounded(b *delta.Builder, v int64, mod int32, err error) error {
	return putValue(b, datetime.RoundMicros(v, mod), err)
}
