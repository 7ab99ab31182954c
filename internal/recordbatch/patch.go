package recordbatch

import (
	"encoding/binary"
	"hash/crc32"
)

// Patch writes base offset and partition leader epoch into raw, a record batch that Next or
// Verify has taken apart. Both lie outside the CRC. raw must not be shared with readers.
func Patch(raw []byte, baseOffset int64, leaderEpoch int32) {
	binary.BigEndian.PutUint64(raw, uint64(baseOffset))
	binary.BigEndian.PutUint32(raw[12:], uint32(leaderEpoch))
}

// SetLogAppendTime makes appendMillis (Unix ms) the timestamp of every record of raw, and
// recomputes the CRC32C. raw must not be shared with readers.
func SetLogAppendTime(raw []byte, appendMillis int64) {
	be := binary.BigEndian
	be.PutUint16(raw[21:], be.Uint16(raw[21:])|uint16(AttrLogAppendTime))
	be.PutUint64(raw[35:], uint64(appendMillis))
	setCRC(raw)
}

func setMaxTimestamp(raw []byte, ms int64) {
	binary.BigEndian.PutUint64(raw[35:], uint64(ms))
	setCRC(raw)
}

func setCRC(raw []byte) {
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[crcStart:], castagnoli))
}
