package lane

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// versions are those of one relation that somebody reads or is about to read, with repeats. Each is a
// need: the member behind the relation ends a tick exactly there, and history is kept back to it.
// Guarded by the runtime's mutex.
type versions struct {
	sorted []log.CommitSeq
}

func (p *versions) add(v log.CommitSeq) {
	i, _ := slices.BinarySearch(p.sorted, v)
	p.sorted = slices.Insert(p.sorted, i, v)
}

func (p *versions) remove(v log.CommitSeq) {
	i, ok := slices.BinarySearch(p.sorted, v)
	if !ok {
		panic("lane: a need was removed twice")
	}
	p.sorted = slices.Delete(p.sorted, i, i+1)
}

// next is the end of a tick that begins at from: the first need behind it, else newest.
func (p *versions) next(from, newest log.CommitSeq) log.CommitSeq {
	i, _ := slices.BinarySearch(p.sorted, from+1)
	if i < len(p.sorted) && p.sorted[i] < newest {
		return p.sorted[i]
	}
	return newest
}

// behind reports whether a need lies behind at.
func (p *versions) behind(at log.CommitSeq) bool {
	return len(p.sorted) > 0 && p.sorted[len(p.sorted)-1] > at
}

// oldest need, or v when it is older.
func (p *versions) oldest(v log.CommitSeq) log.CommitSeq {
	if len(p.sorted) > 0 && p.sorted[0] < v {
		return p.sorted[0]
	}
	return v
}

// need is a version of some relations that somebody reads or is about to read.
type need struct {
	rels []catalog.OID
	at   log.CommitSeq
	on   bool
}

// postLocked makes v a need of relations. INVARIANT: v is the newest commit, or a need of every one
// of them already, so that none has ticked past it without stopping there: ticks choose their ends
// under the same mutex, at published commits.
func (r *Runtime) postLocked(rels []catalog.OID, v log.CommitSeq) need {
	for _, oid := range rels {
		held := r.mu.held[oid]
		if held == nil {
			held = &versions{}
			r.mu.held[oid] = held
		}
		held.add(v)
		if m := r.mu.members[oid]; m != nil && (!m.ticked || m.frontier < v) {
			r.tokens.hurry(m)
			r.wakeLocked(m)
		}
	}
	return need{rels: rels, at: v, on: true}
}

// dropLocked takes a need back; a second time is harmless.
func (r *Runtime) dropLocked(n *need) {
	if !n.on {
		return
	}
	n.on = false
	for _, oid := range n.rels {
		held := r.mu.held[oid]
		if held.remove(n.at); len(held.sorted) == 0 {
			delete(r.mu.held, oid)
		}
	}
}

func (r *Runtime) post(rels []catalog.OID, v log.CommitSeq) need {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.postLocked(rels, v)
}

func (r *Runtime) drop(n *need) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(n)
}

// needed reports whether somebody waits for m to come to a version behind its frontier.
func (r *Runtime) neededLocked(m *member) bool {
	held := r.mu.held[m.rel.OID]
	return held != nil && held.behind(m.frontier) || r.mu.all.behind(m.frontier)
}

// belowLocked lists relations and all tables and views that they are made from, each once: what a
// need of them is a need of. It ends at topics: what a stream shows at a version is in the log.
func (r *Runtime) belowLocked(rels []catalog.OID) []catalog.OID {
	if len(rels) == 1 { // as most reads have it: a table, or a view over topics
		m := r.mu.members[rels[0]]
		if m != nil && m.view != nil && len(m.below) == 0 {
			return rels
		}
		if rel, ok := r.cfg.Catalog.Now().ByOID(rels[0]); m == nil && ok && rel.Kind == catalog.KindTable {
			return rels
		}
	}
	var out []catalog.OID
	seen := map[catalog.OID]bool{}
	add := func(oid catalog.OID) {
		if !seen[oid] {
			seen[oid] = true
			out = append(out, oid)
		}
	}
	snap := r.cfg.Catalog.Now()
	for _, oid := range rels {
		rel, ok := snap.ByOID(oid)
		if ok && rel.Kind == catalog.KindErrors {
			oid = rel.Parent
		}
		add(oid)
		if m := r.mu.members[oid]; m != nil && m.view != nil {
			for _, up := range m.below {
				add(up)
			}
		}
	}
	return out
}

// floorLocked is the oldest version of a relation that somebody may still read: a need, or the
// frontier of a member that is made from it.
func (r *Runtime) floorLocked(oid catalog.OID, v log.CommitSeq) log.CommitSeq {
	v = r.mu.all.oldest(v)
	if held := r.mu.held[oid]; held != nil {
		v = held.oldest(v)
	}
	for m := range r.mu.above[oid] {
		// One that has not ticked yet begins with a scan at a version that is needed, not with changes.
		// A sink's output from its frontier on is made again at a start while failed rows hold it back.
		at := m.frontier
		if at == 0 {
			at = m.out // it is being built again
		}
		if m.ticked && at > 0 && m.state != memberFailed && m.cut == nil {
			v = min(v, at)
		}
	}
	return v
}

// keepFloorLocked is the oldest version of a relation that is kept: also what the members made from it would
// go on from, in the newest checkpoint, if they failed, while that is little.
func (r *Runtime) keepFloorLocked(oid catalog.OID, v log.CommitSeq) log.CommitSeq {
	v = r.floorLocked(oid, v)
	if r.mu.crowded || r.mu.tight[oid] {
		return v
	}
	for m := range r.mu.above[oid] {
		if at := r.mu.durable.newest[m.rel.OID]; at > 0 && m.ticked && m.state != memberFailed {
			v = min(v, at)
		}
	}
	return v
}

// keepOwn tells what m keeps which versions nobody needs any more. REQUIRES: m's goroutine.
func (r *Runtime) keepOwn(m *member) {
	r.mu.Lock()
	v := r.keepFloorLocked(m.rel.OID, m.frontier)
	r.mu.Unlock()
	if m.view != nil {
		m.view.keep(v)
		return
	}
	m.sink.errs.set.Keep(v)
}

// keepTables does so for the tables.
func (r *Runtime) keepTables() {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	if err != nil {
		return // nothing is forgotten then
	}
	r.cfg.Tables.Keep(func(oid catalog.OID) log.CommitSeq { return r.keepFloorLocked(oid, newest) })
}
