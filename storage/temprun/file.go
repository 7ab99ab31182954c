package temprun

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// segmentBytes is the piece of a file that belongs to one run at a time.
const segmentBytes = 256 << 10

// File is all temporary runs of a statement.
type File struct {
	space *Space
	limit int64

	mu struct {
		sync.Mutex
		file  *os.File // nil before the first block
		free  []int64  // segments, by their offset
		end   int64
		bytes int64 // in runs
	}
}

// Bytes is how many bytes are in runs now.
func (f *File) Bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.bytes
}

// Close deletes all runs. Nobody may read or write one any more.
func (f *File) Close() error {
	f.mu.Lock()
	file, bytes := f.mu.file, f.mu.bytes
	f.mu.file, f.mu.free, f.mu.end, f.mu.bytes = nil, nil, 0, 0
	f.mu.Unlock()
	if file == nil {
		return nil
	}
	f.space.bytes.Add(-bytes)
	f.space.files.Add(-1)
	err := file.Close()
	_ = os.Remove(file.Name()) // gone already where the system allows it
	return err
}

// take charges a block of n bytes to the file and gives segments until the run, which has room for
// left bytes in its last one, can hold it.
func (f *File) take(n, left int64) (file *os.File, segments []int64, err error) {
	count := int((max(0, n-left) + segmentBytes - 1) / segmentBytes)
	if err := f.makeRoom(n, count); err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for range count {
		if k := len(f.mu.free); k > 0 {
			segments, f.mu.free = append(segments, f.mu.free[k-1]), f.mu.free[:k-1]
			continue
		}
		segments = append(segments, f.mu.end)
		f.mu.end += segmentBytes
	}
	f.mu.bytes += n
	f.space.bytes.Add(n)
	return f.mu.file, segments, nil
}

// makeRoom makes the file if there is none, and asks the disk and the limit for n bytes in so many
// segments more.
func (f *File) makeRoom(n int64, segments int) error {
	f.mu.Lock()
	full, fresh, made := f.limit > 0 && f.mu.bytes+n > f.limit, segments-len(f.mu.free), f.mu.file != nil
	f.mu.Unlock()
	switch {
	case full:
		f.space.refused.Add(1)
		return sqlerr.New(sqlerr.ConfigurationLimitExceeded, "temporary file size exceeds temp_file_limit (%dkB)", f.limit>>10)
	case fresh > 0 && f.space.room != nil && !f.space.room(int64(fresh)*segmentBytes):
		f.space.refused.Add(1)
		return sqlerr.New(sqlerr.DiskFull, "could not write a temporary file: the disk is full, or nearly (disk_reserve)")
	case made:
		return nil
	}
	return f.create()
}

// create makes the file, outside the mutex; who comes second throws his away.
func (f *File) create() error {
	file, err := os.CreateTemp(f.space.dir, "statement-*"+suffix)
	if err != nil {
		return failed("create", err)
	}
	_ = os.Remove(file.Name()) // where this cannot be done, Close does it
	f.mu.Lock()
	second := f.mu.file != nil
	if !second {
		f.mu.file = file
		f.space.files.Add(1)
		f.space.made.Add(1)
	}
	f.mu.Unlock()
	if second {
		_ = file.Close() // nothing was written through it
		_ = os.Remove(file.Name())
	}
	return nil
}

// giveBack makes the segments of a run of n bytes free.
func (f *File) giveBack(segments []int64, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.file == nil {
		return // closed: all is gone
	}
	f.mu.free = append(f.mu.free, segments...)
	f.mu.bytes -= n
	f.space.bytes.Add(-n)
}

// failed is the error of a statement whose temporary file fails it.
func failed(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		e := sqlerr.New(sqlerr.DiskFull, "could not %s a temporary file: the disk is full", what)
		e.Cause = err
		return e
	}
	e := sqlerr.New(sqlerr.IOError, "could not %s a temporary file", what)
	e.Cause = err
	return e
}

// eachPiece visits the pieces of the bytes [from, from+n) of a run: n of them at offset at of the file.
func eachPiece(segments []int64, from int64, n int, visit func(done, n int, at int64) error) error {
	for done := 0; done < n; {
		segment, inside := from/segmentBytes, from%segmentBytes
		size := min(n-done, int(segmentBytes-inside))
		if err := visit(done, size, segments[segment]+inside); err != nil {
			return err
		}
		done, from = done+size, from+int64(size)
	}
	return nil
}
