package deltatest

import (
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// TestPoison: what is read after it is not what was there, but for constants.
func TestPoison(t *testing.T) {
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Int4, sqltype.Text})
	delta.Append(b.Cols[0], int32(1))
	b.Cols[1].AppendString("x")
	b.End(3)
	batch := b.Batch()
	constant := delta.ConstFrom(&batch.Cols[0], 0, 1)
	batch.Cols = append(batch.Cols, delta.Copy(&constant, nil))
	batch.Cols[2].Const = true
	Poison(&batch)
	if delta.Values[int32](&batch.Cols[0])[0] == 1 || batch.Weight(0) == 3 {
		t.Error("the batch still reads as before")
	}
	if delta.Values[int32](&batch.Cols[2])[0] != 1 {
		t.Error("a constant, which belongs to the plan, was overwritten")
	}
}
