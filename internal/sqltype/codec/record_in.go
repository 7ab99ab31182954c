package codec

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// recordFields collects the fields of a value of a composite type.
type recordFields struct {
	t     sqltype.Type
	shape sqltype.Shape
	types []sqltype.OID
	vecs  []*sqltype.Vec
}

// add takes the next field, read by read; nil is NULL.
func (r *recordFields) add(read func(b *delta.Builder, t sqltype.Type) error) error {
	t := r.shape[len(r.vecs)].Type
	b := delta.NewBuilder(t.OID)
	if read == nil {
		b.AppendNull()
	} else if err := read(b, t); err != nil {
		return err
	}
	c := b.Column()
	r.types, r.vecs = append(r.types, t.OID), append(r.vecs, &c.Vec)
	return nil
}

func (r *recordFields) put(b *delta.Builder) error {
	b.AppendBytes(sqltype.AppendRecord(nil, sqltype.RecordMod(r.t), r.types, r.vecs, 0))
	return nil
}

// appendTextRecord is record_in: fields between parentheses, those of no text NULL.
func appendTextRecord(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	malformed := func(detail string) error {
		return sqlerr.New(sqlerr.InvalidTextRepresentation, "malformed record literal: \"%s\"", src).WithDetail("%s", detail)
	}
	r := recordFields{t: t, shape: sqltype.ShapeOf(t)}
	i := 0
	skip := func() {
		for i < len(src) && sqltype.ArraySpace(src[i]) {
			i++
		}
	}
	if skip(); i == len(src) || src[i] != '(' {
		return malformed("Missing left parenthesis.")
	}
	i++
	for at := range r.shape {
		if at > 0 {
			if i == len(src) || src[i] != ',' {
				return malformed("Too few columns.")
			}
			i++
		}
		if i < len(src) && (src[i] == ',' || src[i] == ')') {
			if err := r.add(nil); err != nil {
				return err
			}
			continue
		}
		text, n, ok := recordField(src[i:])
		if i += n; !ok {
			return malformed("Unexpected end of input.")
		}
		err := r.add(func(b *delta.Builder, t sqltype.Type) error { return AppendText(b, t, text, env) })
		if err != nil {
			return err
		}
	}
	if i == len(src) || src[i] != ')' {
		return malformed("Too many columns.")
	}
	i++
	if skip(); i < len(src) {
		return malformed("Junk after right parenthesis.")
	}
	return r.put(b)
}

// recordField reads a field to the comma or parenthesis behind it.
func recordField(src []byte) (text []byte, n int, ok bool) {
	text = []byte{}
	quoted := false
	for n < len(src) {
		c := src[n]
		if !quoted && (c == ',' || c == ')') {
			return text, n, true
		}
		n++
		switch {
		case c == '\\':
			if n == len(src) {
				return nil, n, false
			}
			text = append(text, src[n])
			n++
		case c == '"' && quoted && n < len(src) && src[n] == '"':
			text = append(text, '"')
			n++
		case c == '"':
			quoted = !quoted
		default:
			text = append(text, c)
		}
	}
	return nil, n, false
}

// appendBinaryRecord is record_recv.
func appendBinaryRecord(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	r := recordFields{t: t, shape: sqltype.ShapeOf(t)}
	be := binary.BigEndian
	if len(src) < 4 {
		return errShort()
	}
	if n := be.Uint32(src); int(n) != len(r.shape) {
		return sqlerr.New(sqlerr.DatatypeMismatch, "wrong number of columns: %d, expected %d", n, len(r.shape))
	}
	src = src[4:]
	for at, f := range r.shape {
		if len(src) < 8 {
			return errShort()
		}
		if oid := sqltype.OID(be.Uint32(src)); oid != f.Type.OID {
			return sqlerr.New(sqlerr.DatatypeMismatch, "binary data has type %d (%s) instead of expected %d (%s) in record column %d", oid, oid, f.Type.OID, f.Type.OID, at+1)
		}
		size := int32(be.Uint32(src[4:]))
		src = src[8:]
		if size < 0 {
			if err := r.add(nil); err != nil {
				return err
			}
			continue
		}
		if int(size) > len(src) {
			return errShort()
		}
		part := src[:size]
		src = src[size:]
		if err := r.add(func(b *delta.Builder, t sqltype.Type) error { return AppendBinary(b, t, part, env) }); err != nil {
			return err
		}
	}
	if len(src) > 0 {
		return errBinary()
	}
	return r.put(b)
}
