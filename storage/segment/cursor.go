package segment

import "encoding/binary"

// cursor reads fields off untrusted bytes. The first field that does not fit sets bad, and all
// later ones are zero, so that callers check once.
type cursor struct {
	src []byte
	bad bool
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

// i64 is u64 for values that may be negative.
func (c *cursor) i64() int64 { return int64(c.u64()) }

// size is u64 for sizes and offsets: at most 2^62.
func (c *cursor) size() int64 {
	v := c.u64()
	if v > maxSize {
		c.bad = true
		return 0
	}
	return int64(v)
}

const maxSize = 1 << 62

func (c *cursor) uvarint() int64 {
	v, n := binary.Uvarint(c.src)
	if n <= 0 || v > maxSize {
		c.bad, c.src = true, nil
		return 0
	}
	c.src = c.src[n:]
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

// count reads how many items follow, each at least minSize bytes: more than can be there is bad.
func (c *cursor) count(minSize int) int {
	n := c.uvarint()
	if n > int64(len(c.src)/minSize) {
		c.bad, c.src = true, nil
		return 0
	}
	return int(n)
}
