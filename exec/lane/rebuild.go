package lane

import (
	"context"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// CanRebuild refuses to have the state of a derived relation made anew whose inputs do not have all of it
// any more, or cannot be read.
func (r *Runtime) CanRebuild(oid catalog.OID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.mu.members[oid]
	if m == nil {
		return errDropped
	}
	if err := r.lostInput(m); err != nil {
		return err
	}
	for _, up := range m.below {
		if up := r.mu.members[up]; up != nil && up.state == memberFailed {
			return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "%s %q cannot be rebuilt: it is made from %s %q, which has failed",
				m.rel.Kind, m.named().Name, up.rel.Kind, up.named().Name).
				WithHint("ALTER %s %s REBUILD first.", strings.ToUpper(string(up.rel.Kind)), up.named().QualifiedName())
		}
	}
	return nil
}

// Rebuild has the state of a derived relation made anew from its inputs, and waits until it is at the version that
// is newest now. What a view shows to its readers, and what a sink has put out, is not taken back: readers go on,
// and a sink's output is suppressed up to where it was. If ctx ends first the work goes on. The catalog has the
// number of the rebuild already, so state of before is not used again, whatever happens.
func (r *Runtime) Rebuild(ctx context.Context, oid catalog.OID) error {
	r.mu.Lock()
	m := r.mu.members[oid]
	if m == nil {
		r.mu.Unlock()
		return errDropped
	}
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		r.mu.Unlock()
		return err
	}
	m.anew = true
	r.cfg.Logger.Info("a dataflow is built anew on request", "relation", m.named().QualifiedName(), "kind", m.rel.Kind)
	r.wakeLocked(m)
	hold := r.postLocked(r.belowLocked([]catalog.OID{oid}), newest)
	r.mu.Unlock()
	defer r.drop(&hold)
	return r.waitFor(ctx, m, func() (bool, error) {
		switch {
		case m.dropped:
			return false, errDropped
		case m.anew:
			return false, nil
		case m.state == memberFailed:
			return false, m.failure()
		case m.state == memberError: // as far as its failed rows let it
			return m.seen >= newest, nil
		}
		return r.reachedLocked(m, newest), nil
	})
}

// tableRebuilt wakes the members that wait for a table that is there again.
func (r *Runtime) tableRebuilt(oid catalog.OID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mu.members {
		if m.state == memberWaiting && slices.Contains(m.below, oid) {
			r.retryLocked(m)
		}
	}
}

func (r *Runtime) refingerprint(m *member) {
	print := r.fingerprintOf(m, (*catalog.Relation).Form)
	r.mu.Lock()
	defer r.mu.Unlock()
	m.fingerprint = print
}

func (r *Runtime) fingerprint(m *member) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return m.fingerprint
}
