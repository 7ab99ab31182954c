package recordbatch

import "fmt"

// Reader walks the records of record batches, one record batch after the other. The zero value
// is ready. It belongs to one goroutine.
//
//	var r recordbatch.Reader
//	defer r.Release()
//	err := r.Reset(raw, 0)
//	for r.Next() { use(r.Record()) }
//	err = r.Err()
type Reader struct {
	header  Header
	rest    []byte
	left    int32
	lastOff int32
	record  Record
	decoded *[]byte // pooled; nil when the records are read in place
	err     error
}

// Reset starts on raw, one whole record batch (CRC checked by who read it), and decompresses its
// records up to maxDecoded bytes (0 = DefaultMaxDecoded; more is ErrTooLarge). Records of the one
// before become invalid. Uncompressed records are read in place: raw must stay as it is.
func (r *Reader) Reset(raw []byte, maxDecoded int) error {
	r.Release()
	h, raw, rest, err := Next(raw)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes after the record batch", ErrCorrupt, len(rest))
	}
	if err == nil {
		err = checkCounts(&h)
	}
	if err != nil {
		r.err = err
		return err
	}
	if maxDecoded <= 0 {
		maxDecoded = DefaultMaxDecoded
	}
	r.header, r.left, r.lastOff = h, h.RecordCount, -1
	r.rest = raw[HeaderSize:]
	if h.Codec() == CodecNone {
		return nil
	}
	r.decoded = getBuffer()
	*r.decoded, r.err = decompress(h.Codec(), (*r.decoded)[:0], r.rest, maxDecoded)
	r.rest = *r.decoded
	return r.err
}

// Header of the record batch being read.
func (r *Reader) Header() *Header { return &r.header }

// Next goes to the next record; false at the end or at an error.
func (r *Reader) Next() bool {
	if r.err != nil {
		return false
	}
	if r.left == 0 {
		if len(r.rest) > 0 {
			r.err = fmt.Errorf("%w: %d bytes after the last of %d records", ErrCorrupt, len(r.rest), r.header.RecordCount)
		}
		return false
	}
	r.rest, r.err = r.record.decode(&r.header, r.rest)
	if r.err != nil {
		return false
	}
	if r.record.OffsetDelta <= r.lastOff {
		r.err = fmt.Errorf("%w: record offsets do not rise", ErrCorrupt)
		return false
	}
	r.lastOff = r.record.OffsetDelta
	r.left--
	return true
}

// Record is the record that Next went to; valid until Reset or Release, its struct until Next.
func (r *Reader) Record() *Record { return &r.record }

// Err is what ended the walk early; ErrCorrupt, ErrTooLarge or ErrUnsupportedCodec.
func (r *Reader) Err() error { return r.err }

// Decoded is how many bytes of decompressed records are held until Release; 0 for records that were
// not compressed.
func (r *Reader) Decoded() int {
	if r.decoded == nil {
		return 0
	}
	return len(*r.decoded)
}

// Release gives the buffer of decompressed records back; records become invalid. The Reader may
// be Reset again.
func (r *Reader) Release() {
	if r.decoded != nil {
		putBuffer(r.decoded)
	}
	*r = Reader{}
}
