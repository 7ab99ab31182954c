package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// moneySum is sum of money: of its cents. Where PostgreSQL 15 overflows silently, it is an error.
type moneySum struct{ intSum }

func (c *moneySum) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	return c.intSum.result(slots, b, func(i int, _ *sqlerr.Error) {
		fail(i, sqlerr.New(sqlerr.NumericValueOutOfRange, "money out of range"))
	})
}
