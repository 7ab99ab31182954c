package state

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// step is one comparison of the order of rows.
type step struct {
	col        int
	cmp        sqltype.Comparer
	words      func(v *sqltype.Vec) sqltype.Words // nil = none
	desc       bool
	nullsFirst bool
	ints       bool // 8-byte integers: compared in place
}

func (s *step) compare(a []delta.Column, i int32, b []delta.Column, j int32) int {
	x, y := &a[s.col], &b[s.col]
	if s.ints && x.Valid == nil && y.Valid == nil {
		return compareInts(x, i, y, j)
	}
	if s.nullsFirst || s.desc {
		switch nx, ny := x.Null(i), y.Null(j); {
		case nx && ny:
			return 0
		case nx == s.nullsFirst && nx != ny:
			return -1
		case nx != ny:
			return 1
		}
	}
	c := s.cmp(&x.Vec, i, &y.Vec, j)
	if s.desc {
		return -c
	}
	return c
}

// compareInts is the comparison that merging and sorting do most.
func compareInts(x *delta.Column, i int32, y *delta.Column, j int32) int {
	p, q := delta.Values[int64](x)[x.At(i)], delta.Values[int64](y)[y.At(j)]
	switch {
	case p < q:
		return -1
	case p > q:
		return 1
	}
	return 0
}

// RowOrder is a total order of whole rows: by some columns as ORDER BY would (NULLs placed as
// asked), then by what makes rows differ. It compares 0 only for rows of one image.
type RowOrder struct {
	types []sqltype.OID
	steps []step
	keys  int // steps that compare the key
	// onDamage is Options.OnDamage of the arrangement whose rows these are.
	onDamage func(err error)
}

// NewRowOrder orders rows of these types by key columns ascending with NULLs last, then by
// order, then by the whole row's image.
func NewRowOrder(types []sqltype.OID, key []int, order []Order) *RowOrder {
	o := &RowOrder{types: types, keys: len(key)}
	settled := make([]bool, len(types))
	for _, c := range key {
		ops := sqltype.OpsOf(types[c])
		o.steps = append(o.steps, step{col: c, cmp: ops.Compare, words: ops.Words})
		settled[c] = ops.OneImage
	}
	for _, by := range order {
		ops := sqltype.OpsOf(types[by.Column])
		o.steps = append(o.steps, step{
			col: by.Column, cmp: ops.Compare, words: ops.Words, desc: by.Desc, nullsFirst: by.NullsFirst,
		})
		settled[by.Column] = ops.OneImage
	}
	for c, t := range types {
		if !settled[c] {
			ops := sqltype.OpsOf(t)
			last := step{col: c, cmp: ops.Image}
			if ops.OneImage {
				last.words = ops.Words
			}
			o.steps = append(o.steps, last)
		}
	}
	for i := range o.steps {
		s := &o.steps[i]
		s.ints = !s.desc && !s.nullsFirst && types[s.col].Phys() == sqltype.PhysInt64
	}
	return o
}

// Compare orders row i of a against row j of b.
func (o *RowOrder) Compare(a []delta.Column, i int32, b []delta.Column, j int32) int {
	return o.compareFrom(0, a, i, b, j)
}

// compareFrom compares rows that are equal before the k-th step.
func (o *RowOrder) compareFrom(k int, a []delta.Column, i int32, b []delta.Column, j int32) int {
	for steps := o.steps[k:]; len(steps) > 0; steps = steps[1:] {
		if c := steps[0].compare(a, i, b, j); c != 0 {
			return c
		}
	}
	return 0
}

// comparePrefix compares the first n key columns with the columns of eq, row j.
func (o *RowOrder) comparePrefix(a []delta.Column, i int32, eq []delta.Column, j int32) int {
	for k := range eq {
		s := &o.steps[k]
		if x, y := &a[s.col], &eq[k]; s.ints && x.Valid == nil && y.Valid == nil {
			if c := compareInts(x, i, y, j); c != 0 {
				return c
			}
			continue
		}
		if c := s.cmp(&a[s.col].Vec, i, &eq[k].Vec, j); c != 0 {
			return c
		}
	}
	return 0
}

// SameKey reports whether row i of a and row j of b have equal keys.
func (o *RowOrder) SameKey(a []delta.Column, i int32, b []delta.Column, j int32) bool {
	for k := range o.steps[:o.keys] {
		if o.steps[k].compare(a, i, b, j) != 0 {
			return false
		}
	}
	return true
}
