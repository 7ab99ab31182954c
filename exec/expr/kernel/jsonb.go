package kernel

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// A jsonb value is its canonical text (see internal/jsonb), so parts of it are values too.
func init() {
	compareBy("jsonb", longNames, jsonb.Compare)
	kernels(map[string]Kernel{
		"jsonb_cmp":                fn2(func(a, b []byte) int32 { return int32(jsonb.Compare(a, b)) }),
		"jsonb_typeof":             fn1(func(v []byte) string { return jsonType(v) }),
		"jsonb_array_length":       fn1e(jsonArrayLength),
		"jsonb_object_field":       fn2e(func(v []byte, key string) ([]byte, Err) { return found(jsonField(v, key)) }),
		"jsonb_object_field_text":  fn2e(func(v []byte, key string) ([]byte, Err) { return foundText(jsonField(v, key)) }),
		"jsonb_array_element":      fn2e(func(v []byte, n int32) ([]byte, Err) { return found(jsonElement(v, n)) }),
		"jsonb_array_element_text": fn2e(func(v []byte, n int32) ([]byte, Err) { return foundText(jsonElement(v, n)) }),
		"jsonb_exists":             fn2(jsonExists),
		"jsonb_contains":           fn2(func(a, b []byte) bool { return jsonContains(a, b, true) }),
		"jsonb_contained":          fn2(func(a, b []byte) bool { return jsonContains(b, a, true) }),
		"jsonb_concat":             fn2e(jsonConcat),
		"jsonb_delete":             fn2e(jsonDeleteKey),
		"jsonb_delete_idx":         fn2e(jsonDeleteIndex),
		"jsonb_strip_nulls":        fn1(func(v []byte) []byte { return jsonStrip(nil, v) }),
		"jsonb_pretty":             app1(func(c *Call, dst []byte, v []byte) ([]byte, Err) { return c.jsonPretty(dst, v, 0) }),
		"jsonb_bool":               fn1e(func(v []byte) (bool, Err) { return string(v) == "true", jsonWant(v, "boolean", "boolean") }),
		"jsonb_numeric":            jsonNumber("numeric", func(d dec) (dec, error) { return d, nil }),
		"jsonb_int2":               jsonNumber("smallint", func(d dec) (int16, error) { v, err := d.ToInt64(16, "smallint"); return int16(v), err }),
		"jsonb_int4":               jsonNumber("integer", func(d dec) (int32, error) { v, err := d.ToInt64(32, "integer"); return int32(v), err }),
		"jsonb_int8":               jsonNumber("bigint", func(d dec) (int64, error) { return d.ToInt64(64, "bigint") }),
		"jsonb_float4":             jsonNumber("real", dec.Float32),
		"jsonb_float8":             jsonNumber("double precision", dec.Float64),
	})
}

func jsonType(v []byte) string {
	switch v[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

func isArray(v []byte) bool  { return v[0] == '[' }
func isObject(v []byte) bool { return v[0] == '{' }
func isScalar(v []byte) bool { return !isArray(v) && !isObject(v) }

func found(v []byte, ok bool) ([]byte, Err) { return v, nullUnless(ok) }

// foundText is a value as ->> gives it: strings without quotes, null as NULL.
func foundText(v []byte, ok bool) ([]byte, Err) {
	switch {
	case !ok || v[0] == 'n':
		return nil, errNull
	case v[0] == '"':
		return jsonb.Unquote(v), nil
	}
	return v, nil
}

func jsonField(v []byte, key string) ([]byte, bool) {
	if !isObject(v) {
		return nil, false
	}
	it := jsonb.Elements(v)
	for {
		k, val, ok := it.Next()
		if !ok || string(jsonb.Unquote(k)) == key {
			return val, ok
		}
	}
}

// jsonElement is an element of an array; negative numbers count from its end. A scalar at the
// root is an array of one, as PostgreSQL stores it.
func jsonElement(v []byte, n int32) ([]byte, bool) {
	if isScalar(v) {
		return v, n == 0 || n == -1
	}
	if !isArray(v) {
		return nil, false
	}
	at := int64(n)
	if at < 0 {
		at += int64(jsonCount(v))
	}
	it := jsonb.Elements(v)
	for i := int64(0); ; i++ {
		_, val, ok := it.Next()
		if !ok || i == at {
			return val, ok && at >= 0
		}
	}
}

func jsonCount(v []byte) int {
	n := 0
	for it := jsonb.Elements(v); ; n++ {
		if _, _, ok := it.Next(); !ok {
			return n
		}
	}
}

func jsonArrayLength(v []byte) (int32, Err) {
	switch {
	case isObject(v):
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a non-array")
	case !isArray(v):
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a scalar")
	}
	return int32(jsonCount(v)), nil
}

// jsonExists is ?: a key of an object, or a string among an array's elements, or the scalar.
func jsonExists(v []byte, key string) bool {
	if v[0] == '"' {
		return string(jsonb.Unquote(v)) == key
	}
	it := jsonb.Elements(v)
	for {
		k, val, ok := it.Next()
		switch {
		case !ok:
			return false
		case k == nil:
			k = val
		}
		if k[0] == '"' && string(jsonb.Unquote(k)) == key {
			return true
		}
	}
}

// jsonContains is @>: every part of b is somewhere in a; at the root an array contains a scalar.
func jsonContains(a, b []byte, root bool) bool {
	switch {
	case isObject(a) && isObject(b):
		it := jsonb.Elements(b)
		for {
			k, want, ok := it.Next()
			if !ok {
				return true
			}
			have, ok := jsonField(a, string(jsonb.Unquote(k)))
			if !ok || !jsonContains(have, want, false) {
				return false
			}
		}
	case isArray(a) && isArray(b):
		it := jsonb.Elements(b)
		for {
			_, want, ok := it.Next()
			if !ok {
				return true
			}
			if !jsonHas(a, want) {
				return false
			}
		}
	case isArray(a) && isScalar(b) && root:
		return jsonHas(a, b)
	case isScalar(a) && isScalar(b):
		return jsonb.Compare(a, b) == 0
	}
	return false
}

// jsonHas reports whether array a has an element that contains want.
func jsonHas(a, want []byte) bool {
	it := jsonb.Elements(a)
	for {
		_, have, ok := it.Next()
		if !ok {
			return false
		}
		if isScalar(have) == isScalar(want) && jsonContains(have, want, false) {
			return true
		}
	}
}

func jsonWant(v []byte, kind, typ string) Err {
	have := jsonType(v)
	if have == kind {
		return nil
	}
	switch have {
	case "number":
		have = "jsonb numeric"
	default:
		have = "jsonb " + have
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "cannot cast %s to type %s", have, typ)
}

func jsonNumber[R any](typ string, f func(d dec) (R, error)) Kernel {
	return fn1e(func(v []byte) (r R, _ Err) {
		if err := jsonWant(v, "number", typ); err != nil {
			return r, err
		}
		d, err := decimal.Parse(v)
		if err == nil {
			r, err = f(d)
		}
		return r, asErr(err)
	})
}

// jsonStrip drops object fields that are null, at every depth.
func jsonStrip(dst, v []byte) []byte {
	if isScalar(v) {
		return append(dst, v...)
	}
	dst = append(dst, v[0])
	it, first := jsonb.Elements(v), true
	for {
		k, val, ok := it.Next()
		if !ok {
			return append(dst, v[len(v)-1])
		}
		if k != nil && string(val) == "null" {
			continue
		}
		if !first {
			dst = append(dst, ", "...)
		}
		if first = false; k != nil {
			dst = append(append(dst, k...), ": "...)
		}
		dst = jsonStrip(dst, val)
	}
}

// jsonPretty writes v over several lines. What a deep value grows by is not linear in it.
func (c *Call) jsonPretty(dst, v []byte, depth int) (_ []byte, err Err) {
	if isScalar(v) {
		return c.appendSized(dst, view(v))
	}
	indent := func(n int) Err {
		dst = append(dst, '\n')
		dst, err = c.appendTimes(dst, "    ", n)
		return err
	}
	dst = append(dst, v[0])
	it, first := jsonb.Elements(v), true
	for {
		k, val, ok := it.Next()
		if !ok {
			break
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if err := c.breathe(); err != nil {
			return dst, err
		}
		if err := indent(depth + 1); err != nil {
			return dst, err
		}
		if k != nil {
			dst = append(append(dst, k...), ": "...)
		}
		if dst, err = c.jsonPretty(dst, val, depth+1); err != nil {
			return dst, err
		}
	}
	if err := indent(depth); err != nil {
		return dst, err
	}
	return append(dst, v[len(v)-1]), nil
}
