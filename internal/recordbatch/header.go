package recordbatch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Sizes and places of the format.
const (
	HeaderSize = 61
	// lengthOverhead are the bytes before and including the length field.
	lengthOverhead = 12
	crcStart       = 21
	magicV2        = 2
	// minRecordSize is the shortest encoded record: seven one-byte fields.
	minRecordSize = 7
	// NoTimestamp marks a record without a timestamp.
	NoTimestamp = int64(-1)
	// NoProducerID marks a record batch without idempotence.
	NoProducerID = int64(-1)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Codec is how the records of a record batch are compressed.
type Codec uint8

// The codecs of format v2.
const (
	CodecNone Codec = iota
	CodecGzip
	CodecSnappy
	CodecLZ4
	CodecZstd
)

// String names the codec as Kafka's configuration does.
func (c Codec) String() string {
	switch c {
	case CodecNone:
		return "none"
	case CodecGzip:
		return "gzip"
	case CodecSnappy:
		return "snappy"
	case CodecLZ4:
		return "lz4"
	case CodecZstd:
		return "zstd"
	}
	return fmt.Sprintf("codec(%d)", uint8(c))
}

// Attributes is the attribute word of a record batch.
type Attributes int16

// Attribute bits above the three of the codec.
const (
	AttrLogAppendTime Attributes = 1 << 3
	AttrTransactional Attributes = 1 << 4
	AttrControl       Attributes = 1 << 5
	AttrDeleteHorizon Attributes = 1 << 6
)

// Header is the decoded header of one record batch.
type Header struct {
	BaseOffset           int64
	Length               int32
	PartitionLeaderEpoch int32
	CRC                  uint32
	Attributes           Attributes
	LastOffsetDelta      int32
	BaseTimestamp        int64
	MaxTimestamp         int64
	ProducerID           int64
	ProducerEpoch        int16
	BaseSequence         int32
	RecordCount          int32
}

// Size is the length of the whole record batch in bytes.
func (h *Header) Size() int { return lengthOverhead + int(h.Length) }

// Codec of the records.
func (h *Header) Codec() Codec { return Codec(h.Attributes & 7) }

// LogAppendTime tells whether the broker's time replaces the records' own.
func (h *Header) LogAppendTime() bool { return h.Attributes&AttrLogAppendTime != 0 }

// Transactional tells whether the record batch belongs to a Kafka transaction.
func (h *Header) Transactional() bool { return h.Attributes&AttrTransactional != 0 }

// Control tells whether it holds a transaction marker instead of records.
func (h *Header) Control() bool { return h.Attributes&AttrControl != 0 }

// LastOffset is the offset of the last record.
func (h *Header) LastOffset() int64 { return h.BaseOffset + int64(h.LastOffsetDelta) }

// LastSequence is the sequence number of the last record, wrapping after 2^31-1 to 0; -1
// without a producer id.
func (h *Header) LastSequence() int32 {
	if h.BaseSequence < 0 {
		return -1
	}
	return int32((int64(h.BaseSequence) + int64(h.LastOffsetDelta)) & 0x7fffffff)
}

// ParseHeader decodes the header at the start of src, which may hold less or more than the whole
// record batch. It checks the magic and that the length is possible, nothing else. Fewer than
// HeaderSize bytes are ErrCorrupt.
func ParseHeader(src []byte) (Header, error) {
	if len(src) < lengthOverhead+5 {
		return Header{}, fmt.Errorf("%w: %d bytes are shorter than a header", ErrCorrupt, len(src))
	}
	if magic := int8(src[16]); magic != magicV2 {
		return Header{}, fmt.Errorf("%w: magic %d", ErrUnsupportedMagic, magic)
	}
	if len(src) < HeaderSize {
		return Header{}, fmt.Errorf("%w: %d bytes are shorter than a header", ErrCorrupt, len(src))
	}
	be := binary.BigEndian
	h := Header{
		BaseOffset:           int64(be.Uint64(src)),
		Length:               int32(be.Uint32(src[8:])),
		PartitionLeaderEpoch: int32(be.Uint32(src[12:])),
		CRC:                  be.Uint32(src[17:]),
		Attributes:           Attributes(be.Uint16(src[21:])),
		LastOffsetDelta:      int32(be.Uint32(src[23:])),
		BaseTimestamp:        int64(be.Uint64(src[27:])),
		MaxTimestamp:         int64(be.Uint64(src[35:])),
		ProducerID:           int64(be.Uint64(src[43:])),
		ProducerEpoch:        int16(be.Uint16(src[51:])),
		BaseSequence:         int32(be.Uint32(src[53:])),
		RecordCount:          int32(be.Uint32(src[57:])),
	}
	if h.Length < HeaderSize-lengthOverhead {
		return Header{}, fmt.Errorf("%w: length field is %d", ErrCorrupt, h.Length)
	}
	return h, nil
}

// appendHeader appends h with its Length and CRC as they are.
func appendHeader(dst []byte, h *Header) []byte {
	be := binary.BigEndian
	dst = be.AppendUint64(dst, uint64(h.BaseOffset))
	dst = be.AppendUint32(dst, uint32(h.Length))
	dst = be.AppendUint32(dst, uint32(h.PartitionLeaderEpoch))
	dst = append(dst, magicV2)
	dst = be.AppendUint32(dst, h.CRC)
	dst = be.AppendUint16(dst, uint16(h.Attributes))
	dst = be.AppendUint32(dst, uint32(h.LastOffsetDelta))
	dst = be.AppendUint64(dst, uint64(h.BaseTimestamp))
	dst = be.AppendUint64(dst, uint64(h.MaxTimestamp))
	dst = be.AppendUint64(dst, uint64(h.ProducerID))
	dst = be.AppendUint16(dst, uint16(h.ProducerEpoch))
	dst = be.AppendUint32(dst, uint32(h.BaseSequence))
	return be.AppendUint32(dst, uint32(h.RecordCount))
}
