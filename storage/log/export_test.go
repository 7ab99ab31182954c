package log

// PositionOf is the newest commit that a follower has reached.
func PositionOf(f Following) CommitSeq {
	x := f.(*following)
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.mu.queue) > 0 {
		return x.mu.queue[0].After
	}
	return CommitSeq(x.db.published.Load())
}

// NamedObjects are the objects that the index names.
func (db *DB) NamedObjects() map[string]bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	named := map[string]bool{}
	for _, t := range db.mu.fold.topics {
		for _, p := range t.partitions {
			for i := range p.runs {
				named[p.runs[i].block.key] = true
			}
		}
	}
	return named
}
