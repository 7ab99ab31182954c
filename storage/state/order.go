package state

import (
	"encoding/binary"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// step is one comparison of the order of rows.
type step struct {
	col        int
	cmp        delta.Comparer
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
	c := s.cmp(x, i, y, j)
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
		o.steps = append(o.steps, step{col: c, cmp: delta.KeyComparer(types[c])})
		settled[c] = oneImage(types[c])
	}
	for _, by := range order {
		o.steps = append(o.steps, step{
			col: by.Column, cmp: delta.KeyComparer(types[by.Column]), desc: by.Desc, nullsFirst: by.NullsFirst,
		})
		settled[by.Column] = oneImage(types[by.Column])
	}
	for c, t := range types {
		if !settled[c] {
			o.steps = append(o.steps, step{col: c, cmp: delta.ImageComparer(t)})
		}
	}
	for i := range o.steps {
		s := &o.steps[i]
		s.ints = !s.desc && !s.nullsFirst && types[s.col].Phys() == sqltype.PhysInt64
	}
	return o
}

// oneImage: equal values of type t always look the same.
func oneImage(t sqltype.OID) bool {
	switch t {
	case sqltype.Numeric, sqltype.Float4, sqltype.Float8, sqltype.Interval, sqltype.BPChar, sqltype.JSONB:
		return false
	}
	return true
}

// OneImage reports whether equal values of type t always look the same; 1.0 and 1.00 do not.
func OneImage(t sqltype.OID) bool { return oneImage(t) }

// Compare orders row i of a against row j of b.
func (o *RowOrder) Compare(a []delta.Column, i int32, b []delta.Column, j int32) int {
	for k := range o.steps {
		if c := o.steps[k].compare(a, i, b, j); c != 0 {
			return c
		}
	}
	return 0
}

// comparePrefix compares the first n key columns with the columns of eq, row j.
func (o *RowOrder) comparePrefix(a []delta.Column, i int32, eq []delta.Column, j int32) int {
	for k := range eq {
		s := &o.steps[k]
		if c := s.cmp(&a[s.col], i, &eq[k], j); c != 0 {
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

// sorting carries an order-preserving prefix of the first step's value beside a row.
type sorting struct {
	prefix uint64
	row    int32
}

// Sort orders rows (physical positions in cols) in place.
func (o *RowOrder) Sort(cols []delta.Column, rows []int32) { o.sort(cols, rows, nil, nil) }

// SortUntil is Sort; once stopped answers true, which it is asked every few microseconds, it
// ends at once and leaves the rows in any order.
func (o *RowOrder) SortUntil(cols []delta.Column, rows []int32, stopped func() bool) {
	compares, stop := 0, false
	o.sort(cols, rows, nil, func() bool {
		if compares++; compares%256 == 0 && !stop {
			stop = stopped()
		}
		return stop
	})
}

// sort is Sort; buf is scratch that it returns. stop, if not nil, is asked at every comparison;
// from when it answers true all rows are equal, and so in order as they are.
func (o *RowOrder) sort(cols []delta.Column, rows []int32, buf []sorting, stop func() bool) []sorting {
	if len(rows) < 2 || len(o.steps) == 0 {
		return buf
	}
	first := &o.steps[0]
	prefix, exact := prefixOf(&cols[first.col])
	if prefix == nil || first.desc || first.nullsFirst {
		slices.SortFunc(rows, func(a, b int32) int {
			if stop != nil && stop() {
				return 0
			}
			return o.Compare(cols, a, cols, b)
		})
		return buf
	}
	buf = buf[:0]
	for _, r := range rows {
		buf = append(buf, sorting{prefix(r), r})
	}
	rest := &RowOrder{steps: o.steps}
	if exact {
		rest.steps = o.steps[1:]
	}
	slices.SortFunc(buf, func(a, b sorting) int {
		switch {
		case stop != nil && stop():
			return 0
		case a.prefix < b.prefix:
			return -1
		case a.prefix > b.prefix:
			return 1
		}
		return rest.Compare(cols, a.row, cols, b.row)
	})
	for i := range buf {
		rows[i] = buf[i].row
	}
	return buf
}

// prefixOf gives a function from row to 8 bytes that order as the values do; exact says that
// equal prefixes mean equal values. nil: compare values instead.
func prefixOf(c *delta.Column) (prefix func(int32) uint64, exact bool) {
	if c.Valid != nil || c.Const {
		return nil, false
	}
	const flip = 1 << 63
	switch c.Type {
	case sqltype.Int8, sqltype.Timestamp, sqltype.Timestamptz, sqltype.Time:
		v := delta.Values[int64](c)
		return func(i int32) uint64 { return uint64(v[i]) ^ flip }, true
	case sqltype.Int4, sqltype.Date:
		v := delta.Values[int32](c)
		return func(i int32) uint64 { return uint64(int64(v[i])) ^ flip }, true
	case sqltype.Int2:
		v := delta.Values[int16](c)
		return func(i int32) uint64 { return uint64(int64(v[i])) ^ flip }, true
	case sqltype.UUID:
		v := delta.Values[[16]byte](c)
		return func(i int32) uint64 { return binary.BigEndian.Uint64(v[i][:8]) }, false
	case sqltype.Text, sqltype.Varchar, sqltype.Bytea, sqltype.Name:
		off := delta.Offsets(c)
		return func(i int32) uint64 { return bytesPrefix(c.Var[off[i]:off[i+1]]) }, false
	}
	return nil, false
}

func bytesPrefix(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	var p uint64
	for i, b := range v {
		p |= uint64(b) << (56 - 8*i)
	}
	return p
}
