package plan

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Statistics tells the planner about the rows of relations; what it says is about right.
type Statistics interface {
	// Rows is how many rows a relation has; false: not known.
	Rows(id RelationID) (float64, bool)
	// Column is what is known of a column, by its place in the relation; nil = nothing.
	Column(id RelationID, column int) *ColumnStats
}

// ColumnStats is what is known of a column's values. It is shared and not changed.
type ColumnStats struct {
	// Distinct values that are not NULL, and the share of rows that are.
	Distinct, Nulls float64
	// Common are the values that many rows have, as one-row columns, and the shares of rows that have them.
	Common       []delta.Column
	CommonShares []float64
	// Bounds divide the other values into parts of about as many rows each; nil where values have no place on a line.
	Bounds []float64
	// Width is the bytes of a value.
	Width float64
}

// Shared is the share of rows that the common values have together.
func (c *ColumnStats) Shared() (sum float64) {
	for _, s := range c.CommonShares {
		sum += s
	}
	return sum
}

// Place is where a value lies on a line, for types that are numbers and times.
func Place(c *delta.Column, row int32) (float64, bool) {
	switch c.Type {
	case sqltype.Int2:
		return float64(delta.Values[int16](c)[c.At(row)]), true
	case sqltype.Int4, sqltype.Date:
		return float64(delta.Values[int32](c)[c.At(row)]), true
	case sqltype.Int8, sqltype.Timestamp, sqltype.Timestamptz:
		return float64(delta.Values[int64](c)[c.At(row)]), true
	case sqltype.Float4:
		return float64(delta.Values[float32](c)[c.At(row)]), true
	case sqltype.Float8:
		return delta.Values[float64](c)[c.At(row)], true
	case sqltype.Numeric:
		if d := c.Numeric(row); d.Flag == decimal.Finite {
			v, err := d.Float64()
			return v, err == nil
		}
	}
	return 0, false
}
