package source

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// keys are what a scan asks a relation's keys for, computed when it begins.
//
//	equal …, lower < next …          one range
//	equal …, next is any of several  one key each
type keys struct {
	node                      *plan.Scan
	lookup, any, lower, upper row

	equal  []delta.Column // of Lookup, one row
	many   []delta.Column // Lookup and the next key, a row for each of its values
	from   []delta.Column // the range; nil = it has no end there
	before []delta.Column
	none   bool          // no row matches: something is compared with NULL
	failed *sqlerr.Error // a value is an error
}

func (k *keys) open(n *plan.Scan, env exec.Env) {
	k.node = n
	k.lookup.exprs, k.any.exprs = n.Lookup, n.Any
	k.lookup.open(env)
	k.any.open(env)
	if n.Lower != nil {
		k.lower.exprs = n.Lower.Values
		k.lower.open(env)
	}
	if n.Upper != nil {
		k.upper.exprs = n.Upper.Values
		k.upper.open(env)
	}
}

// eval computes the keys.
func (k *keys) eval() error {
	k.equal, k.many, k.from, k.before, k.none, k.failed = nil, nil, nil, nil, false, nil
	if !k.node.Keyed() {
		return nil
	}
	cols, failed, err := k.lookup.eval()
	if err != nil || failed != nil {
		k.failed = failed
		return err
	}
	k.equal = cols
	for i := range cols {
		k.none = k.none || cols[i].Null(0)
	}
	if len(k.node.Any) > 0 {
		return k.evalAny()
	}
	if err := k.evalBound(&k.lower, k.node.Lower, &k.from); err != nil || k.none || k.failed != nil {
		return err
	}
	if err := k.evalBound(&k.upper, k.node.Upper, &k.before); err != nil || k.none || k.failed != nil {
		return err
	}
	return nil
}

// evalBound computes one end of the range. What a comparison of rows has behind a NULL is not compared: the columns before it
// decide, or nothing does.
func (k *keys) evalBound(r *row, b *plan.Bound, to *[]delta.Column) error {
	if b == nil {
		return nil
	}
	cols, failed, err := r.eval()
	if err != nil || failed != nil {
		k.failed = failed
		return err
	}
	for i := range cols {
		if cols[i].Null(0) {
			cols = cols[:i]
			break
		}
	}
	if k.none = k.none || len(cols) == 0 || len(cols) < len(b.Values) && !b.Row; k.none {
		return nil
	}
	*to = slices.Concat(k.equal, cols)
	return nil
}

// rng is the range of keys.
func (k *keys) rng() state.Range {
	n := k.node
	r := state.Range{Backward: n.Backward, Ordered: n.Ordered, First: n.First}
	if !n.Ranged() {
		r.Equal = k.equal
		return r
	}
	if r.From = k.from; r.From != nil {
		// A bound that was cut at a NULL takes what equals it: the condition is asked again.
		r.Behind = n.Lower.Open && len(k.from) == len(k.equal)+len(n.Lower.Values)
	} else if len(k.equal) > 0 {
		r.From = k.equal
	}
	if r.Before = k.before; r.Before != nil {
		r.Through = !n.Upper.Open || len(k.before) < len(k.equal)+len(n.Upper.Values)
		return r
	}
	// NULLs lie behind all values and are in no range.
	r.Before = append(slices.Clip(k.equal), delta.NullColumn(k.node.KeyType, 1))
	return r
}

// evalAny computes the values of which a row has one: each once, in their order.
func (k *keys) evalAny() error {
	cols, failed, err := k.any.eval()
	if err != nil || failed != nil {
		k.failed = failed
		return err
	}
	values := delta.NewBuilder(k.node.KeyType)
	for i := range cols {
		c := &cols[i]
		if k.node.AnyArray && !c.Null(0) {
			elem := c.Type.Elem()
			in := delta.Column{Type: elem, Vec: c.Array(0, sqltype.OpsOf(elem)).Elems}
			c = &in
		}
		for row := range int32(c.Len) {
			if !c.Null(row) {
				values.AppendFrom(c, row)
			}
		}
	}
	all := values.Column()
	rows := make([]int32, all.Len)
	for i := range rows {
		rows[i] = int32(i)
	}
	compare := sqltype.OpsOf(all.Type).Compare
	slices.SortStableFunc(rows, func(a, b int32) int { return compare(&all.Vec, a, &all.Vec, b) })
	rows = slices.CompactFunc(rows, func(a, b int32) bool { return compare(&all.Vec, a, &all.Vec, b) == 0 })
	k.none = k.none || len(rows) == 0
	for i := range k.equal {
		c := k.equal[i]
		c.Const, c.Len = true, len(rows)
		k.many = append(k.many, c)
	}
	k.many = append(k.many, delta.Copy(&all, rows))
	return nil
}

// read opens a cursor over the rows of the keys; rest is what is asked of them beside.
func (k *keys) read(ctx context.Context, view state.View, rest state.Range) (state.Cursor, error) {
	if k.many != nil {
		return view.Probe(ctx, k.many, nil)
	}
	r := k.rng()
	r.After, r.Columns, r.Bounds = rest.After, rest.Columns, rest.Bounds
	return view.Scan(ctx, r)
}
