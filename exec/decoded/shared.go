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

	wait   Wait
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

// Wait waits until done is closed; it gives up what others need meanwhile.
type Wait func(ctx context.Context, done <-chan struct{}) error

func justWait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Open makes a Feed that shares with the others that the cache knows of. wait, which may be nil, is
// how it waits for one of them.
func (c *Cache) Open(l log.Log, rel *catalog.Relation, want []int, wait Wait) (Feed, error) {
	own, err := openAlone(l, rel, want)
	if err != nil {
		return nil, err
	}
	if wait == nil {
		wait = justWait
	}
	f := &shared{cache: c, rel: rel, want: want, own: own, wait: wait}
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
			f.ready = nil
			if e.last {
				f.at = e.at
			}
		}
		if f.at >= f.to {
			return nil, nil, nil
		}
		if err := f.turn(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// turn goes on in the commit at hand, or to the next one: the cache has it, or there is none, or it is
// decoded.
func (f *shared) turn(ctx context.Context) error {
	if f.maker.within() {
		return f.decode(ctx)
	}
	if e := f.cache.after(f, f.at); e != nil {
		f.take(e)
		return nil
	}
	if !f.maker.on {
		if !f.maker.records.touched(f.at, f.to) {
			f.at = f.to
			return nil
		}
		columns := f.cache.wanted(f)
		if columns == nil { // the others have left meanwhile
			columns = newColumnSet(f.want)
		}
		if err := f.maker.begin(ctx, f.rel, columns, f.at, f.to); err != nil {
			return err
		}
	}
	at, err := f.maker.peek(ctx)
	if errors.Is(err, io.EOF) {
		f.maker.end()
		f.at = f.to
		return nil
	}
	if err != nil {
		return err
	}
	e, mine, err := f.claim(ctx, at)
	if err != nil || e != nil {
		f.take(e)
		return err
	}
	if mine {
		defer f.cache.release(f, at) // also when a panic passes
	}
	return f.decode(ctx)
}

// claim waits while another decodes the commit; e is what came of that. mine tells that others wait
// for this one now.
func (f *shared) claim(ctx context.Context, at log.CommitSeq) (e *entry, mine bool, err error) {
	for {
		e, busy, mine := f.cache.claim(f, at)
		if busy == nil {
			return e, mine, nil
		}
		if err := f.wait(ctx, busy); err != nil {
			return nil, false, err
		}
	}
}

// take gives out an entry of the cache.
func (f *shared) take(e *entry) {
	if e == nil {
		return
	}
	f.maker.end()
	if e.at > f.to {
		f.at = f.to
		return
	}
	f.ready, f.part = e, 0
}

// decode makes the commit at hand ready, or as much of it as one entry may have.
func (f *shared) decode(ctx context.Context) error {
	e, err := f.maker.decode(ctx)
	if err != nil {
		return err
	}
	f.cache.publish(f, e)
	f.ready, f.part = e, 0
	return nil
}

// Divide implements Feed. What is decoded for others too is not read in parts: those who read it are at work
// beside each other.
func (f *shared) Divide() bool { return f.single && f.own.Divide() }

// NextPart implements Feed.
func (f *shared) NextPart(ctx context.Context, bytes int, old *Part) (*Part, error) {
	return f.own.NextPart(ctx, bytes, old)
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
