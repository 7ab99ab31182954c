package pgwire

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/tributary-db/tributary/internal/charset"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// speaks sets the encoding that the client has from now on: of what comes, and of what goes.
func (c *conn) speaks(name string) {
	c.charset = nil
	if found, ok := charset.Lookup(name); ok && !found.Same() && found.Converts() { // the session knows no others
		c.charset = found
	}
	c.out.charset = c.charset
}

// text is a text from the client, in UTF-8.
func (c *conn) text(b []byte) ([]byte, error) {
	if c.charset != nil && !plainASCII(b) {
		out, err := c.charset.ToUTF8(make([]byte, 0, len(b)+len(b)/2), b)
		if err != nil {
			return nil, err
		}
		b = out
	}
	return b, validText(b)
}

// texts converts strings of a message in place.
func (c *conn) texts(strs ...*string) error {
	for _, s := range strs {
		b, err := c.text([]byte(*s))
		if err != nil {
			return faceError{err}
		}
		if c.charset != nil {
			*s = string(b)
		}
	}
	return nil
}

func plainASCII(b []byte) bool {
	for _, v := range b {
		if v-1 >= 0x7f { // NUL is none either
			return false
		}
	}
	return true
}

// binaryText says how values of a type in binary format are text.
type binaryText byte

const (
	noText    binaryText = iota
	allText              // all of it
	arrayText            // an array of such
	mixedText            // somewhere in it
)

func textIn(t sqltype.OID) binaryText {
	switch t {
	case sqltype.Text, sqltype.Varchar, sqltype.BPChar, sqltype.Name, sqltype.JSON, sqltype.JSONB, sqltype.Unknown:
		return allText
	case sqltype.Record, sqltype.RecordArray:
		return mixedText
	}
	if elem := t.Elem(); elem != sqltype.Invalid {
		if in := textIn(elem); in != allText {
			return in
		}
		return arrayText
	}
	switch base := sqltype.Plain(sqltype.Of(t)).OID; {
	case base != t:
		return textIn(base)
	case sqltype.EnumOf(t) != nil:
		return allText
	case sqltype.ShapeOf(sqltype.Of(t)) != nil:
		return mixedText
	}
	return noText
}

// binaryValue converts the texts of a value in binary format.
func (c *conn) binaryValue(dst, b []byte, t sqltype.OID, convert func(dst, src []byte) ([]byte, error)) ([]byte, error) {
	switch textIn(t) {
	case allText:
		return convert(dst, b)
	case mixedText:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "type %s in binary format is not supported with client_encoding %s", t, c.charset.Name).
			WithHint("Ask for its text format, or SET client_encoding = UTF8.")
	case arrayText:
		return arrayValue(dst, b, convert)
	}
	return append(dst, b...), nil
}

// arrayValue is an array in binary format with its elements converted; what is no array is the session's to refuse.
func arrayValue(dst, b []byte, convert func(dst, src []byte) ([]byte, error)) ([]byte, error) {
	if len(b) < 12 {
		return append(dst, b...), nil
	}
	header := 12 + 8*int(min(binary.BigEndian.Uint32(b), 6))
	if header > len(b) {
		return append(dst, b...), nil
	}
	dst, b = append(dst, b[:header]...), b[header:]
	for len(b) >= 4 {
		size := int(int32(binary.BigEndian.Uint32(b)))
		if size < 0 || size > len(b)-4 {
			dst, b = append(dst, b[:4]...), b[4:]
			continue
		}
		at := len(dst)
		var err error
		if dst, err = convert(append(dst, 0, 0, 0, 0), b[4:4+size]); err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
		b = b[4+size:]
	}
	return append(dst, b...), nil
}

// value converts a field of a row that stands in buf from a place on.
func (w *writer) value(buf []byte, at int, f *face.Field) ([]byte, error) {
	c := w.c
	if plainASCII(buf[at:]) {
		return buf, nil
	}
	value := append([]byte(nil), buf[at:]...)
	if f.Format == face.Text {
		return c.charset.FromUTF8(buf[:at], value)
	}
	return c.binaryValue(buf[:at], value, f.Type.OID, c.charset.FromUTF8)
}

// sayable refuses names of columns that the client's encoding does not have.
func (c *conn) sayable(fields []face.Field) error {
	if c.charset == nil {
		return nil
	}
	for i := range fields {
		if _, err := c.charset.FromUTF8(nil, []byte(fields[i].Name)); err != nil {
			return faceError{err}
		}
	}
	return nil
}

// parameters converts those of a Bind.
func (c *conn) parameters(ctx context.Context, b *face.Bind) error {
	var types []sqltype.OID
	if c.charset != nil && slices.ContainsFunc(b.ParamFormats, func(f face.Format) bool { return f == face.Binary }) {
		types, _, _ = c.sess.DescribeStatement(ctx, b.Statement) // what is wrong with it Bind says
	}
	for i, p := range b.Params {
		if p == nil {
			continue
		}
		var err error
		switch {
		case b.ParamFormat(i) == face.Text:
			b.Params[i], err = c.text(p)
		case c.charset != nil && i < len(types) && !plainASCII(p):
			b.Params[i], err = c.binaryValue(nil, p, types[i], c.charset.ToUTF8)
		}
		if err != nil {
			return faceError{err}
		}
	}
	return nil
}

// copies refuses what cannot be converted.
func (c *conn) copies(format face.Format) error {
	if c.charset != nil && format == face.Binary {
		return faceError{sqlerr.New(sqlerr.FeatureNotSupported, "COPY in binary format is not supported with client_encoding %s", c.charset.Name).
			WithHint("SET client_encoding = UTF8, or COPY in text format.")}
	}
	return nil
}

// converted is a piece of a COPY in UTF-8, as far as it is whole characters.
func (r *copyIn) converted(body []byte) ([]byte, error) {
	if r.c.charset == nil {
		return body, nil
	}
	if len(r.rest) > 0 {
		body = append(r.rest, body...)
	}
	whole := r.c.charset.Whole(body)
	out, err := r.c.charset.ToUTF8(make([]byte, 0, whole+whole/2), body[:whole])
	r.rest = append([]byte(nil), body[whole:]...)
	if err != nil {
		r.done = true
		return nil, faceError{err}
	}
	return out, nil
}
