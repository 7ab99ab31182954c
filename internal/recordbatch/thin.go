package recordbatch

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Thinner writes record batches anew without some of their records. What is left keeps its offsets,
// times and bytes; the record batch keeps its base offset, last offset delta, producer, sequence and
// codec. The zero value is ready; it belongs to one goroutine.
type Thinner struct {
	records []byte
	packed  []byte
}

// Horizon is the time from which on the tombstones, or the transaction marker, in the record batch may
// go; ok is false while none is set (KIP-534).
func (h *Header) Horizon() (millis int64, ok bool) {
	if h.Attributes&AttrDeleteHorizon == 0 {
		return 0, false
	}
	return h.BaseTimestamp, true
}

// Thin appends to dst the record batch raw with those records alone that keep has true for, by their
// place. With a horizon the record batch has that one, with a negative one it keeps its own, if any. At
// least one record is kept: see AppendEmpty. maxDecoded is as for Reader.Reset.
func (t *Thinner) Thin(dst, raw []byte, keep []bool, horizon int64, maxDecoded int) ([]byte, error) {
	var r Reader
	defer r.Release()
	if err := r.Reset(raw, maxDecoded); err != nil {
		return dst, err
	}
	h := r.header
	if horizon >= 0 {
		h.Attributes |= AttrDeleteHorizon
		h.BaseTimestamp = horizon
	}
	maxTimestamp := NoTimestamp
	t.records = t.records[:0]
	count := int32(0)
	for i := 0; ; i++ {
		before := r.rest
		if !r.Next() {
			break
		}
		if i >= len(keep) || !keep[i] {
			continue
		}
		count++
		maxTimestamp = max(maxTimestamp, r.record.Timestamp)
		encoded := before[:len(before)-len(r.rest)]
		if h.BaseTimestamp == r.header.BaseTimestamp {
			t.records = append(t.records, encoded...)
			continue
		}
		t.records = appendShifted(t.records, encoded, r.header.BaseTimestamp-h.BaseTimestamp)
	}
	if err := r.Err(); err != nil {
		return dst, err
	}
	if count == 0 {
		return dst, fmt.Errorf("%w: none of %d records is kept", ErrCorrupt, r.header.RecordCount)
	}
	h.RecordCount = count
	if !h.LogAppendTime() {
		h.MaxTimestamp = maxTimestamp
	}
	payload, err := t.pack(h.Codec())
	if err != nil {
		return dst, err
	}
	if len(payload) > math.MaxInt32-HeaderSize {
		return dst, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	h.Length = int32(HeaderSize - lengthOverhead + len(payload))
	start := len(dst)
	dst = append(appendHeader(dst, &h), payload...)
	setCRC(dst[start:])
	return dst, nil
}

// appendShifted appends an encoded record, which decoded before, with another time delta.
func appendShifted(dst, encoded []byte, shift int64) []byte {
	_, n := varint32(encoded)
	body := encoded[n:]
	delta, m := varint(body[1:])
	rest := body[1+m:]
	delta += shift
	dst = appendVarint(dst, int64(1+varintSize(delta)+len(rest)))
	dst = append(dst, body[0])
	dst = appendVarint(dst, delta)
	return append(dst, rest...)
}

// AppendEmpty appends a record batch without records that has the offsets of raw, whose header is h:
// a reader goes on behind it. It belongs to no producer and has no time.
func AppendEmpty(dst []byte, h *Header) []byte {
	empty := Header{
		BaseOffset: h.BaseOffset, Length: HeaderSize - lengthOverhead, LastOffsetDelta: h.LastOffsetDelta,
		BaseTimestamp: NoTimestamp, MaxTimestamp: NoTimestamp, ProducerID: NoProducerID, ProducerEpoch: -1, BaseSequence: -1,
	}
	start := len(dst)
	dst = appendHeader(dst, &empty)
	setCRC(dst[start:])
	return dst
}

// BaseOffsetOf is the base offset in the header.
// REQUIRES: raw is at least HeaderSize long.
func BaseOffsetOf(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }
