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
