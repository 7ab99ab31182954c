package table

import (
	"context"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// computed is what an index has beside the columns of its table: values that are computed of each row, and a condition of the rows
// that it has. It names columns by their positions, so it stays what it is when they get other names, and others come.
//
// Rows of such an index have these values behind those of the table, in its arrangement, in checkpoints and in runs. They are computed when
// an overlay gets a row, once more when it becomes a run, and when the changelog is replayed: what is immutable gives the same each time.
type computed struct {
	over     []sqltype.OID // types of the table's columns when it was bound
	types    []sqltype.OID // of the values
	programs sync.Pool     // of *programs
	bind     func() (*planner.IndexPlan, error)
}

// programs compute for one caller at a time.
type programs struct {
	exprs []*expr.Program
	where *expr.Program // nil = all rows
}

// computing is what an index computes, nil = nothing. Table and index are those of one version of the catalog, which cat is.
func computing(table, ix *catalog.Relation, cat catalog.Reader) *computed {
	if !ix.Computed() {
		return nil
	}
	c := &computed{bind: sync.OnceValues(func() (*planner.IndexPlan, error) { return planner.Index(table, ix, cat) })}
	for i := range table.Columns {
		c.over = append(c.over, table.Columns[i].Type.OID)
	}
	for i, at := range ix.KeyColumns {
		if at == catalog.NoColumn {
			c.types = append(c.types, ix.IndexKey(i).Type.OID)
		}
	}
	return c
}

// fits: what was bound over a table's columns holds for a form, whose columns may be more.
func (c *computed) fits(f *form) bool {
	return len(f.rel.Columns) >= len(c.over) && slices.Equal(f.types[:len(c.over)], c.over)
}

func (c *computed) get() (*programs, error) {
	if p, ok := c.programs.Get().(*programs); ok {
		return p, nil
	}
	bound, err := c.bind()
	if err != nil {
		return nil, err
	}
	env := &expr.Env{Settings: bound.Settings}
	p := &programs{}
	for _, e := range bound.Exprs {
		made, err := expr.Compile(e, env)
		if err != nil {
			return nil, err
		}
		p.exprs = append(p.exprs, made)
	}
	if bound.Where != nil {
		if p.where, err = expr.Compile(bound.Where, env); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// placed are rows as an index has them: with what it computes, those aside that it does not have.
type placed struct {
	rows delta.Batch
	of   []int32 // by its rows: the row that was given; nil = the same
	at   []int32 // by row that was given: the row, -1 = the index does not have it; nil = the same
}

// find is where a row that was given is, -1 = nowhere.
func (p *placed) find(row int32) int32 {
	if p.at == nil {
		return row
	}
	return p.at[row]
}

// given is the row that was given for one.
func (p *placed) given(row int32) int32 {
	if p.of == nil {
		return row
	}
	return p.of[row]
}

// place gives rows of the table as an index has them. They share the memory of the rows where the index computes nothing; the first row that
// an expression fails for is the error.
func (ix *index) place(rows *delta.Batch) (placed, error) {
	if ix.more == nil {
		return placed{rows: *rows}, nil
	}
	p, err := ix.more.get()
	if err != nil {
		return placed{}, err
	}
	defer ix.more.programs.Put(p)
	out, in := placed{}, *rows
	if rows.Len == 0 {
		in.Cols = delta.NewBatchBuilder(ix.types[:len(ix.types)-len(ix.more.types)]).Batch().Cols
	}
	sel := rows.Sel
	if p.where != nil {
		var errs delta.RowErrors
		if sel, err = p.where.Filter(&in, make([]int32, 0, rows.Rows()), &errs); err != nil {
			return placed{}, err
		}
		if len(errs) > 0 {
			return placed{}, errs[0].Err
		}
	}
	if sel != nil {
		in = dense(&in, sel)
		out.of, out.at = sel, make([]int32, rows.Len)
		for i := range out.at {
			out.at[i] = -1
		}
		for i, row := range sel {
			out.at[row] = int32(i)
		}
	}
	out.rows = in
	out.rows.Cols = slices.Clone(in.Cols)
	for _, e := range p.exprs {
		var col delta.Column
		var errs delta.RowErrors
		if err := e.Eval(&in, &col, &errs); err != nil {
			return placed{}, err
		}
		if len(errs) > 0 {
			return placed{}, errs[0].Err
		}
		out.rows.Cols = append(out.rows.Cols, delta.Copy(&col, nil))
	}
	return out, nil
}

// dense are some rows of a batch, with their weights.
func dense(rows *delta.Batch, sel []int32) delta.Batch {
	out := gather(rows, sel)
	if rows.Weights != nil {
		out.Weights = make([]int64, len(sel))
		for i, row := range sel {
			out.Weights[i] = rows.Weights[row]
		}
	}
	return out
}

// placeIn gives rows of the table as each index has them.
func placeIn(indexes []*index, rows *delta.Batch) ([]placed, error) {
	out := make([]placed, len(indexes))
	for i, ix := range indexes {
		var err error
		if out[i], err = ix.place(rows); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// indexOf makes an index of a content, without rows.
func (t *Table) indexOf(c *content, rel *catalog.Relation, more *computed) *index {
	ix := &index{rel: rel, more: more, types: c.form.types}
	if more != nil {
		ix.types = slices.Concat(c.form.types, more.types)
	}
	next := len(c.form.types)
	for _, at := range rel.KeyColumns {
		if at == catalog.NoColumn {
			at, next = next, next+1
		}
		ix.key = append(ix.key, at)
	}
	ix.rows = state.NewArrangement(ix.types, ix.key, t.optionsOf(c))
	return ix
}

// widened is an index without rows for a content that has columns more, and how its rows become those.
func (t *Table) widenedIndex(ix *index, c *content, w *widening) (*index, *state.Widening) {
	wide := t.indexOf(c, ix.rel, ix.more)
	wide.own = ix.own
	if ix.more == nil {
		return wide, w.rows
	}
	from, value := slices.Clone(w.from), slices.Clone(w.value)
	for i := range ix.more.types {
		from, value = append(from, len(ix.types)-len(ix.more.types)+i), append(value, delta.Column{})
	}
	return wide, state.NewWidening(wide.types, from, value)
}

// shown is a view of an index whose rows are those of the table.
func (ix *index) shown(v state.View) state.View {
	if ix == nil || ix.more == nil || len(ix.more.types) == 0 {
		return v
	}
	return &tableRows{v, len(ix.types) - len(ix.more.types)}
}

// tableRows is a view of an index without what it computes.
type tableRows struct {
	state.View
	width int
}

func (v *tableRows) Scan(ctx context.Context, r state.Range) (state.Cursor, error) {
	return v.cut(v.View.Scan(ctx, r))
}

func (v *tableRows) Probe(ctx context.Context, keys []delta.Column, sel []int32) (state.Cursor, error) {
	return v.cut(v.View.Probe(ctx, keys, sel))
}

func (v *tableRows) Edge(ctx context.Context, keys []delta.Column, sel []int32, last bool) (state.Cursor, error) {
	return v.cut(v.View.Edge(ctx, keys, sel, last))
}

func (v *tableRows) Changes(ctx context.Context, after log.CommitSeq) (state.ChangeCursor, error) {
	c, err := v.View.Changes(ctx, after)
	if err != nil {
		return nil, err
	}
	return &tableChanges{c, v.width}, nil
}

func (v *tableRows) cut(c state.Cursor, err error) (state.Cursor, error) {
	if err != nil {
		return nil, err
	}
	return &tableCursor{c, v.width}, nil
}

type tableCursor struct {
	state.Cursor
	width int
}

func (c *tableCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	match, more, err := c.Cursor.Next(ctx, dst)
	dst.Cols = dst.Cols[:min(c.width, len(dst.Cols))]
	return match, more, err
}

type tableChanges struct {
	state.ChangeCursor
	width int
}

func (c *tableChanges) Next(ctx context.Context, dst *delta.Batch) (log.CommitSeq, bool, error) {
	v, more, err := c.ChangeCursor.Next(ctx, dst)
	dst.Cols = dst.Cols[:min(c.width, len(dst.Cols))]
	return v, more, err
}
