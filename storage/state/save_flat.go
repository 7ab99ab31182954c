package state

import (
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Save makes all keys and cells durable, and gives the list to Load them from.
func (f *FlatSet) Save(w piece.Writer) ([]byte, error) {
	fr := f.Freeze()
	defer fr.Release()
	list, err := fr.Save(w)
	if err == nil {
		fr.Durable()
	}
	return list, err
}

// Save writes what is not durable, and gives the list of all.
func (fr *Frozen) Save(w piece.Writer) (list []byte, err error) {
	defer recovered(&err)
	levels, err := fr.keep(w)
	if err != nil {
		return nil, err
	}
	if fr.dirty != nil {
		level, err := fr.saveDirty(w)
		if err != nil {
			return nil, err
		}
		levels = append(levels, level)
	}
	fr.mu.Lock()
	fr.made, fr.saveable = levels, true
	fr.mu.Unlock()
	e := &piece.Encoder{}
	writeHeader(e, kindFlat, fr.set.keyTypes)
	e.Uint(uint64(len(fr.set.cellTypes)))
	for _, t := range fr.set.cellTypes {
		e.Uint(uint64(t))
	}
	e.Uint(uint64(fr.slots))
	e.Uint(uint64(fr.count))
	e.Uint(uint64(len(levels)))
	for _, l := range levels {
		e.Uint(uint64(len(l.pieces)))
		for _, p := range l.pieces {
			e.Place(p.place)
			e.Uint(p.rows)
		}
	}
	return e.Finish(), nil
}

// keep names the pieces that stay again; of one that may not be it makes a copy.
func (fr *Frozen) keep(w piece.Writer) ([]flatLevel, error) {
	out := make([]flatLevel, len(fr.kept), len(fr.kept)+1)
	for i, l := range fr.kept {
		for _, p := range l.pieces {
			if !w.Keep(p.place) {
				bytes, err := p.read()
				if err != nil {
					return nil, err
				}
				p.from = w.Reader()
				if p.place, err = w.Put(bytes); err != nil {
					return nil, err
				}
			}
			out[i].pieces = append(out[i].pieces, p)
		}
		out[i].slots = l.slots
	}
	return out, nil
}

// read gives the bytes of a piece.
func (p *flatPiece) read() ([]byte, error) {
	from, err := p.from.Open(p.place)
	if err != nil {
		return nil, unreadable(err)
	}
	defer from.Release()
	bytes := make([]byte, p.place.Size)
	if err := from.ReadAt(bytes, 0); err != nil {
		return nil, unreadable(err)
	}
	return bytes, nil
}

// flatPieceBytes closes a piece.
const flatPieceBytes = 4 << 20

// saveDirty makes pieces of the slots that are to be saved.
func (fr *Frozen) saveDirty(w piece.Writer) (level flatLevel, err error) {
	own := newFlatBuilder(fr.types)
	level.slots = newLevelSlots(fr.dirty)
	var parts [][]byte
	rows, size := uint64(0), 0
	put := func() error {
		if size == 0 {
			return nil
		}
		place, err := w.Put(parts...)
		level.pieces = append(level.pieces, flatPiece{w.Reader(), place, rows})
		parts, rows, size = parts[:0], 0, 0
		return err
	}
	pages := (len(fr.dirty)*64 + pageSlots - 1) / pageSlots
	for page := 0; page <= pages; page++ {
		var blocks []*block
		switch {
		case page == pages:
			blocks = own.finish()
		case !fr.isDirty(page):
			continue
		default:
			if blocks, err = fr.takePage(page, own); err != nil {
				return level, err
			}
		}
		for _, b := range blocks {
			bytes := encodeBlock(b)
			parts, rows, size = append(parts, bytes), rows+uint64(b.n), size+len(bytes)
			if size >= flatPieceBytes {
				if err := put(); err != nil {
					return level, err
				}
			}
		}
	}
	return level, put()
}

// takePage gives the blocks that are complete with a page.
func (fr *Frozen) takePage(page int, own *flatBuilder) ([]*block, error) {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	switch {
	case fr.failed != nil:
		return nil, fr.failed
	case fr.over:
		return nil, errors.New("flat state was frozen again")
	case fr.isDoneLocked(page):
		out := fr.copies[page]
		delete(fr.copies, page)
		return out, nil
	}
	fr.takeLocked(page, own)
	out := own.blocks
	own.blocks = nil
	return out, nil
}

// laterLoad is what a list says of state that is not loaded yet.
type laterLoad struct {
	from   piece.Reader
	slots  int
	count  int
	levels []flatLevel
}

// eagerKeys are so few that they are loaded at once; tests make it fewer.
var eagerKeys = 4096

// Load replaces the content by what Save listed for the same key and cells. Much of it is read when it is
// first asked for, or by Ready. After an error the state is empty.
func (f *FlatSet) Load(r piece.Reader, list []byte) (err error) {
	defer recovered(&err)
	f.Clear()
	later, err := f.decodeList(r, piece.NewDecoder(list))
	if errors.Is(err, piece.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return err
	}
	f.later = later
	if later.slots <= eagerKeys {
		return f.Ready()
	}
	return nil
}

func (f *FlatSet) decodeList(r piece.Reader, d *piece.Decoder) (*laterLoad, error) {
	readHeader(d, kindFlat, f.keyTypes)
	expect(d, uint64(len(f.cellTypes)), "number of cells")
	for _, t := range f.cellTypes {
		expect(d, uint64(t), "cell type")
	}
	slots, count := d.Uint(), d.Uint()
	if slots > maxSlots || count > slots {
		d.Fail("%d keys in %d slots", count, slots)
	}
	later := &laterLoad{from: r, slots: int(slots), count: int(count)}
	for range d.Count(1) {
		l := flatLevel{slots: &levelSlots{}}
		for range d.Count(3) {
			l.pieces = append(l.pieces, flatPiece{r, d.Place(), d.Uint()})
		}
		later.levels = append(later.levels, l)
	}
	return later, d.Close()
}

// Ready loads what is still to be loaded. After an error the state is empty and must not be used.
func (f *FlatSet) Ready() (err error) {
	later := f.later
	if later == nil {
		return nil
	}
	defer recovered(&err)
	last := f.last
	if last != nil {
		later.levels = last.newestLevels(later.levels)
	}
	f.later = nil
	if err = f.load(later); err != nil {
		f.Clear()
	}
	return err
}

// newestLevels are those of the checkpoint, once it is durable.
func (fr *Frozen) newestLevels(before []flatLevel) []flatLevel {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	if fr.durable {
		return fr.made
	}
	return before
}

func (f *FlatSet) load(later *laterLoad) error {
	for _, l := range later.levels {
		for _, p := range l.pieces {
			if err := f.loadPiece(&p, later.slots, l.slots); err != nil {
				return err
			}
			if f.breathe != nil {
				if err := f.breathe(); err != nil {
					return err
				}
			}
		}
	}
	for f.slots < later.slots { // free ones
		f.newSlot()
	}
	if err := f.index(); err != nil {
		return err
	}
	if f.count != later.count {
		return corrupt("%d keys, not %d", f.count, later.count)
	}
	f.levels = later.levels
	f.unsaved = make([]uint64, len(f.live))
	return f.settle()
}

// maxSlots is what a Slot can number.
const maxSlots = 1<<31 - 2

// loadPiece stores the rows of a piece of a level.
func (f *FlatSet) loadPiece(p *flatPiece, slots int, level *levelSlots) error {
	err := p.eachBlock(flatTypes(f.keyTypes, f.cellTypes), func(b *block) error {
		if err := f.loadBlock(b, slots); err != nil {
			return err
		}
		for _, s := range flatSlots(b) {
			setBit(&level.set, int(s))
		}
		level.rows += int(b.n)
		return nil
	})
	if err != nil {
		return err
	}
	return f.settle()
}

// eachBlock reads a piece, whose columns are of types. What visit finds wrong with a block is damage.
func (p *flatPiece) eachBlock(types []sqltype.OID, visit func(b *block) error) error {
	from, err := p.from.Open(p.place)
	if err != nil {
		return unreadable(err)
	}
	defer from.Release()
	err = p.blocksOf(from, types, visit)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnreadable) {
		from.Damaged()
	}
	return err
}

func (p *flatPiece) blocksOf(from source, types []sqltype.OID, visit func(b *block) error) error {
	bytes := make([]byte, p.place.Size)
	if err := from.ReadAt(bytes, 0); err != nil {
		return unreadable(err)
	}
	rows := uint64(0)
	for len(bytes) > 0 {
		src, rest, err := cutBlock(bytes)
		if err != nil {
			return err
		}
		bytes = rest
		b, err := decodeRows(src, types, nil, flatBlockRows)
		if err != nil {
			return err
		}
		rows += uint64(b.n)
		if err := visit(b); err != nil {
			return err
		}
	}
	if rows != p.rows {
		return corrupt("piece of %d rows", rows)
	}
	return nil
}

// loadBlock stores the rows of a block in their slots.
func (f *FlatSet) loadBlock(b *block, slots int) error {
	for i, s := range flatSlots(b) {
		if s < 0 || int(s) >= slots {
			return corrupt("slot %d of %d", s, slots)
		}
		for f.slots <= int(s) {
			f.newSlot()
		}
		if b.cols[1].Null(int32(i)) || b.cols[1].Data[i] == 0 {
			clearBit(f.live, int(s))
			f.zero(s)
			continue
		}
		setBit(&f.live, int(s))
		for k := range f.keys {
			if err := f.keys[k].store(s, &b.cols[2+k], int32(i)); err != nil {
				return err
			}
		}
	}
	for i := range f.cells {
		if err := f.cells[i].load(f.cellTypes[i], b, &b.cols[2+len(f.keys)+i]); err != nil {
			return err
		}
	}
	return nil
}

// flatSlots is the first column of saved rows.
func flatSlots(b *block) []Slot { return sliceOf[Slot](b.cols[0].Data) }

// load stores a cell of every live row.
func (c *flatCell) load(t CellType, b *block, col *delta.Column) error {
	for i, s := range flatSlots(b) {
		if b.cols[1].Data[i] == 0 {
			continue
		}
		switch t {
		case CellInt64:
			c.ints[s] = sliceOf[int64](col.Data)[i]
		case CellFloat64:
			c.floats[s] = sliceOf[float64](col.Data)[i]
		case CellVar:
			if err := c.vars.set(s, col.Bytes(int32(i))); err != nil {
				return err
			}
		default:
			if v := col.Bytes(int32(i)); len(v) == c.size {
				copy(c.blob[int(s)*c.size:], v)
			} else {
				return corrupt("cell of %d bytes", len(v))
			}
		}
	}
	return nil
}
