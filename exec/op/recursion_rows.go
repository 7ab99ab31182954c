package op

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// rowChunks are rows with weights, in memory that is charged.
type rowChunks struct {
	env     exec.Env
	types   []sqltype.OID
	chunks  []*delta.BatchBuilder
	charged int64
}

// chunkBytes is about how much a chunk holds.
const chunkBytes = 1 << 20

func newRowChunks(env exec.Env, types []sqltype.OID) *rowChunks {
	return &rowChunks{env: env, types: types}
}

func (c *rowChunks) add(d *delta.Batch) error {
	if d.Rows() == 0 {
		return nil
	}
	last := len(c.chunks) - 1
	if last < 0 || c.chunks[last].Len() >= outRows || c.chunks[last].Size() > chunkBytes {
		c.chunks = append(c.chunks, delta.NewBatchBuilder(c.types))
		last++
	}
	was := c.chunks[last].Size()
	c.chunks[last].AppendBatch(d)
	more := int64(c.chunks[last].Size() - was)
	c.charged += more
	return c.env.Account(more)
}

func (c *rowChunks) empty() bool { return len(c.chunks) == 0 }

// each visits the rows, borrowed.
func (c *rowChunks) each(visit func(*delta.Batch) error) error {
	for _, b := range c.chunks {
		d := b.Batch()
		if err := visit(&d); err != nil {
			return err
		}
	}
	return nil
}

// clear empties them and gives the memory back.
func (c *rowChunks) clear() error {
	charged := c.charged
	c.chunks, c.charged = nil, 0
	if charged == 0 {
		return nil
	}
	return c.env.Account(-charged)
}

func (c *rowChunks) reader() rowReader { return &chunkReader{of: c} }

type chunkReader struct {
	of *rowChunks
	at int
}

func (r *chunkReader) next(_ context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if r.at < len(r.of.chunks) {
		*dst = r.of.chunks[r.at].Batch()
		r.at++
	}
	return r.at < len(r.of.chunks), nil
}

func (r *chunkReader) close() {}

// chunkRow is a row of chunks.
type chunkRow struct {
	chunk *delta.Batch
	row   int32
	w     int64
}

// consolidated lists the rows in order, equal ones once with the sum of their weights. The places are borrowed from c.
func (c *rowChunks) consolidated() ([]chunkRow, error) {
	var all []chunkRow
	_ = c.each(func(d *delta.Batch) error {
		held := *d
		held.Cols = slices.Clone(d.Cols)
		return held.EachRow(func(row int32) error {
			all = append(all, chunkRow{&held, row, held.Weight(row)})
			return nil
		})
	})
	listed := int64(len(all)) * 24
	if err := c.env.Account(listed); err != nil {
		return nil, err
	}
	m := c.env.Meter()
	compare := func(a, b chunkRow) int {
		if m.Breathe() != nil {
			return 0 // ends at once; the meter keeps why
		}
		return delta.CompareRows(a.chunk.Cols, a.row, b.chunk.Cols, b.row)
	}
	slices.SortStableFunc(all, compare)
	if err := m.Err(); err != nil {
		return nil, err
	}
	out := all[:0]
	for _, p := range all {
		if n := len(out); n > 0 && compare(out[n-1], p) == 0 {
			out[n-1].w += p.w
			continue
		}
		if n := len(out); n > 0 && out[n-1].w == 0 {
			out = out[:n-1]
		}
		out = append(out, p)
	}
	if n := len(out); n > 0 && out[n-1].w == 0 {
		out = out[:n-1]
	}
	return out, c.env.Account(-listed)
}

// settle makes c its rows in order, each once.
func (c *rowChunks) settle() error {
	places, err := c.consolidated()
	if err != nil {
		return err
	}
	made := newRowChunks(c.env, c.types)
	if err := emitPlaces(places, c.types, made.add); err != nil {
		return err
	}
	if err := c.clear(); err != nil {
		return err
	}
	*c = *made
	return nil
}

// emitPlaces gives rows in batches.
func emitPlaces(places []chunkRow, types []sqltype.OID, emit func(*delta.Batch) error) error {
	b := delta.NewBatchBuilder(types)
	for i, p := range places {
		b.AppendRow(p.chunk.Cols, p.row, p.w)
		if b.Len() == outRows || i == len(places)-1 || b.Size() > chunkBytes {
			d := b.Batch()
			if err := emit(&d); err != nil {
				return err
			}
			b.Clear()
		}
	}
	return nil
}

// rowFailure is an error in place of rows.
type rowFailure struct {
	err *sqlerr.Error
	w   int64
}

// failures are errors that look the same counted together.
type failures []rowFailure

func (f *failures) add(err *sqlerr.Error, w int64) {
	for i := range *f {
		if sameError((*f)[i].err, err) {
			(*f)[i].w += w
			return
		}
	}
	*f = append(*f, rowFailure{err, w})
}

// emit gives those that there are.
func (f failures) emit(types []sqltype.OID, emit func(*delta.Batch) error) error {
	b := delta.NewBatchBuilder(types)
	for _, e := range f {
		if e.w != 0 {
			again := *e.err // who reports it may write into it
			b.AppendError(delta.RowError{Err: &again}, e.w)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	d := b.Batch()
	return emit(&d)
}

// recursionResult is the content of a view of a recursive query.
type recursionResult struct {
	rows *rowChunks
	errs failures
}

func newRecursionResult(env exec.Env, types []sqltype.OID) *recursionResult {
	return &recursionResult{rows: newRowChunks(env, types)}
}

func (r *recursionResult) add(d *delta.Batch) error {
	for _, e := range d.Errs {
		r.fail(e.Err, d.Weight(e.Row))
	}
	rows := *d
	rows.Errs = nil
	return r.rows.add(&rows)
}

func (r *recursionResult) fail(err *sqlerr.Error, w int64) { r.errs.add(err, w) }

func (r *recursionResult) settle() error { return r.rows.settle() }

// since puts out how r differs from the result before.
func (r *recursionResult) since(old *recursionResult, out exec.Out) error {
	both := newRowChunks(r.rows.env, r.rows.types)
	errs := slices.Clone(r.errs)
	for _, e := range old.errs {
		errs.add(e.err, -e.w)
	}
	if err := r.rows.each(both.add); err != nil {
		return err
	}
	if err := old.rows.each(func(d *delta.Batch) error { return both.add(negated(d)) }); err != nil {
		return err
	}
	places, err := both.consolidated()
	if err != nil {
		return err
	}
	if err := emitPlaces(places, r.rows.types, out.Emit); err != nil {
		return err
	}
	if err := both.clear(); err != nil {
		return err
	}
	return errs.emit(r.rows.types, out.Emit)
}

// negated is d with the weights of what is taken back.
func negated(d *delta.Batch) *delta.Batch {
	back := *d
	back.Weights = make([]int64, d.Len)
	for i := range back.Weights {
		back.Weights[i] = -d.Weight(int32(i))
	}
	return &back
}
