package state

import "context"

// inlineRows of content are merged by the writer, at once: less than the pool would take to begin.
const inlineRows = 1024

// maxRuns of content are the most that readers should have to look into. Past it the writer merges
// too, which slows it down to what the pool can do.
const maxRuns = 24

// helpRows is about what a writer merges at once when it has to.
const helpRows = 16 * inlineRows

// mergeJob is runs of the content that stand next to each other, to be made one.
type mergeJob struct {
	runs []*run
	rows int64
}

// balance sees to it that each run is at least twice as long as the next: without a pool at once,
// with one small merges at once and the others there.
func (a *RunSet) balance() {
	for {
		a.mu.Lock()
		job := a.planLocked()
		mine := job.runs != nil && a.writerMergesLocked(&job)
		if mine {
			a.beginLocked(job)
		}
		ask := job.runs != nil && !mine && a.askLocked()
		a.mu.Unlock()
		if ask {
			a.options.Merges.want(a, job.rows)
		}
		if !mine || a.merge(job, nil) != nil {
			return // without room there are more runs, which is only slower
		}
		if pool := a.options.Merges; pool != nil && job.rows > inlineRows {
			pool.count(PoolStats{Helped: 1})
		}
	}
}

// writerMergesLocked: the writer itself does the job, which it may make smaller. REQUIRES: a.mu held.
func (a *RunSet) writerMergesLocked(job *mergeJob) bool {
	if a.options.Merges == nil || job.rows <= inlineRows {
		return true
	}
	if len(a.mu.version.content) <= maxRuns {
		return false
	}
	job.shorten(helpRows)
	return true
}

// shorten leaves the newest runs that have at most so many rows together, or the newest two.
func (j *mergeJob) shorten(rows int64) {
	at := len(j.runs) - 2
	j.rows = j.runs[at].n + j.runs[at+1].n
	for at > 0 && j.rows+j.runs[at-1].n <= rows {
		at--
		j.rows += j.runs[at].n
	}
	j.runs = j.runs[at:]
}

// askLocked notes that the pool is asked for a merge; false when it was already. REQUIRES: a.mu held.
func (a *RunSet) askLocked() bool {
	asked := a.mu.queued
	a.mu.queued = true
	return !asked
}

// planLocked finds the newest runs that should be one: a run that is at least half as long as the
// one before it, or takes a quarter of it back, which readers would walk over. REQUIRES: a.mu held.
func (a *RunSet) planLocked() mergeJob {
	content := a.mu.version.content
	at := len(content) - 1
	if at < 1 || a.mu.closed || content[at].merging {
		return mergeJob{}
	}
	rows, negatives := content[at].n, content[at].negatives
	for at > 0 && !content[at-1].merging && content[at-1].n < max(2*rows, 4*negatives) {
		at--
		rows += content[at].n
		negatives += content[at].negatives
	}
	if at == len(content)-1 {
		return mergeJob{}
	}
	return mergeJob{runs: content[at:], rows: rows}
}

// beginLocked keeps others away from the runs until end. REQUIRES: a.mu held.
func (a *RunSet) beginLocked(job mergeJob) {
	a.merges.Add(1)
	for _, r := range job.runs {
		r.merging = true
	}
}

// merge replaces the runs of a job, which was begun, by one of the same sum.
func (a *RunSet) merge(job mergeJob, breathe func() error) (err error) {
	defer a.merges.Done()
	defer func() {
		if err != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			for _, r := range job.runs {
				r.merging = false
			}
		}
	}()
	defer recovered(&err)
	m, err := mergeRuns(a.order, a.tier(), asParts(job.runs), breathe)
	if err != nil {
		return err
	}
	if m.negatives > 0 && a.isOldest(job.runs[0]) {
		a.breakWith(ErrNegativeWeight)
		return ErrNegativeWeight
	}
	return a.replace(job.runs, m)
}

// breakWith makes every later Publish fail.
func (a *RunSet) breakWith(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.broken = err
}

// isOldest: nothing lies below the run, so that what it becomes is the relation at some version.
func (a *RunSet) isOldest(r *run) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.version.content[0] == r
}

// mergeWanted does the merge that a asked its pool for, and asks again if there is more to do.
func (a *RunSet) mergeWanted(ctx context.Context, p *Pool) {
	a.mu.Lock()
	a.mu.queued = false
	job := a.planLocked()
	if job.runs != nil {
		a.beginLocked(job)
	}
	a.mu.Unlock()
	if job.runs == nil {
		return
	}
	err := a.merge(job, func() error {
		for p.tier.step() || p.step(ctx, job.rows/4) {
		}
		if a.isClosed() {
			return errClosed
		}
		return context.Cause(ctx)
	})
	if err != nil {
		p.count(PoolStats{Failed: 1})
		return // asked for again by the next Publish
	}
	p.count(PoolStats{Merges: 1, Rows: uint64(job.rows)})
	a.mu.Lock()
	job = a.planLocked()
	ask := job.runs != nil && a.askLocked()
	a.mu.Unlock()
	if ask {
		p.want(a, job.rows)
	}
}

func (a *RunSet) isClosed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.closed
}

// Close ends the merges of an arrangement that nobody writes any more, and waits for them: behind it
// nothing is charged. Views stay readable.
func (a *RunSet) Close() {
	a.mu.Lock()
	a.mu.closed = true
	a.mu.Unlock()
	a.merges.Wait()
}

// Free is Close for an arrangement that nobody opens any more: it gives back what no view holds, and
// views give back theirs. At is ErrSnapshotTooOld from then on.
func (a *RunSet) Free() {
	a.Close()
	a.Discard()
	a.mu.Lock()
	old, next := a.mu.version, a.nextLocked()
	next.content, next.deltas, next.since, next.seq = nil, nil, notReadable, 0
	freed := a.dropAllLocked(old, next.nth)
	a.mu.version, a.mu.history = next, 0
	a.mu.Unlock()
	a.giveBack(freed)
}

// notReadable is behind every version.
const notReadable = ^CommitSeq(0)

// dropAllLocked drops everything that a version has. REQUIRES: a.mu held.
func (a *RunSet) dropAllLocked(v *version, nth uint64) (freed int64) {
	for _, r := range v.content {
		freed += a.dropLocked(r, nth)
	}
	for _, d := range v.deltas {
		freed += a.dropLocked(d.run, nth)
	}
	return freed
}

// replace installs the merge m of runs. It is charged before the old runs are given back.
func (a *RunSet) replace(runs []*run, m *run) error {
	added := a.freshBytes(m)
	if err := a.charge(added); err != nil {
		return err
	}
	a.mu.Lock()
	freed := a.replaceLocked(runs, m)
	a.mu.Unlock()
	a.giveBack(freed)
	return nil
}

// freshBytes are those of the chunks that m does not share.
func (a *RunSet) freshBytes(m *run) (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range m.chunks {
		if c.born == 0 {
			bytes += c.size.Load()
		}
	}
	return bytes
}

// replaceLocked puts m in the place of runs. What was published meanwhile stands behind it.
// REQUIRES: a.mu held.
func (a *RunSet) replaceLocked(runs []*run, m *run) (freed int64) {
	next := a.nextLocked()
	old := next.content
	at := 0
	for old[at] != runs[0] {
		at++
	}
	next.content = append(make([]*run, 0, len(old)), old[:at]...)
	if m.n > 0 {
		a.standsForLocked(m, runs)
		next.content = append(next.content, m)
		a.holdLocked(m, next.nth)
	}
	next.content = append(next.content, old[at+len(runs):]...)
	for _, r := range runs {
		freed += a.dropLocked(r, next.nth)
	}
	a.mu.version = next
	return freed
}

// Compact merges the whole content into one run, unless merges are under way.
func (a *RunSet) Compact() error {
	a.mu.Lock()
	job := mergeJob{runs: a.mu.version.content}
	busy := len(job.runs) < 2 || a.mu.closed
	for _, r := range job.runs {
		busy = busy || r.merging
	}
	if !busy {
		a.beginLocked(job)
	}
	a.mu.Unlock()
	if busy {
		return nil
	}
	return a.merge(job, nil)
}
