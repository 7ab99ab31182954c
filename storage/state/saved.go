package state

import (
	"github.com/tributary-db/tributary/storage/state/piece"
)

// savedChunk is a chunk as a piece of a checkpoint: its blocks one behind the other, then its index if
// it is large enough to be read block by block.
type savedChunk struct {
	from       piece.Reader
	place      piece.Place
	sizes      []int64 // of the blocks
	indexSize  int64   // in the piece, 0 = none
	indexBytes int64   // in memory
}

// save makes a chunk a piece, unless it is one that may be named again.
func (c *chunk) save(w piece.Writer, o *RowOrder, sign int64) (*savedChunk, error) {
	if s := c.saved.Load(); sign == 1 && s != nil && w.Keep(s.place) {
		return s, nil
	}
	s := &savedChunk{from: w.Reader()}
	parts := make([][]byte, 0, c.blockCount()+1)
	for k := range c.blockCount() {
		b, err := c.encoded(k, sign)
		if err != nil {
			return nil, err
		}
		parts = append(parts, b)
		s.sizes = append(s.sizes, int64(len(b)))
	}
	index, err := c.indexToSave(o)
	if err != nil {
		return nil, err
	}
	if index != nil {
		b := index.encode(o)
		parts = append(parts, b)
		s.indexSize, s.indexBytes = int64(len(b)), index.bytes()
	}
	if s.place, err = w.Put(parts...); err != nil {
		return nil, err
	}
	if sign == 1 {
		c.saved.Store(s)
	}
	return s, nil
}

// indexToSave is nil for a chunk that is read as a whole.
func (c *chunk) indexToSave(o *RowOrder) (*coldIndex, error) {
	if h := c.hot.Load(); h != nil {
		if c.data < minCold {
			return nil, nil
		}
		return makeIndex(o, h), nil
	}
	return readCold(c, (*coldChunk).lookup)
}

// cold is the cold form of a chunk that is read from its piece; its index comes when it is asked for.
func (s *savedChunk) cold(t *Tier, o *RowOrder, c *chunk, from source) *coldChunk {
	made := newCold(t, o, c, s.sizes, from)
	made.size += s.indexBytes
	made.indexSize = s.indexSize
	return made
}

// encode writes what is needed to open the chunk.
func (s *savedChunk) encode(e *piece.Encoder, c *chunk, sign int64) {
	e.Place(s.place)
	e.Uint(uint64(len(s.sizes)))
	for k, size := range s.sizes {
		e.Uint(uint64(c.starts[k+1] - c.starts[k]))
		e.Uint(uint64(size))
	}
	e.Int(sign * c.rows)
	negatives := c.negatives
	if sign < 0 {
		negatives = c.n() - negatives
	}
	e.Uint(uint64(negatives))
	e.Uint(uint64(c.data))
	e.Uint(uint64(s.indexSize))
	e.Uint(uint64(s.indexBytes))
}

// maxPiece is the most bytes of a piece that a reader believes; a block has at most a value of 1 GiB
// and what stands beside it.
const maxPiece = 1 << 40

// decodeSaved reads what encode wrote.
func decodeSaved(d *piece.Decoder, from piece.Reader) (*savedChunk, *chunk) {
	s := &savedChunk{from: from, place: d.Place()}
	n := d.Count(2)
	c := &chunk{starts: make([]int32, 1, n+1)}
	rows, bytes := int64(0), int64(0)
	for range n {
		k, size := d.Uint(), d.Uint()
		if k == 0 || k > uint64(blockRows) || size < blockHead || size > maxPiece {
			d.Fail("block of %d rows, %d bytes", k, size)
			return s, c
		}
		rows, bytes = rows+int64(k), bytes+int64(size)
		if rows > int64(chunkRows) {
			d.Fail("chunk of %d rows", rows)
			return s, c
		}
		c.starts = append(c.starts, int32(rows))
		s.sizes = append(s.sizes, int64(size))
	}
	c.rows, c.negatives = d.Int(), int32(min(d.Uint(), uint64(chunkRows)))
	c.data = int64(min(d.Uint(), maxPiece))
	s.indexSize, s.indexBytes = int64(min(d.Uint(), maxPiece)), int64(min(d.Uint(), maxPiece))
	if n == 0 || bytes+s.indexSize != s.place.Size || int64(c.negatives) > rows {
		d.Fail("chunk of %d bytes in a piece of %d", bytes, s.place.Size)
	}
	return s, c
}
