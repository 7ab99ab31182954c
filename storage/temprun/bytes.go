package temprun

import "io"

// Bytes is a run of bytes instead of rows: written in order, read at any place. One goroutine
// writes; once all is written any number may read.
type Bytes struct {
	file     *File
	segments []int64
	size     int64
}

var (
	_ io.Writer   = (*Bytes)(nil)
	_ io.ReaderAt = (*Bytes)(nil)
)

// NewBytes begins a run of bytes.
func (f *File) NewBytes() *Bytes { return &Bytes{file: f} }

// Size is how many bytes were written.
func (b *Bytes) Size() int64 { return b.size }

// Write appends p, all of it or with an error nothing.
func (b *Bytes) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	file, more, err := b.file.take(int64(len(p)), int64(len(b.segments))*segmentBytes-b.size)
	if err != nil {
		return 0, err
	}
	b.segments = append(b.segments, more...)
	err = eachPiece(b.segments, b.size, len(p), func(done, n int, at int64) error {
		_, err := file.WriteAt(p[done:done+n], at)
		return err
	})
	b.size += int64(len(p)) // charged, whether or not it is there
	if err != nil {
		return 0, failed("write", err)
	}
	b.file.space.written.Add(uint64(len(p)))
	return len(p), nil
}

// ReadAt reads what was written, as io.ReaderAt.
func (b *Bytes) ReadAt(p []byte, from int64) (int, error) {
	if from < 0 || from >= b.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), b.size-from))
	f := b.file
	f.mu.Lock()
	file := f.mu.file
	f.mu.Unlock()
	err := eachPiece(b.segments, from, n, func(done, n int, at int64) error {
		_, err := file.ReadAt(p[done:done+n], at)
		return err
	})
	if err != nil {
		return 0, failed("read", err)
	}
	f.space.read.Add(uint64(n))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Release deletes the run; nobody reads it any more. A second call does nothing.
func (b *Bytes) Release() {
	if b.file != nil {
		b.file.giveBack(b.segments, b.size)
		b.file, b.segments = nil, nil
	}
}
