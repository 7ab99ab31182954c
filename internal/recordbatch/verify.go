package recordbatch

import (
	"fmt"
	"hash/crc32"
	"math"
)

// Next takes the first record batch off src, by its header alone (no CRC): raw is that record
// batch, rest what follows. Both are slices of src. An incomplete record batch, or one of fewer
// than no records or offsets, is ErrCorrupt.
//
//	for len(src) > 0 {
//		h, raw, src, err = recordbatch.Next(src)
func Next(src []byte) (h Header, raw, rest []byte, err error) {
	if h, raw, rest, err = cut(src); err != nil {
		return Header{}, nil, nil, err
	}
	if h.LastOffsetDelta < 0 || h.RecordCount < 0 {
		return Header{}, nil, nil, fmt.Errorf("%w: %d records, last offset delta %d", ErrCorrupt, h.RecordCount, h.LastOffsetDelta)
	}
	return h, raw, rest, nil
}

// cut is Next without a look at the counts, which a client's record batch is refused for by
// another name.
func cut(src []byte) (h Header, raw, rest []byte, err error) {
	if h, err = ParseHeader(src); err != nil {
		return Header{}, nil, nil, err
	}
	if h.Size() > len(src) {
		return Header{}, nil, nil, fmt.Errorf("%w: %d bytes claimed, %d present", ErrCorrupt, h.Size(), len(src))
	}
	return h, src[:h.Size():h.Size()], src[h.Size():], nil
}

// Verify takes the first record batch off src like Next, and checks its CRC32C and the plausibility of
// its counts. It is what a reader of stored bytes calls; VerifyProduced is for bytes of clients.
func Verify(src []byte) (h Header, raw, rest []byte, err error) {
	h, raw, rest, err = Next(src)
	if err != nil {
		return Header{}, nil, nil, err
	}
	if err := checkCRC(h.CRC, raw); err != nil {
		return Header{}, nil, nil, err
	}
	if err := checkCounts(&h); err != nil {
		return Header{}, nil, nil, err
	}
	return h, raw, rest, nil
}

func checkCRC(want uint32, raw []byte) error {
	if got := crc32.Checksum(raw[crcStart:], castagnoli); got != want {
		return fmt.Errorf("%w: CRC32C is %08x, header says %08x", ErrCorrupt, got, want)
	}
	return nil
}

// checkCounts holds for every stored record batch, also for one that compaction thinned out:
// records may be fewer than offsets, never more.
func checkCounts(h *Header) error {
	if h.LastOffsetDelta < 0 || h.RecordCount < 0 || int64(h.RecordCount) > int64(h.LastOffsetDelta)+1 {
		return fmt.Errorf("%w: %d records for %d offsets", ErrCorrupt, h.RecordCount, int64(h.LastOffsetDelta)+1)
	}
	if h.BaseOffset < 0 || h.BaseOffset > math.MaxInt64-int64(h.LastOffsetDelta) {
		return fmt.Errorf("%w: base offset %d", ErrCorrupt, h.BaseOffset)
	}
	if h.Codec() == CodecNone && int64(h.RecordCount)*minRecordSize > int64(h.Size()-HeaderSize) {
		return fmt.Errorf("%w: %d records in %d bytes", ErrCorrupt, h.RecordCount, h.Size()-HeaderSize)
	}
	return nil
}

// Rules is what a topic demands of produced record batches. The zero value has no size limit,
// no timestamp bounds and takes the producer's time.
type Rules struct {
	// MaxBytes bounds the whole record batch (max.message.bytes); 0 = no limit.
	MaxBytes int
	// LogAppendTime topics ignore the producer's timestamps, so these are not checked.
	LogAppendTime bool
	// MinTimestamp and MaxTimestamp bound CreateTime (message.timestamp.before/after.max.ms,
	// made absolute by the caller), Unix ms; 0 = no bound. NoTimestamp always passes.
	MinTimestamp, MaxTimestamp int64
	// RequireKeys: every record has a key (compacted topics). Only CheckRecords looks at it.
	RequireKeys bool
	// MaxDecodedBytes bounds the decompressed records in CheckRecords; 0 = DefaultMaxDecoded.
	MaxDecodedBytes int
}

// VerifyProduced checks what a client sends for one partition: exactly one record batch, whole,
// with a right CRC32C, acceptable from a producer, in rules. Records are not decoded; see
// CheckRecords. The header is returned also with errors that come after parsing it.
func VerifyProduced(src []byte, rules Rules) (Header, error) {
	h, err := ParseHeader(src)
	if err != nil {
		return Header{}, err
	}
	if rules.MaxBytes > 0 && h.Size() > rules.MaxBytes {
		return h, fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, h.Size(), rules.MaxBytes)
	}
	_, raw, rest, err := cut(src)
	if err != nil {
		return h, err
	}
	if err := checkCRC(h.CRC, raw); err != nil {
		return h, err
	}
	if len(rest) > 0 {
		return h, fmt.Errorf("%w: %d bytes after the record batch; a partition takes exactly one", ErrInvalidRecord, len(rest))
	}
	if err := checkFromProducer(&h); err != nil {
		return h, err
	}
	return h, checkTimestamps(&h, &rules)
}

func checkFromProducer(h *Header) error {
	switch {
	case h.BaseOffset != 0:
		return fmt.Errorf("%w: base offset is %d, must be 0", ErrInvalidRecord, h.BaseOffset)
	case h.RecordCount <= 0 || int64(h.LastOffsetDelta)+1 != int64(h.RecordCount):
		return fmt.Errorf("%w: %d records, last offset delta %d", ErrInvalidRecord, h.RecordCount, h.LastOffsetDelta)
	case h.Codec() > CodecZstd:
		return fmt.Errorf("%w: %d", ErrUnsupportedCodec, h.Codec())
	case h.Codec() == CodecNone && int64(h.RecordCount)*minRecordSize > int64(h.Size()-HeaderSize):
		return fmt.Errorf("%w: %d records in %d bytes", ErrInvalidRecord, h.RecordCount, h.Size()-HeaderSize)
	case h.Control():
		return fmt.Errorf("%w: a producer may not write control records", ErrInvalidRecord)
	case h.Attributes&AttrDeleteHorizon != 0:
		return fmt.Errorf("%w: a producer may not set a delete horizon", ErrInvalidRecord)
	case h.ProducerID < NoProducerID:
		return fmt.Errorf("%w: producer id %d", ErrInvalidRecord, h.ProducerID)
	case h.ProducerID >= 0 && (h.BaseSequence < 0 || h.ProducerEpoch < 0):
		return fmt.Errorf("%w: producer id %d with epoch %d, base sequence %d", ErrInvalidRecord, h.ProducerID, h.ProducerEpoch, h.BaseSequence)
	case h.ProducerID < 0 && h.Transactional():
		return fmt.Errorf("%w: transactional without a producer id", ErrInvalidRecord)
	}
	return nil
}

func checkTimestamps(h *Header, rules *Rules) error {
	if h.LogAppendTime() {
		return fmt.Errorf("%w: a producer may not set the timestamp type LogAppendTime", ErrInvalidTimestamp)
	}
	if rules.LogAppendTime {
		return nil
	}
	for _, ts := range [2]int64{h.BaseTimestamp, h.MaxTimestamp} {
		if err := checkTimestamp(ts, rules); err != nil {
			return err
		}
	}
	return nil
}

func checkTimestamp(ts int64, rules *Rules) error {
	switch {
	case ts == NoTimestamp:
		return nil
	case ts < 0:
		return fmt.Errorf("%w: %d", ErrInvalidTimestamp, ts)
	case rules.MinTimestamp > 0 && ts < rules.MinTimestamp:
		return fmt.Errorf("%w: %d is before %d", ErrInvalidTimestamp, ts, rules.MinTimestamp)
	case rules.MaxTimestamp > 0 && ts > rules.MaxTimestamp:
		return fmt.Errorf("%w: %d is after %d", ErrInvalidTimestamp, ts, rules.MaxTimestamp)
	}
	return nil
}
