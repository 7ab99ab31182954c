package log

import (
	"encoding/binary"
	"fmt"
)

// cursor reads fields off bytes that nobody vouches for. The first field that does not fit
// sets bad, and all later ones are zero, so that callers check once.
type cursor struct {
	src []byte
	bad bool
	// newer: a number that says what follows is not one of this version's. The bytes were checked
	// by their checksum, so it is no damage.
	newer bool
}

// known is a number that a later version may add to: one of the first n from least on.
func (c *cursor) known(v, least, most uint8) uint8 {
	if v < least || v > most {
		c.newer = true
	}
	return v
}

// end is the outcome of reading the whole of what.
func (c *cursor) end(what string) error {
	switch {
	case c.newer && !c.bad:
		return fmt.Errorf("%w: %s", ErrUnknownKind, what)
	case c.bad || len(c.src) > 0:
		return fmt.Errorf("%w: %s does not decode", ErrCorrupt, what)
	}
	return nil
}

func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.src) {
		c.bad, c.src = true, nil
		return nil
	}
	b := c.src[:n:n]
	c.src = c.src[n:]
	return b
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.src)
	if n <= 0 {
		c.bad, c.src = true, nil
		return 0
	}
	c.src = c.src[n:]
	return v
}

// maxSize bounds offsets, positions and sizes, so that sums of two never overflow.
const maxSize = 1 << 62

// size reads a number that must not be negative as int64.
func (c *cursor) size() int64 {
	v := c.uvarint()
	if v > maxSize {
		c.bad = true
		return 0
	}
	return int64(v)
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.src)
	if n <= 0 {
		c.bad, c.src = true, nil
		return 0
	}
	c.src = c.src[n:]
	return v
}

// count reads how many items follow, each at least minSize bytes: more than can be there is
// bad, so that nobody allocates for a number alone.
func (c *cursor) count(minSize int) int {
	n := c.uvarint()
	if n > uint64(len(c.src)/minSize) {
		c.bad, c.src = true, nil
		return 0
	}
	return int(n)
}

func (c *cursor) bytes() []byte { return c.take(c.count(1)) }

func (c *cursor) text() string { return string(c.bytes()) }

func (c *cursor) topicID() (id TopicID) {
	copy(id[:], c.take(len(id)))
	return id
}

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

func appendSize(dst []byte, n int64) []byte { return binary.AppendUvarint(dst, uint64(n)) }
