package recordbatch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/pierrec/lz4/v4"
)

// DefaultMaxDecoded bounds the decompressed records of one record batch where the caller names
// no bound of its own.
const DefaultMaxDecoded = 64 << 20

// maxPooledBuffer keeps rare giants out of the pool.
const maxPooledBuffer = 8 << 20

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

func putBuffer(b *[]byte) {
	if cap(*b) <= maxPooledBuffer {
		buffers.Put(b)
	}
}

// decompress appends the decompressed src to dst, which must be empty; the result never grows
// past limit bytes (ErrTooLarge). Memory follows what was really decoded.
func decompress(c Codec, dst, src []byte, limit int) ([]byte, error) {
	if len(src) == 0 {
		return dst, nil // a record batch that compaction emptied
	}
	var err error
	switch c {
	case CodecGzip:
		dst, err = gunzip(dst, src, limit)
	case CodecSnappy:
		dst, err = unsnappy(dst, src, limit)
	case CodecLZ4:
		dst, err = unlz4(dst, src, limit)
	case CodecZstd:
		dst, err = unzstd(dst, src, limit)
	default:
		return dst, fmt.Errorf("%w: %d", ErrUnsupportedCodec, c)
	}
	if err != nil && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %s: %w", ErrCorrupt, c, err)
	}
	return dst, err
}

func errDecodedTooLarge(limit int) error {
	return fmt.Errorf("%w: more than %d bytes decompressed", ErrTooLarge, limit)
}

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

func gunzip(dst, src []byte, limit int) ([]byte, error) {
	z := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(z)
	if err := z.Reset(bytes.NewReader(src)); err != nil {
		return dst, err
	}
	return readCapped(dst, z, limit)
}

var lz4Readers = sync.Pool{New: func() any { return lz4.NewReader(nil) }}

func unlz4(dst, src []byte, limit int) ([]byte, error) {
	z := lz4Readers.Get().(*lz4.Reader)
	defer lz4Readers.Put(z)
	z.Reset(bytes.NewReader(src))
	return readCapped(dst, z, limit)
}

// readCapped appends all of r to dst, doubling it as bytes arrive.
func readCapped(dst []byte, r io.Reader, limit int) ([]byte, error) {
	for idle := 0; idle < 100; {
		if len(dst) == cap(dst) {
			grown := make([]byte, len(dst), max(4096, min(2*cap(dst), limit+1)))
			copy(grown, dst)
			dst = grown
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if len(dst) > limit {
			return dst, errDecodedTooLarge(limit)
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
		if n == 0 {
			idle++
		} else {
			idle = 0
		}
	}
	return dst, io.ErrNoProgress
}
