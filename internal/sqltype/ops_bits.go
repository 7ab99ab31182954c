package sqltype

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/sqltype/bitstring"
)

// bitStrings makes the Ops of bit and varbit of those of bytes.
func bitStrings(o *Ops) {
	o.Compare = NullsLast(func(a *Vec, i int32, b *Vec, j int32) int { return bitstring.Compare(a.Bytes(i), b.Bytes(j)) })
	o.Image, o.Equal, o.Words, o.Opaque = o.Compare, equalBy(o.Compare), nil, true
	o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte { return bitstring.AppendText(dst, v.Bytes(row)) }
	o.Binary = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
		s := v.Bytes(row)
		return append(binary.BigEndian.AppendUint32(dst, uint32(bitstring.Len(s))), bitstring.Data(s)...)
	}
}
