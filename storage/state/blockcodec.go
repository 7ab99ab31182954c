package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
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

// partHead is the bytes of a part's place at the beginning of a block: stored and size.
const partHead = 8

// encodeBlock gives a block as it lies on disk: a part for each column and one for the weights, each compressed if
// that makes it an eighth smaller.
func encodeBlock(b *block) []byte {
	parts := len(b.cols) + 1
	out := make([]byte, blockHead+partHead*parts, blockHead+partHead*parts+int(b.bytes()))
	var raw []byte
	for i := range parts {
		raw = raw[:0]
		if i < len(b.cols) {
			raw = appendColumn(raw, &b.cols[i])
		} else {
			raw = append(raw, bytesOf(b.weights)...)
		}
		at := len(out)
		out = appendPart(out, raw)
		head := out[blockHead+partHead*i:]
		binary.LittleEndian.PutUint32(head, uint32(len(out)-at))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(raw)))
		out = pad(out)
	}
	seal(out, uint64(parts), uint32(b.n))
	return out
}

// appendPart appends a part of a block, compressed if that helps.
func appendPart(dst, raw []byte) []byte {
	if n := len(raw); n >= minPacked && n <= maxPacked {
		room := lz4.CompressBlockBound(n)
		dst = slices.Grow(dst, room)
		if k, err := lz4.CompressBlock(raw, dst[len(dst):len(dst)+room], nil); err == nil && k > 0 && k < n-n/8 {
			return dst[:len(dst)+k]
		}
	}
	return append(dst, raw...)
}

// seal writes the head of a block of rows, which has so many parts.
func seal(b []byte, parts uint64, rows uint32) {
	binary.LittleEndian.PutUint64(b, uint64(len(b)-blockHead))
	binary.LittleEndian.PutUint64(b[8:], parts)
	binary.LittleEndian.PutUint32(b[16:], rows)
	binary.LittleEndian.PutUint32(b[20:], blockSum(b))
}

// blockSum covers everything but itself.
func blockSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[blockHead:])
}

func appendColumn(dst []byte, c *delta.Column) []byte {
	nulls := uint32(0)
	if c.Valid != nil {
		nulls = 1
	}
	short, form := shortened(c)
	dst = binary.LittleEndian.AppendUint32(dst, nulls)
	dst = binary.LittleEndian.AppendUint32(dst, form)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(c.Var)))
	if nulls == 1 {
		dst = append(dst, bytesOf(c.Valid[:delta.BitmapWords(c.Len)])...)
	}
	if form != 0 {
		return pad(short.append(dst, c))
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
func appendPadded(dst, b []byte) []byte { return pad(append(dst, b...)) }

func pad(dst []byte) []byte {
	for range -len(dst) & 7 {
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

// decodeBlock reads a block of an arrangement that was checked; its columns may lie in src from then on. wanted are the
// columns that are read, nil = all; the others of the block have none then, and lie in src for complete.
func decodeBlock(src []byte, types []sqltype.OID, wanted []bool) (*block, error) {
	return decodeRows(src, types, wanted, blockRows)
}

// decodeRows is decodeBlock of at most so many rows.
func decodeRows(src []byte, types []sqltype.OID, wanted []bool, most int) (*block, error) {
	parts, rows := binary.LittleEndian.Uint64(src[8:]), binary.LittleEndian.Uint32(src[16:])
	if rows == 0 || rows > uint32(most) || parts != uint64(len(types)+1) {
		return nil, corrupt("block of %d rows, %d parts", rows, parts)
	}
	p, err := openParts(src[blockHead:], int(parts), wanted)
	if err != nil {
		return nil, err
	}
	b := &block{n: int32(rows), cols: make([]delta.Column, len(types))}
	for i, t := range types {
		if wanted != nil && !wanted[i] {
			b.coded = src
			continue
		}
		r := blockReader{rest: p.next(i)}
		b.cols[i] = r.column(t, int(rows))
		if err := r.end(); err != nil {
			return nil, err
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	if weights := p.next(len(types)); len(weights) > 0 {
		r := blockReader{rest: weights}
		b.weights = sliceOf[int64](r.take(8 * uint64(rows)))
		if err := r.end(); err != nil {
			return nil, err
		}
	}
	return b, p.err
}

// complete is a block of which not all columns were read, with all of them.
func (b *block) complete(types []sqltype.OID) (*block, error) {
	if b.coded == nil {
		return b, nil
	}
	return decodeRows(b.coded, types, nil, int(b.n))
}

// blockParts are the parts of a block that are read, in the order of columns.
type blockParts struct {
	heads, rest []byte
	own         []byte // where they come to lie; nil: where they were read to
	at          int    // parts before rest
	err         error
}

// openParts makes room for the parts that are wanted, and the last one.
func openParts(src []byte, parts int, wanted []bool) (*blockParts, error) {
	if len(src) < partHead*parts {
		return nil, corrupt("block ends early")
	}
	p := &blockParts{heads: src[:partHead*parts], rest: src[partHead*parts:]}
	room, packed, sum := uint64(0), false, uint64(0)
	for i := range parts {
		stored, size := p.head(i)
		sum += (stored + 7) &^ 7
		if stored > size || size > stored*lz4Ratio || stored != size && size > maxPacked {
			return nil, corrupt("part of %d bytes, %d stored", size, stored)
		}
		if wanted == nil || i == parts-1 || wanted[i] {
			room += (size + 7) &^ 7
			packed = packed || stored != size
		}
	}
	if sum != uint64(len(p.rest)) {
		return nil, corrupt("parts of %d bytes", sum)
	}
	if packed {
		p.own = alignedBytes(int(room))
	}
	return p, nil
}

func (p *blockParts) head(i int) (stored, size uint64) {
	h := p.heads[partHead*i:]
	return uint64(binary.LittleEndian.Uint32(h)), uint64(binary.LittleEndian.Uint32(h[4:]))
}

// next is part i, which is wanted and behind those that were asked for.
func (p *blockParts) next(i int) []byte {
	for ; p.at < i; p.at++ {
		stored, _ := p.head(p.at)
		p.rest = p.rest[(stored+7)&^7:]
	}
	stored, size := p.head(i)
	from := p.rest[:stored:stored]
	if p.own == nil {
		return from
	}
	to := p.own[:size:size]
	p.own = p.own[(size+7)&^7:]
	if stored == size {
		copy(to, from)
	} else if n, err := lz4.UncompressBlock(from, to); err != nil || n != len(to) {
		p.err = corrupt("compressed part of a block")
	}
	return to
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

// end is the error of what was read, which is all that there is.
func (r *blockReader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail("bytes behind a part of a block")
	}
	return r.err
}

func (r *blockReader) column(t sqltype.OID, n int) delta.Column {
	c := delta.Of(t)
	c.Len = n
	flags, size := r.u64(), r.u64()
	nulls, form := uint32(flags), uint32(flags>>32)
	if nulls > 1 {
		r.fail("null flag %d", nulls)
	}
	if nulls == 1 {
		c.Valid = sliceOf[uint64](r.take(uint64(8 * delta.BitmapWords(n))))
	}
	if form != 0 {
		r.short(&c, form, size)
		return c
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
