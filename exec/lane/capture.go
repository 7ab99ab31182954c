package lane

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// laneCapture is the tables and the shared lane at one boundary, pinned. The lane's goroutine
// makes it between two ticks; the rest of the fields belong to who asked, once done is closed.
type laneCapture struct {
	done      chan struct{}
	abandoned bool // guarded by Runtime.mu: nobody waits any more

	boundary log.CommitSeq
	horizon  log.CommitSeq
	tables   *table.Capture
	members  []*memberCapture
	pause    time.Duration
	err      error
}

// memberCapture is a member between two ticks.
type memberCapture struct {
	m        *member
	frontier log.CommitSeq
	changed  log.CommitSeq
	late     uint64
	noTime   uint64
	states   *flow.Capture
	contents state.View // of a view
	errors   state.View // its failed rows
}

func newCapture(m *member) *memberCapture {
	return &memberCapture{m: m, frontier: m.frontier, changed: m.changed, late: m.late.Load(), noTime: m.noTime.Load()}
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

func (c *laneCapture) release() {
	if c.tables != nil {
		c.tables.Release()
	}
	for _, m := range c.members {
		m.release()
	}
}

// sinkRest bounds how long a checkpoint waits for a sink to come to the end of a tick. One that
// takes longer is not in it.
const sinkRest = 5 * time.Second

// captureSinks asks every sink for its state at the end of the tick it is in. The version of
// each is pinned until releaseSinks.
func (r *Runtime) captureSinks(ctx context.Context) []*memberCapture {
	ctx, cancel := context.WithTimeout(ctx, sinkRest)
	defer cancel()
	r.mu.Lock()
	var asked []*member
	for _, m := range r.mu.members {
		if m.sink != nil && m.state == memberRunning {
			m.asked = true
			asked = append(asked, m)
		}
	}
	r.broadcastLocked()
	r.mu.Unlock()
	_ = r.waitFor(ctx, func() (bool, error) { // whoever is late is left out
		for _, m := range asked {
			if m.asked && !m.dropped && m.state == memberRunning {
				return false, nil
			}
		}
		return true, nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*memberCapture
	for _, m := range asked {
		m.asked = false
		if m.captured != nil {
			out = append(out, m.captured)
			m.captured = nil
		}
	}
	return out
}

func (r *Runtime) releaseSinks(sinks []*memberCapture) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range sinks {
		c.release()
		r.mu.pins.remove(c.frontier)
	}
}

// captureSink gives a sink's state, if everything it was given is committed. REQUIRES: the
// sink's goroutine, between ticks.
func (r *Runtime) captureSink(m *member) {
	var c *memberCapture
	var err error
	if m.seen <= m.frontier { // only this goroutine moves them
		c, err = capture(m)
	}
	if err != nil {
		r.cfg.Logger.Warn("no checkpoint of a sink", "sink", m.rel.QualifiedName(), "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c == nil:
	case !m.asked || m.state != memberRunning:
		c.release()
	default:
		m.captured = c
		r.mu.pins.add(m.frontier)
	}
	m.asked = false
	r.broadcastLocked()
}

// askLane has the lane captured between two ticks.
func (r *Runtime) askLane(ctx context.Context) (*laneCapture, error) {
	ask := &laneCapture{done: make(chan struct{})}
	r.mu.Lock()
	r.mu.capture = ask
	close(r.mu.kick)
	r.mu.kick = make(chan struct{})
	r.mu.Unlock()
	select {
	case <-ask.done:
		return ask, ask.err
	case <-r.ctx.Done():
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-ask.done:
		return ask, ask.err
	default:
	}
	ask.abandoned = true
	if r.mu.capture == ask {
		r.mu.capture = nil
	}
	if r.ctx.Err() != nil {
		return nil, log.ErrClosed
	}
	return nil, context.Cause(ctx)
}

// captureLane pins the tables and the members that have reached the boundary. A member over a
// view that has not is left out with it. REQUIRES: the lane's goroutine.
func (r *Runtime) captureLane(c *laneCapture) {
	begin := r.cfg.Clock.Now()
	r.mu.Lock()
	c.boundary = r.mu.at
	c.horizon = r.mu.pins.oldest(c.boundary)
	order := append([]*member(nil), r.mu.order...)
	r.mu.Unlock()
	in := map[catalog.OID]bool{}
	for _, m := range order {
		if c.err != nil {
			break
		}
		if m.state != memberRunning || m.frontier != c.boundary || !allIn(in, m.views) {
			continue
		}
		made, err := capture(m)
		if err != nil {
			c.err = err
			break
		}
		in[m.rel.OID] = true
		c.members = append(c.members, made)
	}
	if c.err == nil {
		c.tables, c.err = r.cfg.Tables.Capture(r.ctx, r.cfg.Catalog.Now(), c.boundary)
	}
	c.pause = r.cfg.Clock.Now().Sub(begin)
	r.mu.Lock()
	if c.err != nil || c.abandoned {
		c.release()
		c.tables, c.members = nil, nil
	}
	close(c.done)
	r.mu.Unlock()
}

func allIn(in map[catalog.OID]bool, oids []catalog.OID) bool {
	for _, oid := range oids {
		if !in[oid] {
			return false
		}
	}
	return true
}

// capture takes a member between two ticks.
func capture(m *member) (*memberCapture, error) {
	c := newCapture(m)
	var err error
	if c.states, err = m.states.Capture(); err == nil && m.view != nil {
		c.contents, err = m.view.contents.At(m.frontier)
	}
	if err == nil {
		c.errors, err = m.rowErrs().set.At(m.frontier)
	}
	if err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}
