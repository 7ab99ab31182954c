package state

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Bound says that only rows are wanted whose value in a column lies between two, both of them included. A scan passes
// by blocks that have none; of the others it gives all rows.
type Bound struct {
	Column int
	// Low and High are columns of one row, of the column's type; nil = there is none.
	Low, High *delta.Column
	// Any, if not nil, are values of which it must be one.
	Any *delta.Column
	// Nulls: rows where it is NULL are wanted too.
	Nulls bool
}

// Bounded: values of a type can be bounded.
func Bounded(t sqltype.OID) bool {
	switch t {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric,
		sqltype.Date, sqltype.Timestamp, sqltype.Timestamptz:
		return true
	}
	return false
}

// zone is what a block has in one column: where the least and the greatest value stand, by SQL's order, in which NaN is the
// greatest.
type zone struct {
	low, high int32 // -1: every value is NULL
	nulls     bool
}

// zoneOf looks at a column of a block.
func zoneOf(c *delta.Column) zone {
	z := zone{low: -1, high: -1, nulls: c.HasNulls()}
	if !z.nulls {
		switch c.Phys {
		case sqltype.PhysInt64:
			return extremes(delta.Values[int64](c))
		case sqltype.PhysInt32:
			return extremes(delta.Values[int32](c))
		}
	}
	compare := sqltype.OpsOf(c.Type).Compare
	for i := range int32(c.Len) {
		switch {
		case z.nulls && c.Null(i):
		case z.low < 0:
			z.low, z.high = i, i
		case compare(&c.Vec, i, &c.Vec, z.low) < 0:
			z.low = i
		case compare(&c.Vec, i, &c.Vec, z.high) > 0:
			z.high = i
		}
	}
	return z
}

func extremes[T int32 | int64](v []T) (z zone) {
	low, high := v[0], v[0]
	for i, x := range v {
		if x < low {
			low, z.low = x, int32(i)
		}
		if x > high {
			high, z.high = x, int32(i)
		}
	}
	return z
}

// mayHave: a block whose least and greatest values stand in row z.low of lows and z.high of highs may have rows
// within the bound.
func (b *Bound) mayHave(z zone, lows, highs *delta.Column) bool {
	if z.nulls && b.Nulls {
		return true
	}
	if z.low < 0 {
		return false
	}
	compare := sqltype.OpsOf(lows.Type).Compare
	below := func(c *delta.Column, i int32) bool { return compare(&highs.Vec, z.high, &c.Vec, i) < 0 }
	above := func(c *delta.Column, i int32) bool { return compare(&lows.Vec, z.low, &c.Vec, i) > 0 }
	if b.Low != nil && below(b.Low, 0) || b.High != nil && above(b.High, 0) {
		return false
	}
	if b.Any == nil {
		return true
	}
	for i := range int32(b.Any.Len) {
		if !b.Any.Null(i) && !below(b.Any, i) && !above(b.Any, i) {
			return true
		}
	}
	return false
}

// zones are those of a block in memory, by column, made when they are first asked for.
type zones []atomic.Pointer[zone]

// zone is that of column k.
func (b *block) zone(k int) zone {
	all := b.zones.Load()
	if all == nil {
		made := make(zones, len(b.cols))
		b.zones.CompareAndSwap(nil, &made)
		all = b.zones.Load()
	}
	z := (*all)[k].Load()
	if z == nil {
		made := zoneOf(&b.cols[k])
		z = &made
		(*all)[k].Store(z)
	}
	return *z
}

// coldZones are the zones of a chunk on disk in one column: the least and the greatest value of each block.
type coldZones struct {
	low, high delta.Column // NULL: there is none
	nulls     delta.Column // bool
}

// makeZones are the zones of a chunk, by column.
func makeZones(o *RowOrder, hot *hotChunk) []coldZones {
	out := make([]coldZones, len(o.types))
	for k, t := range o.types {
		if !Bounded(t) {
			continue
		}
		low, high, nulls := delta.NewBuilder(t), delta.NewBuilder(t), delta.NewBuilder(sqltype.Bool)
		for _, b := range hot.blocks {
			z := b.zone(k)
			nulls.AppendBool(z.nulls)
			if z.low < 0 {
				low.AppendNull()
				high.AppendNull()
				continue
			}
			low.AppendFrom(&b.cols[k], z.low)
			high.AppendFrom(&b.cols[k], z.high)
		}
		out[k] = coldZones{ownColumn(low), ownColumn(high), ownColumn(nulls)}
	}
	return out
}

// zonesOfOne are those of so many blocks which have one value only.
func zonesOfOne(value *delta.Column, blocks int) coldZones {
	low, nulls := delta.NewBuilder(value.Type), delta.NewBuilder(sqltype.Bool)
	for range blocks {
		low.AppendFrom(value, 0)
		nulls.AppendBool(value.Null(0))
	}
	return coldZones{ownColumn(low), ownColumn(low), ownColumn(nulls)}
}

// of is the zone of a block.
func (c *coldZones) of(block int32) zone {
	z := zone{low: block, high: block, nulls: c.nulls.Data[block] != 0}
	if c.low.Null(block) {
		z.low, z.high = -1, -1
	}
	return z
}

// mayHave: the k-th block of a chunk may have rows within all bounds.
func (c *chunk) mayHave(k int, bounds []Bound) (bool, error) {
	if h := c.hot.Load(); h != nil {
		for i := range bounds {
			b, at := h.blocks[k], bounds[i].Column
			if !bounds[i].mayHave(b.zone(at), &b.cols[at], &b.cols[at]) {
				return false, nil
			}
		}
		return true, nil
	}
	index, err := readCold(c, (*coldChunk).lookup)
	if err != nil {
		return false, err
	}
	for i := range bounds {
		if len(index.zones) == 0 {
			break
		}
		z := &index.zones[bounds[i].Column]
		if z.low.Len > 0 && !bounds[i].mayHave(z.of(int32(k)), &z.low, &z.high) {
			return false, nil
		}
	}
	return true, nil
}
