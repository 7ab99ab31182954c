package rangecache

import (
	"encoding/binary"
	"hash/crc32"
)

// Byte level: docs/formats/range-cache.md.
const (
	packMagic   = "TRRC"
	packVersion = 1
	packHeader  = 8 // magic, u32 version
	// entryHeader: u32 CRC32C of the rest and the key, u32 CRC32C of the bytes, u64 position,
	// u32 length of the bytes, u16 length of the key, u16 zero.
	entryHeader  = 24
	maxKeyLength = 1024
	// MaxEntryBytes: what is longer is not kept.
	MaxEntryBytes = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendPackHeader(dst []byte) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, packMagic...), packVersion)
}

func validPackHeader(b []byte) bool {
	return len(b) >= packHeader && string(b[:4]) == packMagic && binary.LittleEndian.Uint32(b[4:]) == packVersion
}

// entry is what stands before an entry's bytes.
type entry struct {
	object   string
	position int64
	length   int64
	crc      uint32 // of the bytes
}

// appendTo appends header and key.
func (e *entry) appendTo(dst []byte) []byte {
	le := binary.LittleEndian
	at := len(dst)
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint32(dst, e.crc)
	dst = le.AppendUint64(dst, uint64(e.position))
	dst = le.AppendUint32(dst, uint32(e.length))
	dst = le.AppendUint16(dst, uint16(len(e.object)))
	dst = le.AppendUint16(dst, 0)
	dst = append(dst, e.object...)
	le.PutUint32(dst[at:], crc32.Checksum(dst[at+4:], castagnoli))
	return dst
}

// decodeEntry reads header and key off src; size is how long both are, 0 if src does not begin with an entry.
func decodeEntry(src []byte) (e entry, size int) {
	le := binary.LittleEndian
	if len(src) < entryHeader {
		return e, 0
	}
	size = entryHeader + int(le.Uint16(src[20:]))
	if size > entryHeader+maxKeyLength || size > len(src) || crc32.Checksum(src[4:size], castagnoli) != le.Uint32(src) {
		return e, 0
	}
	e = entry{object: string(src[entryHeader:size]), position: int64(le.Uint64(src[8:])), length: int64(le.Uint32(src[16:])), crc: le.Uint32(src[4:])}
	if e.length == 0 || e.length > MaxEntryBytes || le.Uint16(src[22:]) != 0 {
		return e, 0
	}
	return e, size
}
