package state

import (
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Options of an arrangement or of flat state.
type Options struct {
	// Account is asked before memory is kept, with negative bytes when it is given back; its
	// error becomes ErrOutOfMemory. nil = no limit.
	Account func(bytes int64) error
	// Order of rows with equal keys (arrangements).
	Order []Order
	// History keeps every version until Keep says otherwise (arrangements); without it only the
	// newest version and pinned ones stay readable.
	History bool
}

// RunSet is an Arrangement in memory. One goroutine writes (Append, Head, Publish, Discard,
// Keep, Load); At and views are safe from any number.
type RunSet struct {
	order   *RowOrder
	options Options
	head    head
	charged int64 // by the head
	dirty   bool
	// cursors are probe cursors at rest.
	cursors sync.Pool

	mu struct {
		sync.Mutex
		version *version
		// since: versions below it were merged away.
		since CommitSeq
		// keep is what Keep asked for.
		keep CommitSeq
		pins []CommitSeq
		// totals are the row counts after each version from since on that changed them.
		totals []total
	}
}

var _ Arrangement = (*RunSet)(nil)

type total struct {
	seq  CommitSeq
	rows int64
}

// version is the published state at one moment: immutable, shared by who pinned it.
type version struct {
	runs []*run // oldest and longest first
	seq  CommitSeq
	rows int64
}

// NewArrangement makes an empty arrangement of rows of these types, keyed by the columns key.
func NewArrangement(row []sqltype.OID, key []int, options Options) *RunSet {
	o := NewRowOrder(row, key, options.Order)
	a := &RunSet{order: o, options: options, head: newHead(o)}
	a.mu.version = &version{}
	return a
}

func (a *RunSet) charge(bytes int64) error {
	if a.options.Account == nil || bytes == 0 {
		return nil
	}
	if err := a.options.Account(bytes); err != nil {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	return nil
}

// settleHead charges what the head has grown by.
func (a *RunSet) settleHead() error {
	now := a.head.bytes()
	err := a.charge(now - a.charged)
	if err == nil {
		a.charged = now
	}
	return err
}

// Append implements Arrangement. After an error the owner must Discard.
func (a *RunSet) Append(d *delta.Batch) error {
	if d.Rows() == 0 {
		return nil
	}
	a.head.append(d)
	return a.settleHead()
}

// Discard implements Arrangement.
func (a *RunSet) Discard() {
	a.head.discard()
	_ = a.settleHead() // gives back, which cannot fail
}

// Publish implements Arrangement. With ErrNegativeWeight nothing is published and what was
// appended is still there.
func (a *RunSet) Publish(v CommitSeq) error {
	cur := a.current()
	if v < cur.seq {
		return fmt.Errorf("publish version %d of an arrangement at %d", v, cur.seq)
	}
	r := a.head.take()
	if r == nil {
		a.Discard()
		a.swap(cur.runs, v, cur.rows)
		return nil
	}
	added, err := a.checkWeights(cur, r)
	if err != nil {
		return err
	}
	if err := a.charge(r.size); err != nil {
		return err
	}
	r.stamp(v)
	a.head.discard()
	_ = a.settleHead()
	a.dirty = true
	runs := append(append([]*run(nil), cur.runs...), r)
	if merged, err := a.compact(runs, v); err == nil {
		runs = merged // without room for a merge there are more runs, which is only slower
	}
	a.swap(runs, v, cur.rows+added)
	return nil
}

// stamp gives rows of the head their version.
func (r *run) stamp(v CommitSeq) { r.seqs, r.minSeq, r.maxSeq = nil, v, v }

// checkWeights proves that no row of cur plus r would exist less than zero times, and sums the
// weights of r.
func (a *RunSet) checkWeights(cur *version, r *run) (added int64, err error) {
	var negative []int32
	for i := range int32(r.n) {
		w := r.weight(i)
		added += w
		if w < 0 {
			negative = append(negative, i)
		}
	}
	if len(negative) == 0 {
		return added, nil
	}
	keys := a.order.keyColumns(r.cols)
	hashes := make([]uint64, len(negative))
	delta.HashKeys(keys, r.n, negative, hashes)
	for k, i := range negative {
		left := r.weight(i)
		for _, old := range cur.runs {
			lo, hi := old.find(a.order, keys, i, hashes[k])
			left += old.weightOf(a.order, lo, hi, r.cols, i)
		}
		if left < 0 {
			return 0, ErrNegativeWeight
		}
	}
	return added, nil
}

// weightOf sums the weights of the row in [lo, hi), by binary search.
func (r *run) weightOf(o *RowOrder, lo, hi int32, cols []delta.Column, row int32) (sum int64) {
	end := hi
	for lo < hi {
		mid := lo + (hi-lo)/2
		if o.Compare(r.cols, mid, cols, row) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < end && o.Compare(r.cols, lo, cols, row) == 0; lo++ {
		sum += r.weight(lo)
	}
	return sum
}

func (a *RunSet) current() *version {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.version
}

// swap publishes a new list of runs. Runs that only pins still hold stay charged until the last
// of them is released.
func (a *RunSet) swap(runs []*run, v CommitSeq, rows int64) {
	a.mu.Lock()
	old := a.mu.version
	next := &version{runs: runs, seq: v, rows: rows}
	for _, r := range runs {
		r.refs.Add(1)
	}
	a.mu.version = next
	if n := len(a.mu.totals); rows != old.rows || n == 0 {
		a.mu.totals = append(a.mu.totals, total{v, rows})
	}
	a.mu.Unlock()
	a.unref(old.runs)
}

func (a *RunSet) unref(runs []*run) {
	for _, r := range runs {
		if r.refs.Add(-1) == 0 {
			_ = a.charge(-r.size)
		}
	}
}

// Keep implements Arrangement.
func (a *RunSet) Keep(v CommitSeq) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.keep = max(a.mu.keep, v)
}

// compact merges the newest runs until each is at least twice as long as the next, forgetting
// the versions nobody may ask for. It is charged before the old runs are given back.
func (a *RunSet) compact(runs []*run, upper CommitSeq) ([]*run, error) {
	at := len(runs) - 1
	size := runs[at].n
	for at > 0 && runs[at-1].n < 2*size {
		at--
		size += runs[at].n
	}
	if at == len(runs)-1 {
		return runs, nil
	}
	return a.mergeFrom(runs, at, upper)
}

// mergeFrom replaces the runs from place at on by one. With an error the runs stay as they are,
// which is only slower.
func (a *RunSet) mergeFrom(runs []*run, at int, upper CommitSeq) ([]*run, error) {
	m := mergeRuns(a.order, runs[at:], a.raiseFloor(upper))
	if err := a.charge(m.size); err != nil {
		return runs, err
	}
	for _, r := range runs[at:] {
		if r.refs.Load() == 0 {
			_ = a.charge(-r.size) // was never published
		}
	}
	runs = append([]*run(nil), runs[:at]...)
	if m.n > 0 {
		runs = append(runs, m)
	}
	return runs, nil
}

// raiseFloor decides which versions are forgotten by a merge that is about to happen while
// upper is being published: from then on At below since is refused.
func (a *RunSet) raiseFloor(upper CommitSeq) CommitSeq {
	a.mu.Lock()
	defer a.mu.Unlock()
	// The version that is being replaced stays readable until the swap.
	floor := min(upper, a.mu.version.seq)
	if a.options.History {
		floor = min(floor, a.mu.keep)
	}
	for _, p := range a.mu.pins {
		floor = min(floor, p)
	}
	if floor > a.mu.since {
		a.mu.since = floor
		a.trimTotalsLocked()
	}
	return a.mu.since
}

// trimTotalsLocked drops counts that no readable version needs. REQUIRES: a.mu held.
func (a *RunSet) trimTotalsLocked() {
	t := a.mu.totals
	k := 0
	for k+1 < len(t) && t[k+1].seq <= a.mu.since {
		k++
	}
	a.mu.totals = append(t[:0], t[k:]...)
}

// Compact merges everything into one run, forgetting what Keep and pins allow.
func (a *RunSet) Compact() error {
	cur := a.current()
	if len(cur.runs) == 0 {
		return nil
	}
	runs, err := a.mergeFrom(cur.runs, 0, cur.seq)
	if err != nil {
		return err
	}
	a.swap(runs, cur.seq, cur.rows)
	return nil
}
