package parquet

import (
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// chunkReader reads a column, chunk by chunk. Its buffers stay from one chunk to the next.
type chunkReader struct {
	*column
	in     io.ReaderAt
	memory *memory

	chunk
	left    int64 // values of pages still to come
	started bool  // a data page was there

	page   []byte
	inPage int64 // rows of the page still to come
	levels hybrid
	values decoder

	dict      values
	dictPage  []byte
	dictCount int // -1: there is none

	marks []uint32 // levels read and not used
	store []uint32
	out   values
	wide  wide

	settled int64 // bytes that dict, out and wide are charged for

	// rows that are decoded, and how many of them are used
	rows arrow.Array
	used int
}

// begin begins a chunk of n rows.
func (c *chunkReader) begin(k chunk, n int64) {
	c.chunk, c.left, c.started = k, n, false
	c.inPage, c.marks, c.dictCount = 0, nil, -1
	c.values = nil
}

// ready is how many rows are decoded and not used.
func (c *chunkReader) ready() int {
	if c.rows == nil {
		return 0
	}
	return c.rows.Len() - c.used
}

// fill decodes rows, at least one; the chunk has some left.
func (c *chunkReader) fill() error {
	for c.inPage == 0 {
		if err := c.nextPage(); err != nil {
			return err
		}
	}
	if len(c.marks) == 0 {
		if err := c.readMarks(); err != nil {
			return err
		}
	}
	c.out.reset()
	c.out.width = c.width
	n, err := c.take()
	if err != nil {
		return err
	}
	marks := c.marks[:n]
	c.marks = c.marks[n:]
	c.inPage -= int64(n)
	if c.rows, err = c.wide.array(c.column, &c.out, marks); err != nil {
		return err
	}
	c.used = 0
	return c.settle()
}

// settle charges what the decoded rows take, which their bounds keep small.
func (c *chunkReader) settle() error {
	now := c.dict.size() + c.out.size() + c.wide.size()
	was := c.settled
	c.settled = now
	return c.memory.take(now - was)
}

// readMarks reads the levels of the next rows: 1 is a value, 0 NULL.
func (c *chunkReader) readMarks() error {
	n := int(min(c.inPage, maxRows))
	c.store = sized32(c.store, n)
	c.marks = c.store
	if c.optional {
		return c.levels.read(c.marks)
	}
	for i := range c.marks {
		c.marks[i] = 1
	}
	return nil
}

// take decodes the values of rows as long as they have room, and tells how many rows that is.
func (c *chunkReader) take() (rows int, err error) {
	count := 0
	for _, m := range c.marks {
		count += int(m)
	}
	if count == 0 {
		return len(c.marks), nil
	}
	n, err := c.values.read(&c.out, c.out.most(count))
	if err != nil || n == count {
		return len(c.marks), err
	}
	for i, m := range c.marks { // up to the value that has no room, with the NULLs before it
		if n -= int(m); n < 0 {
			return i, nil
		}
	}
	return len(c.marks), nil
}

// nextPage reads the next page; a dictionary is kept, and the one after it read.
func (c *chunkReader) nextPage() error {
	h, err := c.header()
	if err != nil {
		return err
	}
	switch h.kind {
	case pageIndex:
		c.at += h.packed
		return nil
	case pageDictionary:
		if c.started || c.dictCount >= 0 {
			return bad("column %q has a dictionary behind other pages", c.name)
		}
		if c.dictPage, err = c.content(h, c.dictPage); err != nil {
			return err
		}
		return c.readDictionary(h)
	}
	c.started = true
	if c.page, err = c.content(h, c.page); err != nil {
		return err
	}
	b := c.page
	if c.optional {
		if c.levels, b, err = h.levelsOf(b); err != nil {
			return err
		}
	} else if h.kind == pageDataV2 {
		b = b[h.levelBytes:]
	}
	c.left -= h.values
	c.inPage = h.values
	c.values, err = c.decoder(h.encoding, b)
	return err
}

// header reads the header at hand. It says nowhere how long it is.
func (c *chunkReader) header() (*header, error) {
	for size := int64(256); ; size *= 16 {
		b, err := c.memory.scratch(min(size, c.end-c.at))
		if err != nil {
			return nil, err
		}
		if err := readAt(c.in, b, c.at); err != nil {
			return nil, err
		}
		t := &thrift{b: b}
		h := t.header()
		switch {
		case t.err == nil:
			c.at += int64(t.at)
			return &h, h.verify(c.column, c.codec, c.end-c.at, c.left)
		case !errors.Is(t.err, errCut):
			return nil, t.err
		case int64(len(b)) == c.end-c.at:
			return nil, bad("column %q has fewer values than rows", c.name)
		case size >= maxHeader:
			return nil, tooLarge("a page header of more than %d bytes", maxHeader)
		}
	}
}

// content reads and decompresses a page into buf, or a larger one in its place.
func (c *chunkReader) content(h *header, buf []byte) ([]byte, error) {
	packed := c.codec != codecNone && (h.kind != pageDataV2 || h.compressed)
	var err error
	if buf, err = c.memory.grow(buf, int(h.size)); err != nil {
		return buf, err
	}
	raw := buf
	if packed {
		if raw, err = c.memory.raw(int(h.packed)); err != nil {
			return buf, err
		}
	}
	if err := readAt(c.in, raw, c.at); err != nil {
		return buf, err
	}
	c.at += h.packed
	if err := h.checksum(raw); err != nil || !packed {
		return buf, err
	}
	front := 0
	if h.kind == pageDataV2 {
		front = copy(buf, raw[:h.levelBytes])
	}
	if front == len(buf) && front == len(raw) {
		return buf, nil // nothing but levels: codecs have a form of nothing, and writers leave it out
	}
	if err := c.codec.decompress(buf[front:], raw[front:]); err != nil {
		return buf, bad("a page of column %q does not decompress: %s", c.name, err)
	}
	return buf, nil
}

func (c *chunkReader) readDictionary(h *header) error {
	if h.encoding != encodingPlain && h.encoding != encodingPlainDictionary {
		return c.unknown(h.encoding)
	}
	c.dict.reset()
	c.dict.width = c.width
	n := int(h.values)
	switch {
	case c.phys == physBoolean:
		return bad("column %q is boolean and has a dictionary", c.name)
	case c.width > 0:
		if int64(n)*int64(c.width) > int64(len(c.dictPage)) {
			return bad("a dictionary of %d values has %d bytes", n, len(c.dictPage))
		}
		c.dict.fixed = c.dictPage
	default:
		if 4*n > len(c.dictPage) {
			return bad("a dictionary of %d values has %d bytes", n, len(c.dictPage))
		}
		if more := int64(4*n+len(c.dictPage)) - c.dict.size(); more > 0 {
			if err := c.memory.take(more); err != nil {
				return err
			}
			c.settled += more
			c.dict.ends, c.dict.bytes = make([]uint32, 0, n), make([]byte, 0, len(c.dictPage))
		}
		d := plainBytes{c.dictPage}
		for range n {
			v, err := d.next()
			if err != nil {
				return err
			}
			c.dict.add(v)
		}
	}
	c.dictCount = n
	return nil
}

// decoder is that of the values of a page.
func (c *chunkReader) decoder(encoding int64, b []byte) (decoder, error) {
	switch {
	case encoding == encodingDictionary || encoding == encodingPlainDictionary:
		if c.dictCount < 0 {
			return nil, bad("column %q has no dictionary", c.name)
		}
		return newDictionary(b, &c.dict, c.dictCount)
	case encoding == encodingPlain && c.phys == physBoolean:
		return &plainBits{b: b}, nil
	case encoding == encodingPlain && c.width > 0:
		return &plainFixed{b}, nil
	case encoding == encodingPlain:
		return &plainBytes{b}, nil
	case encoding == encodingRLE && c.phys == physBoolean:
		return newRunBits(b)
	case encoding == encodingDelta && (c.phys == physInt32 || c.phys == physInt64):
		if len(b) == 0 {
			return &plainFixed{}, nil // a page of NULLs
		}
		d, err := newDelta(b)
		return &deltaNumbers{delta: d}, err
	case encoding == encodingDeltaLengths && c.phys == physBytes:
		if len(b) == 0 {
			return &plainBytes{}, nil
		}
		return newDeltaLengths(b)
	case encoding == encodingDeltaStrings && (c.phys == physBytes || c.phys == physFixed):
		if len(b) == 0 {
			return &plainBytes{}, nil
		}
		return newDeltaPrefixes(b)
	case encoding == encodingSplit && c.width > 0 && c.phys != physBoolean:
		return newSplit(b, c.width)
	}
	return nil, c.unknown(encoding)
}

func (c *chunkReader) unknown(encoding int64) error {
	name := "an unknown encoding"
	if encoding < int64(len(encodingNames)) {
		name = "encoding " + encodingNames[encoding]
	}
	return unsupported("%s in column %q", name, c.name)
}
