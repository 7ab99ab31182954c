package state

// putAwayNow makes chunks cold until so many bytes are freed.
func (t *Tier) putAwayNow(want int64) int64 {
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	return t.putAway(want)
}
