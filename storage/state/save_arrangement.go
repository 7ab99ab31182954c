package state

import (
	"io"
)

// Save writes the published version as a checkpoint section, with the versions from `from` on:
// a restored arrangement answers At and Changes as this one does for them. (A table's dependents
// replay from their checkpoint; operators need no history and pass the newest version.) What is
// not published is not saved.
func (a *RunSet) Save(w io.Writer, from CommitSeq) error {
	v, err := a.At(^CommitSeq(0))
	if err != nil {
		return err
	}
	defer v.Release()
	return SaveView(w, v, from)
}

// Since is the oldest version that the arrangement of v could still open when v was opened.
func Since(v View) CommitSeq { return v.(*view).version.since }

// SaveView is Save of the version that v, a view of a RunSet's At, holds. The arrangement may be
// written meanwhile: v is immutable, so this runs in any goroutine. Nothing is merged, and nothing
// larger than a block is built.
func SaveView(w io.Writer, v View, from CommitSeq) (err error) {
	defer recovered(&err)
	view := v.(*view)
	parts, err := view.parts()
	if err != nil {
		return err
	}
	s := saving{f: newFrameWriter(w), numbers: map[piece]uint32{}}
	order := view.set.order
	s.f.writeHeader(kindArrangement, order.types)
	order.writeShape(s.f)
	deltas, since := view.history(from)
	if err := s.pieces(parts, deltas); err != nil {
		return err
	}
	s.f.u64(uint64(since))
	s.f.u64(uint64(view.seq))
	s.f.u32(uint32(len(parts)))
	for _, p := range parts {
		s.run(p)
	}
	s.f.u32(uint32(len(deltas)))
	for _, d := range deltas {
		s.f.u64(uint64(d.seq))
		s.run(part{d.run, 1})
	}
	return s.f.close()
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

// piece is a chunk as it is written: with its weights, or with the opposite ones.
type piece struct {
	c    *chunk
	sign int64
}

// saving writes an arrangement's section.
type saving struct {
	f       *frameWriter
	numbers map[piece]uint32 // of the pieces written, from 0
}

// pieces writes every chunk once, and a 0 behind the last.
func (s *saving) pieces(parts []part, deltas []published) error {
	for _, p := range parts {
		if err := s.chunks(p); err != nil {
			return err
		}
	}
	for _, d := range deltas {
		if err := s.chunks(part{d.run, 1}); err != nil {
			return err
		}
	}
	s.f.u32(0)
	return nil
}

func (s *saving) chunks(p part) error {
	for _, c := range p.r.chunks {
		key := piece{c, p.sign}
		if _, ok := s.numbers[key]; ok {
			continue
		}
		s.numbers[key] = uint32(len(s.numbers))
		s.f.u32(uint32(c.blockCount()))
		for k := range c.blockCount() {
			b, err := c.encoded(k, p.sign)
			if err != nil {
				return err
			}
			s.f.u64(uint64(len(b)))
			if _, err := s.f.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// run writes which pieces a run is.
func (s *saving) run(p part) {
	s.f.u32(uint32(len(p.r.chunks)))
	for _, c := range p.r.chunks {
		s.f.u32(s.numbers[piece{c, p.sign}])
	}
}

// writeShape writes what the order of rows depends on.
func (o *RowOrder) writeShape(f *frameWriter) {
	f.u32(uint32(o.keys))
	f.u32(uint32(len(o.steps)))
	for _, s := range o.steps {
		f.u32(s.shape())
	}
}

func (s *step) shape() uint32 {
	code := uint32(s.col) << 2
	if s.desc {
		code |= 1
	}
	if s.nullsFirst {
		code |= 2
	}
	return code
}
