package recordbatch

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// xerialMagic starts the framing that Java's snappy library puts around its blocks: magic,
// version i32, compatible version i32, then blocks, each with its length as i32.
var xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const (
	xerialHeaderSize = 16
	// maxSnappyRatio is above what a snappy block can reach: its best is a copy of 64 bytes in 3.
	maxSnappyRatio = 32
)

func unsnappy(dst, src []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(src, xerialMagic) {
		return unsnappyBlock(dst, src, limit)
	}
	if len(src) < xerialHeaderSize {
		return dst, fmt.Errorf("%w: snappy framing cut short", ErrCorrupt)
	}
	src = src[xerialHeaderSize:]
	for len(src) > 0 {
		if len(src) < 4 {
			return dst, fmt.Errorf("%w: snappy block length cut short", ErrCorrupt)
		}
		size := binary.BigEndian.Uint32(src)
		src = src[4:]
		if int64(size) > int64(len(src)) {
			return dst, fmt.Errorf("%w: snappy block of %d bytes, %d present", ErrCorrupt, size, len(src))
		}
		var err error
		if dst, err = unsnappyBlock(dst, src[:size], limit); err != nil {
			return dst, err
		}
		src = src[size:]
	}
	return dst, nil
}

// unsnappyBlock appends one decoded block. The length a block claims is believed only up to what
// its size can hold.
func unsnappyBlock(dst, src []byte, limit int) ([]byte, error) {
	size, err := s2.DecodedLen(src)
	if err != nil {
		return dst, err
	}
	if size > maxSnappyRatio*len(src) {
		return dst, fmt.Errorf("%w: snappy block of %d bytes claims %d", ErrCorrupt, len(src), size)
	}
	if size > limit-len(dst) {
		return dst, errDecodedTooLarge(limit)
	}
	start := len(dst)
	if cap(dst)-start < size {
		grown := make([]byte, start, max(start+size, min(2*cap(dst), limit)))
		copy(grown, dst)
		dst = grown
	}
	if _, err := s2.Decode(dst[start:start+size:start+size], src); err != nil {
		return dst, err
	}
	return dst[:start+size], nil
}
