package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tsearch"
)

// Text search in json and jsonb.
func init() {
	for _, t := range []string{"json", "jsonb"} {
		vector := eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			cfg, args, err := c.searchConfig(row)
			if err != nil {
				return dst, err
			}
			parts := jsonPartStrings
			if len(args) > 1 {
				if parts, err = jsonPartsOf(args[1].Bytes(row)); err != nil {
					return dst, err
				}
			}
			return c.jsonVector(cfg, dst, args[0].Bytes(row), parts)
		})
		headline := eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) {
			cfg, args, err := c.searchConfig(row)
			if err != nil {
				return dst, err
			}
			if _, err := c.headlineOptions(args, row); err != nil {
				return dst, err
			}
			if err := rawEscapes(args[0].Bytes(row)); err != nil {
				return dst, err
			}
			h := jsonHeadline{c, cfg, args, row, pick(t == "jsonb", " ", "")}
			return h.value(dst, trimJSON(args[0].Bytes(row)))
		})
		kernels(map[string]Kernel{
			t + "_string_to_tsvector": vector, t + "_string_to_tsvector_byid": vector, t + "_to_tsvector": vector, t + "_to_tsvector_byid": vector,
			"ts_headline_" + t: headline, "ts_headline_" + t + "_opt": headline,
			"ts_headline_" + t + "_byid": headline, "ts_headline_" + t + "_byid_opt": headline,
		})
	}
}

// jsonParts are what of a JSON value words are taken from, as bits.
type jsonParts uint8

const (
	jsonPartStrings jsonParts = 1 << iota
	jsonPartNumbers
	jsonPartBooleans
	jsonPartKeys
)

var jsonPartNames = map[string]jsonParts{
	"string": jsonPartStrings, "numeric": jsonPartNumbers, "boolean": jsonPartBooleans, "key": jsonPartKeys, "all": jsonPartStrings | jsonPartNumbers | jsonPartBooleans | jsonPartKeys,
}

const jsonPartHint = `Possible values are: "string", "numeric", "boolean", "key", and "all".`

// jsonPartsOf reads a filter: a string, or an array of them.
func jsonPartsOf(filter []byte) (parts jsonParts, _ Err) {
	list := [][]byte{filter}
	switch {
	case isObject(filter):
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "wrong flag type, only arrays and scalars are allowed")
	case isArray(filter):
		list = nil
		rawItems(filter, func(_, v []byte) bool { list = append(list, v); return true })
	}
	for _, v := range list {
		if v[0] != '"' {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "flag array element is not a string").WithHint("%s", jsonPartHint)
		}
		name := string(jsonb.Unquote(v))
		part, ok := jsonPartNames[name]
		if !ok {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "wrong flag in flag array: \"%s\"", name).WithHint("%s", jsonPartHint)
		}
		parts |= part
	}
	return parts, nil
}

func (c *Call) jsonVector(cfg *tsearch.Config, dst, v []byte, parts jsonParts) ([]byte, Err) {
	if err := rawEscapes(v); err != nil {
		return dst, err
	}
	if len(v) > step/wordMemory {
		if err := c.Scratch(len(v) * wordMemory); err != nil {
			return dst, err
		}
	}
	d := tsearch.NewDocument(cfg, c.breathe)
	if err := addJSON(d, trimJSON(v), parts); err != nil {
		return dst, asErr(err)
	}
	out, err := d.Vector()
	return append(dst, out...), asErr(err)
}

// addJSON adds the parts of a value that words are taken from.
func addJSON(d *tsearch.Document, v []byte, parts jsonParts) (err error) {
	part, text := jsonPartBooleans, v
	switch v[0] {
	case '{', '[':
		rawItems(v, func(key, val []byte) bool {
			if key != nil && parts&jsonPartKeys != 0 {
				err = addText(d, key)
			}
			if err == nil {
				err = addJSON(d, val, parts)
			}
			return err == nil
		})
		return err
	case 'n':
		return nil
	case 't', 'f':
	case '"':
		if parts&jsonPartStrings != 0 {
			return addText(d, v)
		}
		return nil
	default:
		part = jsonPartNumbers
	}
	if parts&part == 0 {
		return nil
	}
	return d.Add(string(text))
}

func addText(d *tsearch.Document, quoted []byte) error {
	text, err := rawText(quoted)
	if err != nil {
		return err
	}
	return d.Add(string(text))
}

// jsonHeadline writes a value with headlines in the place of its strings.
type jsonHeadline struct {
	c     *Call
	cfg   *tsearch.Config
	args  []*delta.Column
	row   int32
	blank string // behind colons and commas
}

func (h *jsonHeadline) value(dst, v []byte) (_ []byte, err Err) {
	switch v[0] {
	case '"':
		text, err := rawText(v)
		if err != nil {
			return dst, err
		}
		out, err := h.c.headline(h.cfg, h.args, nil, h.row, text)
		if err != nil {
			return dst, err
		}
		return jsonb.AppendString(dst, out), nil
	case '{', '[':
	default:
		return append(dst, v...), nil
	}
	first := true
	dst = append(dst, v[0])
	rawItems(v, func(key, val []byte) bool {
		if !first {
			dst = append(append(dst, ','), h.blank...)
		}
		first = false
		if key != nil {
			var name []byte
			if name, err = rawText(key); err != nil {
				return false
			}
			dst = append(append(jsonb.AppendString(dst, name), ':'), h.blank...)
		}
		dst, err = h.value(dst, val)
		return err == nil
	})
	return append(dst, v[len(v)-1]), err
}
