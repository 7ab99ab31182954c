package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrCorrupt: a checkpoint section is damaged, or of another schema.
var ErrCorrupt = errors.New("corrupt state section")

// A section is frames; see docs/formats/state.md.
const (
	sectionMagic   = "TRST"
	sectionVersion = 3
	maxFrame       = 1 << 18
	frameHead      = 8

	kindFlat        = 1
	kindArrangement = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameWriter cuts what is written into frames with a checksum each.
type frameWriter struct {
	w   io.Writer
	buf []byte // frameHead free bytes, then payload
}

func newFrameWriter(w io.Writer) *frameWriter {
	// The buffer grows with what is written: most sections are small, and there are many.
	return &frameWriter{w: w, buf: make([]byte, frameHead, 1024)}
}

func (f *frameWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		k := min(len(p), frameHead+maxFrame-len(f.buf))
		f.buf = append(f.buf, p[:k]...)
		p = p[k:]
		if len(f.buf) == frameHead+maxFrame {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (f *frameWriter) flush() error {
	payload := f.buf[frameHead:]
	binary.LittleEndian.PutUint32(f.buf, uint32(len(payload)))
	binary.LittleEndian.PutUint32(f.buf[4:], crc32.Checksum(payload, castagnoli))
	_, err := f.w.Write(f.buf)
	f.buf = f.buf[:frameHead]
	return err
}

// close writes what is left and the empty frame that ends a section.
func (f *frameWriter) close() error {
	if len(f.buf) > frameHead {
		if err := f.flush(); err != nil {
			return err
		}
	}
	return f.flush()
}

func (f *frameWriter) u32(v uint32) { _, _ = f.Write(binary.LittleEndian.AppendUint32(nil, v)) }
func (f *frameWriter) u64(v uint64) { _, _ = f.Write(binary.LittleEndian.AppendUint64(nil, v)) }

// frameReader reads a section's payload; nothing is returned before its checksum matched.
type frameReader struct {
	r    io.Reader
	buf  []byte
	rest []byte
	end  bool
	err  error
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

func (f *frameReader) next() error {
	var head [frameHead]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return corrupt("frame header: %v", err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxFrame {
		return corrupt("frame of %d bytes", n)
	}
	if uint32(cap(f.buf)) < n {
		f.buf = make([]byte, n)
	}
	f.rest = f.buf[:n]
	if _, err := io.ReadFull(f.r, f.rest); err != nil {
		return corrupt("frame: %v", err)
	}
	if crc32.Checksum(f.rest, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return corrupt("frame checksum")
	}
	f.end = n == 0
	return nil
}

// read fills p, or remembers the error and leaves p zero.
func (f *frameReader) read(p []byte) {
	for len(p) > 0 && f.err == nil {
		if len(f.rest) == 0 {
			if f.err = f.next(); f.err == nil && f.end {
				f.err = corrupt("section ends early")
			}
			continue
		}
		k := copy(p, f.rest)
		f.rest, p = f.rest[k:], p[k:]
	}
	if f.err != nil {
		clear(p)
	}
}

// bytes reads n bytes; memory grows only as they arrive. The result is aligned to 8 bytes.
func (f *frameReader) bytes(n uint64) []byte {
	var out []byte
	for done := uint64(0); done < n && f.err == nil; {
		step := min(n-done, maxFrame)
		if uint64(cap(out)) < done+step {
			out = append(make([]byte, 0, min(max(64, 2*uint64(cap(out)), done+step), max(64, n))), out...)
		}
		out = out[:done+step]
		f.read(out[done:])
		done += step
	}
	if f.err != nil {
		return nil
	}
	return out
}

func (f *frameReader) u32() uint32 {
	var b [4]byte
	f.read(b[:])
	return binary.LittleEndian.Uint32(b[:])
}

func (f *frameReader) u64() uint64 {
	var b [8]byte
	f.read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// expect reads a number that must be v.
func (f *frameReader) expect(v uint32, what string) {
	if got := f.u32(); f.err == nil && got != v {
		f.err = corrupt("%s is %d, not %d", what, got, v)
	}
}

// close expects the end of the section.
func (f *frameReader) close() error {
	if f.err != nil {
		return f.err
	}
	if len(f.rest) > 0 {
		return corrupt("bytes behind the last field")
	}
	if err := f.next(); err != nil {
		return err
	}
	if !f.end {
		return corrupt("bytes behind the last field")
	}
	return nil
}
