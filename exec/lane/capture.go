package lane

import (
	"context"
	"slices"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// captured is everything that a checkpoint holds: the tables at one version, each member at its own
// frontier. It holds what each reader needs of its inputs until it is released.
type captured struct {
	r        *Runtime
	boundary log.CommitSeq
	tables   *table.Capture
	members  []*memberCapture
	written  []*memberCapture              // those of members whose state could be read
	saved    []catalog.OID                 // tables that are in it
	carried  map[catalog.OID]log.CommitSeq // frontiers of those that are in it as they were in the one before
	// standing are sinks whose state is not in it; done are all that were asked.
	standing []*memberCapture
	done     map[*member]bool
	// horizons are the oldest version of each table and view that somebody will read again.
	horizons map[catalog.OID]log.CommitSeq
	begun    log.CommitSeq // the least version that a relation will begin at
}

func (c *captured) release() {
	if c.tables != nil {
		c.tables.Release()
	}
	for _, m := range c.members {
		m.release()
	}
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	for _, m := range append(c.members, c.standing...) {
		c.r.dropLocked(&m.hold)
	}
}

// memberCapture is a member between two ticks.
type memberCapture struct {
	m *member
	// fingerprint is that of the state: it may be another now.
	fingerprint string
	frontier    log.CommitSeq
	changed     log.CommitSeq
	late        uint64
	noTime      uint64
	states      *flow.Capture
	// Of a view between two parts of its first tick: what goes on from, and up to where it has read the log.
	parts    []byte
	readTo   log.CommitSeq
	contents state.View // of a view
	errors   state.View // its failed rows
	hold     need       // of its frontier on what it reads
	stood    time.Duration
}

// stood is the longest that a member stood still.
func (c *captured) stood() (d time.Duration) {
	for _, m := range c.members {
		d = max(d, m.stood)
	}
	return d
}

func newCapture(m *member) *memberCapture {
	c := &memberCapture{m: m, fingerprint: m.fingerprint, frontier: m.frontier, changed: m.changed, late: m.late.Load(), noTime: m.noTime.Load()}
	if c.readTo = c.frontier; m.view != nil && m.backfill != nil {
		c.frontier, c.readTo, c.parts = m.startAt, m.backfill.readTo, m.backfill.parts.Save()
	}
	return c
}

func (c *memberCapture) release() {
	if c.states != nil {
		c.states.Release()
	}
	if c.contents != nil {
		c.contents.Release()
	}
	if c.errors != nil {
		c.errors.Release()
	}
}

// captureRest bounds how long a checkpoint waits for members to come to the end of a tick. One that
// takes longer is not in it.
const captureRest = 5 * time.Second

// captureAll captures readers before what they read, tables last, so that nobody is restored ahead of
// an input; and holds the frontier of each reader on its inputs, so that they are saved with the
// changes that it has not taken in.
func (r *Runtime) captureAll(ctx context.Context) (*captured, error) {
	c := &captured{r: r, horizons: map[catalog.OID]log.CommitSeq{}, done: map[*member]bool{}}
	rest, cancel := context.WithTimeout(ctx, captureRest)
	defer cancel()
	for _, level := range r.levels() {
		r.captureLevel(rest, c, level)
	}
	if err := c.captureTables(ctx); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// levels are the members by how many lie between them and whoever is made from the most of them:
// readers before what they read.
func (r *Runtime) levels() [][]*member {
	r.mu.Lock()
	defer r.mu.Unlock()
	depth := map[catalog.OID]int{}
	var of func(m *member) int
	of = func(m *member) int {
		if d, ok := depth[m.rel.OID]; ok {
			return d
		}
		d := 0
		for _, oid := range m.views {
			if up := r.mu.members[oid]; up != nil {
				d = max(d, of(up)+1)
			}
		}
		depth[m.rel.OID] = d
		return d
	}
	var out [][]*member
	for _, m := range r.mu.members {
		d := of(m)
		for len(out) <= d {
			out = append(out, nil)
		}
		out[d] = append(out[d], m)
		m.captureAt = 0
	}
	slices.Reverse(out)
	return out
}

// captureLevel asks members for their state at the end of the tick each is in.
func (r *Runtime) captureLevel(ctx context.Context, c *captured, level []*member) {
	r.mu.Lock()
	for _, m := range level {
		if m.capturable() {
			m.asked = true
			r.tokens.hurry(m)
			r.wakeLocked(m)
		}
	}
	r.mu.Unlock()
	for _, m := range level {
		_ = r.waitFor(ctx, m, func() (bool, error) { return !m.asked || m.dropped, nil }) // who is late is left out
		r.mu.Lock()
		m.asked = false
		if m.captured != nil {
			c.addLocked(m.captured)
			m.captured = nil
		} else {
			c.standLocked(m)
		}
		r.mu.Unlock()
	}
}

// capturable: m can be restored as it is between two ticks. A view that reads the log alone and is on its
// way to where it begins is at a version like any other; one over tables stands between two parts.
func (m *member) capturable() bool {
	switch {
	case m.dropped || m.anew:
		return false
	case m.state == memberBackfilling:
		return m.view != nil && (m.frontier > 0 || m.backfill != nil && m.backfill.taken > 0)
	}
	return m.ticked && m.state == memberRunning
}

// addLocked takes a member into the checkpoint, with what it will have to read again of its inputs.
func (c *captured) addLocked(made *memberCapture) {
	c.members = append(c.members, made)
	c.done[made.m] = true
	for _, oid := range made.m.below {
		c.reachLocked(oid, made.frontier)
		if up := c.r.mu.members[oid]; up != nil {
			up.captureAt = max(up.captureAt, made.frontier)
		}
	}
}

// reachLocked has a relation saved with its versions from v on.
func (c *captured) reachLocked(oid catalog.OID, v log.CommitSeq) {
	if at, ok := c.horizons[oid]; !ok || v < at {
		c.horizons[oid] = v
	}
}

// standLocked notes up to where the output of a sink is in the log whose state is not captured: it
// will come there again from its beginning, so what it reads is saved with that version. What it has
// recorded is older where it came on without any output, and may be gone from its inputs.
func (c *captured) standLocked(m *member) {
	c.done[m] = true
	if m.sink == nil || m.query == nil || m.state == memberFailed || m.reached() == 0 || !m.readsVersions() {
		return // one that has put out nothing is in creating; one that has failed needs nothing
	}
	at := m.reached()
	c.standing = append(c.standing, &memberCapture{m: m, frontier: at, hold: c.r.postLocked(m.below, at)})
	for _, oid := range m.below {
		c.reachLocked(oid, at)
	}
}

// reached is a version up to which all output of a sink is in the log.
func (m *member) reached() log.CommitSeq { return max(m.out, m.frontier) }

// captureTables pins the tables at the newest version.
func (c *captured) captureTables(ctx context.Context) error {
	c.r.mu.Lock()
	v, err := c.r.cfg.Log.Newest(c.r.ctx, false)
	if err != nil {
		c.r.mu.Unlock()
		return err
	}
	c.boundary = v
	c.r.mu.all.add(v)
	for _, m := range c.r.mu.members {
		if !c.done[m] {
			c.standLocked(m) // it was made meanwhile
		}
	}
	c.begun = c.r.mu.creating.oldest(v)
	c.r.mu.Unlock()
	defer func() {
		c.r.mu.Lock()
		defer c.r.mu.Unlock()
		c.r.mu.all.remove(v)
	}()
	c.tables, err = c.r.cfg.Tables.Capture(ctx, c.r.cfg.Catalog.Now(), v)
	return err
}

// horizon is the oldest version of a relation that is saved; since is the oldest that there is.
func (c *captured) horizon(oid catalog.OID, newest, since log.CommitSeq) log.CommitSeq {
	at, ok := c.horizons[oid]
	if !ok {
		at = newest
	}
	return min(max(min(at, c.begun), since), newest)
}

// captureMember gives m's state, if everything it was given is committed. REQUIRES: m's goroutine,
// between ticks.
func (r *Runtime) captureMember(m *member) {
	begin := r.cfg.Clock.Now()
	r.mu.Lock()
	if newest, err := r.cfg.Log.Newest(r.ctx, false); err == nil && m.ticked && r.quietLocked(m, m.frontier, newest) && m.seen <= m.frontier {
		m.frontier = max(m.frontier, newest)
	}
	behind := m.captureAt > 0 && !r.reachedLocked(m, m.captureAt) // it is being built again, under its readers
	if !behind {
		m.frontier = max(m.frontier, m.captureAt)
	}
	m.captureAt = 0
	r.mu.Unlock()
	var c *memberCapture
	var err error
	settled := !behind && m.seen <= m.frontier && !m.fresh() && (m.sink == nil || m.sink.replayTo == 0)
	if settled && m.flow != nil {
		if err = r.injected("capture", m); err == nil {
			c, err = capture(m)
		}
	}
	if err != nil {
		r.cfg.Logger.Warn("a dataflow is not in the checkpoint", "relation", m.named().QualifiedName(), "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c == nil:
	case !m.asked || !m.capturable():
		c.release()
	default:
		c.stood = r.cfg.Clock.Now().Sub(begin)
		c.hold = r.postLocked(m.below, c.frontier)
		m.captured = c
	}
	m.asked = false
	r.broadcastLocked(m)
}

// capture takes a member between two ticks.
func capture(m *member) (*memberCapture, error) {
	c := newCapture(m)
	var err error
	if c.states, err = m.states.Capture(); err == nil && m.view != nil {
		c.contents, err = m.view.contents.At(c.frontier)
	}
	if err == nil {
		c.errors, err = m.rowErrs().set.At(c.frontier)
	}
	if err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}
