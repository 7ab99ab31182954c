package decoded

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
)

// borrowRows is from how many rows on a part is given out as it is; smaller ones are copied together.
const borrowRows = 1024

// shared is a Feed that decodes for others, and takes what they have decoded.
type shared struct {
	cache *Cache
	shelf *shelf // guarded by the cache
	rel   *catalog.Relation
	want  []int

	own    *alone // while nobody else reads the stream
	single bool   // this range is read by it

	at, to log.CommitSeq // all up to at is given out, or in ready
	ready  *entry        // being given out
	part   int           // next of it

	maker maker // while this one decodes
	slots []int // where the wanted columns are in slotsOf
	// slotsOf is of the part given out last.
	slotsOf *columnSet
	outs    []*delta.Builder
	rows    Rows
}

// Open makes a Feed that shares with the others that the cache knows of.
func (c *Cache) Open(l log.Log, rel *catalog.Relation, want []int) (Feed, error) {
	own, err := openAlone(l, rel, want)
	if err != nil {
		return nil, err
	}
	f := &shared{cache: c, rel: rel, want: want, own: own}
	f.maker.most = c.most()
	f.maker.records = NewRecords(l, rel.Topic)
	for _, b := range own.filler.outs {
		f.outs = append(f.outs, delta.NewBuilder(b.Type()))
	}
	c.join(f)
	return f, nil
}

// Begin turns to a range. What begins at 0 is history, which nobody else reads at the same time, and
// begins at the log start; it is read alone.
func (f *shared) Begin(ctx context.Context, from, to log.CommitSeq) error {
	f.End()
	f.at, f.to = from, to
	if f.single = from == 0 || f.cache.wanted(f) == nil; f.single {
		return f.own.Begin(ctx, from, to)
	}
	return nil
}

func (f *shared) Next(ctx context.Context, dst *Rows) (bool, error) {
	if f.single {
		return f.own.Next(ctx, dst)
	}
	f.rows.clear()
	for _, b := range f.outs {
		b.Clear()
	}
	for f.rows.Len < rowsPerBatch {
		e, p, err := f.next(ctx)
		if err != nil {
			return false, err
		}
		if p == nil {
			f.finish(dst)
			return false, nil
		}
		f.rows.enter(e.at, e.micros)
		f.find(e.columns)
		if f.rows.Len == 0 && p.rows >= borrowRows {
			f.borrow(p, dst)
			return true, nil
		}
		f.copy(p)
	}
	f.finish(dst)
	return true, nil
}

// find sets slots for columns.
func (f *shared) find(columns *columnSet) {
	if f.slotsOf == columns {
		return
	}
	f.slotsOf, f.slots = columns, f.slots[:0]
	for _, c := range f.want {
		f.slots = append(f.slots, columns.at[c])
	}
}

// borrow gives out a part as it is.
func (f *shared) borrow(p *part, dst *Rows) {
	f.rows.added(p.rows)
	for _, s := range f.slots {
		f.rows.Cols = append(f.rows.Cols, p.cols[s])
	}
	*dst = f.rows
	dst.Partitions, dst.Offsets = p.partitions, p.offsets
}

// copy adds a part to what is given out.
func (f *shared) copy(p *part) {
	for i, s := range f.slots {
		f.outs[i].Gather(&p.cols[s], nil)
	}
	f.rows.Partitions = append(f.rows.Partitions, p.partitions...)
	f.rows.Offsets = append(f.rows.Offsets, p.offsets...)
	f.rows.added(p.rows)
}

func (f *shared) finish(dst *Rows) {
	for _, b := range f.outs {
		f.rows.Cols = append(f.rows.Cols, b.Column())
	}
	*dst = f.rows
}

// next is the next part of the range and the entry it is of, nil at the end.
func (f *shared) next(ctx context.Context) (*entry, *part, error) {
	for {
		if e := f.ready; e != nil {
			if f.part < len(e.parts) {
				f.part++
				return e, &e.parts[f.part-1], nil
			}
			f.at, f.ready = e.at, nil
		}
		switch {
		case f.maker.working():
			e, p, err := f.make(ctx)
			if err != nil || p != nil {
				return e, p, err
			}
		case f.at >= f.to:
			return nil, nil, nil
		default:
			if err := f.turn(ctx); err != nil {
				return nil, nil, err
			}
		}
	}
}

// turn goes to the next commit: the cache has it, or there is none, or the log is read.
func (f *shared) turn(ctx context.Context) error {
	if e := f.cache.after(f, f.at); e != nil {
		if e.at > f.to {
			f.at = f.to
			return nil
		}
		f.ready, f.part = e, 0
		return nil
	}
	if !f.maker.records.touched(f.at, f.to) {
		f.at = f.to
		return nil
	}
	columns := f.cache.wanted(f)
	if columns == nil { // the others have left meanwhile
		columns = newColumnSet(f.want)
	}
	return f.maker.begin(ctx, f.rel, columns, f.at, f.to)
}

// make decodes until there is a part, or the range is over; p is nil then. At a commit's end it turns
// to the cache again, where others may have got further.
func (f *shared) make(ctx context.Context) (*entry, *part, error) {
	e, p, whole, err := f.maker.next(ctx)
	if errors.Is(err, io.EOF) {
		f.at = f.to
		f.maker.end()
		return nil, nil, nil
	}
	if err != nil || !whole {
		return e, p, err
	}
	f.at = e.at
	f.cache.publish(f, e)
	if further := f.cache.after(f, f.at); further != nil && further.at <= f.to {
		f.maker.end()
		f.ready, f.part = further, 0
	}
	return e, p, nil
}

// End gives up the range.
func (f *shared) End() {
	f.own.End()
	f.maker.end()
	f.ready = nil
}

func (f *shared) Close() {
	if f.cache == nil {
		return
	}
	f.End()
	f.cache.leave(f)
	f.own.Close()
	f.maker.records.Close()
	f.cache = nil
}
