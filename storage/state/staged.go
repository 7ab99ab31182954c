package state

import "fmt"

// What is prepared may be large, in many pieces, and read before it is linked: its owner sees it over
// a version that everybody else sees without it.

// With is the view v, which was just opened, with what prepared deltas add to it: of its arrangement, or of
// another one of the same rows. The sum must be a relation.
func With(v View, ps ...*Prepared) View {
	if len(ps) == 0 {
		return v
	}
	w := v.(*view)
	for _, p := range ps {
		if p.run != nil {
			w.unlinked = append(w.unlinked, p.run)
			w.rows += p.run.rows
		}
	}
	return w
}

// Join makes one of prepared deltas of the arrangement, or of another one of the same rows, whose sum it is;
// they are discarded. On an error they are as they were. breathe is as for Prepare.
func (a *RunSet) Join(ps []*Prepared, breathe func() error) (p *Prepared, err error) {
	defer recovered(&err)
	var runs []*run
	for _, p := range ps {
		if p.run != nil {
			runs = append(runs, p.run)
		}
	}
	made := &Prepared{set: a}
	r, err := mergeRuns(a.order, a.tier(), asParts(runs), breathe)
	if err != nil {
		return nil, err
	}
	held := int64(0) // by them, from now on by made
	for _, p := range ps {
		held += p.charged
	}
	made.charged = held
	if err := made.settle(r.bytes()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOutOfMemory, err)
	}
	for _, p := range ps {
		p.run, p.charged = nil, 0
	}
	if r.n > 0 {
		made.run = r
	}
	return made, nil
}

// settle makes what is charged so many bytes, up or down.
func (p *Prepared) settle(bytes int64) error {
	if bytes > p.charged {
		return p.reserve(bytes)
	}
	p.set.giveBack(p.charged - bytes)
	p.charged = bytes
	return nil
}

// Cool puts what is prepared on the local disk while memory is short. Who waits long with it before he
// links it calls it now and then.
func (p *Prepared) Cool() {
	t := p.set.tier()
	if p.run == nil || !t.isShort() {
		return
	}
	for _, c := range p.run.chunks {
		if c.hot.Load() == nil || c.size.Load() < minCold {
			continue
		}
		cold, err := t.write(p.set.order, c)
		if err != nil {
			break // memory is what there is
		}
		if cold != nil {
			c.become(cold)
		}
	}
	_ = p.settle(p.run.bytes()) // not more than before: it cannot fail
}
