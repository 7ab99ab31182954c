package lane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// ReadMode is the setting read_mode.
type ReadMode uint8

const (
	ReadStrict    ReadMode = iota // everything acknowledged before is seen
	ReadAvailable                 // the newest version that is there, without waiting
)

// Pin is one version of everything a statement touches. Release it.
type Pin struct {
	r       *Runtime
	version log.CommitSeq
	read    ReadAs
	since   time.Time
	rels    []catalog.OID // what it was made for

	// Guarded by Runtime.mu.
	views []state.View // held so that their versions stay readable
	need  need
	using int   // statements that read at it now
	ended error // why it holds nothing any more

	few [2]state.View // memory of views: a table, or a view and its errors
}

// ReadAs says how a pin is made.
type ReadAs struct {
	Mode ReadMode
	// All: the snapshot of a transaction that may touch anything later; every relation keeps it.
	All bool
	// Renewed: of a subscription, which makes one for each version; it may end under its tick.
	Renewed bool
	// Owner is who reads, for tributary.pins.
	Owner string
}

// Version that the pin holds.
func (p *Pin) Version() log.CommitSeq { return p.version }

// Use begins a later statement of the same snapshot, which touches rels: it waits until they have the
// version. Call done when the statement is over. A pin that is past a limit is "snapshot too old".
func (p *Pin) Use(ctx context.Context, rels []catalog.OID) (done func(), err error) {
	p.r.mu.Lock()
	if p.ended == nil && p.using == 0 && p.agedLocked() {
		p.endLocked(errPinAge)
	}
	if err := p.ended; err != nil {
		p.r.mu.Unlock()
		return nil, err
	}
	p.using++
	p.r.mu.Unlock()
	done = func() {
		p.r.mu.Lock()
		p.using--
		p.r.mu.Unlock()
	}
	if err := p.r.settleUsed(ctx, p, rels); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// settleUsed waits until what a statement touches has the version of a snapshot that is held.
func (r *Runtime) settleUsed(ctx context.Context, p *Pin, rels []catalog.OID) error {
	ctx, cancel := r.strictly(ctx, rels, p.read.Mode)
	defer cancel()
	r.mu.Lock()
	for _, oid := range r.belowLocked(rels) {
		if m := r.mu.members[oid]; m != nil {
			r.tokens.hurry(m)
			r.wakeLocked(m)
		}
	}
	r.mu.Unlock()
	for _, oid := range rels {
		if err := r.waitCovered(ctx, oid, p.version); err != nil {
			return r.nameLaggard(err, rels, p.version)
		}
		if err := r.cfg.Tables.Reached(ctx, oid, p.version); err != nil {
			return err
		}
	}
	return nil
}

// Release lets the version go; once.
func (p *Pin) Release() {
	p.r.mu.Lock()
	p.endLocked(errReleased)
	delete(p.r.mu.pins, p)
	views := p.views
	p.views = nil
	p.r.mu.Unlock()
	for _, v := range views {
		v.Release()
	}
}

var errReleased = errors.New("lane: the pin was released")

// endLocked takes the pin's needs back.
func (p *Pin) endLocked(why error) {
	if p.ended != nil {
		return
	}
	if p.read.All {
		p.r.mu.all.remove(p.version)
	}
	p.r.dropLocked(&p.need)
	p.ended = why
}

// newPin makes a pin that holds nothing yet.
func (r *Runtime) newPin(rels []catalog.OID, as ReadAs) *Pin {
	p := &Pin{r: r, read: as, rels: rels, since: r.cfg.Clock.Now()}
	if !as.All && !as.Renewed {
		p.using = 1 // by the one statement that it is for
	}
	return p
}

// setLocked makes v the version of the pin.
func (p *Pin) setLocked(v log.CommitSeq) {
	old := p.need
	p.need = p.r.postLocked(p.r.belowLocked(p.rels), v)
	p.r.dropLocked(&old)
	if p.read.All {
		p.r.mu.all.add(v)
		if p.version > 0 {
			p.r.mu.all.remove(p.version)
		}
	}
	p.version = v
}

// Pin picks the version S a statement reads and waits until the relations it touches have it.
func (r *Runtime) Pin(ctx context.Context, rels []catalog.OID, as ReadAs) (*Pin, error) {
	ctx, cancel := r.strictly(ctx, rels, as.Mode)
	defer cancel()
	if as.Mode == ReadAvailable {
		if p, err := r.pinAvailable(rels, as); p != nil || err != nil {
			return p, err
		}
	}
	p := r.newPin(rels, as)
	if err := r.pinNewest(p); err != nil {
		return nil, err
	}
	if err := r.settle(ctx, p); err != nil {
		p.Release()
		return nil, r.nameLaggard(err, rels, p.version)
	}
	return p, nil
}

// strictly bounds the wait of a strict read.
func (r *Runtime) strictly(ctx context.Context, rels []catalog.OID, mode ReadMode) (context.Context, func()) {
	if r.cfg.StrictReadTimeout == 0 || mode != ReadStrict || len(rels) == 0 {
		return ctx, func() {}
	}
	p := &patience{Context: ctx, limit: r.cfg.StrictReadTimeout}
	return p, p.end
}

// patience is a context with a time limit that begins when somebody waits for its end: most reads
// find everything there, and pay for no timer.
type patience struct {
	context.Context // of the statement
	limit           time.Duration

	mu     sync.Mutex
	timed  context.Context // nil = nobody has waited
	cancel context.CancelFunc
}

// now is the context that is in force.
func (p *patience) now() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed != nil {
		return p.timed
	}
	return p.Context
}

// Done begins the time.
func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.cancel = context.WithTimeoutCause(p.Context, p.limit, errStrictTimeout)
	}
	return p.timed.Done()
}

func (p *patience) Deadline() (time.Time, bool) { return p.now().Deadline() }
func (p *patience) Err() error                  { return p.now().Err() }
func (p *patience) Value(key any) any           { return p.now().Value(key) }

func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
}

var errStrictTimeout = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to strict_read_timeout")

// pinNewest picks S under the mutex, so that no tick has started past it.
func (r *Runtime) pinNewest(p *Pin) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return err
	}
	p.setLocked(v)
	r.mu.pins[p] = struct{}{}
	return nil
}

// pinAvailable pins the newest version that all of rels have without waiting; nil when they have none
// in common, or one has none yet.
func (r *Runtime) pinAvailable(rels []catalog.OID, as ReadAs) (*Pin, error) {
	r.mu.Lock()
	v, err := r.cfg.Log.Newest(r.ctx, false)
	var views []*member
	for _, oid := range rels {
		m := r.ownerLocked(oid)
		if m == nil || m.view == nil {
			continue
		}
		if views = append(views, m); !m.ticked || err != nil {
			r.mu.Unlock()
			return nil, err
		}
		if !r.quietLocked(m, m.frontier, v) {
			v = min(v, m.frontier)
		}
	}
	for _, m := range views {
		if m.frontier > v && (m.before > v || !r.quietLocked(m, m.before, v)) {
			r.mu.Unlock()
			return nil, err // it has passed v without a stop there
		}
	}
	p := r.newPin(rels, as)
	p.setLocked(v)
	r.mu.pins[p] = struct{}{}
	r.mu.Unlock()
	if err := r.holdAll(p); err != nil {
		p.Release()
		if errors.Is(err, state.ErrSnapshotTooOld) || errors.Is(err, errBeginsAgain) {
			return nil, nil // a table has forgotten it: nobody needed it of that one; or a view begins again
		}
		return nil, err
	}
	return p, nil
}

// settle waits for the derived streams, then for the views, and opens what will be read.
func (r *Runtime) settle(ctx context.Context, p *Pin) error {
	if err := r.settleDerived(ctx, p); err != nil {
		return err
	}
	for {
		for _, oid := range p.rels {
			if err := r.waitCovered(ctx, oid, p.version); err != nil {
				return err
			}
			if err := r.cfg.Tables.Reached(ctx, oid, p.version); err != nil {
				return err
			}
		}
		if err := r.holdAll(p); !errors.Is(err, errBeginsAgain) {
			return err
		}
	}
}

// settleDerived moves the pin past the last output of every sink and derived stream that the
// relations are made from: their input up to S is then in it. The pin moves to the newest version,
// which nobody has ticked past.
func (r *Runtime) settleDerived(ctx context.Context, p *Pin) error {
	for _, oid := range r.derivedBelow(p.rels) {
		if err := r.waitDerived(ctx, oid, p.version); err != nil {
			return err
		}
		r.mu.Lock()
		if m := r.mu.members[oid]; m != nil && m.sink.lastCommit > p.version {
			v, err := r.cfg.Log.Newest(r.ctx, false)
			if err != nil {
				r.mu.Unlock()
				return err
			}
			p.setLocked(v)
		}
		r.mu.Unlock()
	}
	return nil
}

// waitDerived waits until a derived stream has put out what its input up to v makes. While failed
// rows hold that back, its readers are told so as readers of a view are.
func (r *Runtime) waitDerived(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	r.mu.Lock()
	m := r.mu.members[oid]
	n := r.postLocked([]catalog.OID{oid}, v) // it does not rest now
	r.mu.Unlock()
	defer r.drop(&n)
	if m == nil {
		return errDropped
	}
	return r.waitFor(ctx, m, func() (bool, error) {
		switch {
		case m.dropped:
			return false, errDropped
		case m.state == memberFailed:
			return false, m.failure()
		case r.reachedLocked(m, v):
			return true, nil
		case m.state == memberError && !m.again && (m.seen >= v || m.full || r.quietLocked(m, m.seen, v)):
			return false, m.err
		}
		return false, r.failedBelowLocked(m)
	})
}

// derivedBelow lists the sinks and derived streams that write what rels read, directly or through
// others, inputs first. A stream bound to a sink's topic is written by that sink.
func (r *Runtime) derivedBelow(rels []catalog.OID) []catalog.OID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.writers) == 0 {
		return nil
	}
	var found []catalog.OID
	seen := map[catalog.OID]bool{}
	var visit func(oid catalog.OID)
	visit = func(oid catalog.OID) {
		m, ok := r.mu.members[oid]
		if !ok || seen[oid] {
			return
		}
		seen[oid] = true
		for _, up := range m.views {
			visit(up)
		}
		for _, f := range m.topics.Topics {
			for _, writer := range r.mu.writers[f.Topic] {
				visit(writer)
			}
		}
		if m.sink != nil {
			found = append(found, oid)
		}
	}
	snap := r.cfg.Catalog.Now()
	for _, oid := range rels {
		visit(oid)
		rel, ok := snap.ByOID(oid)
		if ok && rel.Kind == catalog.KindErrors {
			visit(rel.Parent)
			if rel.ListsRows() { // they are there although its output is not
				found = slices.DeleteFunc(found, func(oid catalog.OID) bool { return oid == rel.Parent })
				continue
			}
			rel, ok = snap.ByOID(rel.Parent)
		}
		if ok && (rel.Kind == catalog.KindStream || rel.FromTopic) {
			for _, writer := range r.mu.writers[rel.Topic] {
				visit(writer)
			}
		}
	}
	return found
}

// waitCovered waits until the relation's content at v is complete. Relations that are no
// member (tables, plain streams) always are.
func (r *Runtime) waitCovered(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	r.mu.Lock()
	m := r.ownerLocked(oid)
	r.mu.Unlock()
	if m == nil || m.sink != nil && m.rel.OID == oid {
		return nil
	}
	if m.sink != nil {
		n := r.post([]catalog.OID{m.rel.OID}, v)
		defer r.drop(&n)
	}
	return r.waitFor(ctx, m, func() (bool, error) {
		if m.sink != nil { // its error relation, which is there whether its output may go or not
			return m.state == memberFailed || m.full || r.quietLocked(m, max(m.seen, m.frontier), v), nil
		}
		return r.coveredLocked(m, v)
	})
}

// ownerLocked is the member behind a relation: itself, or the view whose errors it shows.
func (r *Runtime) ownerLocked(oid catalog.OID) *member {
	if m, ok := r.mu.members[oid]; ok {
		return m
	}
	if rel, ok := r.cfg.Catalog.Now().ByOID(oid); ok && rel.Kind == catalog.KindErrors {
		return r.mu.members[rel.Parent]
	}
	return nil
}

func (r *Runtime) coveredLocked(m *member, v log.CommitSeq) (bool, error) {
	switch {
	case m.dropped:
		return false, errDropped
	case m.state == memberFailed:
		return false, m.failure()
	case r.reachedLocked(m, v):
		return true, nil
	}
	return false, r.failedBelowLocked(m)
}

// failedBelowLocked is the failure of a view that m is made from and waits for, nil if there is none.
func (r *Runtime) failedBelowLocked(m *member) error {
	for _, oid := range m.below {
		if up := r.mu.members[oid]; up != nil && up.state == memberFailed {
			return up.failure()
		}
	}
	return nil
}

// holdAll opens the contents of a pin's relations at its version.
func (r *Runtime) holdAll(p *Pin) error {
	for _, oid := range p.rels {
		if err := r.hold(p, oid); err != nil {
			return err
		}
	}
	return nil
}

// hold opens the relation's contents at the pin's version, so that they cannot be merged away.
func (r *Runtime) hold(p *Pin, oid catalog.OID) error {
	var few [2]state.View
	v, err := r.inputs.hold(few[:0], oid, p.version)
	if err != nil || len(v) == 0 {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.views == nil {
		p.views = p.few[:0]
	}
	p.views = append(p.views, v...)
	return nil
}

// nameLaggard says who kept a strict read waiting.
func (r *Runtime) nameLaggard(err error, rels []catalog.OID, v log.CommitSeq) error {
	if err != error(errStrictTimeout) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, oid := range rels {
		if m := r.ownerLocked(oid); m != nil && m.view != nil {
			if ok, _ := r.coveredLocked(m, v); !ok {
				why := ""
				if st := m.statusLocked(false); st.Reason != nil {
					why = fmt.Sprintf(" It is %s: %s.", st.State, st.Reason.Message)
				}
				return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to strict_read_timeout").
					WithDetail("%s %q is at version %d, the read needs %d.%s", m.rel.Kind, m.named().Name, m.frontier, v, why).
					WithHint("SET read_mode = 'available' reads what is there.")
			}
		}
	}
	return err
}
