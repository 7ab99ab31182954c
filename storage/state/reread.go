package state

import (
	"errors"

	"github.com/tributary-db/tributary/storage/state/pack"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// readCold reads of the cold form of a chunk. What its place in a pack does not give is read from the checkpoint
// that has the chunk too, and from then on only there. What nobody has any more is told to whoever owns the rows.
func readCold[T any](c *chunk, read func(cold *coldChunk) (T, error)) (T, error) {
	cold := c.cold.Load()
	got, err := read(cold)
	if err == nil || !IsDamage(err) {
		return got, err
	}
	if other := c.elsewhere(cold); other != nil {
		if got, again := read(other); again == nil {
			return got, nil
		}
	}
	if c.lost(cold, err) && cold.order.onDamage != nil {
		cold.order.onDamage(err)
	}
	return got, err
}

// elsewhere is the chunk as a checkpoint has it, when cold lies in a pack; nil if none has it.
func (c *chunk) elsewhere(cold *coldChunk) *coldChunk {
	now := c.cold.Load()
	if now != cold {
		return now // somebody was here before, or it was brought nearer
	}
	saved := c.saved.Load()
	if _, there := cold.fromCheckpoint(); there || saved == nil || saved.indexSize == 0 {
		return nil
	}
	from, err := saved.from.Open(saved.place)
	if err != nil {
		return nil // it is in no kept checkpoint any more
	}
	// It takes the memory that cold takes: an index has one size, wherever it lies.
	made := saved.cold(cold.tier, cold.order, c, from)
	made.index.Store(cold.index.Load())
	if c.cold.CompareAndSwap(cold, made) {
		cold.tier.counts.reread.Add(1)
	}
	return c.cold.Load()
}

// lost: reading it later cannot succeed. A distant store may only be out of reach.
func (c *chunk) lost(cold *coldChunk, err error) bool {
	_, packed := cold.rest.source.(*pack.Piece)
	saved := c.saved.Load()
	return packed || errors.Is(err, ErrCorrupt) || saved == nil || saved.from.Local()
}

// fromCheckpoint gives the piece of a checkpoint that the chunk is read from.
func (c *coldChunk) fromCheckpoint() (piece.Source, bool) {
	of, ok := c.rest.source.(piece.Source)
	return of, ok
}
