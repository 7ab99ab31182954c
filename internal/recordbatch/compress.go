package recordbatch

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// zstdEncoder: EncodeAll is safe for concurrent use and starts no goroutine.
var zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
})

// pack compresses t.records; the result is valid until the next call.
func (t *Thinner) pack(c Codec) ([]byte, error) {
	var err error
	switch c {
	case CodecNone:
		return t.records, nil
	case CodecGzip:
		z := gzipWriters.Get().(*gzip.Writer)
		defer gzipWriters.Put(z)
		err = t.stream(z)
	case CodecSnappy:
		t.packed = s2.EncodeSnappy(t.packed[:cap(t.packed)], t.records)
	case CodecLZ4:
		z := lz4Writers.Get().(*lz4.Writer)
		defer lz4Writers.Put(z)
		err = t.stream(z)
	case CodecZstd:
		var z *zstd.Encoder
		if z, err = zstdEncoder(); err == nil {
			t.packed = z.EncodeAll(t.records, t.packed[:0])
		}
	default:
		err = fmt.Errorf("%w: %d", ErrUnsupportedCodec, c)
	}
	return t.packed, err
}

// compressor is what gzip's and LZ4's writers have in common.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

func (t *Thinner) stream(z compressor) error {
	out := bytes.NewBuffer(t.packed[:0])
	z.Reset(out)
	_, err := z.Write(t.records)
	if err == nil {
		err = z.Close()
	}
	t.packed = out.Bytes()
	return err
}
