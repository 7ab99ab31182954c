package meta

import (
	"encoding/binary"
	"hash/crc32"
)

// Pebble takes the first chunk of its newest WAL that is not whole for the end of the log: so a
// write looks that a power cut has torn, and what was torn was never acknowledged. A byte that
// went bad in the middle looks the same, and everything behind it would be gone without a word.
//
// INVARIANT: a commit record is placed in the WAL only once the one before it is durable
// (the log has one commit in flight). So a commit record whose predecessor is neither before
// the bad chunk nor, alone, behind it proves that the bad chunk was durable once.

const (
	walBlock       = 32 << 10
	walHeader      = 11 // checksum u32, size u16, type u8, log number u32
	walTypeFull    = 5
	walTypeFirst   = 6
	walTypeMiddle  = 7
	walTypeLast    = 8
	walBatchHeader = 12 // sequence u64, count u32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// damagedAt finds a bad chunk that was durable once; -1 = none. last is the newest commit
// behind it.
func damagedAt(b []byte, number uint32) (bad int, last CommitSeq) {
	at, before := 0, CommitSeq(0)
	for {
		at = nextChunkStart(at)
		size, ok := walChunk(b, at, number)
		if !ok {
			break
		}
		if seq, ok := commitIn(b[at : at+size]); ok {
			before = max(before, seq)
		}
		at += size
	}
	behind := 0
	for i := at + 1; i+walHeader <= len(b); i++ {
		size, ok := walChunk(b, i, number)
		if !ok {
			continue
		}
		if seq, ok := commitIn(b[i : i+size]); ok {
			behind++
			last = max(last, seq)
		}
		i += size - 1
	}
	if behind >= 2 || (behind == 1 && before > 0 && last > before+1) {
		return at, last
	}
	return -1, 0
}

// damagedClosed finds where a WAL that was closed (another one followed) breaks off before its
// trailer; -1 = nowhere.
func damagedClosed(b []byte, number uint32) (bad int) {
	for at := 0; ; {
		at = nextChunkStart(at)
		if at+walHeader <= len(b) && b[at+6] == walTypeFull && binary.LittleEndian.Uint32(b[at+7:]) == number+1 {
			return -1
		}
		size, ok := walChunk(b, at, number)
		if !ok {
			return at
		}
		at += size
	}
}

// damagedManifest finds a bad chunk of a MANIFEST that others lie behind; -1 = none.
func damagedManifest(b []byte) (bad int) {
	at := 0
	for {
		if left := walBlock - at%walBlock; left < manifestHeader {
			at += left
		}
		size, ok := manifestChunk(b, at)
		if !ok {
			break
		}
		at += size
	}
	for i := at + 1; i+manifestHeader <= len(b); i++ {
		if _, ok := manifestChunk(b, i); ok {
			return at
		}
	}
	if at == 0 {
		return 0 // a MANIFEST in use has at least one record
	}
	return -1
}

// manifestHeader of a chunk: checksum u32, size u16, type u8.
const manifestHeader = 7

func manifestChunk(b []byte, at int) (size int, ok bool) {
	if at+manifestHeader > len(b) {
		return 0, false
	}
	h := b[at:]
	size = manifestHeader + int(binary.LittleEndian.Uint16(h[4:]))
	if h[6] < 1 || h[6] > 4 || at+size > len(b) || at%walBlock+size > walBlock {
		return 0, false
	}
	return size, binary.LittleEndian.Uint32(h) == chunkSum(h[6:size])
}

// chunkSum is the checksum of a chunk, masked as LevelDB does.
func chunkSum(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// nextChunkStart passes the end of a block, where no header fits.
func nextChunkStart(at int) int {
	if left := walBlock - at%walBlock; left < walHeader {
		return at + left
	}
	return at
}

// walChunk reports whether a whole chunk of this log lies at at, and its size with the header.
func walChunk(b []byte, at int, number uint32) (size int, ok bool) {
	if at+walHeader > len(b) {
		return 0, false
	}
	h := b[at:]
	size = walHeader + int(binary.LittleEndian.Uint16(h[4:]))
	if h[6] < walTypeFull || h[6] > walTypeLast || binary.LittleEndian.Uint32(h[7:]) != number ||
		at+size > len(b) || at%walBlock+size > walBlock {
		return 0, false
	}
	return size, binary.LittleEndian.Uint32(h) == chunkSum(h[6:size])
}

// commitIn finds the commit record in a chunk that begins a write.
func commitIn(chunk []byte) (CommitSeq, bool) {
	if t := chunk[6]; (t != walTypeFull && t != walTypeFirst) || len(chunk) < walHeader+walBatchHeader {
		return 0, false
	}
	const kindSet, kindDelete = 1, 0
	for p := chunk[walHeader+walBatchHeader:]; len(p) > 0; {
		kind := p[0]
		key, rest, ok := walString(p[1:])
		if !ok || kind > kindSet {
			return 0, false
		}
		if kind == kindSet && len(key) == 9 && key[0] == prefixLog {
			return CommitSeq(binary.BigEndian.Uint64(key[1:])), true
		}
		if p = rest; kind == kindDelete {
			continue
		}
		if _, p, ok = walString(p); !ok {
			return 0, false
		}
	}
	return 0, false
}

// walString reads a length and as many bytes.
func walString(p []byte) (s, rest []byte, ok bool) {
	n, k := binary.Uvarint(p)
	if k <= 0 || n > uint64(len(p)-k) {
		return nil, nil, false
	}
	return p[k : k+int(n)], p[k+int(n):], true
}
