package session

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/temprun"
)

// gathered are the rows of a query, all of them before the first is used: in memory up to the
// statement's work memory, beyond it in a temporary run. Drop them.
type gathered struct {
	types []sqltype.OID
	rows  *delta.BatchBuilder
	held  *holding
	room  int64         // of rows, before they go to the run
	file  *temprun.File // nil: everything is in memory
	run   *temprun.Writer
	runs  []*temprun.Run // that each has ended
}

func (s *Session) newGathered(types []sqltype.OID) *gathered {
	g := &gathered{types: types, rows: delta.NewBatchBuilder(types), held: s.hold()}
	if room := s.workMemory(); s.db.Temp != nil && room > 0 {
		g.room, g.file = room, s.db.Temp.File(s.set.bytes("temp_file_limit"))
	}
	return g
}

// add takes the live rows of d, each as often as its weight says.
func (g *gathered) add(d *delta.Batch) error {
	if err := repeat(g.rows, d, g.held); err != nil || g.file == nil || int64(g.rows.Size()) < g.room {
		return err
	}
	return g.spill()
}

// spill moves the rows in memory behind those in the run.
func (g *gathered) spill() error {
	if g.run == nil {
		g.run = g.file.NewRun(g.types, int(min(g.room, copyBytes)))
	}
	b := g.rows.Batch()
	if err := g.run.Append(&b, nil); err != nil {
		return err
	}
	g.rows.Clear()
	return g.held.set(0)
}

// each visits all rows, in order. The batches are visit's until it returns. More rows may be added behind it.
func (g *gathered) each(visit func(b *delta.Batch) error) error {
	if g.run != nil {
		if err := g.spill(); err != nil {
			return err
		}
		run, err := g.run.Finish()
		if err != nil {
			return err
		}
		g.runs, g.run = append(g.runs, run), nil
	}
	var b delta.Batch
	for _, run := range g.runs {
		for r := run.Open(); ; {
			more, err := r.Next(&b)
			if err != nil {
				return err
			}
			if !more {
				break
			}
			if err := visit(&b); err != nil {
				return err
			}
		}
	}
	if b = g.rows.Batch(); b.Len == 0 {
		return nil
	}
	return visit(&b)
}

// drop gives back what the rows take.
func (g *gathered) drop() {
	g.held.drop()
	if g.file != nil {
		_ = g.file.Close() // its bytes are nobody's: an error leaves nothing to do
	}
}
