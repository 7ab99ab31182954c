package recordbatch

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// zstdMaxBlock is the most that one compressed block of a frame decodes to.
const zstdMaxBlock = 128 << 10

// Two decoders without and with a cap. DecodeAll on one decoder is safe for concurrent use and
// starts no goroutine. why DecodeAll: a zstd reader allocates the window that a frame claims,
// DecodeAll only its claimed content size, and that is checked first.
var (
	zstdFree   = sync.OnceValues(func() (*zstd.Decoder, error) { return newZstd(false) })
	zstdCapped = sync.OnceValues(func() (*zstd.Decoder, error) { return newZstd(true) })
)

func newZstd(capLimit bool) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(capLimit))
}

func unzstd(dst, src []byte, limit int) ([]byte, error) {
	room, err := zstdRoom(src)
	if err != nil {
		return dst, err
	}
	if room <= uint64(limit) {
		z, err := zstdFree()
		if err != nil {
			return dst, err
		}
		return z.DecodeAll(src, dst)
	}
	// The blocks could hold more than is allowed: decode into what is allowed and a little, so
	// that content just at the limit still fits the decoder's habits.
	z, err := zstdCapped()
	if err != nil {
		return dst, err
	}
	if size := int(min(room, uint64(limit)+zstdMaxBlock)); cap(dst) < size {
		dst = make([]byte, 0, size)
	}
	out, err := z.DecodeAll(src, dst)
	if err != nil {
		return dst, fmt.Errorf("%w: zstd does not decode within %d bytes: %w", ErrTooLarge, limit, err)
	}
	if len(out) > limit {
		return dst, errDecodedTooLarge(limit)
	}
	return out, nil
}

// zstdRoom is an upper bound of what src decodes to. It walks the headers of the blocks, decodes
// nothing, and refuses a frame that claims more content than its blocks can hold.
func zstdRoom(src []byte) (total uint64, err error) {
	for len(src) > 0 {
		var frame zstd.Header
		if err := frame.Decode(src); err != nil {
			return 0, err
		}
		if frame.Skippable {
			size := int64(frame.HeaderSize) + int64(frame.SkippableSize)
			if size > int64(len(src)) {
				return 0, fmt.Errorf("%w: zstd frame cut short", ErrCorrupt)
			}
			src = src[size:]
			continue
		}
		room, rest, err := zstdBlocks(src[frame.HeaderSize:])
		if err != nil {
			return 0, err
		}
		if frame.HasFCS && frame.FrameContentSize > room {
			return 0, fmt.Errorf("%w: zstd frame claims %d bytes, its blocks hold at most %d", ErrCorrupt, frame.FrameContentSize, room)
		}
		if frame.HasCheckSum {
			if len(rest) < 4 {
				return 0, fmt.Errorf("%w: zstd checksum cut short", ErrCorrupt)
			}
			rest = rest[4:]
		}
		if frame.HasFCS {
			room = frame.FrameContentSize
		}
		total += room
		src = rest
	}
	return total, nil
}

// zstdBlocks walks the blocks of one frame: how much they can decode to, and what follows.
func zstdBlocks(src []byte) (room uint64, rest []byte, err error) {
	const blockRaw, blockRLE = 0, 1
	for {
		if len(src) < 3 {
			return 0, nil, fmt.Errorf("%w: zstd block header cut short", ErrCorrupt)
		}
		head := uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16
		last, kind, size := head&1 != 0, head>>1&3, head>>3
		present := size
		switch kind {
		case blockRaw:
			room += uint64(size)
		case blockRLE:
			room += uint64(size)
			present = 1
		default:
			room += zstdMaxBlock
		}
		src = src[3:]
		if uint64(present) > uint64(len(src)) {
			return 0, nil, fmt.Errorf("%w: zstd block cut short", ErrCorrupt)
		}
		src = src[present:]
		if last {
			return room, src, nil
		}
	}
}
