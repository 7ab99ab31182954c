package sqltype

import (
	"cmp"
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/decimal"
)

// A value of type record is bytes: how many fields, and of each its type and its value, a vector of one.
//
//	4 bytes                  fields, little-endian; with the highest bit 4 more: the modifier of the type, see RecordOf
//	4 + 4 + 4 bytes          of each: type, size of Data or NULL, size of Var
//	Data, Var                of a fixed width, or two offsets and the bytes
const (
	fieldHead = 12
	fieldNull = 1<<32 - 1
	// recordMod: a value says which modifier its type has, for those who only see the value.
	recordMod = 1 << 31
)

// AppendRecord appends the value of a record of fields, of each its value at row; mod is its type's, see RecordOf.
func AppendRecord(dst []byte, mod int32, types []OID, fields []*Vec, row int32) []byte {
	le := binary.LittleEndian
	if mod < 0 {
		dst = le.AppendUint32(dst, uint32(len(fields)))
	} else {
		dst = le.AppendUint32(le.AppendUint32(dst, uint32(len(fields))|recordMod), uint32(mod))
	}
	for i, v := range fields {
		dst = le.AppendUint32(dst, uint32(types[i]))
		if v.Null(row) {
			dst = le.AppendUint32(le.AppendUint32(dst, fieldNull), 0)
			continue
		}
		data, rest := one(v, row)
		dst = le.AppendUint32(le.AppendUint32(dst, uint32(len(data))), uint32(len(rest)))
		dst = append(append(dst, data...), rest...)
	}
	return dst
}

// one is a value as a vector of one has it.
func one(v *Vec, row int32) (data, rest []byte) {
	switch v.Phys {
	case PhysNone:
		return nil, nil
	case PhysBytes:
		rest = v.Bytes(row)
		return binary.LittleEndian.AppendUint32(make([]byte, 4, 8), uint32(len(rest))), rest
	case PhysNumeric:
		num, arena := Values[decimal.Num](v)[v.At(row)].Load(v.Var).Store(nil)
		return bytesOf(&num), arena
	}
	size := int32(v.Phys.Size())
	at := v.At(row) * size
	return v.Data[at : at+size], nil
}

// RecordField is a field of a record, borrowed from its value.
type RecordField struct {
	Type OID
	Null bool
	Vec  Vec
}

// RecordFields are those of a value; bytes that are none have none.
func RecordFields(v []byte) (fields []RecordField) {
	if len(v) < 4 {
		return nil
	}
	le := binary.LittleEndian
	n := le.Uint32(v)
	v = v[4:]
	if n&recordMod != 0 && len(v) >= 4 {
		n, v = n&^recordMod, v[4:]
	}
	for ; n > 0 && len(v) >= fieldHead; n-- {
		f := RecordField{Type: OID(le.Uint32(v))}
		size, more := le.Uint32(v[4:]), le.Uint32(v[8:])
		v = v[fieldHead:]
		if f.Null = size == fieldNull; !f.Null {
			if uint64(size)+uint64(more) > uint64(len(v)) {
				return fields
			}
			f.Vec = Vec{Phys: OpsOf(f.Type).Phys, Len: 1, Data: v[:size:size], Var: v[size : size+more : size+more]}
			v = v[size+more:]
		}
		fields = append(fields, f)
	}
	return fields
}

// RecordShape is what a value says of its fields' names, nil if nothing.
func RecordShape(v []byte) Shape {
	if len(v) < 8 || binary.LittleEndian.Uint32(v)&recordMod == 0 {
		return nil
	}
	return ShapeOf(Type{OID: Record, Mod: int32(binary.LittleEndian.Uint32(v[4:]))})
}

// why: in an init function, since the Ops of a record find those of its fields, which are not there before.
func init() {
	o := form(PhysBytes, compareRecords, hashBytes(hashRecord))
	o.OneImage, o.Opaque, o.JSON = false, true, JSONRecord
	o.Image = NullsLast(thenBytes(compareRecords))
	o.Text, o.Binary = textRecord, sendRecord
	byOIDOps[Record] = &o
	byOIDOps[RecordArray] = ArrayOf(&o, Record)
}

// compareRecords is field by field; fields of different types, which nothing should compare, by their types.
func compareRecords(a *Vec, i int32, b *Vec, j int32) int {
	x, y := RecordFields(a.Bytes(i)), RecordFields(b.Bytes(j))
	for k := range min(len(x), len(y)) {
		f, g := &x[k], &y[k]
		c := cmp.Compare(f.Type, g.Type)
		switch {
		case f.Null || g.Null:
			c = cmp.Or(c, b2i(f.Null)-b2i(g.Null))
		case c == 0:
			c = OpsOf(f.Type).Compare(&f.Vec, 0, &g.Vec, 0)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func hashRecord(v []byte) uint64 {
	h := uint64(hashK2)
	for _, f := range RecordFields(v) {
		one := [1]uint64{hashNull}
		if !f.Null {
			OpsOf(f.Type).Hash(&f.Vec, nil, one[:])
		}
		h = Combine(h, one[0])
	}
	return h
}

// textRecord is record_out: NULL is nothing, what reads otherwise is in quotes.
func textRecord(dst []byte, v *Vec, row int32, env *Env) []byte {
	dst = append(dst, '(')
	for i, f := range RecordFields(v.Bytes(row)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !f.Null {
			start := len(dst)
			dst = quoteField(OpsOf(f.Type).Text(dst, &f.Vec, 0, env), start)
		}
	}
	return append(dst, ')')
}

// quoteField puts dst[start:] into quotes where record_in would read something else.
func quoteField(dst []byte, start int) []byte {
	text := string(dst[start:])
	quote := text == ""
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || ArraySpace(c):
			quote = true
		}
	}
	if !quote {
		return dst
	}
	dst = append(dst[:start], '"')
	for i := range len(text) {
		if text[i] == '"' || text[i] == '\\' {
			dst = append(dst, text[i])
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

// sendRecord is record_send.
func sendRecord(dst []byte, v *Vec, row int32, env *Env) []byte {
	fields := RecordFields(v.Bytes(row))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(fields)))
	for _, f := range fields {
		dst = binary.BigEndian.AppendUint32(dst, uint32(f.Type))
		if f.Null {
			dst = binary.BigEndian.AppendUint32(dst, 1<<32-1)
			continue
		}
		dst = sized(dst, func(dst []byte) []byte { return OpsOf(f.Type).Binary(dst, &f.Vec, 0, env) })
	}
	return dst
}
