package piece

import (
	"encoding/binary"
	"fmt"
)

// Encoder makes a list: numbers, bytes, and places, whose objects stand once at its beginning.
type Encoder struct {
	objects []Object
	numbers map[Object]uint64
	body    []byte
}

// Uint appends a number.
func (e *Encoder) Uint(v uint64) { e.body = binary.AppendUvarint(e.body, v) }

// Int appends a number that may be negative.
func (e *Encoder) Int(v int64) { e.body = binary.AppendVarint(e.body, v) }

// Bytes appends b with its length.
func (e *Encoder) Bytes(b []byte) {
	e.Uint(uint64(len(b)))
	e.body = append(e.body, b...)
}

// Place appends where a piece lies.
func (e *Encoder) Place(p Place) {
	n, ok := e.numbers[p.Object]
	if !ok {
		if e.numbers == nil {
			e.numbers = map[Object]uint64{}
		}
		n = uint64(len(e.objects))
		e.numbers[p.Object] = n
		e.objects = append(e.objects, p.Object)
	}
	e.Uint(n)
	e.Uint(uint64(p.At))
	e.Uint(uint64(p.Size))
}

// Finish gives the list.
func (e *Encoder) Finish() []byte {
	out := binary.AppendUvarint(nil, uint64(len(e.objects)))
	for _, o := range e.objects {
		out = binary.LittleEndian.AppendUint32(out, o.Timeline)
		out = binary.LittleEndian.AppendUint64(out, o.Commit)
		out = binary.LittleEndian.AppendUint64(out, o.Random)
	}
	return append(out, e.body...)
}

// objectBytes is the size of an object's name in a list.
const objectBytes = 20

// Decoder reads a list. After an error everything reads as zero.
type Decoder struct {
	objects []Object
	rest    []byte
	err     error
}

// NewDecoder begins to read a list.
func NewDecoder(list []byte) *Decoder {
	d := &Decoder{rest: list}
	for range d.Count(objectBytes) {
		b := d.take(objectBytes)
		d.objects = append(d.objects, Object{
			binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint64(b[4:]), binary.LittleEndian.Uint64(b[12:]),
		})
	}
	return d
}

// Fail makes err of a reader's own the error, if there is none yet.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
	d.rest = nil
}

// Err is the first error.
func (d *Decoder) Err() error { return d.err }

// Close is the first error; bytes that were not read are one.
func (d *Decoder) Close() error {
	if d.err == nil && len(d.rest) > 0 {
		d.Fail("%d bytes behind the end", len(d.rest))
	}
	return d.err
}

// Uint reads a number.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.Fail("number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Int reads a number that may be negative.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.Fail("number")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// Count reads how many things follow that take at least so many bytes each.
func (d *Decoder) Count(least int) int {
	n := d.Uint()
	if n > uint64(len(d.rest)/max(least, 1)) {
		d.Fail("%d things in %d bytes", n, len(d.rest))
		return 0
	}
	return int(n)
}

// Bytes reads bytes with their length; they lie in the list.
func (d *Decoder) Bytes() []byte { return d.take(d.Count(1)) }

func (d *Decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.Fail("list ends early")
		return make([]byte, n)
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// Place reads where a piece lies.
func (d *Decoder) Place() Place {
	n, at, size := d.Uint(), d.Uint(), d.Uint()
	if n >= uint64(len(d.objects)) || at > maxOffset || size > maxOffset {
		d.Fail("place")
		return Place{}
	}
	return Place{d.objects[n], int64(at), int64(size)}
}

// maxOffset is more than any object has.
const maxOffset = 1 << 56
