package system

import (
	"fmt"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// Text is a value in the text form of its type.
type Text string

// Micros is a timestamptz as its type has it.
type Micros int64

// put appends a Go value to a column of the type that holds such values; nil is NULL.
func put(b *delta.Builder, t sqltype.OID, v any) error {
	ok := false
	switch v := v.(type) {
	case nil:
		b.AppendNull()
		return nil
	case string:
		if ok = t.Phys() == sqltype.PhysBytes && t.Elem() == sqltype.Invalid; ok {
			b.AppendString(v)
		}
	case Text:
		if t.Phys() == sqltype.PhysBytes && t.Elem() == sqltype.Invalid && t != sqltype.Inet {
			b.AppendString(string(v))
			return nil
		}
		return codec.AppendText(b, sqltype.Of(t), []byte(v), nil)
	case byte:
		if ok = t == sqltype.Char; ok {
			b.AppendBytes([]byte{v})
		}
	case bool:
		if ok = t == sqltype.Bool; ok {
			b.AppendBool(v)
		}
	case int16:
		ok = fixed(b, t, v, sqltype.Int2)
	case int32:
		ok = fixed(b, t, v, sqltype.Int4)
	case int64:
		ok = fixed(b, t, v, sqltype.Int8)
	case float32:
		ok = fixed(b, t, v, sqltype.Float4)
	case float64:
		ok = fixed(b, t, v, sqltype.Float8)
	case catalog.OID:
		ok = oid(b, t, uint32(v))
	case uint32:
		ok = oid(b, t, v)
	case []int16:
		ok = array(b, t, v, sqltype.Int2)
	case []int32:
		ok = array(b, t, v, sqltype.Int4)
	case []uint32:
		elem := sqltype.OIDType
		if sqltype.IsReg(t.Elem()) {
			elem = t.Elem()
		}
		ok = array(b, t, signed(v), elem)
	case []string:
		if ok = t.Elem() == sqltype.Text || t.Elem() == sqltype.Name || t.Elem() == sqltype.ACLItem; ok {
			texts(b, t, v)
		}
	case Micros:
		ok = fixed(b, t, int64(v), sqltype.Timestamptz)
	case time.Time:
		if v.IsZero() {
			b.AppendNull()
			return nil
		}
		ok = fixed(b, t, v.UnixMicro()-unixToPostgresMicros, sqltype.Timestamptz)
	}
	if !ok {
		return fmt.Errorf("a %T is no value of type %d", v, t)
	}
	return nil
}

func fixed[T delta.Fixed](b *delta.Builder, t sqltype.OID, v T, want sqltype.OID) bool {
	if t == want {
		delta.Append(b, v)
	}
	return t == want
}

func oid(b *delta.Builder, t sqltype.OID, v uint32) bool {
	ok := t == sqltype.OIDType || t == sqltype.XID || sqltype.IsReg(t)
	if ok {
		delta.Append(b, int32(v))
	}
	return ok
}

func signed(v []uint32) []int32 {
	out := make([]int32, len(v))
	for i := range v {
		out[i] = int32(v[i])
	}
	return out
}

// array appends an array or, its subscripts from 0 on, a vector.
func array[T delta.Fixed](b *delta.Builder, t sqltype.OID, v []T, elem sqltype.OID) bool {
	if t.Elem() != elem {
		return false
	}
	elems := delta.NewBuilder(elem)
	for _, x := range v {
		delta.Append(elems, x)
	}
	d := sqltype.Dim{Len: int32(len(v)), Lower: 1}
	if t == sqltype.Int2Vector || t == sqltype.OIDVector {
		d.Lower = 0
	}
	codec.AppendElements(b, []sqltype.Dim{d}, elems)
	return true
}

func texts(b *delta.Builder, t sqltype.OID, v []string) {
	elems := delta.NewBuilder(t.Elem())
	for _, x := range v {
		elems.AppendString(x)
	}
	codec.AppendElements(b, []sqltype.Dim{{Len: int32(len(v)), Lower: 1}}, elems)
}

// OrNull is v, or NULL for the zero value.
func OrNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
