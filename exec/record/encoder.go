package record

import (
	"bytes"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// UnixToPostgresMillis is 2000-01-01 in Unix milliseconds.
const UnixToPostgresMillis = 946_684_800_000

// NoTimestamp: the row has no event time; the writer's clock decides.
const NoTimestamp = -1

// Encoder turns rows of a relation into keys and values. Not safe for concurrent use.
type Encoder struct {
	rel      *catalog.Relation
	names    [][]byte
	key      []int
	keyNames [][]byte
	keyed    bool // records have a key, maybe of no columns
	keyBuf   []byte
	valueBuf []byte
}

// NewEncoder makes the Encoder of a stream, sink or table from its format.
func NewEncoder(rel *catalog.Relation) (*Encoder, error) {
	// The buffers are never nil: a nil value is a tombstone, a nil key none.
	e := &Encoder{rel: rel, keyBuf: make([]byte, 0, 64), valueBuf: make([]byte, 0, 256)}
	for i := range rel.Columns {
		if rel.Columns[i].Dropped {
			e.names = append(e.names, nil)
			continue
		}
		e.names = append(e.names, quoteName(rel.Columns[i].FieldName()))
	}
	for i, name := range rel.Format.Key {
		at := rel.ColumnIndex(name)
		if at < 0 {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "key column %q of %s %q does not exist", name, rel.Kind, rel.Name)
		}
		e.key = append(e.key, at)
		e.keyed = true
		e.keyNames = append(e.keyNames, quoteName(rel.KeyField(i)))
	}
	// A sink whose result is one row has the empty key, {}.
	e.keyed = e.keyed || rel.Kind == catalog.KindSink && !rel.AppendOnly && rel.Format.Name != catalog.FormatChangelog
	switch rel.Format.Name {
	case "json", "csv", catalog.FormatDebezium, catalog.FormatChangelog:
	case "raw":
		if len(rel.Columns) != 1 {
			return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "format raw needs exactly one column")
		}
	default:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "format %q is not known", rel.Format.Name)
	}
	return e, nil
}

// Relation is what the Encoder was made of.
func (e *Encoder) Relation() *catalog.Relation { return e.rel }

// Row encodes one row. key is nil when the relation has none, or as text would be NULL; value
// is nil only for a NULL in format raw; timestamp is Unix milliseconds
// or NoTimestamp. The bytes are valid until the next call.
func (e *Encoder) Row(cols []delta.Column, row int32) (key, value []byte, timestamp int64, err error) {
	key, _ = e.Key(cols, row)
	switch e.rel.Format.Name {
	case "csv":
		e.valueBuf = e.appendCSV(e.valueBuf[:0], cols, row)
		value = e.valueBuf
	case "raw":
		if !cols[0].Null(row) {
			e.valueBuf = append(e.valueBuf[:0], rawValue(&cols[0], row)...)
			value = e.valueBuf
		}
	default:
		e.valueBuf = AppendJSON(e.valueBuf[:0], e.names, cols[:len(e.names)], row)
		value = e.valueBuf
	}
	return key, value, e.timestamp(cols, row), nil
}

// Key encodes the key of one row; ok is false when it has none. Valid until the next call of Key
// or Row.
func (e *Encoder) Key(cols []delta.Column, row int32) (key []byte, ok bool) {
	if !e.hasKey(cols, row) {
		return nil, false
	}
	e.keyBuf = e.appendKey(e.keyBuf[:0], cols, row)
	return e.keyBuf, true
}

// hasKey: a key that is the text of a NULL is none.
func (e *Encoder) hasKey(cols []delta.Column, row int32) bool {
	if e.rel.Format.KeyFormat == "text" && len(e.key) == 1 {
		return !cols[e.key[0]].Null(row)
	}
	return e.keyed
}

func rawValue(c *delta.Column, row int32) []byte {
	if c.Phys == sqltype.PhysBytes && !sqltype.OpsOf(c.Type).Opaque {
		return c.Bytes(row)
	}
	return codec.FormatText(nil, c, row, codec.UTC)
}

func (e *Encoder) appendKey(dst []byte, cols []delta.Column, row int32) []byte {
	if !e.keyed {
		return dst
	}
	if e.rel.Format.KeyFormat == "text" && len(e.key) == 1 {
		c := &cols[e.key[0]]
		if c.Null(row) {
			return dst
		}
		return codec.FormatText(dst, c, row, codec.UTC)
	}
	dst = append(dst, '{')
	empty := len(dst)
	for i, at := range e.key {
		if isJSON(cols[at].Type) && cols[at].Null(row) {
			continue // or it would be the JSON null, which is another value
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		dst = append(append(dst, e.keyNames[i]...), ':')
		if c := &cols[at]; c.Type.Base().Elem() != sqltype.Invalid && !c.Null(row) && !plainArray(c, row) {
			// Its JSON would be that of another key.
			dst = quoteTail(codec.FormatText(dst, c, row, codec.UTC), len(dst))
			continue
		}
		dst = appendValue(dst, &cols[at], row)
	}
	return append(dst, '}')
}

// appendCSV appends one line by COPY's csv rules, without its end.
func (e *Encoder) appendCSV(dst []byte, cols []delta.Column, row int32) []byte {
	delimiter := byte(',')
	if d := e.rel.Format.Delimiter; d != "" {
		delimiter = d[0]
	}
	for i := range e.names {
		if i > 0 {
			dst = append(dst, delimiter)
		}
		if !cols[i].Null(row) {
			dst = AppendCSVField(dst, codec.FormatText(nil, &cols[i], row, codec.UTC), delimiter, len(e.names) == 1)
		}
	}
	return dst
}

// AppendCSVField appends a value that is not NULL, quoted where COPY quotes it: when it is
// empty, holds the delimiter, a quote or a line end, or is a lone "\." .
func AppendCSVField(dst, v []byte, delimiter byte, alone bool) []byte {
	quote := len(v) == 0 || bytes.IndexByte(v, delimiter) >= 0 || bytes.ContainsAny(v, "\"\r\n") || (alone && string(v) == `\.`)
	if !quote {
		return append(dst, v...)
	}
	dst = append(dst, '"')
	for _, b := range v {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// timestamp is the row's event time as a Kafka timestamp.
func (e *Encoder) timestamp(cols []delta.Column, row int32) int64 {
	at := e.rel.TimestampColumn
	if at < 0 || cols[at].Null(row) {
		return NoTimestamp
	}
	c := &cols[at]
	v := delta.Values[int64](c)[c.At(row)]
	if c.Type == sqltype.Int8 {
		return max(v, 0)
	}
	const infinity = 1<<63 - 1
	if v == infinity || v == -infinity-1 {
		return NoTimestamp
	}
	return max(floorDiv(v, 1000)+UnixToPostgresMillis, 0)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
