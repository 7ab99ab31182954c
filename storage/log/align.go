package log

// align ends what is read of several partitions at the same objects: shares of bytes alone end in the midst of an
// object, somewhere else for each partition, and the rest of it would be read again. An object of which more than half of
// what these partitions come to is planned is taken by all of them, of another one nothing is, as far as each has
// something.
//
//	object 1  object 2  object 3            object 1  object 2
//	aaaaaaaa  aaaaaaaa  aa                  aaaaaaaa  aaaaaaaa
//	bbbbbbbb  bbbb              ─► align    bbbbbbbb  bbbbbbbb
//
// Partitions with large runs are left alone: a part of a run is a request of its own. trimmed tells that something was
// left out. No more than room is read for it. REQUIRES: DB.mu held.
func (db *DB) align(plans []fetchPlan, room int) (trimmed bool) {
	planned, more := map[*block]int64{}, map[*block]int64{}
	for i := range plans {
		if plans[i].small() {
			for k := range plans[i].runs {
				planned[plans[i].runs[k].block] += plans[i].runs[k].length
			}
		}
	}
	for i := range plans {
		if plans[i].small() {
			for _, r := range plans[i].following(db, planned) {
				more[r.block] += r.length
			}
		}
	}
	whole := int64(0)
	for b, n := range planned {
		if n > more[b] {
			whole += n + more[b]
		}
	}
	if whole > int64(room) {
		return false // the cache is too small for that
	}
	for i := range plans {
		p := &plans[i]
		if !p.small() {
			continue
		}
		next := p.following(db, planned)
		for n := len(p.runs); n > 1 && planned[p.runs[n-1].block] <= more[p.runs[n-1].block]; n-- {
			p.runs, next, trimmed = p.runs[:n-1], nil, true
		}
		for k := range next {
			if planned[next[k].block] <= more[next[k].block] {
				break
			}
			p.runs = append(p.runs, plannedRun{next[k], next[k].data()})
		}
		p.load = 0
		for k := range p.runs {
			p.load += int(p.runs[k].length)
		}
	}
	return trimmed
}

// small tells whether the plan begins in objects and is of runs that are read whole.
func (plan *fetchPlan) small() bool {
	if !plan.cold || len(plan.runs) == 0 {
		return false
	}
	for k := range plan.runs {
		if plan.runs[k].length > rangeSize {
			return false
		}
	}
	return true
}

// following are the runs behind those of the plan that lie in objects that are planned.
func (plan *fetchPlan) following(db *DB, planned map[*block]int64) []run {
	p := db.mu.fold.partition(plan.partition)
	from := p.runAt(plan.runs[len(plan.runs)-1].base) + 1
	to := from
	for to < len(p.runs) && p.runs[to].base < plan.stop && p.runs[to].length <= rangeSize && planned[p.runs[to].block] > 0 {
		to++
	}
	return p.runs[from:to]
}
