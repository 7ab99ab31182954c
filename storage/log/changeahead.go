package log

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
)

// changesAhead is how far a reader of changes has read ahead. Its cursors are at about the same commit, and what
// they read next lies side by side in objects.
type changesAhead struct {
	window int         // bytes that are read at once; who reads little, as a SELECT with LIMIT, has little read
	left   int         // bytes that were read ahead and not yet come to
	busy   atomic.Bool // the next ones are on their way
}

// firstWindow of a reader of changes; it doubles each time.
const firstWindow = 2 * rangeSize

// prepare reads what c and the cursors beside it come to next, before c reads alone; once half of that is used
// it has the next read in advance.
func (r *changeReader) prepare(ctx context.Context, c *changeCursor) {
	most := r.db.limits.coldBytes()
	if !r.db.there(c) {
		r.ahead.window = min(max(2*r.ahead.window, firstWindow), most)
		r.db.gather(ctx, r.plans(r.ahead.window, c))
		r.ahead.left = r.ahead.window
		return
	}
	limit := min(2*r.ahead.window, most, int(r.db.limits.ReadAhead))
	if limit <= 0 || r.ahead.left > limit/2 || r.ahead.busy.Load() {
		return
	}
	plans := r.plans(limit, c)
	r.ahead.busy.Store(true)
	started := r.db.ahead.start(r.db, func(ctx context.Context) {
		r.db.gather(ctx, plans)
		r.ahead.busy.Store(false)
	})
	if !started {
		r.ahead.busy.Store(false)
		return
	}
	r.ahead.left, r.ahead.window = limit, max(r.ahead.window, limit)
}

// there tells whether the range that c reads next is in memory or on its way.
func (db *DB) there(c *changeCursor) bool {
	index := db.reads.knownIndex(c.run.block.key)
	if index == nil {
		return false
	}
	id := c.partition.id
	info, ok := index.Find(id.Topic, id.Index)
	if !ok {
		return true // who reads it says what is wrong
	}
	at := info.ChunkOf(c.run.relative + max(c.offset-c.run.base, 0))
	return at < 0 || db.reads.cached(wantOf(index, info, readKey{object: c.run.block.key, partition: id}, at).key)
}

// upcoming is what a cursor comes to next.
type upcoming struct {
	cursor *changeCursor
	has    bool // it has records before that
	offset int64
	runs   []run
}

// plans are of about so many bytes that the cursors come to next, in the order in which they come to them: what
// first needs is among them.
func (r *changeReader) plans(bytes int, first *changeCursor) []fetchPlan {
	all := make([]upcoming, 0, len(r.cursors))
	for _, c := range r.cursors {
		if c == first || c.done || c.late != nil {
			continue
		}
		u := upcoming{cursor: c, has: c.loaded && len(c.stretch.data) > 0, offset: c.comesTo()}
		if u.runs = c.nextRuns(u.offset); len(u.runs) > 0 {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b upcoming) int {
		if a.has != b.has {
			return boolOrder(a.has, b.has)
		}
		return cmp.Or(cmp.Compare(a.runs[0].first, b.runs[0].first), comparePartitions(a.cursor.partition.id, b.cursor.partition.id))
	})
	offset := first.comesTo()
	all = slices.Insert(all, 0, upcoming{cursor: first, offset: offset, runs: first.nextRuns(offset)})
	share := max(bytes/len(all), 1)
	plans := make([]fetchPlan, 0, len(all))
	r.db.mu.RLock()
	defer r.db.mu.RUnlock()
	for i := range all {
		if bytes <= 0 {
			break
		}
		plan := fetchPlan{partition: all[i].cursor.partition.id, offset: all[i].offset, load: share}
		if n := plan.chooseOf(all[i].runs, r.to, share); n > 0 {
			bytes -= min(n, max(share, rangeSize))
			plans = append(plans, plan)
		}
	}
	return plans
}

// boolOrder sorts false before true.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// comesTo is the offset behind what the cursor has.
func (c *changeCursor) comesTo() int64 {
	at := max(c.offset, c.least)
	if c.inRun && c.loaded {
		if end, err := c.stretch.end(c.run.block.placed); err == nil { // else who reads it says what is wrong
			at = max(at, end)
		}
	}
	return at
}

// nextRuns are those from an offset on.
func (c *changeCursor) nextRuns(offset int64) []run {
	i := runAt(c.runs, offset)
	if !c.started {
		i = max(i, runAfter(c.runs, c.after))
	}
	return c.runs[i:]
}

// chooseOf takes runs of changes up to a commit until they hold want bytes, and returns how many of them are in
// objects. REQUIRES: DB.mu held.
func (plan *fetchPlan) chooseOf(runs []run, to CommitSeq, want int) (cold int) {
	for i := range runs {
		r := &runs[i]
		if r.first > to || cold >= want {
			break
		}
		data := r.data()
		if data == nil {
			cold += int(r.length)
		}
		plan.runs = append(plan.runs, plannedRun{*r, data})
	}
	return cold
}
