package chain

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Layout of a base; byte level: docs/formats/chain.md.
const (
	baseMagic      = "TRBS"
	baseVersion    = 1
	baseHeaderSize = 64
	baseSumAt      = 60
	basePrefix     = "meta/base/"
	frameBytes     = 1 << 20
	maxFrameBytes  = 1 << 30
)

// BaseInfo says of what a base is: all of a store after the link at Position.
type BaseInfo struct {
	Position
	Timeline      uint32
	Floor, Newest meta.CommitSeq
	TimeMillis    int64
}

func baseKey(number uint64) string { return fmt.Sprintf("%s%020d", basePrefix, number) }

func parseBaseKey(key string) (number uint64, ok bool) {
	number, err := strconv.ParseUint(strings.TrimPrefix(key, basePrefix), 10, 64)
	return number, err == nil && key == baseKey(number)
}

func (b BaseInfo) header() []byte {
	dst := make([]byte, baseHeaderSize)
	le := binary.LittleEndian
	copy(dst, baseMagic)
	le.PutUint16(dst[4:], baseVersion)
	le.PutUint64(dst[8:], b.Number)
	le.PutUint32(dst[16:], b.Sum)
	le.PutUint32(dst[20:], b.Timeline)
	le.PutUint64(dst[24:], uint64(b.Floor))
	le.PutUint64(dst[32:], uint64(b.Newest))
	le.PutUint64(dst[40:], uint64(b.TimeMillis))
	le.PutUint32(dst[baseSumAt:], sumAround(dst, baseSumAt))
	return dst
}

func decodeBaseHeader(src []byte) (BaseInfo, error) {
	le := binary.LittleEndian
	if string(src[:4]) != baseMagic || sumAround(src, baseSumAt) != le.Uint32(src[baseSumAt:]) {
		return BaseInfo{}, fmt.Errorf("%w: checksum of a base", ErrCorrupt)
	}
	if v := le.Uint16(src[4:]); v != baseVersion {
		return BaseInfo{}, fmt.Errorf("%w: base of version %d", ErrVersion, v)
	}
	return BaseInfo{Position: Position{Number: le.Uint64(src[8:]), Sum: le.Uint32(src[16:])}, Timeline: le.Uint32(src[20:]),
		Floor: meta.CommitSeq(le.Uint64(src[24:])), Newest: meta.CommitSeq(le.Uint64(src[32:])), TimeMillis: int64(le.Uint64(src[40:]))}, nil
}

// WriteBase writes all of an image as the object key.
func WriteBase(ctx context.Context, objects objstore.Store, key string, info BaseInfo, im *meta.Image) (size int64, err error) {
	up, err := objects.Create(ctx, key)
	if err != nil {
		return 0, err
	}
	defer func() { _ = up.Abort() }() // harmless behind Commit
	info.Floor, info.Newest = im.Floor, im.Last
	w := baseWriter{to: up}
	if err := w.write(info.header()); err != nil {
		return 0, err
	}
	err = im.Each(func(key, value []byte) error {
		w.frame = appendBytes(appendBytes(w.frame, key), value)
		w.entries++
		if len(w.frame) < frameBytes {
			return nil
		}
		return w.flush()
	})
	if err == nil && len(w.frame) > 0 {
		err = w.flush()
	}
	if err != nil {
		return 0, err
	}
	if err := w.end(); err != nil {
		return 0, err
	}
	_, err = up.Commit()
	return w.size, err
}

// baseWriter cuts entries into frames. The checksum of a frame goes on from the one before, so that none can be
// left out.
type baseWriter struct {
	to      io.Writer
	frame   []byte
	sum     uint32
	entries uint64
	size    int64
}

func (w *baseWriter) write(b []byte) error {
	n, err := w.to.Write(b)
	w.size += int64(n)
	return err
}

func (w *baseWriter) flush() error {
	w.sum = crc32.Update(w.sum, castagnoli, w.frame)
	le := binary.LittleEndian
	head := le.AppendUint32(le.AppendUint32(nil, uint32(len(w.frame))), w.sum)
	err := errors.Join(w.write(head), w.write(w.frame))
	w.frame = w.frame[:0]
	return err
}

func (w *baseWriter) end() error {
	le := binary.LittleEndian
	end := le.AppendUint64(make([]byte, 8, 16), w.entries)
	le.PutUint32(end[4:], crc32.Update(w.sum, castagnoli, end[8:]))
	return w.write(end)
}

// ReadBase reads a base to its end and visits each entry, which is lent until visit returns. ErrCorrupt may
// come after some were visited.
func ReadBase(ctx context.Context, objects objstore.Store, key string, visit func(key, value []byte) error) (BaseInfo, error) {
	info, err := objects.Stat(ctx, key)
	if err != nil {
		return BaseInfo{}, err
	}
	src := bufio.NewReaderSize(&objectReader{ctx: ctx, objects: objects, key: key, size: info.Size}, 4*frameBytes)
	head := make([]byte, baseHeaderSize)
	if _, err := io.ReadFull(src, head); err != nil {
		return BaseInfo{}, cut(err)
	}
	b, err := decodeBaseHeader(head)
	if err != nil {
		return b, err
	}
	var frame []byte
	entries, sum := uint64(0), uint32(0)
	for {
		if _, err := io.ReadFull(src, head[:8]); err != nil {
			return b, cut(err)
		}
		n, want := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		if n == 0 {
			return b, endBase(src, sum, want, entries)
		}
		if n > maxFrameBytes || int64(n) > info.Size {
			return b, fmt.Errorf("%w: frame of %d bytes", ErrCorrupt, n)
		}
		if int(n) > cap(frame) {
			frame = make([]byte, n)
		}
		frame = frame[:n]
		if _, err := io.ReadFull(src, frame); err != nil {
			return b, cut(err)
		}
		if sum = crc32.Update(sum, castagnoli, frame); sum != want {
			return b, fmt.Errorf("%w: checksum of a base", ErrCorrupt)
		}
		for r := (reader{src: frame}); len(r.src) > 0; entries++ {
			k, v := r.bytes(), r.bytes()
			if r.bad || len(k) == 0 {
				return b, fmt.Errorf("%w: a base does not decode", ErrCorrupt)
			}
			if err := visit(k, v); err != nil {
				return b, err
			}
		}
	}
}

func endBase(src io.Reader, sum, want uint32, entries uint64) error {
	var count [8]byte
	if _, err := io.ReadFull(src, count[:]); err != nil {
		return cut(err)
	}
	if crc32.Update(sum, castagnoli, count[:]) != want || binary.LittleEndian.Uint64(count[:]) != entries {
		return fmt.Errorf("%w: checksum of a base", ErrCorrupt)
	}
	if n, err := io.ReadFull(src, count[:1]); n != 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: bytes behind a base: %v", ErrCorrupt, err)
	}
	return nil
}

// cut: an object that ends early is damaged.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends early", ErrCorrupt)
	}
	return err
}

// objectReader reads an object from its beginning.
type objectReader struct {
	ctx       context.Context // of the call that reads
	objects   objstore.Store
	key       string
	off, size int64
}

func (r *objectReader) Read(p []byte) (int, error) {
	if r.off >= r.size {
		return 0, io.EOF
	}
	n, err := r.objects.GetRange(r.ctx, r.key, r.off, p)
	r.off += int64(n)
	if err == nil && n == 0 && len(p) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
