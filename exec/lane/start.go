package lane

import (
	"context"
	"errors"
	"strings"
	"time"

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
	err = c.committedLocked()
	return c.at, err
}

func (c *Creating) committedLocked() (err error) {
	if c.at, err = c.r.cfg.Log.Newest(c.r.ctx, false); err != nil {
		return err
	}
	c.ok = true
	c.r.mu.all.add(c.at)
	c.r.mu.creating.add(c.at)
	return nil
}

// Abandon forgets a creation that did not happen.
func (c *Creating) Abandon() {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.abandonLocked()
}

func (c *Creating) abandonLocked() {
	if c.ok {
		c.r.mu.all.remove(c.at)
		c.r.mu.creating.remove(c.at)
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
	if m.view != nil || m.readsVersions() {
		m.startAt, m.begin = c.at, c.abandonLocked
	} else {
		c.Abandon() // it reads the log from its start
	}
	if m.sink != nil {
		if err := c.r.prepareSink(m, 0); err != nil {
			c.Abandon()
			return err
		}
	}
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.addLocked(m)
	c.r.beginLocked(m)
	return nil
}

// waitInputs waits until everything that m reads has version v, which is needed of it. An input that
// has failed is waited for too: it may be healed.
func (r *Runtime) waitInputs(m *member, v log.CommitSeq) error {
	for _, oid := range m.views {
		r.mu.Lock()
		up := r.mu.members[oid]
		r.mu.Unlock()
		if up == nil {
			return errDropped
		}
		err := r.waitFor(m.ctx, up, func() (bool, error) {
			if up.dropped {
				return false, errDropped
			}
			return r.reachedLocked(up, v), m.cut
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// holdInputs waits for inputs of a tick that are built again since waitInputs, without the tick's token.
func (r *Runtime) holdInputs(m *member, v log.CommitSeq) error {
	for {
		r.mu.Lock()
		whole := true
		for _, oid := range m.views {
			up := r.mu.members[oid]
			whole = whole && up != nil && r.reachedLocked(up, v)
		}
		r.mu.Unlock()
		if whole {
			return nil
		}
		if err := r.withoutToken(m, func() error { return r.waitInputs(m, v) }); err != nil {
			return err
		}
	}
}

// reachedLocked reports whether the content of m at v is complete: it has come there, or nothing
// touched it since.
func (r *Runtime) reachedLocked(m *member, v log.CommitSeq) bool {
	return m.ticked && !m.emptied && !m.fresh() && (m.frontier >= v || m.seen <= m.frontier && r.quietLocked(m, m.frontier, v))
}

// dropWait bounds how long a DROP waits for the work of what it drops to end; after it the relation
// shows as dropping until it has.
const dropWait = time.Second

// Drop stops a relation's dataflow, frees what it holds, and forgets it; its catalog entry is already
// gone.
func (r *Runtime) Drop(ctx context.Context, oid catalog.OID) {
	r.mu.Lock()
	m, ok := r.mu.members[oid]
	if !ok {
		r.mu.Unlock()
		return
	}
	m.dropped = true
	m.cancel()
	r.removeLocked(m)
	r.broadcastLocked(m)
	if m.running {
		m.since = r.cfg.Clock.Now()
		r.mu.dropping[m] = struct{}{}
	} else {
		r.freeLocked(m)
	}
	r.mu.Unlock()
	select {
	case <-m.gone:
	case <-r.cfg.Clock.After(dropWait):
	case <-ctx.Done():
	}
}

// Watch waits until the relation's frontier is at or past v.
func (r *Runtime) Watch(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	r.mu.Lock()
	m, ok := r.mu.members[oid]
	r.mu.Unlock()
	if !ok {
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
		}
		return false, r.failedBelowLocked(m)
	})
}

var errDropped = sqlerr.New(sqlerr.UndefinedTable, "relation was dropped meanwhile")

// named is the relation under the name that it has now, for messages.
func (m *member) named() *catalog.Relation {
	if now, ok := m.defs.Now().ByOID(m.rel.OID); ok {
		return now
	}
	return m.rel
}

// failure is what a reader of a failed member is told.
func (m *member) failure() error {
	if user, ok := asUser(m.err); ok {
		e := sqlerr.New(user.Code, "%s %q has failed: %s", m.rel.Kind, m.named().Name, user.Message)
		e.Detail, e.Hint = user.Detail, user.Hint
		return e
	}
	kind, name := strings.ToUpper(string(m.rel.Kind)), m.named().QualifiedName()
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "%s %q has failed", m.rel.Kind, m.named().Name).
		WithDetail("%v.", m.err).
		WithHint("ALTER %s %s REBUILD makes its state anew from what it reads; else DROP %s %s.", kind, name, kind, name)
}

func asUser(err error) (*sqlerr.Error, bool) {
	var user *sqlerr.Error
	ok := errors.As(err, &user)
	return user, ok
}

// waitFor waits until done, called under the mutex at every move of m, says so.
func (r *Runtime) waitFor(ctx context.Context, m *member, done func() (bool, error)) error {
	for {
		r.mu.Lock()
		ok, err := done()
		moved := m.moved
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

// Changed tells members that their descriptor may have changed: a sink that was held back by an
// error looks again, one that has failed is tried again.
func (r *Runtime) Changed(oid catalog.OID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.mu.members[oid]
	switch {
	case m == nil:
	case m.state == memberFailed:
		r.retryLocked(m)
	case m.sink != nil:
		m.again = true
		r.wakeLocked(m)
		r.broadcastLocked(m)
	}
}
