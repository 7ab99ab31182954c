package parquet

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// codec is parquet.thrift's CompressionCodec.
type codec uint8

const (
	codecNone   codec = 0
	codecSnappy codec = 1
	codecGzip   codec = 2
	codecZstd   codec = 6
	codecLZ4Raw codec = 7
)

var codecNames = [...]string{"uncompressed", "Snappy", "gzip", "LZO", "Brotli", "Hadoop LZ4", "Zstandard", "raw LZ4"}

func (c codec) known() error {
	switch c {
	case codecNone, codecSnappy, codecGzip, codecZstd, codecLZ4Raw:
		return nil
	}
	name := "an unknown codec"
	if int(c) < len(codecNames) {
		name = codecNames[c]
	}
	return withHint(unsupported("columns compressed with %s", name), "Write it with Zstandard, Snappy, gzip, LZ4_RAW, or uncompressed.")
}

// expands is the most bytes that a codec makes of n: a size that is larger is a lie, and nothing is
// allocated for it. Snappy's longest copy is 64 bytes in 3; deflate's 258 in 2 bits; LZ4 has 255 a
// byte; Zstandard repeats a byte 128 Ki times in 4.
func (c codec) expands(n int64) int64 {
	switch c {
	case codecSnappy:
		return 22*n + 64
	case codecGzip:
		return 1032*n + 64
	case codecLZ4Raw:
		return 255*n + 64
	case codecZstd:
		return 32<<10*n + 64
	}
	return n
}

var (
	errSize     = errors.New("it decompresses to another size than it says")
	gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}
	// DecodeAll is safe for concurrent use, starts no goroutine and goes no further than dst.
	zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
	})
)

// decoderSlack is what decoders may use behind a result to be faster.
const decoderSlack = 64

// decompress fills dst, which has the size that src is said to decompress to. Behind it dst has room
// for decoderSlack bytes.
func (c codec) decompress(dst, src []byte) error {
	switch c {
	case codecSnappy:
		if n, err := s2.DecodedLen(src); err != nil || n != len(dst) {
			return errors.Join(errSize, err)
		}
		out, err := s2.Decode(dst, src)
		return sized(len(out), len(dst), err)
	case codecGzip:
		return gunzip(dst, src)
	case codecLZ4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		return sized(n, len(dst), err)
	case codecZstd:
		z, err := zstdDecoder()
		if err != nil {
			return err
		}
		out, err := z.DecodeAll(src, dst[:0])
		return sized(len(out), len(dst), err)
	}
	return sized(copy(dst, src), len(src), nil)
}

func sized(n, want int, err error) error {
	if err == nil && n != want {
		return errSize
	}
	return err
}

func gunzip(dst, src []byte) error {
	z := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(z)
	if err := z.Reset(bytes.NewReader(src)); err != nil {
		return err
	}
	if _, err := io.ReadFull(z, dst); err != nil {
		return err
	}
	var more [1]byte
	if n, err := io.ReadFull(z, more[:]); n > 0 || !errors.Is(err, io.EOF) { // the end has a checksum
		return errors.Join(errSize, err)
	}
	return nil
}
