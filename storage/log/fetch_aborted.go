package log

import (
	"cmp"
	"context"
	"slices"
)

// settle notes the aborted transactions that a segment's index tells of.
func (plan *fetchPlan) settle(ctx context.Context, db *DB, id Partition, r *run) error {
	spans, err := db.settledSpans(ctx, id, r)
	for _, s := range spans {
		// A run is read chunk by chunk, and its list is noted each time.
		if n := len(plan.settled); !s.committed && (n == 0 || plan.settled[n-1].marker < s.marker) {
			plan.settled = append(plan.settled, s)
		}
	}
	return err
}

// settledSpans are the transactions that the index of a placed run's segment tells of, in the order in
// which they ended.
func (db *DB) settledSpans(ctx context.Context, id Partition, r *run) ([]span, error) {
	_, info, err := db.runInfo(ctx, id, r)
	if err != nil {
		return nil, err
	}
	spans := make([]span, len(info.Transactions))
	for i, t := range info.Transactions {
		spans[i] = span{
			producer: t.ProducerID, first: t.First, marker: t.Last,
			visibleAt: CommitSeq(t.VisibleAt), millis: t.CommitMillis, committed: t.VisibleAt > 0,
		}
	}
	return spans, nil
}

// aborted are the aborted transactions that overlap what is given, by where they begin.
func (plan *fetchPlan) aborted() []AbortedTxn {
	if !plan.committed || plan.start == plan.end {
		return nil
	}
	out := aborted(aborted(nil, plan.settled, plan.offset, plan.next), plan.ended, plan.offset, plan.next)
	slices.SortFunc(out, func(a, b AbortedTxn) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	return out
}
