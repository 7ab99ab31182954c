package state

import (
	"slices"
	"sort"
)

// version is the published state at one moment: immutable, shared by who pinned it.
type version struct {
	// content are the rows at seq: the sum over all runs, oldest and longest first.
	content []*run
	// deltas are what was published after since, as it was, by version.
	deltas []published
	// since is the oldest version that can be read.
	since CommitSeq
	seq   CommitSeq
	rows  int64
	// place in the line of versions that were current.
	nth uint64

	pins int // views that hold it; guarded by RunSet.mu
}

// published is one delta, and the number of rows after it. It is that of version seq, or of several
// together (Condense) from version first on; only then it may have no rows.
type published struct {
	seq, first CommitSeq
	run        *run
	rows       int64
}

// after is the deltas of versions behind v.
func (s *version) after(v CommitSeq) []published {
	return s.deltas[sort.Search(len(s.deltas), func(i int) bool { return s.deltas[i].seq > v }):]
}

// rowsAt is the number of rows at v, which can be read.
func (s *version) rowsAt(v CommitSeq) int64 {
	later := s.after(v)
	if len(later) == 0 {
		return s.rows
	}
	return later[0].rows - later[0].run.rows
}

// retired is a chunk that the current version no longer has, but a pinned one does: those from
// born up to, not including, dead.
type retired struct {
	chunk      *chunk
	born, dead uint64
}

// holdLocked counts the chunks of a run that becomes part of the next version. REQUIRES: a.mu held.
func (a *RunSet) holdLocked(r *run, nth uint64) {
	for _, c := range r.chunks {
		if c.uses++; c.born == 0 {
			c.born = nth
		}
	}
}

// dropLocked is for a run that is not part of the next version any more. It gives the bytes that
// nobody holds now. REQUIRES: a.mu held.
func (a *RunSet) dropLocked(r *run, nth uint64) (freed int64) {
	for _, c := range r.chunks {
		if c.uses--; c.uses > 0 {
			continue
		}
		gone := retired{c, c.born, nth}
		if a.isPinnedLocked(gone) {
			a.mu.retired = append(a.mu.retired, gone)
			a.mu.held += c.size.Load()
		} else {
			freed += c.size.Load()
		}
	}
	return freed
}

// isPinnedLocked: a pinned version has the chunk. REQUIRES: a.mu held.
func (a *RunSet) isPinnedLocked(r retired) bool {
	p := a.mu.pinned
	i := sort.Search(len(p), func(i int) bool { return p[i].nth >= r.born })
	return i < len(p) && p[i].nth < r.dead
}

// pinLocked makes a view of the current version hold it. REQUIRES: a.mu held.
func (a *RunSet) pinLocked() *version {
	v := a.mu.version
	if v.pins++; v.pins == 1 {
		a.mu.pinned = append(a.mu.pinned, v) // it is newer than all that are pinned
	}
	return v
}

// unpin lets a version go; the last one who does gives back what only it held.
func (a *RunSet) unpin(v *version) {
	a.mu.Lock()
	freed := a.unpinLocked(v)
	a.mu.Unlock()
	a.giveBack(freed)
}

func (a *RunSet) unpinLocked(v *version) (freed int64) {
	if v.pins--; v.pins > 0 {
		return 0
	}
	i := sort.Search(len(a.mu.pinned), func(i int) bool { return a.mu.pinned[i].nth >= v.nth })
	a.mu.pinned = slices.Delete(a.mu.pinned, i, i+1)
	a.mu.retired = slices.DeleteFunc(a.mu.retired, func(r retired) bool {
		if a.isPinnedLocked(r) {
			return false
		}
		freed += r.chunk.size.Load()
		return true
	})
	a.mu.held -= freed
	return freed
}

// nextLocked begins the version after the current one. REQUIRES: a.mu held.
func (a *RunSet) nextLocked() *version {
	next := *a.mu.version
	next.pins = 0
	next.nth++
	return &next
}

// appendDelta adds to the deltas of a version. The array is shared with older versions, which end
// before: only the newest appends.
func (s *version) appendDelta(d published) { s.deltas = append(s.deltas, d) }

// trimLocked drops the deltas at or below keep. REQUIRES: a.mu held.
func (a *RunSet) trimLocked(next *version, keep CommitSeq) (freed int64) {
	n := len(next.deltas) - len(next.after(keep))
	if n == 0 {
		return 0
	}
	for _, d := range next.deltas[:n] {
		a.mu.history -= d.run.data()
		freed += a.dropLocked(d.run, next.nth)
	}
	next.since = next.deltas[n-1].seq
	next.deltas = next.deltas[n:]
	if a.mu.trimmed += n; a.mu.trimmed > len(next.deltas) {
		// The array still refers to what was dropped.
		next.deltas = slices.Clone(next.deltas)
		a.mu.trimmed = 0
	}
	return freed
}
