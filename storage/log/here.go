package log

// Commit implements Log. Two hand-overs to the committer and back, and one to a follower, cost more than a short
// commit itself: each wakes a thread that sleeps.
func (db *DB) Commit(e *Entry) (Appended, error) {
	p := db.prepare(e)
	if p.err == nil {
		if g := db.queue.lend(p); g != nil {
			db.commitHere(g)
		} else if p.err == nil {
			db.queue.add(p)
		}
	}
	<-p.done
	return p.Result()
}

// lend makes the caller the committer for one commit, of this entry alone, if nobody waits for the committer and
// the entry may ride inline; nil if not, or if the entry was refused. It ends with giveBack.
// INVARIANT: at most one goroutine has the committer's place: next returns nothing while it is lent, and it is lent
// only while the committer waits in next (busy, checked here).
func (q *queue) lend(p *pending) *flushGroup {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := len(q.open.entries)+len(q.sealed)+len(q.jobs) > 0
	if q.busy || q.atJob || q.lent || waiting || len(p.staged) > 0 || q.db.limits.FlushInterval > 0 || p.bytes > q.db.limits.InlineBytes {
		return nil
	}
	if q.refusesLocked(p) {
		return nil
	}
	q.openLocked(p)
	q.sealLocked()
	g := q.sealed[0]
	q.sealed = nil
	q.lent = true
	return g
}

func (q *queue) giveBack() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lent = false
	if q.closed || len(q.open.entries)+len(q.sealed)+len(q.jobs) > 0 {
		q.wake.Signal()
	}
}

// commitHere is the committer's work, and then that of the followers which have notes of the commit.
func (db *DB) commitHere(g *flushGroup) {
	whole := false
	defer func() {
		if !whole { // as in the committer itself, nothing may recover: the fold may be half of a commit
			broken := recover()
			go panic(broken)
			select {}
		}
	}()
	c := commit{rows: db.cfg.OffsetRows, here: true}
	db.commitGroups([]*flushGroup{g}, &c)
	db.queue.giveBack()
	whole = true
	for i, h := range c.held {
		if i < len(c.held)-1 {
			go h.x.runHeld()
			continue
		}
		h.x.applyHere(h.upTo)
	}
}

// heldFollowing has a delivery that nobody applies yet: who made the commit will.
type heldFollowing struct {
	x    *following
	upTo CommitSeq
}

// runHeld is run in a goroutine of its own.
func (x *following) runHeld() {
	defer x.db.applying.Done()
	x.run()
}

// applyHere applies what is there up to a commit. What others have committed meanwhile is left to a goroutine, and
// so is what the log must be read for, which may take long.
func (x *following) applyHere(upTo CommitSeq) {
	for {
		d, more := x.head()
		switch {
		case !more:
			x.db.applying.Done()
			return
		case d.Notes == nil || d.Seq > upTo:
			go x.runHeld()
			return
		}
		x.applied(x.apply(d))
	}
}
