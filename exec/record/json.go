package record

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// AppendJSON appends what row_to_json gives for a row with TimeZone UTC; names are those of
// cols, already quoted by quoteName.
func AppendJSON(dst []byte, names [][]byte, cols []delta.Column, row int32) []byte {
	dst = append(dst, '{')
	empty := len(dst)
	for i := range cols {
		if names[i] == nil {
			continue // no field is of it
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		dst = append(append(dst, names[i]...), ':')
		dst = appendValue(dst, &cols[i], row)
	}
	return append(dst, '}')
}

// quoteName is a member name as JSON.
func quoteName(name string) []byte { return appendString(nil, []byte(name)) }

func appendValue(dst []byte, c *delta.Column, row int32) []byte {
	if c.Null(row) {
		return append(dst, "null"...)
	}
	start := len(dst)
	ops := sqltype.OpsOf(c.Type)
	switch ops.JSON {
	case sqltype.JSONBool:
		if delta.Values[uint8](c)[c.At(row)] != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case sqltype.JSONInteger, sqltype.JSONItself:
		return ops.Text(dst, &c.Vec, row, codec.UTC)
	case sqltype.JSONNumber:
		dst = ops.Text(dst, &c.Vec, row, codec.UTC)
		if last := dst[len(dst)-1]; last < '0' || last > '9' { // NaN and the infinities are no JSON numbers
			return quoteTail(dst, start)
		}
		return dst
	case sqltype.JSONArray:
		return appendElements(dst, c, row)
	case sqltype.JSONTimestamp, sqltype.JSONTimestamptz:
		return isoTime(ops.Text(append(dst, '"'), &c.Vec, row, codec.UTC), start+1, ops.JSON == sqltype.JSONTimestamptz)
	}
	return quoteTail(ops.Text(dst, &c.Vec, row, codec.UTC), start)
}

// appendElements appends an array, nested by dimension.
func appendElements(dst []byte, c *delta.Column, row int32) []byte {
	elem := c.Type.Base().Elem()
	a := c.Array(row, sqltype.OpsOf(elem))
	if a.NDim == 0 {
		return append(dst, "[]"...)
	}
	x := delta.Column{Type: elem, Vec: a.Elems}
	dims := a.Dims()
	for k := range int32(x.Len) {
		if k > 0 {
			dst = append(dst, ',')
		}
		for n, d := int32(1), len(dims)-1; d >= 0; d-- { // those that start here
			if n *= dims[d].Len; k%n == 0 {
				dst = append(dst, '[')
			}
		}
		dst = appendValue(dst, &x, k)
		for n, d := int32(1), len(dims)-1; d >= 0; d-- {
			if n *= dims[d].Len; (k+1)%n == 0 {
				dst = append(dst, ']')
			}
		}
	}
	return dst
}

// quoteTail makes dst[start:] a JSON string.
func quoteTail(dst []byte, start int) []byte {
	if plain(dst[start:]) {
		dst = append(dst, 0, 0)
		copy(dst[start+1:], dst[start:len(dst)-2])
		dst[start], dst[len(dst)-1] = '"', '"'
		return dst
	}
	text := bytes.Clone(dst[start:])
	return appendString(dst[:start], text)
}

func plain(s []byte) bool {
	for _, b := range s {
		if b < 0x20 || b == '"' || b == '\\' {
			return false
		}
	}
	return true
}

// appendString appends s as a JSON string, escaped as PostgreSQL does.
func appendString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, b := range s {
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b == '\b':
			dst = append(dst, '\\', 'b')
		case b == '\f':
			dst = append(dst, '\\', 'f')
		case b == '\n':
			dst = append(dst, '\\', 'n')
		case b == '\r':
			dst = append(dst, '\\', 'r')
		case b == '\t':
			dst = append(dst, '\\', 't')
		case b < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// isoTime turns dst[start:], "2024-01-31 10:00:00[+00][ BC]", into the form JSON uses, and
// closes the string: T for the blank, minutes in the zone.
func isoTime(dst []byte, start int, zoned bool) []byte {
	text := dst[start:]
	at := bytes.IndexByte(text, ' ')
	if at < 0 { // infinity
		return append(dst, '"')
	}
	text[at] = 'T'
	if !zoned {
		return append(dst, '"')
	}
	if era, ok := bytes.CutSuffix(text, []byte(" BC")); ok {
		return append(dst[:start+len(era)], `:00 BC"`...)
	}
	return append(dst, `:00"`...)
}

// AppendText appends bytes as a JSON string; what is not UTF-8 becomes U+FFFD.
func AppendText(dst, s []byte) []byte {
	return appendString(dst, bytes.ToValidUTF8(s, []byte("\uFFFD")))
}
