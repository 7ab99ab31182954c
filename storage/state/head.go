package state

import (
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
)

// head is what was appended since the last Publish: rows in the order they came, sealed into
// runs when they are many or somebody wants to read them.
//
//	append ─► open ── many ──► handed to who is beside: sorted, in any order ─┐
//	            │                                                            ├─► sealed: in the order they came
//	            └── to be read: sorted by the writer ────────────────────────┘
//
// The writer's goroutine owns it. What mu guards, others change while rows are with them.
type head struct {
	order   *RowOrder
	tier    *Tier
	breathe func() error // nil = never
	beside  Beside       // nil = nobody
	idle    *sync.Pool   // of preparers
	most    int64        // bytes of open rows that are sealed
	open    *delta.BatchBuilder

	mu     sync.Mutex
	moved  *sync.Cond
	sealed []*run
	handed []*handed // in the order in which they came
	// joining: somebody puts what was handed over to what is sealed.
	joining bool
	failed  error
	spare   []*delta.BatchBuilder
}

func newHead(o *RowOrder, tier *Tier, options *Options, idle *sync.Pool) *head {
	h := &head{order: o, tier: tier, breathe: options.Breathe, beside: options.Beside, idle: idle, most: tier.openBytes(), open: delta.NewBatchBuilder(o.types)}
	h.moved = sync.NewCond(&h.mu)
	return h
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
	if h.open.Len() < h.many() && int64(h.open.Size()) < h.most {
		return nil
	}
	if h.handOver() {
		return h.await(maxHanded)
	}
	return h.seal()
}

// many are so many rows that they are sealed.
func (h *head) many() int {
	if h.beside != nil && h.beside.Rows() > 0 {
		return min(chunkRows, h.beside.Rows())
	}
	return chunkRows
}

func (h *head) bytes() int64 {
	size := int64(0)
	if h.open.Len() > 0 {
		size = int64(h.open.Size())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.handed {
		size += s.size
	}
	for _, r := range h.sealed {
		for _, c := range r.chunks {
			size += c.size.Load()
		}
	}
	return size
}

// ready are the runs that are sealed now.
func (h *head) ready() []*run {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sealed
}

func (h *head) discard() {
	h.drop()
	h.clearOpen()
	h.sealed, h.spare = nil, nil
}

// clearOpen empties the open rows; memory that is large is given back.
func (h *head) clearOpen() {
	if h.open.Size() > maxPooled {
		h.open = delta.NewBatchBuilder(h.order.types)
		return
	}
	h.open.Clear()
}

// seal makes runs of everything.
func (h *head) seal() error {
	if err := h.await(0); err != nil || h.open.Len() == 0 {
		return err
	}
	r, err := h.sort(h.open, h.breathe)
	if err != nil {
		return err
	}
	h.clearOpen()
	h.sealed, err = h.join(h.sealed, r, h.breathe)
	return err
}

// quickRows is how many rows are sorted without a look at whether to go on.
const quickRows = 8 << 10

// sort makes a run of rows: sorted, equal ones as one.
func (h *head) sort(rows *delta.BatchBuilder, breathe func() error) (*run, error) {
	if rows.Len() <= quickRows {
		breathe = nil
	}
	d := rows.Batch()
	return prepareRun(h.idle, h.order, h.tier, &d, breathe)
}

// merge makes one run of several.
func (h *head) merge(runs []*run, breathe func() error) (*run, error) {
	return withPreparer(h.idle, h.order, h.tier, func(w *preparer) (*run, error) { return w.builder.merge(asParts(runs), breathe) })
}

// join puts a run behind those that are sealed; few stay, as each is at least twice as long as the next. It gives a
// list of its own: the one before is read meanwhile.
func (h *head) join(sealed []*run, r *run, breathe func() error) ([]*run, error) {
	if r.n == 0 {
		return sealed, nil
	}
	sealed = append(sealed[:len(sealed):len(sealed)], r)
	for n := len(sealed); n > 1 && sealed[n-2].n < 2*sealed[n-1].n; n = len(sealed) {
		m, err := h.merge(sealed[n-2:], breathe)
		if err != nil {
			return nil, err
		}
		if sealed = sealed[:n-2]; m.n > 0 {
			sealed = append(sealed, m)
		}
	}
	return sealed, nil
}

// take seals the head and gives it as one run, nil if nothing is left.
func (h *head) take() (*run, error) {
	if err := h.seal(); err != nil {
		return nil, err
	}
	if len(h.sealed) > 1 {
		m, err := h.merge(h.sealed, h.breathe)
		if err != nil {
			return nil, err
		}
		if h.sealed = nil; m.n > 0 {
			h.sealed = []*run{m}
		}
	}
	if len(h.sealed) == 0 {
		return nil, nil
	}
	return h.sealed[0], nil
}
