package tsearch

import "hash/crc32"

// legacyCRC is the hash of words that PostgreSQL orders queries by: CRC-32's table for reflected input, gone through as if it were not.
func legacyCRC(word []byte) int32 {
	crc := ^uint32(0)
	for _, c := range word {
		crc = crc32.IEEETable[byte(crc>>24)^c] ^ crc<<8
	}
	return int32(^crc)
}
