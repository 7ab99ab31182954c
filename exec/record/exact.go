package record

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// ExactHeader names the record header of what AppendExact gives.
const ExactHeader = "tributary.exact"

// ErrExact: the bytes are not what AppendExact wrote.
var ErrExact = errors.New("record: damaged exact values")

// AppendExact appends the values of a row that its JSON does not give back: json and jsonb that
// are the JSON null, which reads as SQL's NULL, json with blanks around it, a tsquery whose text does not tell how it is put
// together ('a' & ('b' & 'c')), and, as their text, arrays whose
// subscripts do not start at 1 or that hold such json. A table's changelog keeps them in a header of the record; most rows have none.
//
//	uvarint column, uvarint length, bytes; …
func AppendExact(dst []byte, cols []delta.Column, row int32) []byte {
	for i := range cols {
		c := &cols[i]
		var v []byte
		switch {
		case c.Null(row):
			continue
		case isJSON(c.Type):
			if v = c.Bytes(row); plainJSON(v) {
				continue
			}
		case c.Type.Base() == sqltype.TSQuery:
			if v = c.Bytes(row); plainQuery(v) {
				continue
			}
		case c.Type.Base().Elem() != sqltype.Invalid:
			if plainArray(c, row) {
				continue
			}
			v = codec.FormatText(nil, c, row, codec.UTC)
		default:
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(i))
		dst = binary.AppendUvarint(dst, uint64(len(v)))
		dst = append(dst, v...)
	}
	return dst
}

func isJSON(t sqltype.OID) bool {
	t = t.Base()
	return t == sqltype.JSON || t == sqltype.JSONB
}

// plainJSON: a record's field gives v back.
func plainJSON(v []byte) bool {
	inner := bytes.Trim(v, " \t\r\n")
	return len(inner) == len(v) && string(inner) != "null"
}

// plainQuery: the text of a tsquery gives it back.
func plainQuery(q []byte) bool {
	back, err := tsearch.AppendQueryParsed(nil, tsearch.AppendQueryText(nil, q))
	return err == nil && bytes.Equal(back, q)
}

// plainArray: a record's field gives the array back. Of json and jsonb an inner array is an element.
func plainArray(c *delta.Column, row int32) bool {
	elem := c.Type.Base().Elem()
	a := c.Array(row, sqltype.OpsOf(elem))
	for _, d := range a.Dims() {
		if d.Lower != 1 {
			return false
		}
	}
	if !isJSON(elem) {
		return true
	}
	for k := range int32(a.Elems.Len) {
		if !a.Elems.Null(k) && !plainJSON(a.Elems.Bytes(k)) {
			return false
		}
	}
	return a.NDim < 2
}

// ApplyExact puts exact values in place of those of the row that was appended last.
func ApplyExact(exact []byte, row []*delta.Builder) error {
	for len(exact) > 0 {
		at, n := binary.Uvarint(exact)
		if n <= 0 || at >= uint64(len(row)) {
			return ErrExact
		}
		size, m := binary.Uvarint(exact[n:])
		exact = exact[n+max(m, 0):]
		b := row[at]
		isArray := b.Type().Base().Elem() != sqltype.Invalid
		isQuery := b.Type().Base() == sqltype.TSQuery
		if m <= 0 || size > uint64(len(exact)) || !isArray && !isQuery && !isJSON(b.Type()) {
			return ErrExact
		}
		b.Truncate(b.Len() - 1)
		var err error
		switch {
		case isArray:
			err = codec.AppendText(b, sqltype.Of(b.Type()), exact[:size], codec.UTC)
		case isQuery:
			err = codec.AppendBinary(b, sqltype.Of(b.Type()), exact[:size], codec.UTC)
		default:
			b.AppendBytes(exact[:size])
		}
		if err != nil {
			return ErrExact
		}
		exact = exact[size:]
	}
	return nil
}
