package state

import (
	"fmt"
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
)

// Prepared is a delta made into a run before it has a version: sorted, in blocks, its memory
// charged. Whoever makes it does the work; to Link it takes as long for a million rows as for one.
// Link or Discard it, once.
type Prepared struct {
	set     *RunSet
	run     *run // nil: no rows
	charged int64
}

// preparer is what Prepare works with.
type preparer struct {
	builder *runBuilder
	rows    []int32
	sorter  sorter
}

// prepareRun makes a run of d with a preparer at rest.
func prepareRun(idle *sync.Pool, o *RowOrder, tier *Tier, d *delta.Batch, breathe func() error) (*run, error) {
	return withPreparer(idle, o, tier, func(w *preparer) (*run, error) {
		if err := w.build(o, d, breathe); err != nil {
			return nil, err
		}
		return w.builder.finish(), nil
	})
}

// withPreparer makes a run with a preparer at rest; what is half built is not used again.
func withPreparer(idle *sync.Pool, o *RowOrder, tier *Tier, made func(w *preparer) (*run, error)) (*run, error) {
	w, _ := idle.Get().(*preparer)
	if w == nil {
		w = &preparer{builder: newRunBuilder(o, tier)}
	}
	r, err := made(w)
	if err == nil && cap(w.rows) <= maxPooled/16 {
		idle.Put(w)
	}
	return r, err
}

// Prepare makes d, which it does not keep, a run of the arrangement. Memory is asked of
// Options.Reserve first, so that a refusal comes while it can still be obeyed. breathe, if not nil,
// ends the work with its error. It touches nothing of the arrangement: any goroutine may call it.
func (a *RunSet) Prepare(d *delta.Batch, breathe func() error) (p *Prepared, err error) {
	p = &Prepared{set: a}
	defer func() {
		if err != nil {
			p.Discard()
		}
	}()
	defer recovered(&err)
	if d.Rows() == 0 {
		return p, nil
	}
	if err := checkValues(d); err != nil {
		return p, err
	}
	if a.tier() == nil { // with one, chunks go to disk as they are made
		if err := p.reserve(d.Size()); err != nil {
			return p, err
		}
	}
	r, err := prepareRun(&a.preparers, a.order, a.tier(), d, breathe)
	if err != nil {
		return p, err
	}
	if r.n > 0 {
		p.run = r
	}
	return p, p.reserve(r.bytes())
}

// reserve makes what is charged so many bytes.
func (p *Prepared) reserve(bytes int64) error {
	more := bytes - p.charged
	ask := p.set.options.Reserve
	if ask == nil || more <= 0 {
		ask = p.set.options.Account
	}
	if ask == nil || more == 0 {
		return nil
	}
	err := ask(more)
	if tier := p.set.tier(); err != nil && tier != nil {
		tier.relieve(more)
		err = ask(more)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	p.charged = bytes
	return nil
}

// build puts the rows of d into the builder: sorted, equal ones together.
func (w *preparer) build(o *RowOrder, d *delta.Batch, breathe func() error) (err error) {
	w.rows = w.rows[:0]
	if d.Sel != nil {
		w.rows = append(w.rows, d.Sel...)
	} else {
		for i := range int32(d.Len) {
			w.rows = append(w.rows, i)
		}
	}
	var stopped func() bool
	if breathe != nil {
		stopped = func() bool {
			err = breathe()
			return err != nil
		}
	}
	w.sorter.sort(o, d.Cols, w.rows, stopped)
	if err != nil {
		return err
	}
	from := &block{cols: d.Cols, n: int32(d.Len)}
	for i := 0; i < len(w.rows); {
		row, weight := w.rows[i], d.Weight(w.rows[i])
		for i++; i < len(w.rows) && o.Compare(d.Cols, row, d.Cols, w.rows[i]) == 0; i++ {
			weight += d.Weight(w.rows[i])
		}
		if weight != 0 && w.builder.add(from, row, weight) && breathe != nil {
			if err := breathe(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Of reports whether p was prepared for a.
func (p *Prepared) Of(a *RunSet) bool { return p.set == a }

// Discard gives the memory of what will not be linked back. After Link it does nothing.
func (p *Prepared) Discard() {
	p.set.giveBack(p.charged)
	p.run, p.charged = nil, 0
}

// Link publishes prepared deltas as version v, as Publish would. Several are one version's; what is
// small of them becomes one run. Only of small ones is it proven that no weight falls below 0; a
// merge proves it of the others. REQUIRES: nothing is appended and not yet published.
func (a *RunSet) Link(v CommitSeq, ps ...*Prepared) (err error) {
	defer recovered(&err)
	cur, err := a.healthy()
	if err != nil {
		return err
	}
	if v < cur.seq {
		return fmt.Errorf("link version %d of an arrangement at %d", v, cur.seq)
	}
	if err := a.joinSmall(ps); err != nil {
		return err
	}
	empty := true
	for _, p := range ps {
		r := p.run
		if r == nil {
			continue
		}
		if r.negatives <= inlineRows {
			if err := a.checkWeights(a.current(), r); err != nil {
				return err
			}
		}
		empty = false
		a.install(v, r)
		p.run, p.charged = nil, 0 // the arrangement's now
	}
	if empty {
		a.install(v, nil)
	}
	a.balance()
	return nil
}

// joinSmall makes one run of several that have few rows together, in the place of the first.
func (a *RunSet) joinSmall(ps []*Prepared) error {
	var runs []*run
	rows := int64(0)
	for _, p := range ps {
		if p.run != nil {
			runs = append(runs, p.run)
			rows += p.run.n
		}
	}
	if len(runs) < 2 || rows > inlineRows {
		return nil
	}
	m, err := mergeRuns(a.order, a.tier(), asParts(runs), nil)
	if err != nil {
		return err
	}
	if err := a.charge(m.bytes()); err != nil {
		return err
	}
	for _, p := range ps {
		p.Discard()
	}
	if m.n > 0 {
		ps[0].run = m
	}
	ps[0].charged = m.bytes()
	return nil
}
