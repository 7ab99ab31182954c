package op

import (
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// What a temporary run keeps in memory while it is written or read: about one block.
const minRunRoom, maxRunRoom = 8 << 10, 256 << 10

// runRoom is the size of blocks when so many runs are at work within share bytes.
func runRoom(share int64, runs int) int {
	return int(max(minRunRoom, min(maxRunRoom, share/int64(2*runs))))
}

// sortedRuns are rows in temporary runs, each in one order, and the way back to one sequence.
type sortedRuns struct {
	env     exec.Env
	order   *state.RowOrder
	types   []sqltype.OID
	runs    []*temprun.Run
	merging *runMerger // nil until start
	charged int64      // for merging
}

func (s *sortedRuns) open(env exec.Env) { s.env, s.runs, s.merging, s.charged = env, nil, nil, 0 }

// some: there are runs.
func (s *sortedRuns) some() bool { return len(s.runs) > 0 }

// mergeWidth is how many runs are merged at once: as many as have room.
func (s *sortedRuns) mergeWidth() int {
	return int(max(4, min(64, s.env.WorkMemory()/(2*maxRunRoom))))
}

func (s *sortedRuns) writer() *temprun.Writer {
	return s.env.NewRun(s.types, runRoom(s.env.WorkMemory(), s.mergeWidth()))
}

// writeStep is how many rows are written between two looks at whether to go on.
const writeStep = 8 << 10

// write makes a run of the rows of d that rows lists in order.
func (s *sortedRuns) write(d *delta.Batch, rows []int32) error {
	if len(rows) == 0 {
		return nil
	}
	w := s.writer()
	for part := range slices.Chunk(rows, writeStep) {
		if err := s.env.Meter().Breathe(); err != nil {
			return err
		}
		if err := w.Append(d, part); err != nil {
			return err
		}
	}
	return s.finish(w)
}

func (s *sortedRuns) finish(w *temprun.Writer) error {
	r, err := w.Finish()
	if err == nil {
		s.runs = append(s.runs, r)
	}
	return err
}

// start makes the runs few enough to be merged at once, and begins with that.
func (s *sortedRuns) start() error {
	width := s.mergeWidth()
	for len(s.runs) > width {
		some := s.runs[:width:width]
		m, err := newRunMerger(s.order, some)
		if err != nil {
			return err
		}
		w, made := s.writer(), delta.NewBatchBuilder(s.types)
		for more := true; more; {
			made.Clear()
			if more, err = m.next(made, outRows); err != nil {
				return err
			}
			d := made.Batch()
			if err := w.Append(&d, nil); err != nil {
				return err
			}
			if err := s.env.Meter().Breathe(); err != nil {
				return err
			}
		}
		for _, r := range some {
			r.Release()
		}
		s.runs = s.runs[width:]
		if err := s.finish(w); err != nil {
			return err
		}
	}
	var err error
	if s.merging, err = newRunMerger(s.order, s.runs); err != nil {
		return err
	}
	s.charged = int64(2 * len(s.runs) * runRoom(s.env.WorkMemory(), width))
	return s.env.Account(s.charged)
}

// next appends up to n rows in order to made, whose columns may be fewer; false after the last.
func (s *sortedRuns) next(made *delta.BatchBuilder, n int) (more bool, err error) {
	return s.merging.next(made, n)
}

// end gives everything back.
func (s *sortedRuns) end() {
	for _, r := range s.runs {
		r.Release()
	}
	if s.charged != 0 {
		_ = s.env.Account(-s.charged) // giving back never fails
	}
	s.runs, s.merging, s.charged = nil, nil, 0
}

// runMerger reads sorted runs as one sequence: a heap of what each has next.
type runMerger struct {
	order *state.RowOrder
	heap  []*runCursor
}

// runReader gives rows in an order, a batch at a time: dense, without errors.
type runReader interface {
	Next(d *delta.Batch) (more bool, err error)
}

type runCursor struct {
	reader runReader
	rows   delta.Batch
	at     int32
	nth    int // of the run: equal rows come in the order of the runs
}

func newRunMerger(o *state.RowOrder, runs []*temprun.Run) (*runMerger, error) {
	readers := make([]runReader, len(runs))
	for i, r := range runs {
		readers[i] = r.Open()
	}
	return newMerger(o, readers)
}

func newMerger(o *state.RowOrder, readers []runReader) (*runMerger, error) {
	m := &runMerger{order: o}
	for i, r := range readers {
		c := &runCursor{reader: r, nth: i}
		more, err := c.reader.Next(&c.rows)
		if err != nil {
			return nil, err
		}
		if more {
			m.heap = append(m.heap, c)
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

func (m *runMerger) less(a, b *runCursor) bool {
	c := m.order.Compare(a.rows.Cols, a.at, b.rows.Cols, b.at)
	return c < 0 || c == 0 && a.nth < b.nth
}

func (m *runMerger) down(i int) {
	for {
		least := i
		for _, k := range [2]int{2*i + 1, 2*i + 2} {
			if k < len(m.heap) && m.less(m.heap[k], m.heap[least]) {
				least = k
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

// next appends up to n rows, or a good many bytes, to made; false after the last row.
func (m *runMerger) next(made *delta.BatchBuilder, n int) (more bool, err error) {
	for made.Len() < n && len(m.heap) > 0 {
		c := m.heap[0]
		made.AppendRow(c.rows.Cols, c.at, c.rows.Weight(c.at))
		if c.at++; int(c.at) == c.rows.Len {
			more, err := c.reader.Next(&c.rows)
			if err != nil {
				return false, err
			}
			if c.at = 0; !more {
				last := len(m.heap) - 1
				m.heap[0], m.heap = m.heap[last], m.heap[:last]
			}
		}
		m.down(0)
		if made.Len()&15 == 0 && made.Size() > outBytes {
			break
		}
	}
	return len(m.heap) > 0, nil
}
