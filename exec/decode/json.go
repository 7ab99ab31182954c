package decode

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// slot is the last value seen for a column; it counts if its record is the current one.
type slot struct {
	record    uint64
	from, end int32
	kind      kind
}

// known is a field at a place of a record before: its raw name with the closing quote, and
// its column.
type known struct {
	quoted []byte
	column int32
}

// knownOnes are the two fields that stood last at a place, the newer first: where kinds of records take turns, the field is
// mostly one of them.
type knownOnes [2]known

// at finds the field whose name begins at from, nil if it is none of them.
func (k *knownOnes) at(s []byte, from int) *known {
	if k[0].begins(s, from) {
		return &k[0]
	}
	if k[1].begins(s, from) {
		k[0], k[1] = k[1], k[0]
		return &k[0]
	}
	return nil
}

func (k *known) begins(s []byte, from int) bool {
	return len(s)-from > len(k.quoted) && string(s[from:from+len(k.quoted)]) == string(k.quoted)
}

// jsonDecoder reads objects.
type jsonDecoder struct {
	*Decoder
	exact   map[string]int32
	put     []putter // by column
	quotes  []bool   // by column: strings keep their quotes
	fits    []fitter // by column: whether a value that nobody wants need not be read to know that it is one of the type
	twins   [][2]int // columns of one field: the one that is found, and another
	slots   []slot
	record  uint64
	order   []knownOnes
	nameBuf []byte
}

// maxOrder bounds the fields whose places are remembered.
const maxOrder = 256

func newJSON(d *Decoder) *jsonDecoder {
	j := &jsonDecoder{Decoder: d, exact: make(map[string]int32, len(d.columns)), slots: make([]slot, len(d.columns))}
	for i := range d.columns {
		if first, ok := j.exact[d.columns[i].Name]; ok {
			j.twins = append(j.twins, [2]int{int(first), i})
		} else {
			j.exact[d.columns[i].Name] = int32(i)
		}
	}
	for _, c := range d.columns {
		j.put = append(j.put, putterOf(c.Type))
		j.fits = append(j.fits, fitterOf(c.Type))
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
	for _, t := range j.twins {
		j.slots[t[1]] = j.slots[t[0]]
	}
	for i := range j.slots {
		v := &j.slots[i]
		null := v.record != j.record || v.kind == kindNull
		if null && j.columns[i].NotNull {
			j.undo(i, dst)
			return j.nullFault(i)
		}
		if j.out[i] < 0 && (null || j.fits[i](v)) {
			continue
		}
		b := j.builder(i, dst)
		if null {
			b.AppendNull()
			continue
		}
		from, end := v.from, v.end
		if j.quotes[i] && (v.kind == kindString || v.kind == kindEscaped) {
			from, end = from-1, end+1
		}
		if err := j.put[i](b, j.columns[i].Type, s[from:end], v.kind); err != nil {
			if j.columns[i].Lenient {
				b.AppendNull()
				continue
			}
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
		c, next, msg := j.field(s, i, n)
		if msg != "" {
			return next, msg
		}
		i = next
		if i < len(s) && s[i] <= ' ' {
			i = skipBlanks(s, i)
		}
		from, end, next, k, ok := valueEnd(s, i)
		if !ok {
			return next, "bad or missing value"
		}
		if c >= 0 {
			j.slots[c] = slot{j.record, int32(from), int32(end), k}
		}
		if i = next; i < len(s) && s[i] <= ' ' {
			i = skipBlanks(s, i)
		}
		if i >= len(s) {
			return i, "the object does not end"
		}
		switch s[i] {
		case ',':
			if i++; i < len(s) && s[i] <= ' ' {
				i = skipBlanks(s, i)
			}
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

// field reads the n-th field's name and colon at i: its column (-1 = none) and what follows.
func (j *jsonDecoder) field(s []byte, i, n int) (column int32, next int, msg string) {
	if i >= len(s) || s[i] != '"' {
		return -1, i, "a field name is expected"
	}
	from := i + 1
	if n < len(j.order) {
		// A name that stood here before: no need to look for its end.
		if k := j.order[n].at(s, from); k != nil {
			i = from + len(k.quoted)
			if s[i] != ':' {
				if i = skipBlanks(s, i); i >= len(s) || s[i] != ':' {
					return -1, i, "a colon is expected"
				}
			}
			return k.column, i + 1, ""
		}
	}
	end, escaped, ok := jsonb.StringEnd(s, from)
	if !ok {
		return -1, end, "bad string"
	}
	if i = skipBlanks(s, end+1); i >= len(s) || s[i] != ':' {
		return -1, i, "a colon is expected"
	}
	c := j.find(s[from:end], escaped)
	j.remember(n, s[from:end+1], c)
	return c, i + 1, ""
}

// remember notes the n-th field's name, closing quote included.
func (j *jsonDecoder) remember(n int, quoted []byte, c int32) {
	if n >= maxOrder || len(quoted) > maxOrder {
		return
	}
	for len(j.order) <= n {
		j.order = append(j.order, knownOnes{{[]byte{0}, -1}, {[]byte{0}, -1}}) // no JSON text has a NUL
	}
	k := &j.order[n]
	k[0], k[1] = known{append(k[1].quoted[:0], quoted...), c}, k[0]
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
