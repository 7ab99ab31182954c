package lane

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// ReadMode is the setting read_mode.
type ReadMode uint8

const (
	ReadStrict    ReadMode = iota // everything acknowledged before is seen
	ReadAvailable                 // the newest version that is there, without waiting
)

// Pin is one version of everything a statement touches. Release it.
type Pin struct {
	r       *Runtime
	version log.CommitSeq
	views   []state.View // held so that their versions stay readable
}

// Version that the pin holds.
func (p *Pin) Version() log.CommitSeq { return p.version }

// Hold adds relations that a later statement of the same snapshot touches. What has been merged
// away meanwhile is "snapshot too old".
func (p *Pin) Hold(ctx context.Context, rels []catalog.OID) error {
	for _, oid := range rels {
		if err := p.r.waitCovered(ctx, oid, p.version); err != nil {
			return err
		}
		if err := p.r.cfg.Tables.Reached(ctx, oid, p.version); err != nil {
			return err
		}
	}
	return nil
}

// Release lets the version go; once.
func (p *Pin) Release() {
	for _, v := range p.views {
		v.Release()
	}
	p.r.mu.Lock()
	p.r.mu.pins.remove(p.version)
	p.r.mu.Unlock()
}

// Pin picks the version S a statement reads and waits until the relations it touches have it.
func (r *Runtime) Pin(ctx context.Context, rels []catalog.OID, mode ReadMode) (*Pin, error) {
	if r.cfg.StrictReadTimeout > 0 && mode == ReadStrict && len(rels) > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, r.cfg.StrictReadTimeout, errStrictTimeout)
		defer cancel()
	}
	p, err := r.pinNewest(mode)
	if err != nil {
		return nil, err
	}
	if err := r.settle(ctx, p, rels, mode); err != nil {
		p.Release()
		return nil, r.nameLaggard(err, rels, p.version)
	}
	return p, nil
}

var errStrictTimeout = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to strict_read_timeout")

// pinNewest picks S under the mutex, so that no tick has started past it.
func (r *Runtime) pinNewest(mode ReadMode) (*Pin, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.mu.at
	if mode == ReadStrict {
		var err error
		if v, err = r.cfg.Log.Newest(r.ctx, false); err != nil {
			return nil, err
		}
	}
	r.addPinLocked(v)
	return &Pin{r: r, version: v}, nil
}

// settle waits for the derived streams, then for the views, and opens what will be read.
func (r *Runtime) settle(ctx context.Context, p *Pin, rels []catalog.OID, mode ReadMode) error {
	if mode == ReadStrict {
		if err := r.settleDerived(ctx, p, rels); err != nil {
			return err
		}
	}
	for _, oid := range rels {
		if mode == ReadStrict {
			if err := r.waitCovered(ctx, oid, p.version); err != nil {
				return err
			}
		}
		if err := r.cfg.Tables.Reached(ctx, oid, p.version); err != nil {
			return err
		}
		if err := r.hold(p, oid); err != nil {
			return err
		}
	}
	return nil
}

// settleDerived moves the pin past the last output of every derived stream that the relations
// are made from: the streams' input up to S is then in them.
func (r *Runtime) settleDerived(ctx context.Context, p *Pin, rels []catalog.OID) error {
	for _, oid := range r.derivedBelow(rels) {
		if err := r.waitDerived(ctx, oid, p.version); err != nil {
			return err
		}
		r.mu.Lock()
		if m := r.mu.members[oid]; m != nil && m.sink.lastCommit > p.version {
			r.mu.pins.remove(p.version)
			p.version = m.sink.lastCommit
			r.addPinLocked(p.version)
		}
		r.mu.Unlock()
	}
	return nil
}

// waitDerived waits until a derived stream has put out what its input up to v makes. While failed
// rows hold that back, its readers are told so as readers of a view are.
func (r *Runtime) waitDerived(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	return r.waitFor(ctx, func() (bool, error) {
		m, ok := r.mu.members[oid]
		switch {
		case !ok:
			return false, errDropped
		case m.state == memberFailed:
			return false, m.failure()
		case m.ticked && m.frontier >= v:
			return true, nil
		case m.state == memberError && !m.again && (m.seen >= v || m.full):
			return false, m.err
		}
		return false, nil
	})
}

// derivedBelow lists the sinks and derived streams that write what rels read, directly or through
// others, inputs first. A stream bound to a sink's topic is written by that sink.
func (r *Runtime) derivedBelow(rels []catalog.OID) []catalog.OID {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []catalog.OID
	seen := map[catalog.OID]bool{}
	var visit func(oid catalog.OID)
	visit = func(oid catalog.OID) {
		m, ok := r.mu.members[oid]
		if !ok || seen[oid] {
			return
		}
		seen[oid] = true
		for _, up := range m.views {
			visit(up)
		}
		for _, f := range m.topics.Topics {
			for _, writer := range r.mu.writers[f.Topic] {
				visit(writer)
			}
		}
		if m.sink != nil {
			found = append(found, oid)
		}
	}
	snap := r.cfg.Catalog.Now()
	for _, oid := range rels {
		visit(oid)
		rel, ok := snap.ByOID(oid)
		if ok && rel.Kind == catalog.KindErrors {
			visit(rel.Parent)
			if rel.ListsRows() { // they are there although its output is not
				found = slices.DeleteFunc(found, func(oid catalog.OID) bool { return oid == rel.Parent })
				continue
			}
			rel, ok = snap.ByOID(rel.Parent)
		}
		if ok && rel.Kind == catalog.KindStream {
			for _, writer := range r.mu.writers[rel.Topic] {
				visit(writer)
			}
		}
	}
	return found
}

// waitCovered waits until the relation's content at v is complete. Relations that are no
// member (tables, plain streams) always are.
func (r *Runtime) waitCovered(ctx context.Context, oid catalog.OID, v log.CommitSeq) error {
	return r.waitFor(ctx, func() (bool, error) {
		m := r.ownerLocked(oid)
		if m != nil && m.sink != nil && m.rel.OID != oid { // its error relation
			return m.state == memberFailed || m.ticked && (m.seen >= v || m.full), nil
		}
		return r.coveredLocked(m, v)
	})
}

// ownerLocked is the member behind a relation: itself, or the view whose errors it shows.
func (r *Runtime) ownerLocked(oid catalog.OID) *member {
	if m, ok := r.mu.members[oid]; ok {
		return m
	}
	if rel, ok := r.cfg.Catalog.Now().ByOID(oid); ok && rel.Kind == catalog.KindErrors {
		return r.mu.members[rel.Parent]
	}
	return nil
}

func (r *Runtime) coveredLocked(m *member, v log.CommitSeq) (bool, error) {
	if m == nil || m.sink != nil {
		return true, nil
	}
	if m.state == memberFailed {
		return false, m.failure()
	}
	if !m.ticked || m.frontier >= v {
		return m.ticked, nil
	}
	if len(m.topics.Topics) > 0 && r.cfg.Log.Touched(m.topics, v) > m.frontier {
		return false, nil
	}
	for _, up := range m.views {
		upstream := r.mu.members[up]
		if upstream == nil {
			continue
		}
		if ok, err := r.coveredLocked(upstream, v); !ok || err != nil || upstream.changed > m.frontier {
			return false, err
		}
	}
	return true, nil
}

// hold opens the relation's contents at the pin's version, so that they cannot be merged away.
func (r *Runtime) hold(p *Pin, oid catalog.OID) error {
	in := liveInputs{r: r}
	v, err := in.hold(oid, p.version)
	if err != nil {
		return err
	}
	p.views = append(p.views, v...)
	return nil
}

// nameLaggard says who kept a strict read waiting.
func (r *Runtime) nameLaggard(err error, rels []catalog.OID, v log.CommitSeq) error {
	if err != error(errStrictTimeout) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, oid := range rels {
		if m := r.ownerLocked(oid); m != nil {
			if ok, _ := r.coveredLocked(m, v); !ok {
				return sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to strict_read_timeout").
					WithDetail("%s %q is at version %d, the read needs %d.", m.rel.Kind, m.rel.Name, m.frontier, v).
					WithHint("SET read_mode = 'available' reads what is there.")
			}
		}
	}
	return err
}
