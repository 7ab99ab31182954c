package kernel

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// jsonConcat is ||: fields of two objects, the second's win; elements of two arrays, anything
// else being an array of one.
func jsonConcat(a, b []byte) ([]byte, Err) {
	if isObject(a) && isObject(b) {
		// The canonical form puts keys in order and lets the last of a key win.
		merged := append(append([]byte{'{'}, joinParts(inner(a), inner(b))...), '}')
		out, err := jsonb.Normalize(nil, merged)
		return out, asErr(err)
	}
	if !isArray(a) && !isArray(b) && (isObject(a) || isObject(b)) && (isScalar(a) || isScalar(b)) {
		return append(append([]byte{'['}, joinParts(a, b)...), ']'), nil
	}
	return append(append([]byte{'['}, joinParts(asElements(a), asElements(b))...), ']'), nil
}

func inner(v []byte) []byte { return v[1 : len(v)-1] }

func asElements(v []byte) []byte {
	if isArray(v) {
		return inner(v)
	}
	return v
}

func joinParts(a, b []byte) []byte {
	if len(a) == 0 || len(b) == 0 {
		return append(append([]byte(nil), a...), b...)
	}
	return bytes.Join([][]byte{a, b}, []byte(", "))
}

// jsonDeleteKey is - text: a field of an object, or the elements of an array that are the string.
func jsonDeleteKey(v []byte, key string) ([]byte, Err) {
	if isScalar(v) {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot delete from scalar")
	}
	return jsonKeep(v, func(_ int, k, val []byte) bool {
		if k == nil {
			k = val
		}
		return k[0] != '"' || string(jsonb.Unquote(k)) != key
	}), nil
}

// jsonDeleteIndex is - integer: an element of an array; negative numbers count from its end.
func jsonDeleteIndex(v []byte, n int32) ([]byte, Err) {
	switch {
	case isScalar(v):
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot delete from scalar")
	case isObject(v):
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "cannot delete from object using integer index")
	}
	at := int64(n)
	if at < 0 {
		at += int64(jsonCount(v))
	}
	return jsonKeep(v, func(i int, _, _ []byte) bool { return int64(i) != at }), nil
}

// jsonKeep is v with the elements or fields for which keep is true.
func jsonKeep(v []byte, keep func(i int, k, val []byte) bool) []byte {
	out := append(make([]byte, 0, len(v)), v[0])
	it := jsonb.Elements(v)
	for i := 0; ; i++ {
		k, val, ok := it.Next()
		if !ok {
			return append(out, v[len(v)-1])
		}
		if !keep(i, k, val) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		if k != nil {
			out = append(append(out, k...), ": "...)
		}
		out = append(out, val...)
	}
}

// jsonSetLax is jsonb_set, with a choice of what a value that is NULL does.
func (c *Call) jsonSetLax(dst []byte, row int32) ([]byte, Err) {
	for _, i := range []int{0, 1, 3} {
		if c.Args[i].Null(row) {
			return dst, errNull
		}
	}
	if c.Args[4].Null(row) {
		return dst, errNullTreatment()
	}
	value := []byte("null")
	if c.Args[2].Null(row) {
		switch string(c.Args[4].Bytes(row)) {
		case "raise_exception":
			return dst, sqlerr.New(sqlerr.NullValueNotAllowed, "JSON value must not be null").
				WithDetail(`Exception was raised because null_value_treatment is "raise_exception".`).
				WithHint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")
		case "use_json_null":
		case "delete_key":
			return c.jsonEdit(dst, row, "delete path", nil, editDelete)
		case "return_target":
			return append(dst, c.Args[0].Bytes(row)...), nil
		default:
			return dst, errNullTreatment()
		}
	} else {
		value = c.Args[2].Bytes(row)
	}
	op := editReplace
	if c.boolArg(3, row) {
		op = editCreate
	}
	return c.jsonEdit(dst, row, "set path", value, op)
}

func errNullTreatment() Err {
	return sqlerr.New(sqlerr.InvalidParameterValue,
		`null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"`)
}
