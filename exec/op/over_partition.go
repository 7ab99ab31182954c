package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// partition is the rows of one partition in order, each as often as its weight says, and what the
// functions make of them. Its memory is charged.
type partition struct {
	env     exec.Env
	types   []sqltype.OID // of rows
	width   int           // of the input
	order   *state.RowOrder
	rows    *delta.BatchBuilder
	first   []delta.Column // as of its first row
	charged int64
	waiting int64 // bytes of rows that are not charged yet

	// Once the rows are settled.
	n       int
	cols    []delta.Column // of rows
	all     []int32        // the numbers of all rows
	group   []int32        // of peers, by row
	starts  []int32        // first row of each group, then n
	results []*delta.Builder
	out     []delta.Column // the input's, then the results
	errs    map[int32]*sqlerr.Error
}

// newPartition keeps rows of in, peers of which peers compares, with output columns of types out.
func newPartition(in *sortedInput, peers *state.RowOrder, out []sqltype.OID) *partition {
	p := &partition{types: in.types, width: in.width, order: peers, rows: delta.NewBatchBuilder(in.types), errs: map[int32]*sqlerr.Error{}}
	for _, t := range out[in.width:] {
		p.results = append(p.results, delta.NewBuilder(t))
	}
	p.out = make([]delta.Column, len(out))
	return p
}

func (p *partition) open(env exec.Env) {
	if p.env != env {
		p.charged = 0 // what the last run charged is given back
	}
	p.env = env
	p.forget()
}

// forget empties the partition.
func (p *partition) forget() {
	const spare = 1 << 20 // bytes that are kept for the next
	if p.rows.Size() > spare {
		p.rows = delta.NewBatchBuilder(p.types)
		p.all, p.group, p.starts = nil, nil, nil
		for i, b := range p.results {
			p.results[i] = delta.NewBuilder(b.Type())
		}
	}
	p.rows.Clear()
	for _, b := range p.results {
		b.Clear()
	}
	p.n, p.waiting = 0, 0
	clear(p.errs)
}

// clear empties the partition and gives its memory back.
func (p *partition) clear() error {
	p.forget()
	if p.charged == 0 {
		return nil
	}
	err := p.env.Account(-p.charged)
	p.charged = 0
	return err
}

// add appends w copies of a row.
func (p *partition) add(d *delta.Batch, row int32, w int64) error {
	const step = 64 << 10
	size := int64(16*len(p.types)) + varBytes(d, row)
	for range w {
		if p.waiting += size; p.waiting > step {
			if err := p.charge(); err != nil {
				return err
			}
		}
		p.rows.AppendRow(d.Cols, row, 1)
		if p.rows.Len() == 1 {
			p.first = append(p.first[:0], p.rows.Batch().Cols...)
		}
	}
	return nil
}

// charge charges what the partition has grown by, and looks at whether to go on.
func (p *partition) charge() error {
	size := int64(p.rows.Size()) + p.waiting + int64(16*p.rows.Len())
	for _, b := range p.results {
		size += int64(b.Size())
	}
	p.waiting = 0
	if err := p.env.Meter().Breathe(); err != nil {
		return err
	}
	if size <= p.charged {
		return nil
	}
	err := p.env.Account(size - p.charged)
	if err == nil {
		p.charged = size
	}
	return err
}

// read fills the partition with the rows of a key.
func (p *partition) read(ctx context.Context, from state.View, key []delta.Column) error {
	cursor, err := from.Scan(ctx, state.Range{Equal: key})
	if err != nil {
		return err
	}
	defer cursor.Close()
	var scratch []int32
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		for _, row := range liveRows(&d, &scratch) {
			if d.Weight(row) < 0 {
				return state.ErrNegativeWeight
			}
			if err := p.add(&d, row, d.Weight(row)); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle ends the adding of rows: it finds the peers.
func (p *partition) settle() error {
	b := p.rows.Batch()
	p.n, p.cols = b.Len, b.Cols
	copy(p.out, b.Cols[:p.width])
	p.all, p.group, p.starts = p.all[:0], p.group[:0], p.starts[:0]
	for row := range int32(p.n) {
		if row == 0 || !p.order.SameKey(p.cols, row-1, p.cols, row) {
			p.starts = append(p.starts, row)
		}
		p.all = append(p.all, row)
		p.group = append(p.group, int32(len(p.starts)-1))
	}
	p.starts = append(p.starts, int32(p.n))
	return p.charge()
}

// peers are the rows [from, to) that are row's peers, itself among them.
func (p *partition) peers(row int32) (from, to int32) {
	g := p.group[row]
	return p.starts[g], p.starts[g+1]
}

// batch is the rows as a batch.
func (p *partition) batch() *delta.Batch { return &delta.Batch{Len: p.n, Cols: p.cols} }

// fail makes a row an error, its first.
func (p *partition) fail(row int32, err *sqlerr.Error) {
	if p.errs[row] == nil {
		p.errs[row] = err
	}
}

// sameResult: row i and row j of q, which are equal, have equal results.
func (p *partition) sameResult(i int32, q *partition, j int32) bool {
	x, y := p.errs[i], q.errs[j]
	if x != nil || y != nil {
		return x != nil && y != nil && sameError(x, y)
	}
	return delta.CompareRows(p.out[p.width:], i, q.out[p.width:], j) == 0
}
