package lane

import (
	"errors"
	"slices"

	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/storage/state"
)

// resumeTries is how often a member that failed begins as a checkpoint has it: what fails again and again
// may be in there.
const resumeTries = 2

// resume takes a member back to what the newest checkpoint has of it, so that it need not read the log, or what it
// is made from, from the start; the log may have lost records meanwhile. False: it is to be built from there.
func (r *Runtime) resume(m *member) (bool, error) {
	saved := r.resumable(m)
	if saved == nil {
		return false, nil
	}
	hold := r.post(m.below, saved.Frontier)
	defer r.drop(&hold) // its frontier holds that once it is there
	if whole, err := r.readable(m, saved); !whole || err != nil {
		return false, err
	}
	r.mu.Lock()
	m.out = m.reached()
	reached := m.out
	m.captureAt, m.seen, m.frontier = 0, 0, 0
	m.ticked = m.sink != nil // nobody takes what it shows, until all is loaded, for its contents
	r.mu.Unlock()
	r.reset(m)
	if err := r.open(m, saved); err != nil {
		if r.ctx.Err() != nil {
			return false, err
		}
		r.cfg.Logger.Warn("relation is built from the log", "relation", m.named().QualifiedName(), "error", err)
		return false, nil
	}
	if m.sink != nil {
		if err := r.prepareSink(m, reached); err != nil {
			return false, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m.before = m.frontier
	m.full, m.again, m.ready, m.hurt, m.emptied = false, false, false, nil, false
	r.findEndsLocked(m, m.frontier)
	r.setStateLocked(m, memberRunning, nil)
	r.cfg.Logger.Info("a dataflow goes on from a checkpoint", "relation", m.named().QualifiedName(), "frontier", m.frontier)
	r.resumed.Add(1)
	r.broadcastLocked(m)
	return true, nil
}

// readable: what m reads, as far as it is tables and views, still has what changed since it was saved (keepFloorLocked),
// and it was not saved in the middle of a first tick. REQUIRES: the version is held.
func (r *Runtime) readable(m *member, saved *savedEntry) (bool, error) {
	if !m.readsVersions() {
		return true, nil // of streams the log keeps the records (Needs)
	}
	lists, err := saved.from.Lists(r.ctx, saved.Parts)
	if err != nil {
		return false, nil // as when it cannot be opened
	}
	if _, partial := lists[checkpoint.PartBackfill]; partial {
		return false, nil
	}
	r.mu.Lock()
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up == nil || !up.ticked || up.frontier < saved.Frontier {
			r.mu.Unlock()
			return false, nil // it is being built again itself
		}
	}
	r.mu.Unlock()
	in := liveInputs{r: r}
	for _, oid := range slices.Concat(m.tables, m.views) {
		views, err := in.hold(nil, oid, saved.Frontier)
		for _, v := range views {
			v.Release()
		}
		switch {
		case errors.Is(err, state.ErrSnapshotTooOld):
			return false, nil
		case err != nil:
			return false, err
		}
	}
	return true, nil
}

// resumable is what the newest checkpoint has of m, if that can be used now: all who read m can go on
// from there too.
func (r *Runtime) resumable(m *member) *savedEntry {
	if r.cfg.Checkpoints == nil {
		return nil
	}
	from := r.cfg.Checkpoints.Latest()
	if from == nil || from.Engine != engineVersion {
		return nil
	}
	saved := from.Member(m.rel.OID)
	if saved == nil || saved.Stands() || saved.Fingerprint != r.fingerprint(m) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !m.ticked || m.fresh() || m.tries > resumeTries || state.IsDamage(m.err) || errors.Is(m.err, errHistory):
		return nil
	case m.view != nil && r.floorLocked(m.rel.OID, saved.Frontier) < saved.Horizon:
		return nil
	}
	return &savedEntry{from, saved}
}

// viewHurt has a view built again whose contents somebody could not read. It may not block.
func (r *Runtime) viewHurt(m *member, out *viewOut, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.view == out && m.hurt == nil && m.ticked { // else they are not what it has any more
		m.hurt = err
		r.wakeLocked(m)
	}
}

// hurt has a member built again whose state could not be read.
func (r *Runtime) hurt(m *member, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.hurt = err
	r.wakeLocked(m)
}
