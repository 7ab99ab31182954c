// Package deltatest finds who keeps a borrowed batch.
//
//	test ─► operator.Push(batch) ─► Poison(batch) ─► what was kept shows
//
// Vocabulary: a batch is borrowed until the call that it was given to returns (internal/delta).
// No state, no goroutines. For tests only: nothing that is built into the binary imports it
// (internal/lint).
package deltatest

import "github.com/tributary-db/tributary/internal/delta"

// poisonByte is odd enough to show: offsets become negative, floats tiny, text unreadable.
const poisonByte = 0xdb

// Poison overwrites the memory that b borrows, so that a test sees who kept it. Constant
// columns are left alone: they belong to plans.
func Poison(b *delta.Batch) {
	for i := range b.Cols {
		c := &b.Cols[i]
		if c.Const {
			continue
		}
		fill(c.Data)
		fill(c.Var)
		for j := range c.Valid {
			c.Valid[j] = 0xdbdbdbdbdbdbdbdb
		}
	}
	for i := range b.Sel {
		b.Sel[i] = -0x24242425
	}
	for i := range b.Weights {
		b.Weights[i] = -0x2424242424242425
	}
	for i := range b.Errs {
		b.Errs[i] = delta.RowError{Row: -0x24242425}
	}
}

func fill(b []byte) {
	for i := range b {
		b[i] = poisonByte
	}
}
