package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// Cells of a group before those of its accumulators.
const (
	cellRows   = iota // rows in the group, by weight
	cellShown         // 1: the group's row was emitted and not taken back
	groupCells        // where accumulators begin
)

// grouping is the groups of an operator: one slot of flat state each.
type grouping struct {
	keyTypes   []sqltype.OID
	outTypes   []sqltype.OID
	lead       int // the key column that groups are ordered by where they are past memory
	calls      []*aggCall
	flat       *state.Groups
	appendOnly bool
	// images keeps the key columns of every row, where equal keys may look different: a group
	// shows the least image it has. nil where it cannot matter.
	images state.Arrangement
	// bare: a group is begun of rows that all look alike, so that the key it has is all there is.
	bare bool
}

// valueRow is the row of an arrangement of values by group: value first, so that whole-row
// order within a group is the value's.
func (g *grouping) valueRow(value sqltype.OID) []sqltype.OID {
	return append([]sqltype.OID{value}, g.keyTypes...)
}

func (g *grouping) valueKey() []int {
	key := make([]int, len(g.keyTypes))
	for i := range key {
		key[i] = i + 1
	}
	return key
}

func (g *grouping) open(env exec.Env, appendOnly bool) (err error) {
	g.appendOnly = appendOnly
	cells := []state.CellType{state.CellInt64, state.CellInt64}
	for _, c := range g.calls {
		cells = append(cells, c.acc.cells()...)
	}
	if g.flat, err = env.Groups("groups", g.keyTypes, cells, g.lead); err != nil {
		return err
	}
	if env.Once() {
		g.flat.Clear() // the run before it may have used the same
	}
	g.images = nil
	for _, t := range g.keyTypes {
		if !g.bare && !sqltype.OpsOf(t).OneImage {
			g.images, err = openRows(env, "images", g.keyTypes, upTo(len(g.keyTypes)))
			break
		}
	}
	first := groupCells
	for _, c := range g.calls {
		if err == nil {
			err = c.open(env, g, first)
		}
		first += len(c.acc.cells())
	}
	return err
}

// openRows opens an arrangement. Nothing unpublished is left in it from a run before.
func openRows(env exec.Env, name string, row []sqltype.OID, key []int, order ...state.Order) (state.Arrangement, error) {
	a, err := env.Arrangement(name, row, key, order...)
	if err == nil {
		a.Discard()
	}
	return a, err
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// groupRows are output rows of groups; a row may be an error.
type groupRows struct {
	cols []*delta.Builder
	n    int
	errs map[int]*sqlerr.Error
	// calls are whose errors these are.
	calls map[int]int
}

func newGroupRows(types []sqltype.OID) *groupRows {
	r := &groupRows{errs: map[int]*sqlerr.Error{}, calls: map[int]int{}}
	for _, t := range types {
		r.cols = append(r.cols, delta.NewBuilder(t))
	}
	return r
}

func (r *groupRows) clear() {
	for _, c := range r.cols {
		c.Clear()
	}
	r.n = 0
	clear(r.errs)
	clear(r.calls)
}

func (r *groupRows) columns() []delta.Column {
	cols := make([]delta.Column, len(r.cols))
	for i, c := range r.cols {
		cols[i] = c.Column()
	}
	return cols
}

// show appends the rows of slots as they are now; from is the images to show keys by. Without kept the results of
// keepers are left out, as NULL.
func (g *grouping) show(ctx context.Context, slots []state.Slot, from state.View, kept bool, to *groupRows) error {
	if len(slots) == 0 {
		return nil
	}
	if err := g.showKeys(ctx, slots, from, to.cols[:len(g.keyTypes)]); err != nil {
		return err
	}
	for i, c := range g.calls {
		b, err := to.cols[len(g.keyTypes)+i], error(nil)
		switch k, is := c.acc.(keeper); {
		case !is:
			err = c.acc.result(slots, b, to.failing(to.n, i))
		case kept:
			err = k.read(ctx, false, slots, b, to.failing(to.n, i))
		default:
			b.AppendNulls(len(slots))
		}
		if err != nil {
			return err
		}
	}
	to.n += len(slots)
	return nil
}

// failing notes the errors that a call makes of rows from first on. Of a row it is the first call's that stays,
// whatever order they are asked in.
func (r *groupRows) failing(first, call int) func(int, *sqlerr.Error) {
	return func(row int, err *sqlerr.Error) { r.fail(first+row, call, err) }
}

func (r *groupRows) fail(row, call int, err *sqlerr.Error) {
	if r.errs[row] == nil || call < r.calls[row] {
		r.errs[row], r.calls[row] = err, call
	}
}

func (g *grouping) showKeys(ctx context.Context, slots []state.Slot, from state.View, to []*delta.Builder) error {
	keys := g.flat.Keys(slots)
	if g.images == nil {
		for i := range keys {
			to[i].Gather(&keys[i], nil)
		}
		return nil
	}
	cursor, err := from.Edge(ctx, keys, rowNumbers(len(slots)), false)
	if err != nil {
		return err
	}
	defer cursor.Close()
	found := 0
	for more := true; more; {
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		for i := range d.Cols {
			to[i].Gather(&d.Cols[i], d.Sel)
		}
		found += d.Rows()
	}
	if found != len(slots) {
		return state.ErrNegativeWeight // a group with rows has an image
	}
	return nil
}

// sameRow: row i of a and row j of b look the same.
func sameRow(a *groupRows, ac []delta.Column, i int, b *groupRows, bc []delta.Column, j int) bool {
	x, y := a.errs[i], b.errs[j]
	if x != nil || y != nil {
		return x != nil && y != nil && sameError(x, y)
	}
	return delta.CompareRows(ac, int32(i), bc, int32(j)) == 0
}

// emitRows puts out rows before of old with weight -1 and rows after of now with weight +1.
func emitRows(old *groupRows, before []int32, now *groupRows, after []int32, made *delta.BatchBuilder, out exec.Out) error {
	if len(before)+len(after) == 0 {
		return nil
	}
	made.Clear()
	d := delta.Batch{Sel: []int32{}}
	take := func(from *groupRows, rows []int32, weight int64) {
		if len(rows) == 0 {
			return // nil would gather every row
		}
		for i, c := range made.Cols {
			col := from.cols[i].Column()
			c.Gather(&col, rows)
		}
		for _, row := range rows {
			at := int32(made.Len())
			if err := from.errs[int(row)]; err != nil {
				d.Errs = append(d.Errs, delta.RowError{Row: at, Err: err})
			} else {
				d.Sel = append(d.Sel, at)
			}
			made.End(weight)
		}
	}
	take(old, before, -1)
	take(now, after, 1)
	b := made.Batch()
	d.Len, d.Cols, d.Weights = b.Len, b.Cols, b.Weights
	if len(d.Errs) == 0 {
		d.Sel = nil
	}
	return out.Emit(&d)
}
