package decode

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// slot is the last value seen for a column; it counts if its record is the current one.
type slot struct {
	record    uint64
	from, end int32
	kind      kind
}

// known is a field at a place of the record before: its raw name and column.
type known struct {
	name   []byte
	column int32
}

// jsonDecoder reads objects.
type jsonDecoder struct {
	*Decoder
	exact   map[string]int32
	put     []putter // by column
	quotes  []bool   // by column: strings keep their quotes
	slots   []slot
	record  uint64
	order   []known
	nameBuf []byte
}

// maxOrder bounds the fields whose places are remembered.
const maxOrder = 256

func newJSON(d *Decoder) *jsonDecoder {
	j := &jsonDecoder{Decoder: d, exact: make(map[string]int32, len(d.columns)), slots: make([]slot, len(d.columns))}
	for i := len(d.columns) - 1; i >= 0; i-- {
		j.exact[d.columns[i].Name] = int32(i)
	}
	for _, c := range d.columns {
		j.put = append(j.put, putterOf(c.Type))
		j.quotes = append(j.quotes, c.Type.OID == sqltype.JSON || c.Type.OID == sqltype.JSONB)
	}
	return j
}

func (j *jsonDecoder) decode(s []byte, dst []*delta.Builder) *Fault {
	j.record++
	if !utf8.Valid(s) {
		return &Fault{Reason: Undecodable, Message: "the value is not valid UTF-8"}
	}
	if at, msg := j.scan(s); msg != "" {
		return &Fault{Reason: Undecodable, Message: fmt.Sprintf("invalid JSON at byte %d: %s", at, msg)}
	}
	for i := range j.slots {
		v := &j.slots[i]
		b := j.builder(i, dst)
		if v.record != j.record || v.kind == kindNull {
			if j.columns[i].NotNull {
				j.undo(i, dst)
				return j.nullFault(i)
			}
			b.AppendNull()
			continue
		}
		from, end := v.from, v.end
		if j.quotes[i] && (v.kind == kindString || v.kind == kindEscaped) {
			from, end = from-1, end+1
		}
		if err := j.put[i](b, j.columns[i].Type, s[from:end], v.kind); err != nil {
			j.undo(i, dst)
			return j.typeFault(i, err)
		}
	}
	return nil
}

// scan checks the whole value and notes where each column's last field is. It returns where
// and why the text is no JSON object.
func (j *jsonDecoder) scan(s []byte) (at int, msg string) {
	i := skipBlanks(s, 0)
	if i >= len(s) {
		return i, "the value is empty"
	}
	if s[i] != '{' {
		return i, "the value is not an object"
	}
	i = skipBlanks(s, i+1)
	if i < len(s) && s[i] == '}' {
		return tail(s, i+1)
	}
	for n := 0; ; n++ {
		if i >= len(s) || s[i] != '"' {
			return i, "a field name is expected"
		}
		nameFrom := i + 1
		nameEnd, escaped, ok := stringEnd(s, nameFrom)
		if !ok {
			return nameEnd, "bad string"
		}
		i = skipBlanks(s, nameEnd+1)
		if i >= len(s) || s[i] != ':' {
			return i, "a colon is expected"
		}
		from, end, next, k, ok := valueEnd(s, skipBlanks(s, i+1))
		if !ok {
			return next, "bad or missing value"
		}
		if c := j.column(n, s[nameFrom:nameEnd], escaped); c >= 0 {
			j.slots[c] = slot{j.record, int32(from), int32(end), k}
		}
		i = skipBlanks(s, next)
		if i >= len(s) {
			return i, "the object does not end"
		}
		switch s[i] {
		case ',':
			i = skipBlanks(s, i+1)
		case '}':
			return tail(s, i+1)
		default:
			return i, "a comma or the object's end is expected"
		}
	}
}

// tail allows only blanks after the object.
func tail(s []byte, i int) (int, string) {
	if i = skipBlanks(s, i); i < len(s) {
		return i, "there is more after the object"
	}
	return i, ""
}

// column finds the column of the n-th field, -1 = none.
func (j *jsonDecoder) column(n int, name []byte, escaped bool) int32 {
	if n < len(j.order) && bytes.Equal(j.order[n].name, name) {
		return j.order[n].column
	}
	c := j.find(name, escaped)
	if n < maxOrder && len(name) <= maxOrder {
		for len(j.order) <= n {
			j.order = append(j.order, known{column: -1, name: []byte{0}}) // no JSON name has a NUL
		}
		j.order[n] = known{append(j.order[n].name[:0], name...), c}
	}
	return c
}

func (j *jsonDecoder) find(name []byte, escaped bool) int32 {
	if escaped {
		var err error
		if j.nameBuf, err = unescape(j.nameBuf[:0], name); err != nil {
			return -1
		}
		name = j.nameBuf
	}
	if c, ok := j.exact[string(name)]; ok {
		return c
	}
	for i := range j.columns {
		if bytes.EqualFold([]byte(j.columns[i].Name), name) {
			return int32(i)
		}
	}
	return -1
}
