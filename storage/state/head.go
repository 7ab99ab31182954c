package state

import "github.com/tributary-db/tributary/internal/delta"

// head is what was appended since the last Publish: rows in the order they came, sealed into
// runs when they are many or somebody wants to read them.
type head struct {
	order   *RowOrder
	open    *delta.BatchBuilder
	sealed  []*run
	rows    []int32
	buf     []sorting
	builder *runBuilder
	breathe func() error // nil = never
}

func newHead(o *RowOrder, tier *Tier, breathe func() error) head {
	return head{order: o, open: delta.NewBatchBuilder(o.types), builder: newRunBuilder(o, tier), breathe: breathe}
}

// maxOpenVar is the most variable bytes that open rows may have; columns end at 2 GiB.
const maxOpenVar = 1 << 30

// append copies the rows of d, which has less than 1 GiB a column.
func (h *head) append(d *delta.Batch) error {
	rows := *d
	rows.Errs = nil // a row that is an error is in no relation
	bytes := h.open.Size()
	for i := range d.Cols {
		bytes += len(d.Cols[i].Var)
	}
	if bytes > maxOpenVar {
		if err := h.seal(); err != nil {
			return err
		}
	}
	h.open.AppendBatch(&rows)
	if h.open.Len() >= chunkRows || int64(h.open.Size()) >= chunkBytes {
		return h.seal()
	}
	return nil
}

func (h *head) bytes() int64 {
	size := int64(0)
	if h.open.Len() > 0 {
		size = int64(h.open.Size())
	}
	for _, r := range h.sealed {
		for _, c := range r.chunks {
			size += c.size.Load()
		}
	}
	return size
}

func (h *head) discard() {
	h.clearOpen()
	h.sealed = nil
}

// clearOpen empties the open rows; memory that is large is given back.
func (h *head) clearOpen() {
	if h.open.Size() > maxPooled {
		h.open = delta.NewBatchBuilder(h.order.types)
		h.rows, h.buf = nil, nil
		return
	}
	h.open.Clear()
}

// seal makes runs of what is open; few stay, as each is at least twice as long as the next.
func (h *head) seal() error {
	if h.open.Len() == 0 {
		return nil
	}
	r, err := h.sortOpen()
	if err != nil {
		return err
	}
	h.clearOpen()
	if r.n > 0 {
		h.sealed = append(h.sealed, r)
	}
	for n := len(h.sealed); n > 1 && h.sealed[n-2].n < 2*h.sealed[n-1].n; n = len(h.sealed) {
		if err := h.mergeTail(n - 2); err != nil {
			return err
		}
	}
	return nil
}

// mergeTail replaces the runs from place at on by one.
func (h *head) mergeTail(at int) error {
	m, err := h.builder.merge(asParts(h.sealed[at:]), h.breathe)
	if err != nil {
		return err
	}
	h.sealed = h.sealed[:at]
	if m.n > 0 {
		h.sealed = append(h.sealed, m)
	}
	return nil
}

// quickRows is how many rows are sorted without a look at whether to go on.
const quickRows = 8 << 10

// sort orders the rows of in.
func (h *head) sort(in *delta.Batch) (err error) {
	if h.breathe == nil || in.Len <= quickRows {
		h.buf = h.order.sort(in.Cols, h.rows, h.buf, nil)
		return nil
	}
	compares := 0
	h.buf = h.order.sort(in.Cols, h.rows, h.buf, func() bool {
		if compares++; err == nil && compares%prepareBreath == 0 {
			err = h.breathe()
		}
		return err != nil
	})
	return err
}

// sortOpen sorts and consolidates the open rows.
func (h *head) sortOpen() (*run, error) {
	in := h.open.Batch()
	h.rows = h.rows[:0]
	for i := range int32(in.Len) {
		h.rows = append(h.rows, i)
	}
	if err := h.sort(&in); err != nil {
		return nil, err
	}
	from := &block{cols: in.Cols, n: int32(in.Len)}
	for i := 0; i < len(h.rows); {
		row, weight := h.rows[i], in.Weight(h.rows[i])
		for i++; i < len(h.rows) && h.order.Compare(in.Cols, row, in.Cols, h.rows[i]) == 0; i++ {
			weight += in.Weight(h.rows[i])
		}
		if weight != 0 {
			h.builder.add(from, row, weight)
		}
	}
	return h.builder.finish(), nil
}

// take seals the head and gives it as one run, nil if nothing is left.
func (h *head) take() (*run, error) {
	if err := h.seal(); err != nil {
		return nil, err
	}
	if len(h.sealed) > 1 {
		if err := h.mergeTail(0); err != nil {
			return nil, err
		}
	}
	if len(h.sealed) == 0 {
		return nil, nil
	}
	return h.sealed[0], nil
}
