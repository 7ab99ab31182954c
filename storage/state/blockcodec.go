package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"

	"github.com/pierrec/lz4/v4"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ErrUnreadable: a block on the local disk could not be read. The relation cannot be read there; the
// process goes on.
var ErrUnreadable = errors.New("state on disk cannot be read")

func unreadable(err error) error { return fmt.Errorf("%w: %w", ErrUnreadable, err) }

// A block on disk; see docs/formats/state.md.
const (
	blockHead = 24
	// minPacked and maxPacked are the smallest and the largest block that is compressed.
	minPacked = 1 << 10
	maxPacked = 64 << 20
	// lz4Ratio is the most that a byte of an LZ4 block can decode to, and a little.
	lz4Ratio = 256
)

// encodeBlock gives a block as it lies on disk: compressed, if that makes it an eighth smaller.
func encodeBlock(b *block) []byte {
	raw := appendBlock(make([]byte, blockHead, blockHead+int(b.bytes())), b)
	out, n := raw, len(raw)-blockHead
	if n >= minPacked && n <= maxPacked {
		packed := make([]byte, blockHead+lz4.CompressBlockBound(n))
		if k, err := lz4.CompressBlock(raw[blockHead:], packed[blockHead:], nil); err == nil && k > 0 && k < n-n/8 {
			out = packed[:blockHead+k]
		}
	}
	seal(out, uint64(n), uint32(b.n))
	return out
}

// seal writes the head of a block of rows, whose bytes are n before they are compressed.
func seal(b []byte, n uint64, rows uint32) {
	binary.LittleEndian.PutUint64(b, uint64(len(b)-blockHead))
	binary.LittleEndian.PutUint64(b[8:], n)
	binary.LittleEndian.PutUint32(b[16:], rows)
	binary.LittleEndian.PutUint32(b[20:], blockSum(b))
}

// blockSum covers everything but itself.
func blockSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[blockHead:])
}

func appendBlock(dst []byte, b *block) []byte {
	for i := range b.cols {
		dst = appendColumn(dst, &b.cols[i])
	}
	if b.weights == nil {
		return binary.LittleEndian.AppendUint64(dst, 0)
	}
	dst = binary.LittleEndian.AppendUint64(dst, 1)
	return append(dst, bytesOf(b.weights)...)
}

func appendColumn(dst []byte, c *delta.Column) []byte {
	nulls := uint64(0)
	if c.Valid != nil {
		nulls = 1
	}
	dst = binary.LittleEndian.AppendUint64(dst, nulls)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(c.Var)))
	if nulls == 1 {
		dst = append(dst, bytesOf(c.Valid[:delta.BitmapWords(c.Len)])...)
	}
	dst = appendPadded(dst, c.Data[:dataSize(c.Type, c.Len)])
	return appendPadded(dst, c.Var)
}

// dataSize is the bytes of a column's Data.
func dataSize(t sqltype.OID, n int) int {
	if t.Phys() == sqltype.PhysBytes {
		return 4 * (n + 1)
	}
	return t.Phys().Size() * n
}

// appendPadded appends b and zeros up to a multiple of 8, as blockHead is one: what is read back is
// used where it lies.
func appendPadded(dst, b []byte) []byte {
	dst = append(dst, b...)
	for range -len(b) & 7 {
		dst = append(dst, 0)
	}
	return dst
}

// checkBlock proves that src is what encodeBlock made.
func checkBlock(src []byte) error {
	if len(src) < blockHead || binary.LittleEndian.Uint64(src) != uint64(len(src)-blockHead) {
		return corrupt("block of %d bytes", len(src))
	}
	if blockSum(src) != binary.LittleEndian.Uint32(src[20:]) {
		return corrupt("block checksum")
	}
	return nil
}

// cutBlock takes the first block, checked and in memory of its own, from several that follow one another.
func cutBlock(src []byte) (b, rest []byte, err error) {
	if len(src) < blockHead || binary.LittleEndian.Uint64(src) > uint64(len(src)-blockHead) {
		return nil, nil, corrupt("block behind %d bytes", len(src))
	}
	n := blockHead + int(binary.LittleEndian.Uint64(src))
	b = alignedBytes(n)
	copy(b, src)
	return b, src[n:], checkBlock(b)
}

// decodeBlock reads a block of an arrangement that was checked; its columns may lie in src from then on.
func decodeBlock(src []byte, types []sqltype.OID) (*block, error) {
	return decodeRows(src, types, blockRows)
}

// decodeRows is decodeBlock of at most so many rows.
func decodeRows(src []byte, types []sqltype.OID, most int) (*block, error) {
	size, rows := binary.LittleEndian.Uint64(src[8:]), binary.LittleEndian.Uint32(src[16:])
	if rows == 0 || rows > uint32(most) {
		return nil, corrupt("block of %d rows", rows)
	}
	raw := src[blockHead:]
	if size != uint64(len(raw)) {
		if size > maxPacked || size > uint64(len(raw))*lz4Ratio {
			return nil, corrupt("block of %d bytes", size)
		}
		packed := raw
		raw = alignedBytes(int(size))
		if n, err := lz4.UncompressBlock(packed, raw); err != nil || n != len(raw) {
			return nil, corrupt("compressed block")
		}
	}
	r := blockReader{rest: raw}
	b := &block{n: int32(rows)}
	for _, t := range types {
		b.cols = append(b.cols, r.column(t, int(rows)))
	}
	switch weights := r.u64(); weights {
	case 0:
	case 1:
		b.weights = sliceOf[int64](r.take(8 * uint64(rows)))
	default:
		r.fail("weights flag %d", weights)
	}
	if r.err == nil && len(r.rest) > 0 {
		r.fail("bytes behind a block")
	}
	return b, r.err
}

// blockReader takes fields from a block; after an error they are empty.
type blockReader struct {
	rest []byte
	err  error
}

func (r *blockReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = corrupt(format, args...)
	}
	r.rest = nil
}

// take gives n bytes and passes what fills them up to a multiple of 8.
func (r *blockReader) take(n uint64) []byte {
	if padded := (n + 7) &^ 7; r.err == nil && n <= uint64(len(r.rest)) && padded <= uint64(len(r.rest)) {
		b := r.rest[:n:n]
		r.rest = r.rest[padded:]
		return b
	}
	r.fail("block ends early")
	return nil
}

func (r *blockReader) u64() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (r *blockReader) column(t sqltype.OID, n int) delta.Column {
	c := delta.Of(t)
	c.Len = n
	nulls, size := r.u64(), r.u64()
	if nulls > 1 {
		r.fail("null flag %d", nulls)
	}
	if nulls == 1 {
		c.Valid = sliceOf[uint64](r.take(uint64(8 * delta.BitmapWords(n))))
	}
	c.Data = r.take(uint64(dataSize(t, n)))
	c.Var = r.take(size)
	if r.err == nil {
		if err := validate(&c); err != nil {
			r.err = err
		}
	}
	return c
}

// alignedBytes makes n bytes at a multiple of 8.
func alignedBytes(n int) []byte {
	if n == 0 {
		return nil
	}
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))[:n]
}
