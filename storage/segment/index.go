package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/pierrec/lz4/v4"
)

// The index block as stored: header again (32), codec u8, 3 reserved, decompressed length u32,
// payload, CRC32C u32 of all before it.
const (
	indexFixed    = HeaderSize + 8
	minIndexBlock = indexFixed + 4
	indexPlain    = 0
	indexLZ4      = 1
	// lz4Ratio is the most that a byte of an LZ4 block can decode to, and a little.
	lz4Ratio = 256
	// minRunEntry is the shortest index entry with its length.
	minRunEntry = 4 + runFixedSize + 3
)

// index is what the index block holds.
type index struct {
	header Header
	// headerBytes as read, reserved bytes included; all zero in an index being written.
	headerBytes [HeaderSize]byte
	runs        []RunInfo // sorted by topic id and partition, and by position
	// Place of the commit section; length 0 = none.
	commitPosition, commitLength int64
	commitCRC                    uint32
	// The largest timestamp of the segment and the place of its run, for KIP-734 look-ups.
	maxTimestamp       int64
	maxTimestampRun    int
	maxTimestampOffset int64
	proof              Proof
}

// appendTo appends the index block as it is stored.
func (x *index) appendTo(dst []byte) []byte {
	le := binary.LittleEndian
	payload := le.AppendUint32(nil, uint32(len(x.runs)))
	for i := range x.runs {
		payload = x.runs[i].AppendTo(payload)
	}
	payload = x.appendSegment(payload)

	start := len(dst)
	dst = x.header.AppendTo(dst)
	packed := make([]byte, lz4.CompressBlockBound(len(payload)))
	n, err := lz4.CompressBlock(payload, packed, nil)
	codec := byte(indexLZ4)
	if err != nil || n == 0 || n >= len(payload) {
		codec, packed, n = indexPlain, payload, len(payload)
	}
	dst = append(dst, codec, 0, 0, 0)
	dst = le.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, packed[:n]...)
	return le.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// segmentFixed is the size of the segment's own entry.
const segmentFixed = 56

func (x *index) appendSegment(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, segmentFixed)
	dst = le.AppendUint64(dst, uint64(x.commitPosition))
	dst = le.AppendUint32(dst, uint32(x.commitLength))
	dst = le.AppendUint32(dst, x.commitCRC)
	dst = le.AppendUint64(dst, uint64(x.maxTimestamp))
	dst = le.AppendUint32(dst, uint32(x.maxTimestampRun))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, uint64(x.maxTimestampOffset))
	dst = le.AppendUint32(dst, x.proof.Timeline)
	dst = le.AppendUint64(dst, x.proof.Newest)
	return le.AppendUint32(dst, x.proof.CRC)
}

// decodeIndex reads a stored index block that the footer f points at.
func decodeIndex(src []byte, f *footer) (*index, error) {
	if len(src) < minIndexBlock || len(src) != int(f.indexLength) {
		return nil, fmt.Errorf("%w: index cut short at %d bytes", ErrCorrupt, len(src))
	}
	body, sum := src[:len(src)-4], binary.LittleEndian.Uint32(src[len(src)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: checksum of the index", ErrCorrupt)
	}
	if crc32.Update(crc32.Checksum(src[:HeaderSize], castagnoli), castagnoli, src) != f.crc {
		return nil, fmt.Errorf("%w: checksum of header and index", ErrCorrupt)
	}
	header, err := DecodeHeader(body)
	if err != nil {
		return nil, err
	}
	payload, err := unpackIndex(body)
	if err != nil {
		return nil, err
	}
	x := &index{header: header, headerBytes: [HeaderSize]byte(body)}
	if err := x.decode(payload, int64(f.indexOffset)); err != nil {
		return nil, err
	}
	return x, nil
}

func unpackIndex(body []byte) ([]byte, error) {
	codec, size := body[HeaderSize], int64(binary.LittleEndian.Uint32(body[HeaderSize+4:]))
	packed := body[indexFixed:]
	switch {
	case size > MaxIndexBytes:
		return nil, fmt.Errorf("%w: index of %d bytes", ErrCorrupt, size)
	case codec == indexPlain && size == int64(len(packed)):
		return packed, nil
	case codec != indexLZ4:
		return nil, fmt.Errorf("%w: codec %d of an index of %d bytes", ErrCorrupt, codec, size)
	case size > lz4Ratio*int64(len(packed)):
		return nil, fmt.Errorf("%w: index claims %d bytes in %d", ErrCorrupt, size, len(packed))
	}
	payload := make([]byte, size)
	n, err := lz4.UncompressBlock(packed, payload)
	if err != nil || int64(n) != size {
		return nil, fmt.Errorf("%w: index does not decompress", ErrCorrupt)
	}
	return payload, nil
}

func (x *index) decode(payload []byte, indexOffset int64) error {
	c := cursor{src: payload}
	n := int(c.u32())
	if c.bad || n > len(c.src)/minRunEntry {
		return fmt.Errorf("%w: index claims %d runs in %d bytes", ErrCorrupt, n, len(payload))
	}
	x.runs = make([]RunInfo, 0, n)
	rest := c.src
	for range n {
		run, next, err := DecodeRunInfo(rest)
		if err != nil {
			return err
		}
		x.runs, rest = append(x.runs, run), next
	}
	if err := x.decodeSegment(rest); err != nil {
		return err
	}
	return x.check(indexOffset)
}

func (x *index) decodeSegment(src []byte) error {
	outer := cursor{src: src}
	c := cursor{src: outer.take(int(outer.u32()))}
	x.commitPosition = c.size()
	x.commitLength = int64(c.u32())
	x.commitCRC = c.u32()
	x.maxTimestamp = c.i64()
	x.maxTimestampRun = int(c.u32())
	c.u32() // reserved
	x.maxTimestampOffset = c.size()
	x.proof = Proof{Timeline: c.u32(), Newest: c.u64(), CRC: c.u32()}
	if outer.bad || c.bad {
		return fmt.Errorf("%w: the segment's index entry is cut short", ErrCorrupt)
	}
	return nil
}

// check holds what every index fulfils, written or read: the runs are sorted, lie one after the
// other between header and commit section, and are placed all or none.
func (x *index) check(indexOffset int64) error {
	end, records := int64(HeaderSize), 0
	placed := x.header.Flags&FlagPlaced != 0
	for i := range x.runs {
		r := &x.runs[i]
		if i > 0 && compareRuns(x.runs[i-1].Topic, x.runs[i-1].Partition, r.Topic, r.Partition) >= 0 {
			return r.corrupt("not sorted")
		}
		if r.Position != end {
			return r.corrupt("byte range")
		}
		if placed != (len(r.Visible) > 0) || !placed && (r.FirstOffset != 0 || len(r.Transactions) > 0) {
			return r.corrupt("placed or not")
		}
		end += r.Length
		records += r.RecordCount
	}
	if uint64(records) != uint64(x.header.RecordCount) {
		return fmt.Errorf("%w: %d records in the runs, %d in the header", ErrCorrupt, records, x.header.RecordCount)
	}
	if err := x.checkHeader(); err != nil {
		return err
	}
	if (x.commitLength > 0) != (x.header.Flags&FlagCommitSection != 0) || x.commitLength > MaxCommitSection {
		return fmt.Errorf("%w: commit section of %d bytes", ErrCorrupt, x.commitLength)
	}
	if x.commitLength > 0 && x.commitPosition != end {
		return fmt.Errorf("%w: commit section at %d, runs end at %d", ErrCorrupt, x.commitPosition, end)
	}
	if end+x.commitLength != indexOffset {
		return fmt.Errorf("%w: index at %d, bytes before it end at %d", ErrCorrupt, indexOffset, end+x.commitLength)
	}
	return nil
}

func (x *index) checkHeader() error {
	flags := x.header.Flags
	if compacted := flags&FlagCompacted != 0; compacted == (flags&FlagMany != 0) || compacted && (flags&FlagPlaced == 0 || len(x.runs) != 1) {
		return fmt.Errorf("%w: flags %#x with %d runs", ErrCorrupt, uint16(flags), len(x.runs))
	}
	var base int64
	if flags&FlagCompacted != 0 {
		base = x.runs[0].FirstOffset
	}
	if x.header.BaseOffset != base {
		return fmt.Errorf("%w: base offset %d, the run begins at %d", ErrCorrupt, x.header.BaseOffset, base)
	}
	if x.maxTimestampRun >= max(len(x.runs), 1) {
		return fmt.Errorf("%w: largest timestamp in run %d of %d", ErrCorrupt, x.maxTimestampRun, len(x.runs))
	}
	return nil
}
