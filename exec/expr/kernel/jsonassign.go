package kernel

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

func init() {
	kernelsOf(map[uint32]Kernel{builtin.JSONAssign: eachRow(canonical((*Call).jsonAssign))})
}

// jsonAssign is jsonb with another part: argument 0 with 1 at the path 2. What the path leads through and is not there is made, arrays where
// it goes on with a number, with null in between; 3 says that the whole, if it is NULL, becomes an array. A value of NULL is null.
// https://www.postgresql.org/docs/15/datatype-json.html#JSONB-SUBSCRIPTING
func (c *Call) jsonAssign(dst []byte, row int32) ([]byte, Err) {
	path := arrayOf(c.Args[2], row)
	e := jsonAssigner{c: c, path: &path.Elems, value: []byte("null")}
	if !c.Args[1].Null(row) {
		e.value = c.Args[1].Bytes(row)
	}
	for i := range int32(path.Elems.Len) {
		if path.Elems.Null(i) {
			return dst, sqlerr.New(sqlerr.NullValueNotAllowed, "jsonb subscript in assignment must not be null")
		}
	}
	v := []byte("{}")
	if c.boolArg(3, row) {
		v = []byte("[]")
	}
	if !c.Args[0].Null(row) {
		v = c.Args[0].Bytes(row)
	}
	return e.at(dst, v, 0)
}

type jsonAssigner struct {
	c     *Call
	path  *sqltype.Vec
	value []byte
}

func (e *jsonAssigner) key(level int) string { return view(e.path.Bytes(int32(level))) }

// index is the path's element of a level as a place in an array.
func (e *jsonAssigner) index(level int) (int, bool) {
	n, err := strconv.ParseInt(e.key(level), 10, 32)
	return int(n), err == nil
}

// at writes v with the value at what is left of the path.
func (e *jsonAssigner) at(dst, v []byte, level int) ([]byte, Err) {
	if err := e.c.breathe(); err != nil {
		return dst, err
	}
	switch {
	case level == e.path.Len:
		return append(dst, e.value...), nil
	case isScalar(v):
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "cannot replace existing key").
			WithDetail("The path assumes key is a composite object, but it is a scalar value.")
	case isObject(v):
		return e.object(dst, v, level)
	}
	return e.array(dst, v, level)
}

func (e *jsonAssigner) object(dst, v []byte, level int) (_ []byte, err Err) {
	key, from, found := e.key(level), len(dst), false
	dst = append(dst, '{')
	for it := jsonb.Elements(v); ; {
		k, val, ok := it.Next()
		if !ok {
			break
		}
		dst = append(append(item(dst, from), k...), ": "...)
		if string(jsonb.Unquote(k)) != key {
			dst = append(dst, val...)
			continue
		}
		found = true
		if dst, err = e.at(dst, val, level+1); err != nil {
			return dst, err
		}
	}
	if !found {
		dst = append(jsonb.AppendString(item(dst, from), []byte(key)), ": "...)
		if dst, err = e.made(dst, level+1); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// made writes what is not there yet, from a level of the path on.
func (e *jsonAssigner) made(dst []byte, level int) ([]byte, Err) {
	if level == e.path.Len {
		return append(dst, e.value...), nil
	}
	if _, ok := e.index(level); ok {
		return e.at(dst, []byte("[]"), level)
	}
	return e.at(dst, []byte("{}"), level)
}

func (e *jsonAssigner) array(dst, v []byte, level int) (_ []byte, err Err) {
	n, ok := e.index(level)
	if !ok {
		return dst, sqlerr.New(sqlerr.InvalidTextRepresentation, "path element at position %d is not an integer: \"%s\"", level+1, e.key(level))
	}
	count := jsonCount(v)
	if n < 0 {
		if -n > count {
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, "path element at position %d is out of range: %d", level+1, n)
		}
		n += count
	}
	if n-count > sqltype.MaxArrayItems {
		return dst, sqlerr.New(sqlerr.ProgramLimitExceeded, "number of jsonb array elements exceeds the maximum allowed (%d)", sqltype.MaxArrayItems)
	}
	if n > count { // the gap is written at once
		if err := e.c.Scratch(6 * (n - count)); err != nil {
			return dst, err
		}
	}
	from := len(dst)
	dst = append(dst, '[')
	at := 0
	for it := jsonb.Elements(v); ; at++ {
		_, val, ok := it.Next()
		if !ok {
			break
		}
		if dst = item(dst, from); at != n {
			dst = append(dst, val...)
		} else if dst, err = e.at(dst, val, level+1); err != nil {
			return dst, err
		}
	}
	for ; at < n; at++ {
		dst = append(item(dst, from), "null"...)
	}
	if n >= count {
		if dst, err = e.made(item(dst, from), level+1); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}
