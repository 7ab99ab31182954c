package temprun

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// Writer makes a run. What it keeps in memory is about one block.
type Writer struct {
	file *File
	room int
	rows *delta.BatchBuilder
	run  *Run
	all  []int32

	written *atomic.Int64 // counts the bytes of blocks; nil = nobody asks
}

// Run is rows on disk, in the order they were written. It is immutable.
type Run struct {
	file     *File
	types    []sqltype.OID
	segments []int64
	blocks   []int64 // their sizes
	stored   int64   // sum of these
	rows     int64
	size     int64
}

// Rows is how many rows there are, without their weights.
func (r *Run) Rows() int64 { return r.rows }

// Size is about how many bytes the rows take in memory.
func (r *Run) Size() int64 { return r.size }

// Release deletes the run; nobody reads it any more. A second call does nothing.
func (r *Run) Release() {
	if r.file != nil {
		r.file.giveBack(r.segments, r.stored)
		r.file, r.segments = nil, nil
	}
}

// NewRun begins a run of rows of these types. Blocks are written when they have room bytes.
func (f *File) NewRun(types []sqltype.OID, room int) *Writer {
	return &Writer{file: f, room: room, rows: delta.NewBatchBuilder(types), run: &Run{file: f, types: types}}
}

// CountIn has the bytes that are written from now on added to written.
func (w *Writer) CountIn(written *atomic.Int64) { w.written = written }

// Append adds the rows sel of d, in that order; nil is its live rows. Errors of d are left out. After
// an error only Abandon is left.
func (w *Writer) Append(d *delta.Batch, sel []int32) error {
	if sel == nil {
		if sel = d.Sel; sel == nil {
			sel = w.first(d.Len)
		}
	}
	if len(sel) == 0 {
		return nil
	}
	// Wide rows are taken few at a time.
	each := max(1, d.Size()/int64(max(1, d.Rows())))
	step := int(max(1, min(state.MaxEncodedRows, int64(w.room)/each)))
	for len(sel) > 0 {
		n := min(step, len(sel), state.MaxEncodedRows-w.rows.Len())
		for i, c := range w.rows.Cols {
			c.Gather(&d.Cols[i], sel[:n])
		}
		for _, row := range sel[:n] {
			w.rows.End(d.Weight(row))
		}
		sel = sel[n:]
		if w.rows.Len() == state.MaxEncodedRows || w.rows.Size() >= w.room {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// first is the selection of the first n rows.
func (w *Writer) first(n int) []int32 {
	for i := len(w.all); i < n; i++ {
		w.all = append(w.all, int32(i))
	}
	return w.all[:n]
}

// Rows is how many rows were appended.
func (w *Writer) Rows() int64 { return w.run.rows + int64(w.rows.Len()) }

// flush writes the block at hand.
func (w *Writer) flush() error {
	if w.rows.Len() == 0 {
		return nil
	}
	batch, r := w.rows.Batch(), w.run
	b := state.EncodeRows(&batch)
	file, more, err := w.file.take(int64(len(b)), int64(len(r.segments))*segmentBytes-r.stored)
	if err != nil {
		return err
	}
	r.segments = append(r.segments, more...)
	at := r.stored
	r.stored += int64(len(b))
	err = eachPiece(r.segments, at, len(b), func(done, n int, at int64) error {
		_, err := file.WriteAt(b[done:done+n], at)
		return err
	})
	if err != nil {
		return failed("write", err)
	}
	w.file.space.written.Add(uint64(len(b)))
	if w.written != nil {
		w.written.Add(int64(len(b)))
	}
	r.blocks = append(r.blocks, int64(len(b)))
	r.rows += int64(batch.Len)
	r.size += batch.Size()
	if w.rows.Size() > 4*w.room {
		w.rows = delta.NewBatchBuilder(r.types) // a long value is no reason to keep its room
	} else {
		w.rows.Clear()
	}
	return nil
}

// Finish gives the run; the Writer is done.
func (w *Writer) Finish() (*Run, error) {
	if err := w.flush(); err != nil {
		w.Abandon()
		return nil, err
	}
	w.rows = nil
	return w.run, nil
}

// Abandon gives back what was written.
func (w *Writer) Abandon() { w.run.Release() }
