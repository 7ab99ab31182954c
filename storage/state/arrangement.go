package state

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Options of an arrangement or of flat state.
type Options struct {
	// Account is asked before memory is kept, with negative bytes when it is given back; its
	// error becomes ErrOutOfMemory. It must be safe for concurrent use. nil = no limit.
	Account func(bytes int64) error
	// Reserve is asked instead before the memory of what is prepared is taken: it may refuse where
	// Account must not. nil = Account.
	Reserve func(bytes int64) error
	// Order of rows with equal keys (arrangements).
	Order []Order
	// History keeps every version until Keep says otherwise (arrangements); without it only the
	// newest version and pinned ones stay readable.
	History bool
	// Merges is where runs are merged; nil = in Publish (arrangements). Its tier makes room for what is
	// charged.
	Merges *Pool
	// Breathe is called every few milliseconds while much is sorted, merged or copied (of an arrangement in Append,
	// Head, Publish); its error ends that. nil = never.
	Breathe func() error
	// Beside takes work off who appends much (arrangements); nil = nobody.
	Beside Beside
	// OnDamage is called when rows cannot be read from disk, nor from what a checkpoint has of them, as often as
	// somebody tries, in any goroutine; it must not block. nil = only who reads is told (arrangements).
	OnDamage func(err error)
}

// RunSet is an Arrangement in memory. One goroutine writes (Append, Head, Publish, Discard,
// Load); Keep, At and views are safe from any number.
type RunSet struct {
	order   *RowOrder
	options Options
	head    *head
	charged int64 // by the head
	// cursors are probe cursors at rest.
	cursors sync.Pool
	// preparers at rest.
	preparers sync.Pool
	// merges under way.
	merges sync.WaitGroup

	mu struct {
		sync.Mutex
		version *version
		// keep is what Keep asked for.
		keep CommitSeq
		// pinned versions, ascending.
		pinned []*version
		// retired are the chunks that only they have, held the bytes of these.
		retired []retired
		held    int64
		// queued: the pool was asked for a merge.
		queued bool
		closed bool
		// broken: a merge found what can not be.
		broken error
		// history is the size of the deltas.
		history int64
		// condensing: somebody is putting deltas together.
		condensing bool
		// saving counts for each run the checkpoints under way that hold it, open are runs that were merged of
		// such.
		saving map[*run]int
		open   []*run
		// trimmed is the number of dead places at the beginning of the array of deltas.
		trimmed int
	}
}

var _ Arrangement = (*RunSet)(nil)

// NewArrangement makes an empty arrangement of rows of these types, keyed by the columns key.
func NewArrangement(row []sqltype.OID, key []int, options Options) *RunSet {
	o := NewRowOrder(row, key, options.Order)
	o.onDamage = options.OnDamage
	a := &RunSet{order: o, options: options}
	a.head = newHead(o, a.tier(), &a.options, &a.preparers)
	a.tier().watch(a)
	a.mu.version = &version{nth: 1}
	return a
}

func (a *RunSet) charge(bytes int64) error {
	if a.options.Account == nil || bytes == 0 {
		return nil
	}
	if err := a.tier().charge(a.options.Account, bytes); err != nil {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	if tier := a.tier(); bytes > 0 && tier.isShort() {
		a.options.Merges.rouse()
	}
	return nil
}

// tier is where chunks go that memory has no room for, nil if there is none.
func (a *RunSet) tier() *Tier {
	if a.options.Merges == nil {
		return nil
	}
	return a.options.Merges.tier
}

// giveBack cannot fail.
func (a *RunSet) giveBack(bytes int64) {
	if a.options.Account != nil && bytes != 0 {
		_ = a.options.Account(-bytes)
	}
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

// maxValue is the longest value that can be kept, as in PostgreSQL.
const maxValue = 1<<30 - 1

// Append implements Arrangement. After an error the owner must Discard.
func (a *RunSet) Append(d *delta.Batch) (err error) {
	defer recovered(&err)
	if d.Rows() == 0 {
		return nil
	}
	if err := checkValues(d); err != nil {
		return err
	}
	if err := a.head.append(d); err != nil {
		return err
	}
	a.coolHead()
	return a.settleHead()
}

// checkValues refuses values that no block can hold.
func checkValues(d *delta.Batch) error {
	for i := range d.Cols {
		c := &d.Cols[i]
		if len(c.Var) <= maxValue || c.Phys != sqltype.PhysBytes {
			continue
		}
		off := delta.Offsets(c)
		for k := range len(off) - 1 {
			if off[k+1]-off[k] > maxValue {
				return sqlerr.New(sqlerr.ProgramLimitExceeded, "a value of %d bytes is longer than can be kept", off[k+1]-off[k])
			}
		}
	}
	return nil
}

// Discard implements Arrangement.
func (a *RunSet) Discard() {
	a.head.discard()
	_ = a.settleHead() // gives back, which cannot fail
}

// Publish implements Arrangement. With ErrNegativeWeight nothing is published and what was
// appended is still there.
func (a *RunSet) Publish(v CommitSeq) (err error) {
	defer recovered(&err)
	cur, err := a.healthy()
	if err != nil {
		return err
	}
	if v == SameVersion && !a.options.History {
		v = cur.seq
	}
	if v < cur.seq || v == SameVersion {
		return fmt.Errorf("publish version %d of an arrangement at %d", v, cur.seq)
	}
	r, err := a.head.take()
	if err != nil {
		return err
	}
	if r == nil {
		a.Discard()
		a.install(v, nil)
		return nil
	}
	if err := a.checkWeights(cur, r); err != nil {
		return err
	}
	if err := a.charge(r.bytes()); err != nil {
		return err
	}
	a.Discard()
	a.install(v, r)
	a.balance()
	return nil
}

// bytes of the chunks of a run.
func (r *run) bytes() (size int64) {
	for _, c := range r.chunks {
		size += c.size.Load()
	}
	return size
}

// install makes version v current: with r on top, if there is one.
func (a *RunSet) install(v CommitSeq, r *run) {
	a.mu.Lock()
	freed := a.installLocked(v, r)
	a.mu.Unlock()
	a.giveBack(freed)
}

func (a *RunSet) installLocked(v CommitSeq, r *run) (freed int64) {
	next := a.nextLocked()
	next.seq = v
	if r != nil {
		next.rows += r.rows
		next.content = append(next.content[:len(next.content):len(next.content)], r)
		a.holdLocked(r, next.nth)
		if a.options.History {
			next.appendDelta(published{v, v, r, next.rows})
			a.mu.history += r.data()
			a.holdLocked(r, next.nth)
		} else {
			next.since = v
		}
	}
	a.mu.version = next
	return a.trimLocked(next, a.mu.keep)
}

// checkWeights proves that no row of cur plus r would exist less than zero times.
func (a *RunSet) checkWeights(cur *version, r *run) error {
	if r.negatives == 0 {
		return nil
	}
	var negative []int32
	var hashes []uint64
	near := slices.Repeat([]int{-1}, len(cur.content))
	for _, c := range r.chunks {
		for k := range c.blockCount() {
			b, err := c.block(k, false, nil)
			if err != nil {
				return err
			}
			negative = negative[:0]
			for i, w := range b.weights {
				if w < 0 {
					negative = append(negative, int32(i))
				}
			}
			if len(negative) == 0 {
				continue
			}
			keys := a.order.keyColumns(b.cols)
			hashes = slices.Grow(hashes[:0], len(negative))[:len(negative)]
			delta.HashKeys(keys, int(b.n), negative, hashes)
			for k, i := range negative {
				left := b.weight(i)
				for n, old := range cur.content {
					w, err := old.weightOf(a.order, b.cols, i, keys, hashes[k], &near[n])
					if err != nil {
						return err
					}
					left += w
				}
				if left < 0 {
					return ErrNegativeWeight
				}
			}
		}
	}
	return nil
}

// healthy is the current version, unless a merge has shown that it is none.
func (a *RunSet) healthy() (*version, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.version, a.mu.broken
}

func (a *RunSet) current() *version {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.version
}

// Keep implements Arrangement.
func (a *RunSet) Keep(v CommitSeq) {
	a.mu.Lock()
	freed := a.keepLocked(v)
	a.mu.Unlock()
	a.giveBack(freed)
}

func (a *RunSet) keepLocked(v CommitSeq) int64 {
	a.mu.keep = max(a.mu.keep, v)
	if len(a.mu.version.deltas) == 0 || a.mu.version.deltas[0].seq > a.mu.keep {
		return 0
	}
	next := a.nextLocked()
	a.mu.version = next
	return a.trimLocked(next, a.mu.keep)
}

// History is the bytes of the changes that are kept of versions in (after, to].
func (a *RunSet) History(after, to CommitSeq) (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.mu.version.after(after) {
		if d.seq > to {
			break
		}
		bytes += d.run.bytes()
	}
	return bytes
}

// Held is the memory that only pinned versions have.
func (a *RunSet) Held() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.held
}
