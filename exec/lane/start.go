package lane

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// Creating is a derived relation whose CREATE is on its way into the log: Committed when it is
// durable, then Begin, or Abandon, must be called.
type Creating struct {
	r  *Runtime
	at log.CommitSeq // S0
	ok bool
}

// Create prepares the start of a derived relation.
func (r *Runtime) Create() *Creating { return &Creating{r: r} }

// Committed picks and pins S0, the newest version: at or behind the CREATE's own, which is
// published, and one that no tick has started past. The new relation reads its inputs at exactly
// S0.
func (c *Creating) Committed() (s0 log.CommitSeq, err error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if c.at, err = c.r.cfg.Log.Newest(c.r.ctx, false); err != nil {
		return 0, err
	}
	c.ok = true
	c.r.addPinLocked(c.at)
	return c.at, nil
}

// Abandon forgets a creation that did not happen.
func (c *Creating) Abandon() {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if c.ok {
		c.r.mu.pins.remove(c.at)
		c.ok = false
	}
}

// Begin starts the relation's dataflow from the version of its creation. It returns at once;
// Watch tells when it is there.
func (c *Creating) Begin(rel *catalog.Relation) error {
	m, err := c.r.newMember(rel)
	if err != nil {
		c.Abandon()
		return err
	}
	c.r.mu.Lock()
	c.r.addLocked(m)
	c.r.mu.Unlock()
	if m.sink != nil {
		c.r.prepareSink(m)
		c.Abandon() // a sink reads the log from its start, in ticks of its own
		c.r.runPrepared(m)
		return nil
	}
	c.r.work.Go(func() {
		defer c.Abandon()
		c.r.backfill(m, c.at)
	})
	return nil
}

// backfill runs a view's first tick (0, s0] outside the shared lane, then joins it there. What
// the view still lacks is ticked by the lane, from the view's own frontier.
func (r *Runtime) backfill(m *member, s0 log.CommitSeq) {
	if m.state == memberFailed {
		return
	}
	if err := r.waitInputs(m.ctx, m, s0); err != nil {
		r.fail(m, err)
		return
	}
	r.tickView(m, s0)
	r.joinLane(m)
}

func (r *Runtime) fail(m *member, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failLocked(m, err)
}

// waitInputs waits until every view that m reads covers v.
func (r *Runtime) waitInputs(ctx context.Context, m *member, v log.CommitSeq) error {
	for _, oid := range m.views {
		if err := r.waitCovered(ctx, oid, v); err != nil {
			return err
		}
	}
	return nil
}

// Drop stops a relation's dataflow and forgets it; its catalog entry is already gone.
func (r *Runtime) Drop(oid catalog.OID) {
	r.mu.Lock()
	m, ok := r.mu.members[oid]
	if !ok {
		r.mu.Unlock()
		return
	}
	m.dropped = true
	close(m.done)
	r.removeLocked(m)
	r.leaveLaneLocked(oid)
	r.broadcastLocked()
	busy := m.busy
	r.mu.Unlock()
	m.cancel()
	if !busy {
		m.free()
	}
}

// enter takes a member's flow for the calling goroutine; false: it was dropped.
func (r *Runtime) enter(m *member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.busy = !m.dropped
	return m.busy
}

// leave ends what enter began. A member that was dropped meanwhile is freed here: what its tick
// charges after a Drop would never be given back.
func (r *Runtime) leave(m *member) {
	r.mu.Lock()
	m.busy = false
	dropped := m.dropped
	r.mu.Unlock()
	if dropped {
		m.free()
	}
}

// free gives back all the memory of a dropped member, whose flow does not run any more.
func (m *member) free() {
	_ = m.close() // nobody is left to be told
	m.states.Drop()
	m.dropOutput()
}

// Watch waits until the relation's frontier is at or past v.
func (r *Runtime) Watch(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	return r.waitFor(ctx, func() (bool, error) {
		m, ok := r.mu.members[oid]
		if !ok {
			return false, errDropped
		}
		if m.state == memberFailed {
			return false, m.failure()
		}
		return m.ticked && m.frontier >= v, nil
	})
}

var errDropped = sqlerr.New(sqlerr.UndefinedTable, "relation was dropped meanwhile")

// failure is what a reader of a failed member is told.
func (m *member) failure() error {
	if user, ok := asUser(m.err); ok {
		return sqlerr.New(user.Code, "%s %q has failed: %s", m.rel.Kind, m.rel.Name, user.Message)
	}
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "%s %q has failed", m.rel.Kind, m.rel.Name).
		WithDetail("%v", m.err)
}

func asUser(err error) (*sqlerr.Error, bool) {
	var user *sqlerr.Error
	ok := errors.As(err, &user)
	return user, ok
}

// waitFor waits until done, called under the mutex at every move, says so.
func (r *Runtime) waitFor(ctx context.Context, done func() (bool, error)) error {
	for {
		r.mu.Lock()
		ok, err := done()
		moved := r.mu.moved
		r.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.ctx.Done():
			return log.ErrClosed
		}
	}
}

// contextUntil is ctx that also ends when c is closed.
func contextUntil(ctx context.Context, c <-chan struct{}) (context.Context, func()) {
	sub, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-c:
			cancel()
		case <-sub.Done():
		}
	}()
	return sub, func() { cancel(); <-done }
}

// Changed tells members that their descriptor may have changed at v: a sink that was held back
// by an error looks again.
func (r *Runtime) Changed(log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mu.members {
		if m.state == memberError {
			m.again = true
		}
	}
	r.broadcastLocked()
}
