package segment

import (
	"encoding/binary"
	"fmt"
	"math"
)

// runFixedSize is the size of the fields of fixed width at the start of an entry.
const runFixedSize = 88

// AppendTo appends the run's index entry, with the length before it.
func (r *RunInfo) AppendTo(dst []byte) []byte {
	le := binary.LittleEndian
	start := len(dst)
	dst = le.AppendUint32(dst, 0) // the length, filled in below
	dst = append(dst, r.Topic[:]...)
	dst = le.AppendUint32(dst, uint32(r.Partition))
	dst = le.AppendUint64(dst, uint64(r.FirstOffset))
	dst = le.AppendUint64(dst, uint64(r.OffsetSpan))
	dst = le.AppendUint32(dst, uint32(r.RecordCount))
	dst = le.AppendUint32(dst, uint32(r.RecordBatchCount))
	dst = le.AppendUint64(dst, uint64(r.Position))
	dst = le.AppendUint64(dst, uint64(r.Length))
	dst = le.AppendUint32(dst, r.CRC)
	dst = le.AppendUint64(dst, uint64(r.MinTimestamp))
	dst = le.AppendUint64(dst, uint64(r.MaxTimestamp))
	dst = le.AppendUint64(dst, uint64(r.MaxTimestampOffset))
	dst = r.appendVisible(dst)
	dst = r.appendChunks(dst)
	dst = r.appendTransactions(dst)
	le.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func (r *RunInfo) appendVisible(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Visible)))
	var last Visibility
	for _, v := range r.Visible {
		dst = binary.AppendUvarint(dst, uint64(v.Count))
		dst = binary.AppendVarint(dst, int64(v.VisibleAt-last.VisibleAt))
		dst = binary.AppendVarint(dst, v.CommitMillis-last.CommitMillis)
		last = v
	}
	return dst
}

func (r *RunInfo) appendChunks(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Chunks)))
	var last Chunk
	for _, c := range r.Chunks {
		dst = binary.AppendUvarint(dst, uint64(c.Offset-last.Offset))
		dst = binary.AppendUvarint(dst, uint64(c.Length))
		dst = binary.AppendUvarint(dst, uint64(c.Count))
		dst = binary.AppendVarint(dst, c.MaxTimestamp-last.MaxTimestamp)
		dst = binary.LittleEndian.AppendUint32(dst, c.CRC)
		last = c
	}
	return dst
}

func (r *RunInfo) appendTransactions(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Transactions)))
	for _, x := range r.Transactions {
		dst = binary.AppendVarint(dst, x.ProducerID)
		dst = binary.AppendUvarint(dst, uint64(x.First))
		dst = binary.AppendUvarint(dst, uint64(x.Last-x.First))
		dst = binary.AppendUvarint(dst, x.VisibleAt)
		dst = binary.AppendVarint(dst, x.CommitMillis)
	}
	return dst
}

// DecodeRunInfo reads one entry that AppendTo wrote and returns what follows it. Unknown bytes at
// the entry's end are ignored. The entry is consistent in itself or ErrCorrupt; nothing of it
// aliases src.
func DecodeRunInfo(src []byte) (RunInfo, []byte, error) {
	outer := cursor{src: src}
	body := cursor{src: outer.take(int(outer.u32()))}
	if outer.bad || len(body.src) < runFixedSize {
		return RunInfo{}, nil, fmt.Errorf("%w: index entry cut short", ErrCorrupt)
	}
	var r RunInfo
	copy(r.Topic[:], body.take(16))
	r.Partition = int32(body.u32())
	r.FirstOffset = body.size()
	r.OffsetSpan = body.size()
	r.RecordCount = int(body.u32())
	r.RecordBatchCount = int(body.u32())
	r.Position = body.size()
	r.Length = body.size()
	r.CRC = body.u32()
	r.MinTimestamp = body.i64()
	r.MaxTimestamp = body.i64()
	r.MaxTimestampOffset = body.size()
	r.decodeVisible(&body)
	r.decodeChunks(&body)
	r.decodeTransactions(&body)
	if body.bad {
		return RunInfo{}, nil, fmt.Errorf("%w: index entry of partition %d does not decode", ErrCorrupt, r.Partition)
	}
	if err := r.check(); err != nil {
		return RunInfo{}, nil, err
	}
	return r, outer.src, nil
}

func (r *RunInfo) decodeVisible(c *cursor) {
	n := c.count(3)
	if n > 0 {
		r.Visible = make([]Visibility, n)
	}
	var last Visibility
	for i := range r.Visible {
		v := &r.Visible[i]
		v.Count = int(c.uvarint())
		v.VisibleAt = last.VisibleAt + uint64(c.varint())
		v.CommitMillis = last.CommitMillis + c.varint()
		last = *v
	}
}

func (r *RunInfo) decodeChunks(c *cursor) {
	n := c.count(8)
	if n > 0 {
		r.Chunks = make([]Chunk, n)
	}
	var last Chunk
	for i := range r.Chunks {
		k := &r.Chunks[i]
		k.Offset = last.Offset + c.uvarint()
		k.Position = last.Position + last.Length
		k.Length = c.uvarint()
		k.First = last.First + last.Count
		k.Count = int(c.uvarint())
		k.MaxTimestamp = last.MaxTimestamp + c.varint()
		k.CRC = c.u32()
		// Bounded here, so that the sums of the next round cannot overflow.
		if k.Offset > r.OffsetSpan || k.Length > r.Length || k.Position > r.Length || k.Count > r.RecordBatchCount || k.First > r.RecordBatchCount {
			c.bad = true
			return
		}
		last = *k
	}
}

func (r *RunInfo) decodeTransactions(c *cursor) {
	n := c.count(5)
	if n > 0 {
		r.Transactions = make([]Transaction, n)
	}
	for i := range r.Transactions {
		x := &r.Transactions[i]
		x.ProducerID = c.varint()
		x.First = c.uvarint()
		span := c.uvarint()
		if span > math.MaxInt64-x.First {
			c.bad = true
			return
		}
		x.Last = x.First + span
		x.VisibleAt, x.CommitMillis = uint64(c.uvarint()), c.varint()
	}
}

// check holds what every entry fulfils, written or read.
func (r *RunInfo) check() error {
	switch {
	case r.Partition < 0:
		return r.corrupt("negative partition")
	case r.FirstOffset > math.MaxInt64-r.OffsetSpan:
		return r.corrupt("offsets overflow")
	case r.RecordBatchCount <= 0 || len(r.Chunks) == 0:
		return r.corrupt("no record batches")
	case r.Position < HeaderSize || r.Length <= 0 || r.Position > maxSize-r.Length:
		return r.corrupt("byte range")
	case int64(r.RecordCount) > r.OffsetSpan || r.MaxTimestampOffset >= r.OffsetSpan:
		return r.corrupt("more records than offsets")
	}
	visible := 0
	for _, v := range r.Visible {
		if v.Count <= 0 || v.Count > r.RecordBatchCount-visible || v.VisibleAt == 0 {
			return r.corrupt("visible-at")
		}
		visible += v.Count
	}
	if len(r.Visible) > 0 && visible != r.RecordBatchCount {
		return r.corrupt("visible-at count")
	}
	for _, x := range r.Transactions {
		if x.First < r.FirstOffset || x.Last >= r.FirstOffset+r.OffsetSpan {
			return r.corrupt("transaction outside the run")
		}
	}
	return r.checkChunks()
}

func (r *RunInfo) checkChunks() error {
	var end Chunk
	for i, c := range r.Chunks {
		if c.Length <= 0 || c.Count <= 0 || c.Offset >= r.OffsetSpan || (i == 0) != (c.Offset == 0) || (i > 0 && c.Offset <= end.Offset) {
			return r.corrupt("chunk")
		}
		end = c
	}
	if end.Position+end.Length != r.Length || end.First+end.Count != r.RecordBatchCount {
		return r.corrupt("chunks do not cover the run")
	}
	return nil
}

func (r *RunInfo) corrupt(what string) error {
	return fmt.Errorf("%w: index entry of topic %x partition %d: %s", ErrCorrupt, r.Topic, r.Partition, what)
}
