package recordbatch

import (
	"fmt"
	"math"
)

// Record is one decoded record. Key, Value and headers are borrowed from its Reader (or from the
// bytes the Reader was given); nil is null.
type Record struct {
	Offset    int64
	Timestamp int64 // Unix ms, NoTimestamp = none
	Key       []byte
	Value     []byte

	OffsetDelta int32
	// HeaderCount headers follow in rawHeaders, checked when the record was decoded.
	HeaderCount int
	rawHeaders  []byte
}

// RecordHeader is one header of a record: a name and bytes, nil = null.
type RecordHeader struct {
	Key   []byte
	Value []byte
}

// Headers appends the record's headers to dst; their bytes are borrowed like the record's own.
func (r *Record) Headers(dst []RecordHeader) []RecordHeader {
	src := r.rawHeaders
	for range r.HeaderCount {
		var h RecordHeader
		h.Key, src, _ = field(src)
		h.Value, src, _ = field(src)
		dst = append(dst, h)
	}
	return dst
}

// field reads a length-prefixed field; length -1 is null.
func field(src []byte) (value, rest []byte, ok bool) {
	n, w := varint32(src)
	if w == 0 || n < -1 || int(n) > len(src)-w {
		return nil, nil, false
	}
	src = src[w:]
	if n < 0 {
		return nil, src, true
	}
	return src[:n:n], src[n:], true
}

// decode reads the record at the start of src, which belongs to a record batch with header h.
func (r *Record) decode(h *Header, src []byte) (rest []byte, err error) {
	size, n := varint32(src)
	if n == 0 || size < minRecordSize-1 || int(size) > len(src)-n {
		return nil, fmt.Errorf("%w: record length", ErrCorrupt)
	}
	body, rest := src[n:n+int(size)], src[n+int(size):]
	tsDelta, nt := varint(body[1:]) // body[0], the record's attributes, is unused
	if nt == 0 {
		return nil, fmt.Errorf("%w: record timestamp", ErrCorrupt)
	}
	body = body[1+nt:]
	offsetDelta, no := varint32(body)
	if no == 0 || offsetDelta < 0 || offsetDelta > h.LastOffsetDelta {
		return nil, fmt.Errorf("%w: record offset", ErrCorrupt)
	}
	r.OffsetDelta = offsetDelta
	r.Offset = h.BaseOffset + int64(offsetDelta)
	r.Timestamp = h.BaseTimestamp + tsDelta
	if h.LogAppendTime() {
		r.Timestamp = h.MaxTimestamp
	}
	var ok bool
	if r.Key, body, ok = field(body[no:]); !ok {
		return nil, fmt.Errorf("%w: record key", ErrCorrupt)
	}
	if r.Value, body, ok = field(body); !ok {
		return nil, fmt.Errorf("%w: record value", ErrCorrupt)
	}
	return rest, r.decodeHeaders(body)
}

// decodeHeaders checks that body is exactly a count and so many headers, and keeps it.
func (r *Record) decodeHeaders(body []byte) error {
	r.HeaderCount, r.rawHeaders = 0, nil
	count, n := varint32(body)
	if n == 0 || count < 0 || int(count) > (len(body)-n)/2 {
		return fmt.Errorf("%w: record header count", ErrCorrupt)
	}
	body = body[n:]
	r.HeaderCount, r.rawHeaders = int(count), body
	for range count {
		key, rest, ok := field(body)
		if !ok || key == nil {
			return fmt.Errorf("%w: record header key", ErrCorrupt)
		}
		if _, rest, ok = field(rest); !ok {
			return fmt.Errorf("%w: record header value", ErrCorrupt)
		}
		body = rest
	}
	if len(body) > 0 {
		return fmt.Errorf("%w: %d bytes after the last field of a record", ErrCorrupt, len(body))
	}
	return nil
}

// appendRecord appends the encoding of one record. REQUIRES: recordBodySize(…) <= MaxInt32.
func appendRecord(dst []byte, bodySize int, tsDelta int64, offsetDelta int32, key, value []byte, headers []RecordHeader) []byte {
	dst = appendVarint(dst, int64(bodySize))
	dst = append(dst, 0)
	dst = appendVarint(dst, tsDelta)
	dst = appendVarint(dst, int64(offsetDelta))
	dst = appendField(dst, key)
	dst = appendField(dst, value)
	dst = appendVarint(dst, int64(len(headers)))
	for _, h := range headers {
		dst = appendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendField(dst, h.Value)
	}
	return dst
}

func appendField(dst, value []byte) []byte {
	if value == nil {
		return append(dst, 1) // zigzag -1
	}
	return append(appendVarint(dst, int64(len(value))), value...)
}

// recordBodySize is the value of a record's length field; more than MaxInt32 does not fit.
func recordBodySize(tsDelta int64, offsetDelta int32, key, value []byte, headers []RecordHeader) int {
	n := 1 + varintSize(tsDelta) + varintSize(int64(offsetDelta)) + fieldSize(key) + fieldSize(value) + varintSize(int64(len(headers)))
	for _, h := range headers {
		n += varintSize(int64(len(h.Key))) + len(h.Key) + fieldSize(h.Value)
		if n > math.MaxInt32 {
			break
		}
	}
	return n
}

func fieldSize(value []byte) int {
	if value == nil {
		return 1
	}
	return varintSize(int64(len(value))) + len(value)
}
