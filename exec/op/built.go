package op

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// built is the side of a one-shot join that is kept: its rows in columns, and from the first probe on a table of
// their hashes. It stands where a join that ticks has an arrangement, and answers as that does, but that equal rows are
// not put together and rows lie in the order they came in.
//
//	table: tag | row ─► hashes[row] is that of the key ─► row, and behind it next[row], …: rows of that hash
//
// why: an arrangement sorts what it is given, to be merged, read in order and by version; a join that runs once
// needs none of that, and sorting was nine tenths of its time.
type built struct {
	env   exec.Env
	types []sqltype.OID
	keys  []int
	parts []*builtPart
	held  int64
	// cursor is the probe at work.
	cursor builtCursor
}

// builtPart is as many of the rows as columns have room for: nearly always all of them.
type builtPart struct {
	cols    []*delta.Builder
	weights []int64 // nil = all 1
	n       int
	hashes  []uint64
	table   []uint64 // tag << 32 | row + 1; 0 = free
	next    []int32  // row + 1 of the same hash, 0 = none
	indexed int      // rows in the table
	widest  int64    // variable bytes of the longest of them

	columns []delta.Column // of cols, while nothing is appended
}

// A part is full at so many rows, or at so many variable bytes in a column: below what 32 bits count.
const builtRows, builtBytes = 1 << 29, 1 << 30

var (
	_ state.Arrangement = (*built)(nil)
	_ state.View        = (*built)(nil)
)

func newBuilt(env exec.Env, types []sqltype.OID, keys []int) *built {
	return &built{env: env, types: types, keys: keys}
}

// Append implements state.Arrangement.
func (b *built) Append(d *delta.Batch) error {
	var p *builtPart
	if n := len(b.parts); n > 0 && !b.parts[n-1].full(d) {
		p = b.parts[n-1]
	} else {
		p = &builtPart{}
		for _, t := range b.types {
			p.cols = append(p.cols, delta.NewBuilder(t))
		}
		b.parts = append(b.parts, p)
	}
	p.append(d, b.keys)
	return b.charge()
}

// charge accounts for what the parts hold by now.
func (b *built) charge() error {
	var size int64
	for _, p := range b.parts {
		size += p.size()
	}
	if size <= b.held {
		return nil
	}
	if err := b.env.Account(size - b.held); err != nil {
		return err
	}
	b.held = size
	return nil
}

func (p *builtPart) full(d *delta.Batch) bool {
	if p.n+d.Rows() > builtRows {
		return true
	}
	for i, c := range p.cols {
		if c.VarLen()+len(d.Cols[i].Var) > builtBytes && p.n > 0 {
			return true
		}
	}
	return false
}

func (p *builtPart) append(d *delta.Batch, keys []int) {
	rows, from := d.Rows(), p.n
	for i, c := range p.cols {
		c.Gather(&d.Cols[i], d.Sel)
	}
	if d.Weights != nil && p.weights == nil {
		for range from {
			p.weights = append(p.weights, 1)
		}
	}
	switch {
	case d.Weights != nil && d.Sel == nil:
		p.weights = append(p.weights, d.Weights[:d.Len]...)
	case d.Weights != nil:
		for _, row := range d.Sel {
			p.weights = append(p.weights, d.Weights[row])
		}
	case p.weights != nil:
		for range rows {
			p.weights = append(p.weights, 1)
		}
	}
	p.n += rows
	p.columns = nil
	p.hashes = grown(p.hashes, p.n)
	delta.HashKeys(pickColumns(d.Cols, keys), d.Len, d.Sel, p.hashes[from:])
}

// grown is s with n elements, with room for more of them.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		s = append(make([]T, 0, n+n/2), s...)
	}
	return s[:n]
}

func (p *builtPart) size() int64 {
	size := 8*int64(len(p.weights)+len(p.hashes)+len(p.table)) + 4*int64(len(p.next))
	for _, c := range p.cols {
		size += int64(c.Size())
	}
	return size
}

// row is all columns, borrowed until the next append.
func (p *builtPart) row() []delta.Column {
	if p.columns == nil {
		p.columns = make([]delta.Column, len(p.cols))
		for i, c := range p.cols {
			p.columns[i] = c.Column()
		}
	}
	return p.columns
}

// Head implements state.Arrangement.
func (b *built) Head() state.View { return b }

// Discard implements state.Arrangement: it forgets all rows.
func (b *built) Discard() {
	b.parts = nil
	_ = b.env.Account(-b.held) // giving back never fails
	b.held = 0
}

// errBuilt: what only an arrangement of a flow that ticks has was asked of a side of a join that runs once.
var errBuilt = errors.New("op: a side of a one-shot join has one version")

// Publish, Keep, At, Version, Changes and Release are of a join that ticks.
func (b *built) Publish(state.CommitSeq) error          { return errBuilt }
func (b *built) Keep(state.CommitSeq)                   {}
func (b *built) At(state.CommitSeq) (state.View, error) { return nil, errBuilt }
func (b *built) Version() state.CommitSeq               { return 0 }
func (b *built) Release()                               {}
func (b *built) Changes(context.Context, state.CommitSeq) (state.ChangeCursor, error) {
	return nil, errBuilt
}

// Rows implements state.View.
func (b *built) Rows() (n int64) {
	for _, p := range b.parts {
		n += int64(p.n)
	}
	return n
}

// Scan implements state.View; it reads everything.
func (b *built) Scan(context.Context, state.Range) (state.Cursor, error) {
	return &builtScan{parts: b.parts}, nil
}

// builtScan gives the rows in blocks.
type builtScan struct {
	parts []*builtPart
	at    int
}

func (c *builtScan) Next(_ context.Context, dst *delta.Batch) ([]int32, bool, error) {
	*dst = delta.Batch{}
	if len(c.parts) == 0 {
		return nil, false, nil
	}
	p := c.parts[0]
	end := min(c.at+outRows, p.n) // a multiple of 64: bitmaps are shared
	cols := p.row()
	dst.Len, dst.Cols = end-c.at, make([]delta.Column, len(cols))
	for i := range cols {
		dst.Cols[i] = cols[i].Slice(c.at, end)
	}
	if p.weights != nil {
		dst.Weights = p.weights[c.at:end]
	}
	if c.at = end; end == p.n {
		c.parts, c.at = c.parts[1:], 0
	}
	return nil, len(c.parts) > 0, nil
}

func (c *builtScan) Close() {}
