package kernel

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Values of any type as JSON.
func init() {
	kernels(map[string]Kernel{
		"to_json": eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) { return c.jsonValue(dst, c.Args[0], row), nil }),
		"to_jsonb": eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			out, err := jsonb.Normalize(dst, c.jsonValue(nil, c.Args[0], row))
			return out, asErr(err)
		}),
		"json_build_array":         eachRow((*Call).jsonArray),
		"json_build_array_noargs":  eachRow((*Call).jsonArray),
		"json_build_object":        eachRow((*Call).jsonObject),
		"json_build_object_noargs": eachRow((*Call).jsonObject),

		"jsonb_build_array":         eachRow(canonical((*Call).jsonArray)),
		"jsonb_build_array_noargs":  eachRow(canonical((*Call).jsonArray)),
		"jsonb_build_object":        eachRow(canonical((*Call).jsonObject)),
		"jsonb_build_object_noargs": eachRow(canonical((*Call).jsonObject)),
	})
	kernelsOf(map[uint32]Kernel{builtin.JSONField: eachRow((*Call).jsonField)})
}

type rowAppender func(c *Call, dst []byte, row int32) ([]byte, Err)

// eachRow is the loop of functions that look at their arguments' columns themselves.
func eachRow(f rowAppender) Kernel {
	return func(c *Call) {
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst, err := f(c, c.Out.Start(i), i)
			c.take(i, dst, err)
		}
	}
}

// canonical makes jsonb of what f writes as json.
func canonical(f rowAppender) rowAppender {
	return func(c *Call, dst []byte, row int32) ([]byte, Err) {
		text, err := f(c, nil, row)
		if err != nil {
			return dst, err
		}
		out, nerr := jsonb.Normalize(dst, text)
		return out, asErr(nerr)
	}
}

// jsonValue appends a value as JSON; times in ISO 8601, what is no number quoted.
func (c *Call) jsonValue(dst []byte, a *delta.Column, row int32) []byte {
	if a.Null(row) {
		return append(dst, "null"...)
	}
	switch sqltype.OpsOf(a.Type).JSON {
	case sqltype.JSONItself:
		return append(dst, a.Bytes(row)...)
	case sqltype.JSONBool:
		return append(dst, boolText(a.Data[a.At(row)] != 0)...)
	case sqltype.JSONInteger:
		return c.text(dst, a, row)
	case sqltype.JSONNumber:
		start := len(dst)
		dst = c.text(dst, a, row)
		if last := dst[len(dst)-1]; isDigit(last) {
			return dst
		}
		return jsonb.AppendString(dst[:start], append([]byte(nil), dst[start:]...))
	case sqltype.JSONRecord:
		return c.jsonRecord(dst, a, row)
	case sqltype.JSONArray:
		return c.jsonElements(dst, a, row, false)
	}
	return jsonb.AppendString(dst, c.jsonText(a, row))
}

func (c *Call) jsonText(a *delta.Column, row int32) []byte {
	switch sqltype.OpsOf(a.Type).JSON {
	case sqltype.JSONTimestamp:
		return datetime.AppendTimestamp(nil, delta.Values[int64](a)[a.At(row)], 'T')
	case sqltype.JSONTimestamptz:
		return datetime.AppendTimestamptz(nil, delta.Values[int64](a)[a.At(row)], c.zone(), 'T')
	}
	if a.Type.Base() == sqltype.Date { // ISO whatever DateStyle is, as the others
		return datetime.AppendDate(nil, delta.Values[int32](a)[a.At(row)])
	}
	return c.text(nil, a, row)
}

func (c *Call) jsonArray(dst []byte, row int32) ([]byte, Err) {
	dst = append(dst, '[')
	for i, a := range c.Args {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = c.jsonValue(dst, a, row)
	}
	return append(dst, ']'), nil
}

func (c *Call) jsonObject(dst []byte, row int32) ([]byte, Err) {
	if len(c.Args)%2 != 0 {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "argument list must have even number of elements").
			WithHint("The arguments of %s must consist of alternating keys and values.", pick(c.Type.OID == sqltype.JSON, "json_build_object()", "jsonb_build_object()"))
	}
	dst = append(dst, '{')
	for i := 0; i < len(c.Args); i += 2 {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		key := c.Args[i]
		if key.Null(row) {
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, pick(c.Type.OID == sqltype.JSON, "argument %d cannot be null", "argument %d: key must not be null"), i+1)
		}
		if !scalarKey(key.Type) {
			return dst, sqlerr.New(sqlerr.InvalidParameterValue, "key value must be scalar, not array, composite, or json")
		}
		dst = append(jsonb.AppendString(dst, c.jsonKey(key, row)), " : "...)
		dst = c.jsonValue(dst, c.Args[i+1], row)
	}
	return append(dst, '}'), nil
}

// jsonField is a field of json_object_agg and jsonb_object_agg.
func (c *Call) jsonField(dst []byte, row int32) ([]byte, Err) {
	key := c.Args[0]
	if key.Null(row) {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "field name must not be null")
	}
	if !scalarKey(key.Type) {
		return dst, sqlerr.New(sqlerr.InvalidParameterValue, "key value must be scalar, not array, composite, or json")
	}
	dst = append(jsonb.AppendString(dst, c.jsonKey(key, row)), " : "...)
	return c.jsonValue(dst, c.Args[1], row), nil
}

// scalarKey: a value of the type can be an object's key.
func scalarKey(t sqltype.OID) bool {
	t = t.Base()
	return t != sqltype.JSON && t != sqltype.JSONB && t != sqltype.Record && !sqltype.IsComposite(t) && t.Elem() == sqltype.Invalid
}

// jsonKey is a value as an object's key: the text of what it is as a JSON value.
func (c *Call) jsonKey(a *delta.Column, row int32) []byte {
	if a.Type == sqltype.Bool {
		return []byte(boolText(a.Data[a.At(row)] != 0))
	}
	return c.jsonText(a, row)
}
