package statistics

import (
	"context"
	"math"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// relationOf has rows of (id unique, four rows of a group, few values of which one is common, NULL every tenth).
func relationOf(t *testing.T, from, to int) *state.RunSet {
	t.Helper()
	set := state.NewArrangement([]sqltype.OID{sqltype.Int8, sqltype.Int8, sqltype.Text, sqltype.Int4}, []int{0}, state.Options{})
	add(t, set, from, to, 1)
	return set
}

func add(t *testing.T, set *state.RunSet, from, to int, weight int64) {
	t.Helper()
	b := delta.NewBatchBuilder([]sqltype.OID{sqltype.Int8, sqltype.Int8, sqltype.Text, sqltype.Int4})
	for i := from; i < to; i++ {
		delta.Append(b.Cols[0], int64(i))
		delta.Append(b.Cols[1], int64(i/4))
		value := "common"
		if i%2 == 1 {
			value = string(rune('a' + i/2%20))
		}
		b.Cols[2].AppendString(value)
		if i%10 == 0 {
			b.Cols[3].AppendNull()
		} else {
			delta.Append(b.Cols[3], int32(i%1000))
		}
		b.End(weight)
		if b.Len() == 1024 || i == to-1 {
			batch := b.Batch()
			if err := set.Append(&batch); err != nil {
				t.Fatal(err)
			}
			b.Clear()
		}
	}
	if err := set.Publish(state.CommitSeq(to) + 1); err != nil {
		t.Fatal(err)
	}
}

func about(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if math.Abs(got-want) > off*want {
		t.Errorf("%s: %g, should be about %g", what, got, want)
	}
}

// TestSampler: what is told of a column is about what it has, is told again without a look at the rows, and anew
// when these have become many more.
func TestSampler(t *testing.T) {
	const rows = 200_000
	set, opened := relationOf(t, 0, rows), 0
	gone := map[plan.RelationID]bool{}
	s := New(context.Background(), func(id plan.RelationID) (state.View, error) {
		if id == 9 {
			return nil, nil
		}
		opened++
		return set.At(^state.CommitSeq(0))
	}, func(id plan.RelationID) bool { return !gone[id] })
	if n, ok := s.Rows(1); !ok || n != rows {
		t.Fatalf("%g rows, %v", n, ok)
	}
	if _, ok := s.Rows(9); ok || s.Column(9, 0) != nil {
		t.Error("something is known of what keeps no rows")
	}
	id, four, text, nulls := s.Column(1, 0), s.Column(1, 1), s.Column(1, 2), s.Column(1, 3)
	about(t, "distinct ids", id.Distinct, rows, 0.01)
	about(t, "distinct groups", four.Distinct, rows/4, 0.8) // whose rows lie together: see doc.go
	about(t, "distinct texts", text.Distinct, 21, 0.01)
	if len(text.Common) == 0 || string(text.Common[0].Bytes(0)) != "common" {
		t.Fatalf("common texts: %v", text.Common)
	}
	about(t, "share of the common text", text.CommonShares[0], 0.5, 0.1)
	about(t, "share of NULL", nulls.Nulls, 0.1, 0.2)
	about(t, "middle of the ids", id.Bounds[len(id.Bounds)/2], rows/2, 0.1)
	if again := s.Column(1, 0); again != id {
		t.Error("it was told anew for the same rows")
	}
	add(t, set, rows, 2*rows, 1)
	if more := s.Column(1, 0); more == id || more.Distinct < 1.9*rows {
		t.Errorf("of twice as many rows: %g distinct ids", more.Distinct)
	}
	gone[1] = true
	if s.Column(2, 0) == nil || s.mu.known[1] != nil {
		t.Error("what is gone is still known")
	}
}
