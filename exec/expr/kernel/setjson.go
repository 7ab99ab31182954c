package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Rows of JSON.
func init() {
	sets(map[string]SetKernel{
		"jsonb_array_elements":      jsonElements(found),
		"jsonb_array_elements_text": jsonElements(foundText),
		"jsonb_each":                jsonEach("jsonb_each", found),
		"jsonb_each_text":           jsonEach("jsonb_each_text", foundText),
		"jsonb_object_keys":         jsonObjectKeys,
		"json_array_elements":       rawElements("json_array_elements", found),
		"json_array_elements_text":  unescaped(rawElements("json_array_elements_text", foundRawText)),
		"json_each":                 unescaped(rawEach(found)),
		"json_each_text":            unescaped(rawEach(foundRawText)),
		"json_object_keys":          unescaped(rawObjectKeys),
	})
}

// unescaped is a function that reads the escapes of all of a text first.
func unescaped(f SetKernel) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		if err := rawEscapes(c.Args[0].Bytes(row)); err != nil {
			return nil, err
		}
		return f(c, row)
	}
}

// giver makes of a part what the function gives of it; errNull makes it NULL.
type giver func(v []byte, ok bool) ([]byte, Err)

func (give giver) append(b *delta.Builder, v []byte) Err {
	out, err := give(v, true)
	if err == errNull {
		b.AppendNull()
		return nil
	}
	if err == nil {
		b.AppendBytes(out)
	}
	return err
}

func cannot(format string, args ...any) Err {
	return sqlerr.New(sqlerr.InvalidParameterValue, "cannot "+format, args...)
}

// items gives rows of the parts of a jsonb array or object.
func items(v []byte, add func(out []*delta.Builder, key, val []byte) Err) Rows {
	it := jsonb.Elements(v)
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit; n++ {
			k, val, ok := it.Next()
			if !ok {
				break
			}
			if err := add(out, k, val); err != nil {
				return n, err
			}
		}
		return n, nil
	}
}

func jsonElements(give giver) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		v := c.Args[0].Bytes(row)
		switch {
		case isObject(v):
			return nil, cannot("extract elements from an object")
		case !isArray(v):
			return nil, cannot("extract elements from a scalar")
		}
		return items(v, func(out []*delta.Builder, _, val []byte) Err { return give.append(out[0], val) }), nil
	}
}

func jsonEach(name string, give giver) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		v := c.Args[0].Bytes(row)
		if !isObject(v) {
			return nil, cannot("call %s on a non-object", name)
		}
		return items(v, func(out []*delta.Builder, k, val []byte) Err {
			out[0].AppendBytes(jsonb.Unquote(k))
			return give.append(out[1], val)
		}), nil
	}
}

func jsonObjectKeys(c *Call, row int32) (Rows, Err) {
	v := c.Args[0].Bytes(row)
	switch {
	case isArray(v):
		return nil, cannot("call jsonb_object_keys on an array")
	case !isObject(v):
		return nil, cannot("call jsonb_object_keys on a scalar")
	}
	return items(v, func(out []*delta.Builder, k, _ []byte) Err {
		out[0].AppendBytes(jsonb.Unquote(k))
		return nil
	}), nil
}

// rawParts gives rows of the parts of a json array or object, as they are written.
func rawParts(v []byte, add func(out []*delta.Builder, key, val []byte) Err) Rows {
	it := rawIter{v: v, at: rawBlanks(v, 1)}
	return func(out []*delta.Builder, limit int) (n int, _ Err) {
		for ; n < limit; n++ {
			k, val, ok := it.next()
			if !ok {
				break
			}
			if err := add(out, k, val); err != nil {
				out[0].Truncate(out[len(out)-1].Len()) // the key of a value that failed
				return n, err
			}
		}
		return n, nil
	}
}

func rawElements(name string, give giver) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		v := trimJSON(c.Args[0].Bytes(row))
		switch {
		case isObject(v):
			return nil, cannot("call %s on a non-array", name)
		case !isArray(v):
			return nil, cannot("call %s on a scalar", name)
		}
		return rawParts(v, func(out []*delta.Builder, _, val []byte) Err { return give.append(out[0], val) }), nil
	}
}

func rawEach(give giver) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		v := trimJSON(c.Args[0].Bytes(row))
		switch {
		case isArray(v):
			return nil, cannot("deconstruct an array as an object")
		case !isObject(v):
			return nil, cannot("deconstruct a scalar")
		}
		return rawParts(v, func(out []*delta.Builder, k, val []byte) Err {
			if err := giver(foundRawText).append(out[0], k); err != nil {
				return err
			}
			return give.append(out[1], val)
		}), nil
	}
}

func rawObjectKeys(c *Call, row int32) (Rows, Err) {
	v := trimJSON(c.Args[0].Bytes(row))
	switch {
	case isArray(v):
		return nil, cannot("call json_object_keys on an array")
	case !isObject(v):
		return nil, cannot("call json_object_keys on a scalar")
	}
	return rawParts(v, func(out []*delta.Builder, k, _ []byte) Err { return giver(foundRawText).append(out[0], k) }), nil
}
