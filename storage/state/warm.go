package state

import (
	"slices"
	"weak"
)

// warm brings the chunks of a that are of a checkpoint nearer, in step: into memory while there is
// plenty, else from a distant store to the local disk. Until then they are read block by block.
func (t *Tier) warm(a *RunSet) {
	t.sets.Lock()
	defer t.sets.Unlock()
	d := &distant{set: weak.Make(a)}
	for _, c := range a.distant() {
		d.chunks = append(d.chunks, weak.Make(c))
	}
	t.sets.distant = append(t.sets.distant, d)
}

// distant is chunks of an arrangement that were opened and not yet brought nearer. It keeps none.
type distant struct {
	set    weak.Pointer[RunSet]
	chunks []weak.Pointer[chunk]
}

// distant gives the chunks of a that are not in memory.
func (a *RunSet) distant() (out []*chunk) {
	chunks := a.beginPutAway()
	if chunks == nil {
		return nil
	}
	defer a.merges.Done()
	seen := map[*chunk]bool{}
	for _, c := range chunks {
		if c.hot.Load() == nil && !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

// nextDistant takes the next chunk to bring nearer.
func (t *Tier) nextDistant() (*RunSet, *chunk) {
	t.sets.Lock()
	defer t.sets.Unlock()
	for len(t.sets.distant) > 0 {
		d := t.sets.distant[0]
		a := d.set.Value()
		for a != nil && len(d.chunks) > 0 {
			c := d.chunks[0].Value()
			if d.chunks = d.chunks[1:]; c != nil {
				return a, c
			}
		}
		t.sets.distant = t.sets.distant[1:]
	}
	return nil, nil
}

// bringNearer works on one chunk; false when there is none.
func (t *Tier) bringNearer() bool {
	if t == nil {
		return false
	}
	a, c := t.nextDistant()
	if a == nil {
		return false
	}
	a.mu.Lock()
	closed := a.mu.closed
	if !closed {
		a.merges.Add(1)
	}
	a.mu.Unlock()
	if closed {
		return true
	}
	defer a.merges.Done()
	cold := c.cold.Load()
	if c.hot.Load() != nil || cold == nil {
		return true
	}
	// why not at all costs: a chunk that cannot be read is told to who asks for it.
	if t.used()+c.data < t.cfg.Limit/2 {
		_ = t.heat(a, c, cold)
	} else if saved := c.saved.Load(); saved != nil && !saved.from.Local() {
		_ = t.fetch(a, c, cold, saved)
	}
	return true
}

// heat reads a chunk into memory.
func (t *Tier) heat(a *RunSet, c *chunk, cold *coldChunk) error {
	blocks := make([]*block, len(cold.blocks))
	for k := range blocks {
		b, err := readCold(c, func(cold *coldChunk) (*block, error) { return cold.block(k, false, nil) })
		if err != nil {
			return err
		}
		blocks[k] = b
	}
	if err := verify(a.order, blocks); err != nil {
		return err
	}
	h := newHotChunk(a.order, blocks, c.starts)
	more := c.hotBytes(h)
	if a.options.Account != nil {
		if err := a.options.Account(more); err != nil {
			return err
		}
	}
	a.giveBack(a.makeHot(c, h, more))
	t.counts.warmed.Add(1)
	return nil
}

// makeHot switches a chunk over, and tells how much of what was charged is not needed after all.
func (a *RunSet) makeHot(c *chunk, h *hotChunk, more int64) (unused int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	retiredNow := c.uses == 0 && slices.ContainsFunc(a.mu.retired, func(r retired) bool { return r.chunk == c })
	if c.uses == 0 && !retiredNow {
		return more // it was dropped meanwhile
	}
	c.size.Add(more)
	c.hot.Store(h)
	if retiredNow {
		a.mu.held += more
	}
	return 0
}

// fetch copies a chunk from a distant store to the local disk.
func (t *Tier) fetch(a *RunSet, c *chunk, cold *coldChunk, saved *savedChunk) error {
	if t.cfg.Room != nil && !t.cfg.Room(saved.place.Size) {
		return errDiskFull
	}
	bytes := make([]byte, saved.place.Size)
	if err := cold.rest.source.ReadAt(bytes, 0); err != nil {
		return unreadable(err)
	}
	at := int64(0)
	for _, size := range saved.sizes {
		if err := checkBlock(bytes[at : at+size]); err != nil {
			return err
		}
		at += size
	}
	piece, err := t.packs.Write(bytes)
	if err != nil {
		return unreadable(err)
	}
	near := saved.cold(t, a.order, c, piece)
	near.index.Store(cold.index.Load())
	c.cold.CompareAndSwap(cold, near) // who reads the distant one goes on
	t.counts.fetched.Add(1)
	return nil
}
