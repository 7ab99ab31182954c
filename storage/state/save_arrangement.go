package state

import (
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Save makes the published version durable, with the versions from `from` on, and gives the list to
// Load it from: a restored arrangement answers At and Changes as this one does for them. (A table's
// dependents replay from their checkpoint; operators need no history and pass the newest version.)
// What is not published is not saved.
func (a *RunSet) Save(w piece.Writer, from CommitSeq) ([]byte, error) {
	v, err := a.At(^CommitSeq(0))
	if err != nil {
		return nil, err
	}
	defer v.Release()
	return SaveView(w, v, from)
}

// Since is the oldest version that the arrangement of v could still open when v was opened.
func Since(v View) CommitSeq { return v.(*view).version.since }

// SaveView is Save of the version that v, a view of a RunSet's At, holds. The arrangement may be
// written meanwhile: v is immutable, so this runs in any goroutine. Nothing is merged; what an earlier
// checkpoint has is named again, also where it was merged since, and nothing larger than a chunk is built.
func SaveView(w piece.Writer, v View, from CommitSeq) (list []byte, err error) {
	defer recovered(&err)
	view := v.(*view)
	parts, err := view.parts(nil)
	if err != nil {
		return nil, err
	}
	s := saving{w: w, order: view.set.order, numbers: map[signedChunk]uint64{}}
	deltas, since := view.history(from)
	captured := parts
	view.set.beginSaving(captured)
	defer view.set.endSaving(captured)
	if parts, err = s.content(view.set, parts); err != nil {
		return nil, err
	}
	for _, d := range deltas {
		if err := s.chunks(part{d.run, 1}); err != nil {
			return nil, err
		}
	}
	e := &piece.Encoder{}
	writeHeader(e, kindArrangement, s.order.types)
	s.order.writeShape(e)
	e.Uint(uint64(len(s.made)))
	for i, c := range s.made {
		c.encode(e, s.of[i].c, s.of[i].sign)
	}
	e.Uint(uint64(since))
	e.Uint(uint64(view.seq))
	e.Uint(uint64(len(parts)))
	for _, p := range parts {
		s.run(e, p)
	}
	e.Uint(uint64(len(deltas)))
	for _, d := range deltas {
		e.Uint(uint64(d.seq))
		e.Uint(uint64(d.seq - d.first))
		s.run(e, part{d.run, 1})
	}
	return e.Finish(), nil
}

// history is the deltas of versions behind from, and the oldest version that can be read with them.
func (w *view) history(from CommitSeq) ([]published, CommitSeq) {
	all := w.version.deltas
	all = all[:len(all)-len(w.version.after(w.seq))]
	since := w.version.since
	for len(all) > 0 && all[0].seq <= from {
		since = all[0].seq
		all = all[1:]
	}
	return all, since
}

// signedChunk is a chunk as it is saved: with its weights, or with the opposite ones.
type signedChunk struct {
	c    *chunk
	sign int64
}

// saving collects the chunks of an arrangement, each once.
type saving struct {
	w       piece.Writer
	order   *RowOrder
	numbers map[signedChunk]uint64
	of      []signedChunk
	made    []*savedChunk
}

// content saves runs, or names those that may stand in their place; it gives which.
func (s *saving) content(a *RunSet, parts []part) (named []part, err error) {
	for _, p := range parts {
		if stubs := s.instead(a, p); stubs != nil {
			named = append(named, stubs...)
			continue
		}
		if err := s.chunks(p); err != nil {
			return nil, err
		}
		named = append(named, p)
	}
	return named, nil
}

func (s *saving) chunks(p part) error {
	for _, c := range p.r.chunks {
		key := signedChunk{c, p.sign}
		if _, ok := s.numbers[key]; ok {
			continue
		}
		made, err := c.save(s.w, s.order, p.sign)
		if err != nil {
			return err
		}
		s.numbers[key] = uint64(len(s.made))
		s.of, s.made = append(s.of, key), append(s.made, made)
	}
	return nil
}

// run writes which chunks a run is.
func (s *saving) run(e *piece.Encoder, p part) {
	e.Uint(uint64(len(p.r.chunks)))
	for _, c := range p.r.chunks {
		e.Uint(s.numbers[signedChunk{c, p.sign}])
	}
}

// Kinds of lists, and their version; see docs/formats/state.md.
const (
	listVersion = 6

	kindFlat        = 1
	kindArrangement = 2
)

// writeHeader begins a list.
func writeHeader(e *piece.Encoder, kind uint64, types []sqltype.OID) {
	e.Uint(listVersion)
	e.Uint(kind)
	e.Uint(uint64(len(types)))
	for _, t := range types {
		e.Uint(uint64(t))
	}
}

// readHeader expects what writeHeader wrote.
func readHeader(d *piece.Decoder, kind uint64, types []sqltype.OID) {
	expect(d, listVersion, "version")
	expect(d, kind, "kind")
	expect(d, uint64(len(types)), "number of columns")
	for _, t := range types {
		expect(d, uint64(t), "column type")
	}
}

// expect reads a number that must be v.
func expect(d *piece.Decoder, v uint64, what string) {
	if got := d.Uint(); got != v {
		d.Fail("%s is %d, not %d", what, got, v)
	}
}

// writeShape writes what the order of rows depends on.
func (o *RowOrder) writeShape(e *piece.Encoder) {
	e.Uint(uint64(o.keys))
	e.Uint(uint64(len(o.steps)))
	for _, s := range o.steps {
		e.Uint(s.shape())
	}
}

func (o *RowOrder) readShape(d *piece.Decoder) {
	expect(d, uint64(o.keys), "number of keys")
	expect(d, uint64(len(o.steps)), "order")
	for i := range o.steps {
		expect(d, o.steps[i].shape(), "order")
	}
}

func (s *step) shape() uint64 {
	code := uint64(s.col) << 2
	if s.desc {
		code |= 1
	}
	if s.nullsFirst {
		code |= 2
	}
	return code
}
