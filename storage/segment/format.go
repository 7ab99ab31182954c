package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Sentinels; wrapped, tested with errors.Is.
var (
	// ErrCorrupt: the bytes are no segment, are cut short, or a checksum or an invariant fails.
	ErrCorrupt = errors.New("segment corrupt")
	// ErrVersion: a version or a flag that this reader does not know.
	ErrVersion = errors.New("segment version not supported")
	// ErrInvalidRun: Build was given runs that no segment may hold.
	ErrInvalidRun = errors.New("invalid run")
)

// Version is what is written and read; the story of each is in docs/formats/segment.md.
const Version = 3

// Sizes and limits of the format.
const (
	HeaderSize = 32
	FooterSize = 32
	// MaxIndexBytes bounds the index block once decompressed.
	MaxIndexBytes = 256 << 20
	// MaxCommitSection bounds the commit section.
	MaxCommitSection = 64 << 20
)

// Flags of a segment.
type Flags uint16

// The flag bits.
const (
	FlagCompacted     Flags = 1 << 0 // compacted, a single partition
	FlagMany          Flags = 1 << 1 // many partitions
	FlagCommitSection Flags = 1 << 2
	FlagPlaced        Flags = 1 << 3 // first offsets, visible-at and commit times are in the index
	knownFlags              = FlagCompacted | FlagMany | FlagCommitSection | FlagPlaced
)

var (
	headerMagic = [4]byte{'S', 'T', 'R', 'M'}
	footerMagic = [4]byte{'M', 'R', 'T', 'S'}
	castagnoli  = crc32.MakeTable(crc32.Castagnoli)
)

// Header begins a segment.
type Header struct {
	Version       uint16
	Flags         Flags
	BaseOffset    int64 // of a compacted segment; 0 when many partitions
	RecordCount   uint32
	CreatedMillis int64 // Unix ms
}

// AppendTo appends the 32 bytes of the header.
func (h *Header) AppendTo(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, headerMagic[:]...)
	dst = le.AppendUint16(dst, h.Version)
	dst = le.AppendUint16(dst, uint16(h.Flags))
	dst = le.AppendUint64(dst, uint64(h.BaseOffset))
	dst = le.AppendUint32(dst, h.RecordCount)
	dst = le.AppendUint64(dst, uint64(h.CreatedMillis))
	return le.AppendUint32(dst, 0)
}

// DecodeHeader reads a header; it has no checksum of its own, the footer's covers it.
func DecodeHeader(src []byte) (Header, error) {
	if len(src) < HeaderSize {
		return Header{}, fmt.Errorf("%w: header cut short at %d bytes", ErrCorrupt, len(src))
	}
	if [4]byte(src) != headerMagic {
		return Header{}, fmt.Errorf("%w: magic %q", ErrCorrupt, src[:4])
	}
	le := binary.LittleEndian
	h := Header{
		Version:       le.Uint16(src[4:]),
		Flags:         Flags(le.Uint16(src[6:])),
		BaseOffset:    int64(le.Uint64(src[8:])),
		RecordCount:   le.Uint32(src[16:]),
		CreatedMillis: int64(le.Uint64(src[20:])),
	}
	if h.Version != Version {
		return h, fmt.Errorf("%w: version %d", ErrVersion, h.Version)
	}
	if unknown := h.Flags &^ knownFlags; unknown != 0 {
		return h, fmt.Errorf("%w: flags %#x", ErrVersion, uint16(unknown))
	}
	if h.BaseOffset < 0 {
		return h, fmt.Errorf("%w: base offset %d", ErrCorrupt, h.BaseOffset)
	}
	return h, nil
}

// footer ends a segment; it follows the index block directly.
type footer struct {
	indexOffset uint64
	indexLength uint32
	crc         uint32 // CRC32C of header and index block
}

func (f *footer) appendTo(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, f.indexOffset)
	dst = le.AppendUint32(dst, f.indexLength)
	dst = le.AppendUint32(dst, f.crc)
	dst = append(dst, make([]byte, 12)...)
	return append(dst, footerMagic[:]...)
}

// decodeFooter reads the footer from the last FooterSize bytes of src.
func decodeFooter(src []byte) (footer, error) {
	if len(src) < FooterSize {
		return footer{}, fmt.Errorf("%w: footer cut short at %d bytes", ErrCorrupt, len(src))
	}
	src = src[len(src)-FooterSize:]
	if [4]byte(src[28:]) != footerMagic {
		return footer{}, fmt.Errorf("%w: no footer at the end; the object is cut short or no segment", ErrCorrupt)
	}
	le := binary.LittleEndian
	f := footer{indexOffset: le.Uint64(src), indexLength: le.Uint32(src[8:]), crc: le.Uint32(src[12:])}
	if f.indexOffset < HeaderSize || f.indexOffset > 1<<50 || f.indexLength < minIndexBlock {
		return footer{}, fmt.Errorf("%w: index of %d bytes at %d", ErrCorrupt, f.indexLength, f.indexOffset)
	}
	return f, nil
}

// size of the whole object.
func (f *footer) size() int64 { return int64(f.indexOffset) + int64(f.indexLength) + FooterSize }
