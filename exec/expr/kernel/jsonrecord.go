package kernel

import (
	"bytes"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// What json_populate_record and its kin are made of (planner/bind/json_record.go): whether an object has a field, and a field as
// the text that the input of a type reads. Arrays and objects become what arrays and rows are written as.
func init() {
	kernelsOf(map[uint32]Kernel{
		builtin.JSONHasField: func(c *Call) {
			from, key := jsonOf(c.Args[0]), kindOf[string]().load(c.Args[1])
			for _, i := range c.Sel {
				if err := needObject(trimJSON(from(i))); err != nil {
					c.finish(i, err)
					continue
				}
				_, ok := rawField(from(i), key(i))
				c.Out.Bools()[i] = b2u(ok)
			}
		},
		builtin.JSONFieldText: eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			from := trimJSON(jsonOf(c.Args[0])(row))
			key := kindOf[string]().load(c.Args[1])(row)
			if err := rawEscapes(from); err != nil {
				return dst, err
			}
			if err := needObject(from); err != nil {
				return dst, err
			}
			v, ok := rawField(from, key)
			if !ok || v[0] == 'n' {
				return dst, errNull
			}
			w := &recordText{key: key}
			t := sqltype.OID(uint32(kindOf[int32]().load(c.Args[2])(row)))
			return w.value(dst, trimJSON(v), t)
		}),
	})
}

func jsonOf(c *delta.Column) func(int32) []byte { return kindOf[[]byte]().load(c) }

// recordText writes JSON as the text of a type.
type recordText struct{ key string }

func (w *recordText) value(dst, v []byte, t sqltype.OID) ([]byte, Err) {
	t = sqltype.BaseOf(sqltype.Of(t)).OID
	switch elem, shape := t.Elem(), sqltype.ShapeOf(sqltype.Of(t)); {
	case t == sqltype.JSON || t == sqltype.JSONB:
		return append(dst, v...), nil
	case v[0] == '"': // also of an array and a row: its text
		text, err := rawText(v)
		return append(dst, text...), err
	case elem != sqltype.Invalid:
		if !isArray(v) {
			return dst, w.expected()
		}
		return w.array(dst, v, elem, depthOf(v))
	case shape != nil:
		return w.row(dst, v, shape)
	}
	return append(dst, v...), nil
}

func (w *recordText) expected() Err {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "expected JSON array").WithHint("See the value of key \"%s\".", w.key)
}

// depthOf is how many dimensions an array has: as deep as its first elements go.
func depthOf(v []byte) int {
	depth := 1
	rawItems(v, func(_, first []byte) bool {
		if first = trimJSON(first); isArray(first) && rawCount(first) > 0 {
			depth += depthOf(first)
		}
		return false
	})
	return depth
}

func (w *recordText) array(dst, v []byte, elem sqltype.OID, depth int) (_ []byte, failed Err) {
	dst = append(dst, '{')
	first, width := true, -1
	rawItems(v, func(_, x []byte) bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		x = trimJSON(x)
		switch {
		case depth > 1 && !isArray(x):
			failed = w.expected()
		case depth > 1:
			if n := rawCount(x); width >= 0 && n != width {
				failed = sqlerr.New(sqlerr.InvalidTextRepresentation, "malformed JSON array").
					WithDetail("Multidimensional arrays must have sub-arrays with matching dimensions.")
			} else {
				width = n
			}
			if failed == nil {
				dst, failed = w.array(dst, x, elem, depth-1)
			}
		case x[0] == 'n':
			dst = append(dst, "NULL"...)
		default:
			var text []byte
			if text, failed = w.value(nil, x, elem); failed == nil {
				dst = quoted(dst, text)
			}
		}
		return failed == nil
	})
	return append(dst, '}'), failed
}

func (w *recordText) row(dst, v []byte, shape sqltype.Shape) ([]byte, Err) {
	if err := needObject(v); err != nil {
		return dst, err
	}
	dst = append(dst, '(')
	for i, f := range shape {
		if i > 0 {
			dst = append(dst, ',')
		}
		x, ok := rawField(v, f.Name)
		if !ok || x[0] == 'n' {
			continue
		}
		inner := &recordText{key: f.Name}
		text, err := inner.value(nil, trimJSON(x), f.Type.OID)
		if err != nil {
			return dst, err
		}
		dst = quoted(dst, text)
	}
	return append(dst, ')'), nil
}

func needObject(v []byte) Err {
	switch {
	case isArray(v):
		return sqlerr.New(sqlerr.InvalidParameterValue, "cannot call populate_composite on an array")
	case !isObject(v):
		return sqlerr.New(sqlerr.InvalidParameterValue, "cannot call populate_composite on a scalar")
	}
	return nil
}

// quoted is a part of an array's or a row's text: quoted always, so that nothing in it has a meaning.
func quoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for len(text) > 0 {
		i := bytes.IndexAny(text, `"\`)
		if i < 0 {
			break
		}
		dst = append(append(dst, text[:i]...), '\\', text[i])
		text = text[i+1:]
	}
	return append(append(dst, text...), '"')
}
