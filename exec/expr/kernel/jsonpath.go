package kernel

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// jsonb by paths, which are arrays of keys and subscripts, and JSON of arrays.
func init() {
	kernels(map[string]Kernel{
		"jsonb_extract_path":      eachRow((*Call).jsonPath),
		"jsonb_extract_path_text": eachRow((*Call).jsonPathText),
		"jsonb_exists_any":        jsonKeys(false),
		"jsonb_exists_all":        jsonKeys(true),
		"jsonb_delete_array":      eachRow((*Call).jsonDeleteKeys),
		"jsonb_delete_path": eachRow(canonical(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			return c.jsonEdit(dst, row, "delete path", nil, editDelete)
		})),
		"jsonb_set": eachRow(canonical(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			op := editReplace
			if c.boolArg(3, row) {
				op = editCreate
			}
			return c.jsonEdit(dst, row, "set path", c.Args[2].Bytes(row), op)
		})),
		"jsonb_insert": eachRow(canonical(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			op := editBefore
			if c.boolArg(3, row) {
				op = editAfter
			}
			return c.jsonEdit(dst, row, "set path", c.Args[2].Bytes(row), op)
		})),
		"jsonb_set_lax":        eachRow(canonical((*Call).jsonSetLax)),
		"json_object":          eachRow((*Call).jsonObjectOf),
		"json_object_two_arg":  eachRow((*Call).jsonObjectOf),
		"jsonb_object":         eachRow(canonical((*Call).jsonObjectOf)),
		"jsonb_object_two_arg": eachRow(canonical((*Call).jsonObjectOf)),
		"array_to_json":        eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) { return c.jsonValue(dst, c.Args[0], row), nil }),
		"array_to_json_pretty": eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			return c.jsonElements(dst, c.Args[0], row, c.boolArg(1, row)), nil
		}),
	})
}

func (c *Call) boolArg(i int, row int32) bool { return c.Args[i].Data[c.Args[i].At(row)] != 0 }

// jsonElements is an array as JSON, nested by dimension; spread puts the outermost's items on lines of their own.
func (c *Call) jsonElements(dst []byte, a *delta.Column, row int32, spread bool) []byte {
	v := arrayOf(a, row)
	if v.NDim == 0 {
		return append(dst, "[]"...)
	}
	x := elementsOf(a.Type, &v)
	next := int32(0)
	return c.jsonDim(dst, &x, v.Dims(), &next, spread)
}

func (c *Call) jsonDim(dst []byte, x *delta.Column, dims []sqltype.Dim, next *int32, spread bool) []byte {
	dst = append(dst, '[')
	for i := range dims[0].Len {
		if i > 0 {
			if dst = append(dst, ','); spread {
				dst = append(dst, "\n "...)
			}
		}
		if len(dims) > 1 {
			dst = c.jsonDim(dst, x, dims[1:], next, false)
			continue
		}
		dst = c.jsonValue(dst, x, *next)
		*next++
	}
	return append(dst, ']')
}

// path is an argument that is an array of texts; ok is false when one of them is NULL.
func path(a *delta.Column, row int32) (p sqltype.Array, ok bool) {
	p = arrayOf(a, row)
	return p, p.Elems.Valid == nil
}

// jsonFollow is the part of v at a path, and whether there is one.
func jsonFollow(v []byte, p *sqltype.Array) ([]byte, bool) {
	for k := range int32(p.Elems.Len) {
		key, ok := p.Elems.Bytes(k), false
		switch {
		case isObject(v):
			v, ok = jsonField(v, view(key))
		case isArray(v):
			var n int32
			if n, ok = pathIndex(view(key)); ok {
				v, ok = jsonElement(v, n)
			}
		}
		if !ok {
			return nil, false
		}
	}
	return v, true
}

// pathIndex reads a subscript as C's strtol does.
func pathIndex(s string) (int32, bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(s, " \t\n\v\f\r"), 10, 32)
	return int32(n), err == nil
}

func (c *Call) jsonPath(dst []byte, row int32) ([]byte, Err) {
	p, ok := path(c.Args[1], row)
	v := c.Args[0].Bytes(row)
	if ok {
		v, ok = jsonFollow(v, &p)
	}
	if !ok {
		return dst, errNull
	}
	return append(dst, v...), nil
}

func (c *Call) jsonPathText(dst []byte, row int32) ([]byte, Err) {
	p, ok := path(c.Args[1], row)
	v := c.Args[0].Bytes(row)
	if ok {
		v, ok = jsonFollow(v, &p)
	}
	out, err := foundText(v, ok)
	return append(dst, out...), err
}

// jsonKeys is ?| and ?&; a key that is NULL does not count.
func jsonKeys(all bool) Kernel {
	return func(c *Call) {
		out := c.Out.Bools()
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			keys, v, is := arrayOf(c.Args[1], i), c.Args[0].Bytes(i), all
			for k := range int32(keys.Elems.Len) {
				if keys.Elems.Null(k) {
					continue
				}
				if jsonExists(v, view(keys.Elems.Bytes(k))) != all {
					is = !all
					break
				}
			}
			out[i] = b2u(is)
		}
	}
}

func errSubscripts() Err {
	return sqlerr.New(sqlerr.ArraySubscriptError, "wrong number of array subscripts")
}

// jsonDeleteKeys is - text[].
func (c *Call) jsonDeleteKeys(dst []byte, row int32) ([]byte, Err) {
	keys, v := arrayOf(c.Args[1], row), c.Args[0].Bytes(row)
	if keys.NDim > 1 {
		return dst, errSubscripts()
	}
	if isScalar(v) {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "cannot delete from scalar")
	}
	gone := make(map[string]bool, keys.Elems.Len)
	for k := range int32(keys.Elems.Len) {
		if !keys.Elems.Null(k) {
			gone[string(keys.Elems.Bytes(k))] = true
		}
	}
	return append(dst, jsonKeep(v, func(_ int, k, val []byte) bool {
		if k == nil {
			k = val
		}
		return k[0] != '"' || !gone[string(jsonb.Unquote(k))]
	})...), nil
}

// editKind is what becomes of the place that a path leads to.
type editKind uint8

const (
	editReplace editKind = iota // it is replaced if it is there
	editCreate                  // it is replaced, or added to the last object or array of the path
	editBefore                  // a new element stands in front of it, a new field is added
	editAfter
	editDelete
)

func (k editKind) adds() bool { return k == editCreate || k == editBefore || k == editAfter }

// jsonEdit changes a value at a path. What it writes may not be in canonical order.
func (c *Call) jsonEdit(dst []byte, row int32, what string, value []byte, kind editKind) ([]byte, Err) {
	v, p := c.Args[0].Bytes(row), arrayOf(c.Args[1], row)
	empty := len(v) == 2 && !isScalar(v)
	switch {
	case p.NDim > 1:
		return dst, errSubscripts()
	case isScalar(v):
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "cannot %s in scalar", what)
	case p.Elems.Len == 0, empty && (kind == editReplace || kind == editDelete):
		return append(dst, v...), nil
	}
	e := jsonEditor{c: c, path: &p.Elems, value: value, kind: kind}
	return e.at(dst, v, 0)
}

type jsonEditor struct {
	c     *Call
	path  *sqltype.Vec
	value []byte
	kind  editKind
}

func (e *jsonEditor) last(level int) bool { return level == e.path.Len-1 }

func (e *jsonEditor) at(dst, v []byte, level int) ([]byte, Err) {
	if err := e.c.breathe(); err != nil {
		return dst, err
	}
	if e.path.Null(int32(level)) {
		return dst, sqlerr.New(sqlerr.NullValueNotAllowed, "path element at position %d is null", level+1)
	}
	if isScalar(v) {
		return append(dst, v...), nil
	}
	if isObject(v) {
		return e.object(dst, v, level)
	}
	return e.array(dst, v, level)
}

// item begins an element or a field of what starts at from.
func item(dst []byte, from int) []byte {
	if len(dst) > from+1 {
		dst = append(dst, ", "...)
	}
	return dst
}

func (e *jsonEditor) object(dst, v []byte, level int) (_ []byte, err Err) {
	key := view(e.path.Bytes(int32(level)))
	from, found := len(dst), false
	dst = append(dst, '{')
	for it := jsonb.Elements(v); ; {
		k, val, ok := it.Next()
		if !ok {
			break
		}
		if found || string(jsonb.Unquote(k)) != key {
			dst = append(append(append(item(dst, from), k...), ": "...), val...)
			continue
		}
		found = true
		switch {
		case !e.last(level):
			if dst, err = e.at(append(append(item(dst, from), k...), ": "...), val, level+1); err != nil {
				return dst, err
			}
		case e.kind == editBefore || e.kind == editAfter:
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, "cannot replace existing key").
				WithHint("Try using the function jsonb_set to replace key value.")
		case e.kind != editDelete:
			dst = append(append(append(item(dst, from), k...), ": "...), e.value...)
		}
	}
	if !found && e.last(level) && e.kind.adds() {
		dst = append(append(jsonb.AppendString(item(dst, from), []byte(key)), ": "...), e.value...)
	}
	return append(dst, '}'), nil
}

func (e *jsonEditor) array(dst, v []byte, level int) (_ []byte, err Err) {
	text := view(e.path.Bytes(int32(level)))
	n, ok := pathIndex(text)
	if !ok {
		return dst, sqlerr.New(sqlerr.InvalidTextRepresentation, "path element at position %d is not an integer: \"%s\"", level+1, text)
	}
	count := jsonCount(v)
	at := int(n)
	if at < 0 {
		at += count // below 0: in front of all
	}
	at = min(at, count)
	from := len(dst)
	dst = append(dst, '[')
	done := (at < 0 || count == 0) && e.last(level) && e.kind.adds()
	if done {
		dst = append(dst, e.value...)
	}
	it := jsonb.Elements(v)
	for i := 0; ; i++ {
		_, val, ok := it.Next()
		if !ok {
			break
		}
		if i != at {
			dst = append(item(dst, from), val...)
			continue
		}
		done = true
		if !e.last(level) {
			if dst, err = e.at(item(dst, from), val, level+1); err != nil {
				return dst, err
			}
			continue
		}
		switch e.kind {
		case editBefore:
			dst = append(append(append(item(dst, from), e.value...), ", "...), val...)
		case editAfter:
			dst = append(append(append(item(dst, from), val...), ", "...), e.value...)
		case editReplace, editCreate:
			dst = append(item(dst, from), e.value...)
		}
	}
	if !done && e.last(level) && e.kind.adds() {
		dst = append(item(dst, from), e.value...)
	}
	return append(dst, ']'), nil
}

// jsonObjectOf is an object of keys and values: of one array, flat or of pairs, or of two.
func (c *Call) jsonObjectOf(dst []byte, row int32) ([]byte, Err) {
	keys := arrayOf(c.Args[0], row)
	values, step, shift := keys, int32(2), int32(1)
	if len(c.Args) == 2 {
		values, step, shift = arrayOf(c.Args[1], row), 1, 0
		if keys.NDim > 1 || keys.NDim != values.NDim {
			return dst, errSubscripts()
		}
		if keys.Elems.Len != values.Elems.Len {
			return dst, sqlerr.New(sqlerr.ArraySubscriptError, "mismatched array dimensions")
		}
	} else {
		switch {
		case keys.NDim == 1 && keys.Elems.Len%2 != 0:
			return dst, sqlerr.New(sqlerr.ArraySubscriptError, "array must have even number of elements")
		case keys.NDim == 2 && keys.Dims()[1].Len != 2:
			return dst, sqlerr.New(sqlerr.ArraySubscriptError, "array must have two columns")
		case keys.NDim > 2:
			return dst, errSubscripts()
		}
	}
	dst = append(dst, '{')
	for k := int32(0); k < int32(keys.Elems.Len); k += step {
		if k > 0 {
			dst = append(dst, ", "...)
		}
		if keys.Elems.Null(k) {
			return dst, sqlerr.New(sqlerr.NullValueNotAllowed, "null value not allowed for object key")
		}
		dst = append(jsonb.AppendString(dst, keys.Elems.Bytes(k)), " : "...)
		if values.Elems.Null(k + shift) {
			dst = append(dst, "null"...)
		} else {
			dst = jsonb.AppendString(dst, values.Elems.Bytes(k+shift))
		}
	}
	return append(dst, '}'), nil
}
