package state

import "sync/atomic"

// GroupBudget is the memory that all Groups of a process may take together. Safe for concurrent use.
type GroupBudget struct {
	// past decides instead, in tests.
	past   func(bytes int64) bool
	limit  int64 // 0 = none
	step   int   // keys that move at a tick's end, at least
	used   atomic.Int64
	groups atomic.Int64

	moved, fetched, settled, cleared, parts atomic.Uint64
}

// GroupStats are counters and gauges of a GroupBudget.
type GroupStats struct {
	Bytes   int64  // memory of keys and accumulators
	Moved   uint64 // operators whose groups went behind
	Fetched uint64 // groups read from there
	Settled uint64 // groups written there
	Cleared uint64 // times that an operator let go of the groups it had in memory
	Parts   uint64 // parts of ticks that ended before the tick, as memory was taken
}

// NewGroupBudget makes a budget of so many bytes; 0 = any number.
func NewGroupBudget(limit int64) *GroupBudget { return &GroupBudget{limit: limit, step: moveKeys} }

// GroupBudgetBy makes a budget for tests: past is asked within ticks and at their ends, then at least so many keys move.
func GroupBudgetBy(past func(bytes int64) bool, step int) *GroupBudget {
	return &GroupBudget{past: past, step: step}
}

// Stats are the counters now.
func (b *GroupBudget) Stats() GroupStats {
	return GroupStats{
		Bytes: b.used.Load(), Moved: b.moved.Load(), Fetched: b.fetched.Load(), Settled: b.settled.Load(), Cleared: b.cleared.Load(), Parts: b.parts.Load(),
	}
}

func (b *GroupBudget) enter() { b.groups.Add(1) }

func (b *GroupBudget) leave(bytes int64) {
	b.groups.Add(-1)
	b.used.Add(-bytes)
}

// leastShare is memory that groups may take in any case: less on disk saves nothing.
const leastShare = 1 << 20

// isPast: an operator that has so many bytes of the budget should let go of them. That is one with at least half of
// an even share, when all is taken: somebody has that much.
func (b *GroupBudget) isPast(bytes int64) bool {
	if b.past != nil {
		return b.past(bytes)
	}
	if b.limit == 0 || b.used.Load() <= b.limit {
		return false
	}
	return bytes >= b.leastPast()
}

// leastPast is what an operator has at least that is to let go.
func (b *GroupBudget) leastPast() int64 {
	return max(b.limit/(2*max(b.groups.Load(), 1)), min(leastShare, b.limit/16))
}
