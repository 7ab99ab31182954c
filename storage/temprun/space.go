package temprun

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// Space is where the temporary files of a process lie.
type Space struct {
	dir  string
	room func(bytes int64) bool

	files, bytes           atomic.Int64
	written, read, refused atomic.Uint64
	made                   atomic.Uint64
}

// Stats of a Space.
type Stats struct {
	Files int64 // open now
	Bytes int64 // in runs now
	// Since the start: files made, bytes written and read, writes refused for want of room.
	Made, Written, Read, Refused uint64
}

const suffix = ".temp"

// Open makes the directory, private to the process's user, and removes what an earlier process may
// have left. room tells whether the disk has room for so many bytes more, nil = always.
func Open(dir string, room func(bytes int64) bool) (*Space, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return &Space{dir: dir, room: room}, nil
}

// File is a new file for one statement that may have so many bytes in runs at once, 0 = any number.
// Nothing is on the disk before the first block. Close it.
func (s *Space) File(limit int64) *File { return &File{space: s, limit: limit} }

// Stats may be called at any time.
func (s *Space) Stats() Stats {
	return Stats{
		Files: s.files.Load(), Bytes: s.bytes.Load(), Made: s.made.Load(),
		Written: s.written.Load(), Read: s.read.Load(), Refused: s.refused.Load(),
	}
}
