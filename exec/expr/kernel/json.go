package kernel

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Values of type json, which are texts as they were written: parts of one are parts of the text, and of
// fields with one name the last counts.
func init() {
	kernels(map[string]Kernel{
		"json_object_field":       rawPartBy(rawField, found),
		"json_object_field_text":  rawPartBy(rawField, foundRawText),
		"json_array_element":      rawPartBy(rawElement, found),
		"json_array_element_text": rawPartBy(rawElement, foundRawText),
		"json_extract_path":       eachRow((*Call).rawPart),
		"json_extract_path_text":  eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) { return c.rawPath(dst, row, foundRawText) }),
		"json_array_length":       fn1e(rawArrayLength),
		"json_typeof":             fn1(func(v []byte) string { return jsonType(trimJSON(v)) }),
		"json_strip_nulls": app1(func(_ *Call, dst []byte, v []byte) ([]byte, Err) {
			if err := rawEscapes(v); err != nil {
				return dst, err
			}
			return stripRaw(dst, trimJSON(v)), nil
		}),
	})
}

func trimJSON(v []byte) []byte { return bytes.Trim(v, " \t\r\n") }

// rawPartBy is a part of a text by its key or subscript.
func rawPartBy[K any](part func(v []byte, key K) ([]byte, bool), give giver) Kernel {
	return fn2e(func(v []byte, key K) ([]byte, Err) {
		if err := rawEscapes(v); err != nil {
			return nil, err
		}
		return give(part(v, key))
	})
}

// rawEscapes refuses a text of whose \u escapes one stands for no character, which json takes; PostgreSQL reads all of
// a text when a part of it is asked for.
func rawEscapes(v []byte) Err {
	if !bytes.Contains(v, []byte(`\u`)) {
		return nil
	}
	for i := 0; ; {
		from := bytes.IndexByte(v[i:], '"')
		if from < 0 {
			return nil
		}
		from += i + 1
		end, escaped, ok := jsonb.StringEnd(v, from)
		if !ok {
			return nil
		}
		if escaped {
			if _, err := jsonb.Unescape(nil, v[from:end]); err != nil {
				return asErr(err)
			}
		}
		i = end + 1
	}
}

// rawIter goes through the items of an object or array, as they are written.
type rawIter struct {
	v  []byte
	at int // of the next
}

func (it *rawIter) next() (key, val []byte, ok bool) {
	v, i := it.v, it.at
	if v[i] == ']' || v[i] == '}' {
		return nil, nil, false
	}
	if isObject(v) {
		end := rawEnd(v, i)
		key = v[i:end]
		i = rawBlanks(v, rawBlanks(v, end)+1) // past the colon
	}
	end := rawEnd(v, i)
	val = v[i:end]
	if i = rawBlanks(v, end); v[i] == ',' {
		i = rawBlanks(v, i+1)
	}
	it.at = i
	return key, val, true
}

// rawItems calls each for the items, until it says no.
func rawItems(v []byte, each func(key, val []byte) bool) {
	it := rawIter{v: v, at: rawBlanks(v, 1)}
	for {
		if key, val, ok := it.next(); !ok || !each(key, val) {
			return
		}
	}
}

func rawBlanks(v []byte, i int) int {
	for v[i] == ' ' || v[i] == '\t' || v[i] == '\n' || v[i] == '\r' {
		i++
	}
	return i
}

// rawEnd is the end of the value that starts at i of a valid text.
func rawEnd(v []byte, i int) int {
	switch v[i] {
	case '"':
		end, _, _ := jsonb.StringEnd(v, i+1)
		return end + 1
	case '{', '[':
		for depth := 0; ; i++ {
			switch v[i] {
			case '"':
				end, _, _ := jsonb.StringEnd(v, i+1)
				i = end
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(v) && v[i] != ',' && v[i] != '}' && v[i] != ']' && v[i] != ' ' && v[i] != '\t' && v[i] != '\n' && v[i] != '\r' {
		i++
	}
	return i
}

// rawText is the characters of a string as it is written.
func rawText(v []byte) ([]byte, Err) {
	out, err := jsonb.Unescape(nil, v[1:len(v)-1])
	return out, asErr(err)
}

func foundRawText(v []byte, ok bool) ([]byte, Err) {
	switch {
	case !ok || v[0] == 'n':
		return nil, errNull
	case v[0] == '"':
		return rawText(v)
	}
	return v, nil
}

func rawField(v []byte, key string) (val []byte, ok bool) {
	if v = trimJSON(v); !isObject(v) {
		return nil, false
	}
	rawItems(v, func(k, x []byte) bool {
		if name, err := rawText(k); err == nil && string(name) == key {
			val, ok = x, true
		}
		return true
	})
	return val, ok
}

func rawCount(v []byte) int {
	n := 0
	rawItems(v, func(_, _ []byte) bool { n++; return true })
	return n
}

func rawElement(v []byte, n int32) (val []byte, ok bool) {
	if v = trimJSON(v); !isArray(v) {
		return nil, false
	}
	at := int64(n)
	if at < 0 {
		at += int64(rawCount(v))
	}
	i := int64(0)
	rawItems(v, func(_, x []byte) bool {
		if i == at {
			val, ok = x, true
		}
		i++
		return !ok
	})
	return val, ok
}

func rawArrayLength(v []byte) (int32, Err) {
	switch v = trimJSON(v); {
	case isObject(v):
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a non-array")
	case !isArray(v):
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "cannot get array length of a scalar")
	}
	return int32(rawCount(v)), nil
}

// rawPart is rawPath as JSON; without a path the whole: a scalar from its very beginning, as PostgreSQL gives it.
func (c *Call) rawPart(dst []byte, row int32) ([]byte, Err) {
	if p, ok := path(c.Args[1], row); ok && p.Elems.Len == 0 {
		if err := rawEscapes(c.Args[0].Bytes(row)); err != nil {
			return dst, err
		}
		v := bytes.TrimRight(c.Args[0].Bytes(row), " \t\r\n")
		if inner := trimJSON(v); inner[0] == '{' || inner[0] == '[' {
			v = inner
		}
		return append(dst, v...), nil
	}
	return c.rawPath(dst, row, found)
}

// rawPath is the part at a path of keys and subscripts.
func (c *Call) rawPath(dst []byte, row int32, give func(v []byte, ok bool) ([]byte, Err)) ([]byte, Err) {
	p, ok := path(c.Args[1], row)
	v := trimJSON(c.Args[0].Bytes(row))
	if !ok {
		return dst, errNull
	}
	if err := rawEscapes(v); err != nil {
		return dst, err
	}
	if p.Elems.Len > 0 {
		v, ok = rawFollow(v, &p)
	}
	out, err := give(v, ok)
	return append(dst, out...), err
}

func rawFollow(v []byte, p *sqltype.Array) (_ []byte, ok bool) {
	for k := range int32(p.Elems.Len) {
		key := view(p.Elems.Bytes(k))
		if isArray(v) {
			n, is := pathIndex(key)
			if !is {
				return nil, false
			}
			v, ok = rawElement(v, n)
		} else {
			v, ok = rawField(v, key)
		}
		if !ok {
			return nil, false
		}
	}
	return v, true
}

// quoteAnew writes a string with the escapes that it needs.
func quoteAnew(dst, v []byte) []byte {
	text, err := rawText(v)
	if err != nil {
		return append(dst, v...) // cannot happen: the text is valid
	}
	return jsonb.AppendString(dst, text)
}

// stripRaw drops fields that are null, and the blanks between tokens.
func stripRaw(dst, v []byte) []byte {
	switch {
	case v[0] == '"':
		return quoteAnew(dst, v)
	case isScalar(v):
		return append(dst, v...)
	}
	from := len(dst)
	dst = append(dst, v[0])
	rawItems(v, func(k, x []byte) bool {
		if k != nil && string(x) == "null" {
			return true
		}
		if len(dst) > from+1 {
			dst = append(dst, ',')
		}
		if k != nil {
			dst = append(quoteAnew(dst, k), ':')
		}
		dst = stripRaw(dst, x)
		return true
	})
	return append(dst, v[len(v)-1])
}
