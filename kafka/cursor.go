package kafka

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/storage/log"
)

// cursor reads the protocol's primitive types off the front of src. Past the end everything is
// zero or empty and bad is set. What it returns are slices of src.
type cursor struct {
	src      []byte
	flexible bool
	bad      bool
}

func (c *cursor) take(n int64) []byte {
	if n < 0 || n > int64(len(c.src)) {
		c.bad, c.src = true, nil
		return nil
	}
	b := c.src[:n:n]
	c.src = c.src[n:]
	return b
}

func (c *cursor) skip(n int64) { c.take(n) }

func (c *cursor) int8() int8 {
	if b := c.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (c *cursor) int16() int16 {
	if b := c.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if b := c.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (c *cursor) topicID() (id log.TopicID) {
	copy(id[:], c.take(16))
	return id
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.src)
	if n <= 0 || v > 1<<32-1 {
		c.bad, c.src = true, nil
		return 0
	}
	c.src = c.src[n:]
	return v
}

// length of a string, bytes or array: -1 for null. width is its size in older versions.
func (c *cursor) length(width int) int64 {
	switch {
	case c.flexible:
		return int64(c.uvarint()) - 1
	case width == 2:
		return max(int64(c.int16()), -1)
	default:
		return max(int64(c.int32()), -1)
	}
}

// count is the length of an array, 0 for null. An element takes at least one byte, so a count
// beyond the bytes left is a lie.
func (c *cursor) count() int64 {
	n := max(c.length(4), 0)
	if n > int64(len(c.src)) {
		c.bad, c.src = true, nil
		return 0
	}
	return n
}

// string is copied; null is empty and false.
func (c *cursor) string() (s string, ok bool) {
	n := c.length(2)
	if n < 0 {
		return "", false
	}
	return string(c.take(n)), !c.bad
}

// bytes are a slice of src, nil for null.
func (c *cursor) bytes() []byte {
	n := c.length(4)
	if n < 0 {
		return nil
	}
	return c.take(n)
}

// tags skips tagged fields and tells how many there were; none in versions that have no such.
func (c *cursor) tags() int64 {
	if !c.flexible {
		return 0
	}
	n := int64(c.uvarint())
	if n > int64(len(c.src)) {
		c.bad, c.src = true, nil
		return 0
	}
	for i := n; i > 0 && !c.bad; i-- {
		c.uvarint()
		c.skip(int64(c.uvarint()))
	}
	return n
}
