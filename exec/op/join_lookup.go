package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Contents opens a table at a version, by an index; 0 = by its primary key. See source.Inputs.
type Contents func(table, index plan.RelationID, v log.CommitSeq) (state.View, error)

// lookupJoin is a join that runs once and looks the rows of its left side up in a table, a batch of keys at a time, where others build
// that side:
//
//	rows ─► keys ─► Probe of the index ─► filter, project ─► pairs; the rest is join's
type lookupJoin struct {
	*join
	ports
	keys    []*scalar
	cols    []delta.Column
	scratch []int32
	looked  *looked
	at      log.CommitSeq
}

// NewLookupJoin makes the operator of a join with a Lookup.
func NewLookupJoin(n *plan.Join, open Contents) (exec.Operator, error) {
	built, err := newJoin(n)
	if err != nil {
		return nil, err
	}
	l := &lookupJoin{join: built.(*join), ports: newPorts(1), keys: newScalars(n.Lookup.Keys)}
	s, f, p := n.Looked()
	l.looked = &looked{scan: s, open: open}
	if f != nil {
		l.looked.filter = newScalar(f.Cond)
	}
	if p != nil {
		l.looked.exprs = newScalars(p.Exprs)
	}
	return l, nil
}

// Spills: nothing is kept.
func (l *lookupJoin) Spills() bool { return false }

func (l *lookupJoin) Open(env exec.Env) error {
	j := l.join
	j.env, j.once = env, true
	j.found.open(j.sides[0].types)
	if j.residual != nil {
		if err := j.residual.open(env); err != nil {
			return err
		}
	}
	if err := openAll(l.keys, env); err != nil {
		return err
	}
	j.sides[0].head = l.looked
	return l.looked.openIn(env)
}

// BeginTick implements exec.Timed.
func (l *lookupJoin) BeginTick(t exec.Tick) { l.at = t.To }

func (l *lookupJoin) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	j := l.join
	if len(in.Errs) > 0 {
		d, _ := errorsOnly(in, in.Errs, nullColumns(j.types, in.Len))
		if err := out.Emit(&d); err != nil {
			return err
		}
	}
	all := liveRows(in, &l.scratch)
	if len(all) == 0 {
		return nil
	}
	l.cols = l.cols[:0]
	for _, k := range l.keys {
		c, _, err := k.eval(in, all)
		if err != nil {
			return err
		}
		l.cols = append(l.cols, c)
	}
	j.live = append(none(j.live), notNull(j.sel, l.cols, all)...)
	own := &j.sides[1]
	if own.kept && len(j.live) < len(all) {
		if err := j.alone(own, in, but(&j.marks[0], all, j.live), in.Weights, false, out); err != nil {
			return err
		}
	}
	if len(j.live) == 0 {
		return nil
	}
	if err := l.looked.at(l.at); err != nil {
		return err
	}
	rows := *in
	rows.Sel = j.live
	if own.kept {
		return j.probe(ctx, own, &rows, l.cols, out)
	}
	return j.meet(ctx, own, &j.sides[0], &rows, l.cols, out)
}

// EndInput implements exec.Operator.
func (l *lookupJoin) EndInput(ctx context.Context, port int, p exec.Progress, out exec.Out) error {
	return l.ports.EndInput(ctx, port, p, out)
}

// EndTick implements exec.Operator.
func (l *lookupJoin) EndTick(context.Context, exec.Tick, exec.Out) (exec.Next, error) {
	l.looked.release()
	return exec.Next{Out: l.least()}, nil
}

// Close implements exec.Operator.
func (l *lookupJoin) Close() error {
	l.looked.release()
	return nil
}

// least is the ports' of this operator.
func (l *lookupJoin) least() exec.Progress { return l.ports.least() }

// looked is the side that is looked up: a version of the table through a filter and a projection. It answers probes only.
type looked struct {
	state.View // of the index; nil = it is not open
	scan       *plan.Scan
	open       Contents
	filter     *scalar
	exprs      []*scalar // nil: the columns of the scan
}

func (l *looked) openIn(env exec.Env) error {
	l.release()
	if l.filter != nil {
		if err := l.filter.open(env); err != nil {
			return err
		}
	}
	return openAll(l.exprs, env)
}

// at opens the table at a version, unless it is.
func (l *looked) at(v log.CommitSeq) (err error) {
	if l.View == nil {
		l.View, err = l.open(l.scan.Relation, l.scan.Index, v)
	}
	return err
}

func (l *looked) release() {
	if l.View != nil {
		l.View.Release()
		l.View = nil
	}
}

// Probe implements state.View.
func (l *looked) Probe(ctx context.Context, keys []delta.Column, sel []int32) (state.Cursor, error) {
	c, err := l.View.Probe(ctx, keys, sel)
	if err != nil {
		return nil, err
	}
	return &lookedCursor{Cursor: c, of: l}, nil
}

// Edge implements state.View for who asks whether there is a row.
func (l *looked) Edge(ctx context.Context, keys []delta.Column, sel []int32, last bool) (state.Cursor, error) {
	if l.filter != nil {
		return l.Probe(ctx, keys, sel)
	}
	return l.View.Edge(ctx, keys, sel, last)
}

// lookedCursor gives what passes the filter, as the projection has it. Rows of a batch lie next to each other.
type lookedCursor struct {
	state.Cursor
	of   *looked
	raw  delta.Batch
	cols []delta.Column
	all  []int32
	sel  []int32
	kept []int32
	made []*delta.Builder
}

func (c *lookedCursor) Next(ctx context.Context, dst *delta.Batch) ([]int32, bool, error) {
	match, more, err := c.Cursor.Next(ctx, &c.raw)
	*dst = delta.Batch{}
	if err != nil || c.raw.Len == 0 {
		return nil, more, err
	}
	c.cols = c.cols[:0]
	for _, at := range c.of.scan.Columns {
		if at == plan.MetaRowID {
			at = len(c.raw.Cols) - 1
		}
		c.cols = append(c.cols, c.raw.Cols[at])
	}
	d := delta.Batch{Len: c.raw.Len, Cols: c.cols, Weights: c.raw.Weights}
	if c.of.filter != nil {
		if match, err = c.filtered(&d, match); err != nil || d.Len == 0 {
			return nil, more, err
		}
	}
	if c.of.exprs != nil {
		rows, cols := liveRows(&d, &c.all), make([]delta.Column, len(c.of.exprs))
		for i, e := range c.of.exprs {
			if cols[i], _, err = e.eval(&d, rows); err != nil {
				return nil, false, err
			}
		}
		d.Cols = cols
	}
	*dst = d
	return match, more, nil
}

// filtered leaves of d the rows that pass, next to each other.
func (c *lookedCursor) filtered(d *delta.Batch, match []int32) ([]int32, error) {
	var err error
	if c.sel, _, err = c.of.filter.truth(d, liveRows(d, &c.all), c.sel); err != nil || len(c.sel) == d.Len {
		return match, err
	}
	for len(c.made) < len(d.Cols) {
		c.made = append(c.made, new(delta.Builder))
	}
	c.kept = c.kept[:0]
	weights := d.Weights
	if weights != nil {
		weights = make([]int64, 0, len(c.sel))
	}
	for _, row := range c.sel {
		c.kept = append(c.kept, match[row])
		if weights != nil {
			weights = append(weights, d.Weights[row])
		}
	}
	for i := range d.Cols {
		c.made[i].Reset(d.Cols[i].Type)
		c.made[i].Gather(&d.Cols[i], c.sel)
		d.Cols[i] = c.made[i].Column()
	}
	d.Len, d.Weights = len(c.sel), weights
	return c.kept, nil
}
