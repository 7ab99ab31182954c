package typetest

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// Type is a type as SQL names it.
type Type struct {
	SQL  string
	Type sqltype.Type
}

// Types are those that columns can have.
func Types() []Type {
	of := func(name string, oid sqltype.OID) Type { return Type{name, sqltype.Of(oid)} }
	mod := func(name string, oid sqltype.OID, mod int32) Type {
		return Type{name, sqltype.Type{OID: oid, Mod: mod}}
	}
	return []Type{
		of("boolean", sqltype.Bool), of("smallint", sqltype.Int2), of("integer", sqltype.Int4), of("bigint", sqltype.Int8),
		of("real", sqltype.Float4), of("double precision", sqltype.Float8), of("numeric", sqltype.Numeric),
		mod("numeric(12,4)", sqltype.Numeric, 4+(12<<16|4)), of("text", sqltype.Text), of("varchar", sqltype.Varchar),
		mod("varchar(20)", sqltype.Varchar, 4+20), mod("char(7)", sqltype.BPChar, 4+7), of("name", sqltype.Name),
		of(`"char"`, sqltype.Char), of("bytea", sqltype.Bytea), of("date", sqltype.Date), of("time", sqltype.Time),
		of("timestamp", sqltype.Timestamp), of("timestamptz", sqltype.Timestamptz), of("interval", sqltype.Interval),
		of("uuid", sqltype.UUID), of("json", sqltype.JSON), of("jsonb", sqltype.JSONB), of("oid", sqltype.OIDType),
		of("int4range", sqltype.Int4Range), of("numrange", sqltype.NumRange), of("tstzrange", sqltype.TstzRange), of("datemultirange", sqltype.DateMultirange),
		of("nummultirange", sqltype.NumMultirange), of("tsrange[]", sqltype.TsRange.Array()), of("timetz", sqltype.Timetz), mod("bit(5)", sqltype.Bit, 5), of("varbit", sqltype.Varbit), of("money", sqltype.Money),
		of("inet", sqltype.Inet), of("cidr", sqltype.CIDR), of("macaddr", sqltype.MACAddr), of("macaddr8", sqltype.MACAddr8),
		of("pg_lsn", sqltype.LSN), of("xid8", sqltype.XID8), of("pg_snapshot", sqltype.Snapshot), of("txid_snapshot", sqltype.TxidSnapshot),
		of("tsvector", sqltype.TSVector), of("tsquery", sqltype.TSQuery),
		of("point", sqltype.Point), of("lseg", sqltype.Lseg), of("path", sqltype.Path), of("box", sqltype.Box), of("polygon", sqltype.Polygon), of("line", sqltype.Line),
		of("circle", sqltype.Circle),
		of("inet[]", sqltype.Inet.Array()), of("integer[]", sqltype.Int4.Array()), of("text[]", sqltype.Text.Array()), of("double precision[]", sqltype.Float8.Array()),
		mod("numeric(12,4)[]", sqltype.Numeric.Array(), 4+(12<<16|4)), mod("char(7)[]", sqltype.BPChar.Array(), 4+7),
		of("bytea[]", sqltype.Bytea.Array()), of("timestamptz[]", sqltype.Timestamptz.Array()), of("interval[]", sqltype.Interval.Array()),
		of("jsonb[]", sqltype.JSONB.Array()), of("boolean[]", sqltype.Bool.Array()), of("uuid[]", sqltype.UUID.Array()),
	}
}

// Value is the text input of a random value of t.
//
//lint:dispatch
func Value(r *rand.Rand, t sqltype.Type) string {
	if elem := t.OID.Elem(); elem != sqltype.Invalid {
		return array(r, sqltype.Type{OID: elem, Mod: t.Mod})
	}
	if ranges := sqltype.RangeOf(t.OID); ranges != nil {
		return spans(r, ranges, t.OID == ranges.Multi)
	}
	switch t.OID {
	case sqltype.Bool:
		return pick(r, "t", "f")
	case sqltype.Int2:
		return integer(r, 16)
	case sqltype.Int4:
		return integer(r, 32)
	case sqltype.Int8:
		return integer(r, 64)
	case sqltype.OIDType:
		return strconv.FormatUint(uint64(r.Uint32()>>r.IntN(32)), 10)
	case sqltype.Float4:
		return pick(r, "NaN", "Infinity", "-Infinity", "-0", "0", "1e-40", "3.4e38", "0.1",
			strconv.FormatFloat(float64(finite32(r)), 'g', -1, 32))
	case sqltype.Float8:
		return pick(r, "NaN", "Infinity", "-Infinity", "-0", "0", "5e-324", "1.7976931348623157e308", "1e15", "1e16", "0.0001", "0.00001",
			strconv.FormatFloat(finite64(r), 'g', -1, 64), strconv.FormatFloat(r.NormFloat64()*1000, 'g', -1, 64))
	case sqltype.Numeric:
		return number(r, t.Mod >= 0)
	case sqltype.Varchar, sqltype.BPChar:
		n := 40
		if t.Mod > 0 {
			n = int(t.Mod - 4)
		}
		return cut(String(r), n)
	case sqltype.Name:
		return cut(String(r), 12)
	case sqltype.Char:
		return pick(r, "", "a", " ", "\n", "\"", "\\", "~")
	case sqltype.Bytea:
		b := make([]byte, r.IntN(12))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return `\x` + hex.EncodeToString(b)
	case sqltype.Date:
		return pick(r, "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-12-31 BC", date(r), date(r), date(r))
	case sqltype.Time:
		return pick(r, "24:00:00", "00:00:00", clock(r), clock(r))
	case sqltype.Timestamp:
		return pick(r, "infinity", "-infinity", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999",
			date(r)+" "+clock(r), date(r)+" "+clock(r), "0044-03-15 12:00:00.5 BC")
	case sqltype.Timestamptz:
		return pick(r, "infinity", "-infinity", "4713-01-02 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00",
			date(r)+" "+clock(r)+"+00", date(r)+" "+clock(r)+"-03:30", "0044-03-15 12:00:00.5+00 BC")
	case sqltype.Interval:
		return interval(r)
	case sqltype.UUID:
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.Uint32()>>16, r.Uint32()>>16, r.Uint32()>>16, r.Uint64()>>16)
	case sqltype.Timetz:
		return clock(r) + pick(r, "+00", "-03:30", "+14", "+05:45:10")
	case sqltype.Bit:
		return fmt.Sprintf("%05b", r.IntN(32))
	case sqltype.Varbit:
		return pick(r, "", fmt.Sprintf("%b", r.Uint64()>>r.IntN(64)))
	case sqltype.Money:
		return pick(r, "0", "0.01", "-92233720368547758.08", fmt.Sprintf("%d.%02d", r.IntN(1_000_000)-500_000, r.IntN(100)))
	case sqltype.Point, sqltype.Lseg, sqltype.Path, sqltype.Box, sqltype.Polygon, sqltype.Line, sqltype.Circle:
		return shape(r, t.OID)
	case sqltype.LSN:
		return fmt.Sprintf("%X/%X", r.Uint32()>>r.IntN(32), r.Uint32()>>r.IntN(32))
	case sqltype.XID8:
		return fmt.Sprint(r.Uint64() >> r.IntN(64))
	case sqltype.Snapshot, sqltype.TxidSnapshot:
		return pick(r, "1:1:", "10:20:", "10:20:10,14,15", fmt.Sprintf("5:%d:", 5+r.IntN(9)))
	case sqltype.TSVector:
		return lexemes(r)
	case sqltype.TSQuery:
		return searched(r, 3)
	case sqltype.Inet, sqltype.CIDR:
		return address(r, t.OID == sqltype.CIDR)
	case sqltype.MACAddr:
		return mac(r, 6)
	case sqltype.MACAddr8:
		return mac(r, 8)
	case sqltype.JSON:
		return pick(r, "", "", " ", "\t") + JSON(r, 3) + pick(r, "", "", " ")
	case sqltype.JSONB:
		return JSON(r, 3)
	}
	return String(r)
}

// array is the text of an array of up to three dimensions, now and then with bounds of its own.
func array(r *rand.Rand, elem sqltype.Type) string {
	sizes := make([]int, r.IntN(4))
	bounds := ""
	for i := range sizes {
		sizes[i] = 1 + r.IntN(3)
		lower := r.IntN(7) - 3
		bounds += fmt.Sprintf("[%d:%d]", lower, lower+sizes[i]-1)
	}
	if len(sizes) == 0 {
		return "{}"
	}
	text := level(r, elem, sizes)
	if r.IntN(5) == 0 {
		return bounds + "=" + text
	}
	return text
}

func level(r *rand.Rand, elem sqltype.Type, sizes []int) string {
	parts := make([]string, sizes[0])
	for i := range parts {
		switch {
		case len(sizes) > 1:
			parts[i] = level(r, elem, sizes[1:])
		case r.IntN(6) == 0:
			parts[i] = pick(r, "NULL", " null")
		default:
			parts[i] = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(Value(r, elem)) + `"`
		}
	}
	return "{" + strings.Join(parts, pick(r, ",", ", ")) + "}"
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func integer(r *rand.Rand, bits int) string {
	v := int64(r.Uint64()) >> (64 - bits) >> r.IntN(bits)
	switch r.IntN(10) {
	case 0:
		v = math.MinInt64 >> (64 - bits)
	case 1:
		v = math.MaxInt64 >> (64 - bits)
	}
	return strconv.FormatInt(v, 10)
}

func finite32(r *rand.Rand) float32 {
	for {
		if v := math.Float32frombits(r.Uint32()); v == v && !math.IsInf(float64(v), 0) {
			return v
		}
	}
}

func finite64(r *rand.Rand) float64 {
	for {
		if v := math.Float64frombits(r.Uint64()); v == v && !math.IsInf(v, 0) {
			return v
		}
	}
}

func number(r *rand.Rand, narrow bool) string {
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = '0' + byte(r.IntN(10))
		}
		return string(b)
	}
	if narrow {
		return pick(r, "NaN", "0", "-1.5", "1.2345", pick(r, "", "-")+digits(1+r.IntN(8))+"."+digits(r.IntN(5)))
	}
	whole, frac := 1+r.IntN(8), r.IntN(6)
	if r.IntN(4) == 0 {
		whole, frac = 1+r.IntN(60), r.IntN(60)
	}
	s := pick(r, "", "-") + digits(whole)
	if frac > 0 {
		s += "." + digits(frac)
	}
	return pick(r, s, s, s, "NaN", "Infinity", "-Infinity", "0.00", "-0.000", "1e20", "1.50e-10")
}

func date(r *rand.Rand) string {
	return fmt.Sprintf("%04d-%02d-%02d", 1900+r.IntN(300), 1+r.IntN(12), 1+r.IntN(28))
}

func clock(r *rand.Rand) string {
	s := fmt.Sprintf("%02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60))
	if r.IntN(2) == 0 {
		s += fmt.Sprintf(".%06d", r.IntN(1_000_000))
	}
	return s
}

func interval(r *rand.Rand) string {
	n := func(max int) int { return r.IntN(2*max) - max }
	return pick(r, "0", "1 year", "-1 mon +1 day", fmt.Sprintf("%d months %d days %d microseconds", n(1000), n(1000), n(1<<40)),
		fmt.Sprintf("%d days %d seconds", n(3), n(100_000)), "-00:00:00.000001", "178956970 years 7 mons",
		fmt.Sprintf("%d years -%02d:00:00", n(10), r.IntN(24)))
}

// String is a text with what needs care in some format: controls, quotes, separators, letters
// of several bytes, words that look like NULL.
func String(r *rand.Rand) string {
	parts := []string{"a", "B", " ", "  ", "\t", "\n", "\r", "\r\n", "\b", "\f", "\v", "\x01", "\x1f", "\x7f", `"`, `""`, `'`, `\`, `\\`, `\N`, `\.`,
		"\n\\.\n", ",", ";", "|", "{", "}", "/", "é", "ß", "中", "😀", "\u2028", "\u00a0", "NULL", "null", `\n`, `\x41`, `\101`, "0", "\ufeff"}
	switch r.IntN(12) {
	case 0:
		return ""
	case 1:
		return pick(r, "NULL", `\N`, `\.`, "null", " ", `""`)
	}
	var b strings.Builder
	for range 1 + r.IntN(8) {
		b.WriteString(pick(r, parts...))
	}
	return b.String()
}

func cut(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i]
		}
		n++
	}
	return s
}

// JSON is a random JSON text, without \u0000.
func JSON(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(3) > 0 {
		return pick(r, "null", "true", "false", "0", "-1.50", "1e3", "12345678901234567890.000", `""`, `"a\u0041\n\"\\ é"`, `"\ud83d\ude00"`, `"`+"中"+`"`, "[]", "{}")
	}
	var parts []string
	object := r.IntN(2) == 0
	for i := range r.IntN(4) {
		v := JSON(r, depth-1)
		if object {
			v = fmt.Sprintf(`"k%d%s": %s`, i%2, pick(r, "", `\"`, " "), v)
		}
		parts = append(parts, v)
	}
	body := strings.Join(parts, pick(r, ",", ", ", ",\n"))
	if object {
		return "{" + body + "}"
	}
	return "[" + body + "]"
}

// Rows makes n rows of random values, each NULL one time in eight, as columns and as texts
// (nil = NULL).
func Rows(r *rand.Rand, types []sqltype.Type, n int) ([]delta.Column, [][]*string, error) {
	builders := make([]*delta.Builder, len(types))
	for i, t := range types {
		builders[i] = delta.NewBuilder(t.OID)
	}
	texts := make([][]*string, n)
	for row := range texts {
		texts[row] = make([]*string, len(types))
		for i, t := range types {
			if r.IntN(8) == 0 {
				builders[i].AppendNull()
				continue
			}
			v := Value(r, t)
			if err := codec.AppendText(builders[i], t, []byte(v), codec.UTC); err != nil {
				return nil, nil, fmt.Errorf("%s %q: %w", sqltype.TypeName(t), v, err)
			}
			texts[row][i] = &v
		}
	}
	cols := make([]delta.Column, len(types))
	for i, b := range builders {
		cols[i] = b.Take()
	}
	return cols, texts, nil
}
