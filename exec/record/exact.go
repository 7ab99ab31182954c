package record

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ExactHeader names the record header of what AppendExact gives.
const ExactHeader = "tributary.exact"

// ErrExact: the bytes are not what AppendExact wrote.
var ErrExact = errors.New("record: damaged exact values")

// AppendExact appends the values of a row that its JSON does not give back: json and jsonb that
// are the JSON null, which reads as SQL's NULL, and json with blanks around it. A table's
// changelog keeps them in a header of the record; most rows have none.
//
//	uvarint column, uvarint length, bytes; …
func AppendExact(dst []byte, cols []delta.Column, row int32) []byte {
	for i := range cols {
		if t := cols[i].Type; t != sqltype.JSON && t != sqltype.JSONB || cols[i].Null(row) {
			continue
		}
		v := cols[i].Bytes(row)
		if inner := bytes.Trim(v, " \t\r\n"); len(inner) != len(v) || string(inner) == "null" {
			dst = binary.AppendUvarint(dst, uint64(i))
			dst = binary.AppendUvarint(dst, uint64(len(v)))
			dst = append(dst, v...)
		}
	}
	return dst
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
		if m <= 0 || size > uint64(len(exact)) || b.Type() != sqltype.JSON && b.Type() != sqltype.JSONB {
			return ErrExact
		}
		b.Truncate(b.Len() - 1)
		b.AppendBytes(exact[:size])
		exact = exact[size:]
	}
	return nil
}
