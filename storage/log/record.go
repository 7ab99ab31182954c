package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// Layout of a commit record; byte level: docs/formats/commit-record.md.
const (
	recordMagic      = "TRCR"
	recordVersion    = 2
	recordHeaderSize = 60
	recordCRCAt      = 56
	changeHeaderSize = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordHeader begins a commit record.
type recordHeader struct {
	Seq        CommitSeq
	TimeMillis int64 // commit time, never below the one of the commit before
	Writer     uint32
	Fence      uint64
	Timeline   uint32 // never below the one of the commit before
	LastSeal   uint64 // of the newest flush group that the commit decided
}

// record is one commit record: a header and a list of changes.
type record struct {
	recordHeader
	Changes []Change
}

// beginRecord reserves the header; finishRecord fills it in.
func beginRecord(dst []byte) []byte { return append(dst, make([]byte, recordHeaderSize)...) }

// beginChange appends a change's header with a length to be set by endChange.
func beginChange(dst []byte, kind Kind) (out []byte, start int) {
	le := binary.LittleEndian
	dst = le.AppendUint16(dst, uint16(kind))
	dst = le.AppendUint16(dst, 0) // reserved
	return le.AppendUint32(dst, 0), len(dst) + 4
}

func endChange(dst []byte, start int) error {
	n := len(dst) - start
	if n > math.MaxUint32 {
		return fmt.Errorf("%w: change of %d bytes", ErrTooLarge, n)
	}
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(n))
	return nil
}

func appendChange(dst []byte, c Change) ([]byte, error) {
	dst, start := beginChange(dst, c.Kind)
	dst = append(dst, c.Payload...)
	return dst, endChange(dst, start)
}

// finishRecord fills in the header of rec, which beginRecord began and changes follow.
func finishRecord(rec []byte, h recordHeader, changes int) error {
	body := len(rec) - recordHeaderSize
	if body > math.MaxUint32 {
		return fmt.Errorf("%w: commit record of %d bytes", ErrTooLarge, len(rec))
	}
	le := binary.LittleEndian
	copy(rec, recordMagic)
	le.PutUint16(rec[4:], recordVersion)
	le.PutUint16(rec[6:], 0) // flags
	le.PutUint64(rec[8:], uint64(h.Seq))
	le.PutUint64(rec[16:], uint64(h.TimeMillis))
	le.PutUint32(rec[24:], h.Writer)
	le.PutUint64(rec[28:], h.Fence)
	le.PutUint32(rec[36:], h.Timeline)
	le.PutUint64(rec[40:], h.LastSeal)
	le.PutUint32(rec[48:], uint32(changes))
	le.PutUint32(rec[52:], uint32(body))
	le.PutUint32(rec[recordCRCAt:], recordCRC(rec))
	return nil
}

// recordCRC covers everything but itself.
func recordCRC(rec []byte) uint32 {
	crc := crc32.Checksum(rec[:recordCRCAt], castagnoli)
	return crc32.Update(crc, castagnoli, rec[recordHeaderSize:])
}

// encodeRecord is the whole of it for records that are not built in place.
func encodeRecord(h recordHeader, changes []Change) ([]byte, error) {
	rec := beginRecord(nil)
	for _, c := range changes {
		var err error
		if rec, err = appendChange(rec, c); err != nil {
			return nil, err
		}
	}
	return rec, finishRecord(rec, h, len(changes))
}

// decodeRecord reads a commit record; payloads alias src. Kinds are not looked at: who applies
// the record stops at one it does not know.
func decodeRecord(src []byte) (*record, error) {
	if len(src) < recordHeaderSize || string(src[:4]) != recordMagic {
		return nil, fmt.Errorf("%w: no commit record", ErrCorrupt)
	}
	le := binary.LittleEndian
	if v := le.Uint16(src[4:]); v != recordVersion {
		return nil, fmt.Errorf("%w: commit record format %d", ErrUnknownKind, v)
	}
	if got, want := uint64(len(src)-recordHeaderSize), uint64(le.Uint32(src[52:])); got != want {
		return nil, fmt.Errorf("%w: commit record body of %d bytes, header says %d", ErrCorrupt, got, want)
	}
	if recordCRC(src) != le.Uint32(src[recordCRCAt:]) {
		return nil, fmt.Errorf("%w: checksum of a commit record", ErrCorrupt)
	}
	if flags := le.Uint16(src[6:]); flags != 0 {
		return nil, fmt.Errorf("%w: commit record flags %#x", ErrUnknownKind, flags)
	}
	r := &record{recordHeader: recordHeader{
		Seq: CommitSeq(le.Uint64(src[8:])), TimeMillis: int64(le.Uint64(src[16:])),
		Writer: le.Uint32(src[24:]), Fence: le.Uint64(src[28:]), Timeline: le.Uint32(src[36:]), LastSeal: le.Uint64(src[40:]),
	}}
	count := int(le.Uint32(src[48:]))
	c := cursor{src: src[recordHeaderSize:]}
	if count > len(c.src)/changeHeaderSize {
		return nil, fmt.Errorf("%w: commit record of %d changes in %d bytes", ErrCorrupt, count, len(c.src))
	}
	r.Changes = make([]Change, count)
	for i := range r.Changes {
		r.Changes[i].Kind = Kind(c.u16())
		if c.u16() != 0 {
			c.newer = true
		}
		r.Changes[i].Payload = c.take(int(c.u32()))
	}
	return r, c.end("commit record")
}
