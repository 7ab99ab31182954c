package source

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// contents reads a table or a view (or a view's error rows) from its arrangement: a scan at
// the tick's end when the tick begins at 0, else the changes since. A view's error rows come
// first, as row errors.
type contents struct {
	node   *plan.Scan
	cfg    Config
	errors bool // the rows wanted are the error rows
	keys   keys

	view    state.View
	errs    state.View
	cursor  state.Cursor
	changes state.ChangeCursor
	errCur  state.Cursor
	errChg  state.ChangeCursor
	raw     delta.Batch
	cols    []delta.Column
	rowErrs delta.RowErrors
	rel     *catalog.Relation // of a one-shot read: whose failed rows they are
	part    scanPart
	bounds  bounds

	read, skipped int64 // blocks, by all scans so far
}

var _ exec.Scanner = (*contents)(nil)

func (c *contents) Open(env exec.Env) error {
	c.keys.open(c.node, env)
	c.bounds.open(env)
	c.read, c.skipped = 0, 0
	if !env.Once() || c.errors || c.node.Kind == plan.RelTable {
		return nil
	}
	var err error
	c.rel, err = c.cfg.Inputs.Relation(c.node.Relation)
	return err
}

func (c *contents) Begin(ctx context.Context, t exec.Tick) error {
	c.part = scanPart{}
	return c.begin(ctx, t)
}

func (c *contents) begin(ctx context.Context, t exec.Tick) error {
	c.end()
	if err := c.keys.eval(); err != nil {
		return err
	}
	if err := c.openErrors(ctx, t); err != nil {
		return err
	}
	if c.errors {
		c.cursor, c.changes, c.errCur, c.errChg = c.errCur, c.errChg, nil, nil
		return nil
	}
	view, err := c.open(t)
	if err != nil {
		return err
	}
	c.view = view
	if t.From == 0 {
		if c.keys.none || c.keys.failed != nil {
			return nil
		}
		rest := state.Range{After: c.part.last, Columns: c.wanted()}
		if c.part.enough == nil { // parts are cut where they end, whatever is wanted of them
			if rest.Bounds, err = c.bounds.eval(); err != nil {
				return err
			}
		}
		c.cursor, err = c.keys.read(ctx, view, rest)
	} else {
		c.changes, err = view.Changes(ctx, t.From)
	}
	return err
}

// wanted are the columns that a scan has to give; nil = all.
func (c *contents) wanted() []int {
	if c.part.enough != nil || slices.Contains(c.node.Columns, plan.MetaRowID) {
		return nil // a part ends with a whole row; the row id is the last column
	}
	return append([]int{}, c.node.Columns...)
}

// open gives the relation at the tick's end, by the index that the key is of.
func (c *contents) open(t exec.Tick) (state.View, error) {
	index := plan.RelationID(0)
	if t.From == 0 {
		index = c.node.Index
	}
	return c.cfg.Inputs.Contents(c.node.Relation, index, t.To)
}

func (c *contents) openErrors(ctx context.Context, t exec.Tick) (err error) {
	if c.node.Kind == plan.RelTable {
		return nil
	}
	if c.errs, err = c.cfg.Inputs.Errors(c.node.Relation, t.To); err != nil || c.errs == nil {
		return err
	}
	if t.From == 0 {
		if c.errs.Rows() == 0 || !c.errors && c.part.last != nil {
			return nil // as nearly always: no cursor over nothing, or over what the first part had
		}
		part := state.Range{After: c.part.last}
		if !c.errors {
			part = FailedRows()
		}
		c.errCur, err = c.errs.Scan(ctx, part)
	} else {
		c.errChg, err = c.errs.Changes(ctx, t.From)
	}
	return err
}

func (c *contents) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if c.keys.failed != nil {
		*dst = delta.Batch{Len: 1, Cols: c.nullRow(), Sel: []int32{}, Errs: delta.RowErrors{{Row: 0, Err: c.keys.failed}}}
		return false, nil
	}
	if c.errCur != nil || c.errChg != nil {
		more, err := c.nextErrors(ctx, dst)
		return more || err == nil && !c.keys.none, err
	}
	if c.keys.none || (c.cursor == nil && c.changes == nil) {
		return false, nil
	}
	more, err := c.pull(ctx, c.cursor, c.changes)
	if err != nil {
		return false, err
	}
	more = c.part.cut(&c.raw, more)
	return more, c.shape(ctx, dst)
}

// pull reads the next batch of a cursor into raw.
func (c *contents) pull(ctx context.Context, cur state.Cursor, chg state.ChangeCursor) (more bool, err error) {
	if cur != nil {
		_, more, err = cur.Next(ctx, &c.raw)
	} else {
		_, more, err = chg.Next(ctx, &c.raw)
	}
	return more, err
}

// shapeErrors shows the rows of an error relation: how many are alike, and the record's value,
// fetched where it is wanted.
func (c *contents) shapeErrors(ctx context.Context, dst *delta.Batch) error {
	c.cols = c.cols[:0]
	for _, at := range c.node.Columns {
		switch {
		case at == shownCount:
			counts := delta.NewBuilder(sqltype.Int8)
			for i := range int32(c.raw.Len) {
				delta.Append(counts, c.raw.Weight(i))
			}
			c.cols = append(c.cols, counts.Column())
		case at == shownValue:
			values, err := c.recordValues(ctx)
			if err != nil {
				return err
			}
			c.cols = append(c.cols, values)
		default:
			c.cols = append(c.cols, c.raw.Cols[kept[at]])
		}
	}
	*dst = delta.Batch{Len: c.raw.Len, Cols: c.cols, Sel: c.raw.Sel}
	return nil
}

// recordValues are the values of the records behind the error rows in raw.
func (c *contents) recordValues(ctx context.Context) (delta.Column, error) {
	values := delta.NewBuilder(sqltype.Bytea)
	for i := range int32(c.raw.Len) {
		from := originAt(&c.raw, i)
		if from == nil {
			values.AppendNull()
			continue
		}
		v, err := recordValue(ctx, c.cfg.Log, from)
		if err != nil {
			return delta.Column{}, err
		}
		appendNullable(values, v)
	}
	return values.Column(), nil
}

// shape picks the scan's columns out of raw.
func (c *contents) shape(ctx context.Context, dst *delta.Batch) error {
	if c.raw.Len == 0 {
		*dst = delta.Batch{}
		return nil
	}
	if c.errors {
		return c.shapeErrors(ctx, dst)
	}
	c.cols = c.cols[:0]
	for _, at := range c.node.Columns {
		if at == plan.MetaRowID {
			at = len(c.raw.Cols) - 1
		}
		c.cols = append(c.cols, c.raw.Cols[at])
	}
	*dst = delta.Batch{Len: c.raw.Len, Cols: c.cols, Sel: c.raw.Sel, Weights: c.raw.Weights}
	return nil
}

// nextErrors turns the rows of a view that failed into row errors, with their weights.
func (c *contents) nextErrors(ctx context.Context, dst *delta.Batch) (bool, error) {
	more, err := c.pull(ctx, c.errCur, c.errChg)
	if err != nil {
		return false, err
	}
	c.rowErrs = c.rowErrs[:0]
	for i := range int32(c.raw.Len) {
		if !Failed(&c.raw, i) {
			continue // left out by a closing window: nothing is wrong with what the view has
		}
		e := ErrorAt(&c.raw, i)
		if c.rel != nil {
			e.Err = Standing(c.rel, e)
		}
		c.rowErrs = append(c.rowErrs, e)
	}
	if c.raw.Len > 0 {
		cols := c.nullRow()
		for i := range cols {
			cols[i] = cols[i].WithLen(c.raw.Len)
		}
		*dst = delta.Batch{Len: c.raw.Len, Cols: cols, Sel: []int32{}, Weights: c.raw.Weights, Errs: c.rowErrs}
	}
	if !more {
		c.closeErrors()
	}
	return more, nil
}

func (c *contents) nullRow() []delta.Column {
	cols := make([]delta.Column, len(c.node.P.Fields))
	for i, f := range c.node.P.Fields {
		cols[i] = delta.NullColumn(f.Type.OID, 1)
	}
	return cols
}

func (c *contents) closeErrors() {
	if c.errCur != nil {
		c.errCur.Close()
	}
	if c.errChg != nil {
		c.errChg.Close()
	}
	c.errCur, c.errChg = nil, nil
}

// end closes what the last tick opened.
func (c *contents) end() {
	c.closeErrors()
	if c.cursor != nil {
		c.count(c.cursor)
		c.cursor.Close()
	}
	if c.changes != nil {
		c.changes.Close()
	}
	c.cursor, c.changes = nil, nil
	for _, v := range []state.View{c.view, c.errs} {
		if v != nil {
			v.Release()
		}
	}
	c.view, c.errs = nil, nil
}

func (c *contents) Progress() exec.Progress {
	c.end()
	return exec.Progress{Watermark: exec.NoWatermark}
}

func (c *contents) Close() error {
	c.end()
	return nil
}
