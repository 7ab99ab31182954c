package lane

import (
	"cmp"
	"slices"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// consolidator gathers rows with weights and gives them back with equal rows as one, removed
// rows before new ones.
type consolidator struct {
	width int
	rows  *delta.BatchBuilder
	meter *meter.Meter
}

func newConsolidator(width int, m *meter.Meter) *consolidator {
	return &consolidator{width: width, meter: m}
}

func (c *consolidator) add(d *delta.Batch) {
	if d.Rows() == 0 {
		return
	}
	if c.rows == nil {
		types := make([]sqltype.OID, c.width)
		for i := range types {
			types[i] = d.Cols[i].Type
		}
		c.rows = delta.NewBatchBuilder(types)
	}
	c.rows.AppendBatch(&delta.Batch{Len: d.Len, Cols: d.Cols[:c.width], Sel: d.Sel, Weights: d.Weights})
}

// each gives what is left, in row order within removed and new rows.
func (c *consolidator) each(visit func(*delta.Batch) error) (any bool, err error) {
	if c.rows == nil {
		return false, nil
	}
	rows := c.rows.Batch()
	order := make([]int32, rows.Len)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if c.meter.Breathe() != nil {
			return 0 // ends at once; the meter keeps why
		}
		return cmp.Or(delta.CompareRows(rows.Cols, a, rows.Cols, b), int(a-b))
	})
	if err := c.meter.Err(); err != nil {
		return false, err
	}
	weights := make([]int64, rows.Len)
	var removed, added []int32
	for i := 0; i < len(order); {
		first, j := order[i], i
		for ; j < len(order) && delta.CompareRows(rows.Cols, first, rows.Cols, order[j]) == 0; j++ {
			weights[first] += rows.Weight(order[j])
		}
		switch w := weights[first]; {
		case w < 0:
			removed = append(removed, first)
		case w > 0:
			added = append(added, first)
		}
		i = j
	}
	for _, sel := range [][]int32{removed, added} {
		if len(sel) == 0 {
			continue
		}
		// Sel is ascending by contract: gather the rows in the order wanted.
		out := delta.Batch{Len: len(sel)}
		for i := range rows.Cols {
			out.Cols = append(out.Cols, delta.Copy(&rows.Cols[i], sel))
		}
		for _, row := range sel {
			out.Weights = append(out.Weights, weights[row])
		}
		if err := visit(&out); err != nil {
			return true, err
		}
		any = true
	}
	return any, nil
}
