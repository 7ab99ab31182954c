package recordbatch

import (
	"fmt"
	"math"
	"sync"

	"github.com/pierrec/lz4/v4"
)

// minCompressSize is the size of records below which compression is not tried.
const minCompressSize = 256

// Builder encodes records that are born inside into record batches: LZ4, or uncompressed when
// that is not longer. It belongs to one goroutine and is reused after AppendTo.
type Builder struct {
	maxBytes int
	records  []byte
	packed   []byte
	count    int32
	gaps     int32 // offsets without a record
	plain    bool
	baseTime int64
	maxTime  int64
}

// NewBuilder makes a Builder whose record batches are never longer than maxBytes, header
// included; 0 = 1,048,588, Kafka's default max.message.bytes.
func NewBuilder(maxBytes int) *Builder {
	if maxBytes <= 0 {
		maxBytes = 1048588
	}
	return &Builder{maxBytes: min(maxBytes, math.MaxInt32)}
}

// Plain has it compress nothing from here on.
func (b *Builder) Plain() *Builder {
	b.plain = true
	return b
}

// Gap leaves n offsets out, before the next record or at the end; false = a record batch cannot have so many.
// REQUIRES: there is a record, and n >= 0.
func (b *Builder) Gap(n int64) bool {
	if n > int64(math.MaxInt32-b.count-b.gaps) {
		return false
	}
	b.gaps += int32(n)
	return true
}

// Add appends one record; its bytes are copied. nil key or value is null; timestamp is Unix ms
// or NoTimestamp. ErrFull: take the record batch with AppendTo and add the record again.
// ErrTooLarge: the record does not fit into any record batch.
func (b *Builder) Add(key, value []byte, headers []RecordHeader, timestamp int64) error {
	baseTime := b.baseTime
	if b.count == 0 {
		baseTime = timestamp
	}
	body := recordBodySize(timestamp-baseTime, b.count+b.gaps, key, value, headers)
	size := varintSize(int64(body)) + body
	if room := b.maxBytes - HeaderSize - len(b.records); size > room {
		if b.count == 0 {
			return fmt.Errorf("%w: a record of %d bytes, limit %d", ErrTooLarge, size, room)
		}
		return ErrFull
	}
	if b.count == math.MaxInt32-b.gaps {
		return ErrFull
	}
	if b.count == 0 || timestamp > b.maxTime {
		b.maxTime = timestamp
	}
	b.baseTime = baseTime
	b.records = appendRecord(b.records, body, timestamp-baseTime, b.count+b.gaps, key, value, headers)
	b.count++
	return nil
}

// Count of records added since the last AppendTo.
func (b *Builder) Count() int { return int(b.count) }

// Size is an upper bound of what AppendTo would append now.
func (b *Builder) Size() int {
	if b.count == 0 {
		return 0
	}
	return HeaderSize + len(b.records)
}

// AppendTo appends the record batch of all records added so far to dst, with base offset 0 and
// its CRC32C, and starts an empty one. Without records dst comes back unchanged.
func (b *Builder) AppendTo(dst []byte) []byte {
	if b.count == 0 {
		return dst
	}
	h := Header{
		PartitionLeaderEpoch: -1, LastOffsetDelta: b.count + b.gaps - 1, RecordCount: b.count,
		BaseTimestamp: b.baseTime, MaxTimestamp: b.maxTime,
		ProducerID: NoProducerID, ProducerEpoch: -1, BaseSequence: -1,
	}
	payload := b.records
	if b.compress() {
		payload = b.packed
		h.Attributes = Attributes(CodecLZ4)
	}
	h.Length = int32(HeaderSize - lengthOverhead + len(payload))
	start := len(dst)
	dst = append(appendHeader(dst, &h), payload...)
	setCRC(dst[start:])
	b.records, b.count, b.gaps = b.records[:0], 0, 0
	return dst
}

// compress fills b.packed and tells whether it is shorter than the records as they are.
func (b *Builder) compress() bool {
	if b.plain || len(b.records) < minCompressSize {
		return false
	}
	w := lz4Writers.Get().(*lz4.Writer)
	defer lz4Writers.Put(w)
	out := cappedWriter{buf: b.packed[:0], limit: len(b.records) - 1}
	w.Reset(&out)
	_, err := w.Write(b.records)
	if err == nil {
		err = w.Close()
	}
	b.packed = out.buf
	return err == nil
}

var lz4Writers = sync.Pool{New: func() any {
	w := lz4.NewWriter(nil)
	// Kafka's clients want independent blocks without checksums of the content.
	if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1)); err != nil {
		panic(err) // the options are constants
	}
	return w
}}

// cappedWriter keeps what is written and fails past limit: then compression does not pay.
type cappedWriter struct {
	buf   []byte
	limit int
}

func (c *cappedWriter) Write(p []byte) (int, error) {
	if len(c.buf)+len(p) > c.limit {
		return 0, ErrTooLarge
	}
	c.buf = append(c.buf, p...)
	return len(p), nil
}
