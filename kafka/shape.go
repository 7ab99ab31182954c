package kafka

import (
	"fmt"
	"strconv"
	"strings"
)

// A shape is the layout of a request body, so that its bytes can be walked without building
// anything. It is written as fields divided by blanks; a field is one of
//
//	1 2 4 8 u   so many bytes (u = 16, a UUID)
//	s           a string, nullable or not     y   bytes, nullable or not
//	[x]         an array of 1 2 4 8 u s       [{…}]  an array of structs of fields
//	?{…}        a struct, nullable
//
// with `:min-max`, `:min-` or `:n-n` behind it if only some versions have it. In flexible
// versions lengths are uvarints, and tagged fields stand behind each struct and the whole.
type shape []shapeField

type shapeField struct {
	kind     byte // '1' '2' '4' '8' 'u' 's' 'y' '[' '?'
	min, max int16
	element  shape // of '[' and '?'
	isStruct bool  // of '[': tagged fields follow each element
}

// What kmsg makes of a request at most: a struct of an array, and an array's plain element.
const (
	structBytes = 160
	plainBytes  = 24
)

// parseShape panics on a mistake: shapes are constants of this package.
func parseShape(text string) shape {
	p := shapeParser{text: text}
	s := p.fields(0)
	if p.pos != len(text) {
		panic("kafka: shape " + text)
	}
	return s
}

type shapeParser struct {
	text string
	pos  int
}

func (p *shapeParser) fields(end byte) shape {
	var s shape
	for p.pos < len(p.text) && p.text[p.pos] != end {
		if p.text[p.pos] == ' ' {
			p.pos++
			continue
		}
		s = append(s, p.field())
	}
	return s
}

func (p *shapeParser) field() shapeField {
	f := shapeField{kind: p.text[p.pos], max: 1<<15 - 1}
	p.pos++
	if f.kind == '?' {
		p.pos++
		f.element = p.fields('}')
		p.pos++
	}
	if f.kind == '[' {
		if p.text[p.pos] == '{' {
			p.pos++
			f.isStruct, f.element = true, p.fields('}')
			p.pos++
		} else {
			f.element = p.fields(']')
		}
		p.pos++
	}
	if p.pos < len(p.text) && p.text[p.pos] == ':' {
		end := p.pos + strings.IndexAny(p.text[p.pos:]+" ", " ]}")
		low, high, _ := strings.Cut(p.text[p.pos+1:end], "-")
		f.min = version(low)
		if high != "" {
			f.max = version(high)
		}
		p.pos = end
	}
	return f
}

func version(s string) int16 {
	n, err := strconv.ParseInt(s, 10, 16)
	if err != nil {
		panic("kafka: shape version " + s)
	}
	return int16(n)
}

// preflight walks body and returns how many bytes decoding it may take, before anything is
// allocated. An error means that the bytes are not of that shape: lengths or counts beyond the
// body's end. Bytes after the end are ignored, as Kafka does.
func (s shape) preflight(body []byte, version int16, flexible bool) (decoded int64, err error) {
	w := walker{cursor: cursor{src: body, flexible: flexible}, version: version}
	w.fields(s)
	w.decoded += w.tags() * structBytes // kmsg keeps those it does not know in a map
	if w.bad {
		return 0, errMalformed
	}
	return w.decoded + int64(len(body)) + structBytes, nil
}

type walker struct {
	cursor
	version int16
	decoded int64
}

func (w *walker) fields(s shape) {
	for i := range s {
		f := &s[i]
		if w.bad {
			return
		}
		if w.version < f.min || w.version > f.max {
			continue
		}
		switch f.kind {
		case '1', '2', '4', '8':
			w.skip(int64(f.kind - '0'))
		case 'u':
			w.skip(16)
		case 's':
			w.skip(max(w.length(2), 0))
		case 'y':
			w.skip(max(w.length(4), 0))
		case '[':
			w.array(f)
		case '?':
			if w.int8() >= 0 {
				w.fields(f.element)
				w.decoded += structBytes + w.tags()*structBytes
			}
		default:
			panic(fmt.Sprintf("kafka: shape kind %q", f.kind))
		}
	}
}

func (w *walker) array(f *shapeField) {
	n := w.count()
	size := int64(plainBytes)
	if f.isStruct {
		size = structBytes
	}
	w.decoded += n * size
	for ; n > 0 && !w.bad; n-- {
		w.fields(f.element)
		if f.isStruct {
			w.decoded += w.tags() * structBytes
		}
	}
}
