package temprun

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// Reader reads a run from its beginning, a block at a time. Any number may read one run.
type Reader struct {
	run  *Run
	next int   // block
	at   int64 // where it begins
}

// Open begins to read. There is nothing to close.
func (r *Run) Open() *Reader { return &Reader{run: r} }

// Next fills dst with the rows of the next block, dense, which are the caller's; false at the end.
func (r *Reader) Next(dst *delta.Batch) (more bool, err error) {
	*dst = delta.Batch{}
	if r.next == len(r.run.blocks) {
		return false, nil
	}
	size := r.run.blocks[r.next]
	b := make([]byte, size)
	f := r.run.file
	f.mu.Lock()
	file := f.mu.file
	f.mu.Unlock()
	err = eachPiece(r.run.segments, r.at, len(b), func(done, n int, at int64) error {
		_, err := file.ReadAt(b[done:done+n], at)
		return err
	})
	if err != nil {
		return false, failed("read", err)
	}
	f.space.read.Add(uint64(size))
	if *dst, err = state.DecodeRows(b, r.run.types); err != nil {
		return false, err
	}
	r.next, r.at = r.next+1, r.at+size
	return true, nil
}
