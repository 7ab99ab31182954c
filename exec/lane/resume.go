package lane

import (
	"github.com/tributary-db/tributary/storage/state"
)

// resumeTries is how often a member that failed begins as a checkpoint has it: what fails again and again
// may be in there.
const resumeTries = 2

// resume takes a member that reads streams alone back to what the newest checkpoint has of it, so that it
// need not read the log from its start, which may have lost records meanwhile. False: it is to be built
// from the log.
func (r *Runtime) resume(m *member) (bool, error) {
	saved := r.resumable(m)
	if saved == nil {
		return false, nil
	}
	r.mu.Lock()
	m.out = m.reached()
	reached := m.out
	m.captureAt = 0
	r.mu.Unlock()
	r.reset(m)
	if err := r.open(m, saved); err != nil {
		if r.ctx.Err() != nil {
			return false, err
		}
		r.cfg.Logger.Warn("relation is built from the log", "relation", m.rel.QualifiedName(), "error", err)
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
	r.findEndsLocked(m)
	r.setStateLocked(m, memberRunning, nil)
	r.cfg.Logger.Info("a dataflow goes on from a checkpoint", "relation", m.rel.QualifiedName(), "frontier", m.frontier)
	r.resumed.Add(1)
	r.broadcastLocked(m)
	return true, nil
}

// resumable is what the newest checkpoint has of m, if that can be used now: all who read m can go on
// from there too. What m reads are streams, whose records are kept for it (Needs).
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
	case m.readsVersions() || !m.ticked || m.fresh() || m.tries > resumeTries || state.IsDamage(m.err):
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
