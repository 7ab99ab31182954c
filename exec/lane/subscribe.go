package lane

import (
	"cmp"
	"context"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// Subscriber takes what a subscription sends: complete ticks.
type Subscriber interface {
	// Changes takes a consolidated delta of version v, borrowed. The first version is the
	// snapshot.
	Changes(v log.CommitSeq, d *delta.Batch) error
	// Tick says that everything of version v was given.
	Tick(v log.CommitSeq) error
	// Idle says that everything up to version v was given, and that the subscription waits for a commit that
	// may change something.
	Idle(v log.CommitSeq)
}

// Subscribe runs a query for ever: first its content at the newest version, then every change,
// until ctx ends or the subscriber returns an error. It ticks in the caller's goroutine, bounded
// by m.
func (r *Runtime) Subscribe(ctx context.Context, q *plan.Query, args []delta.Column, m *meter.Meter, to Subscriber) error {
	pin, err := r.Pin(ctx, relationOIDs(q), ReadAs{Owner: "subscription", Renewed: true})
	if err != nil {
		return err
	}
	if ok, err := r.Fits(ctx, q, pin.version); !ok || err != nil {
		pin.Release()
		return cmp.Or(err, error(ErrMoved))
	}
	states := flow.NewStates(m.Charge, r.cfg.Merges)
	defer states.Drop()
	f, err := flow.New(q.Root, r.builder(r.Inputs(), r.cfg.Log), states)
	if err != nil {
		pin.Release()
		return err
	}
	defer f.Close()
	env := flow.Env{Values: flow.Values{Session: &q.Settings, Args: args, Meter: m}}
	if err := f.Open(env); err != nil {
		pin.Release()
		return err
	}
	var last *Pin // of the version that changes are read from
	for {
		t := exec.Tick{To: pin.version, Time: r.cfg.Log.CommitTime(pin.version)}
		t.Now = t.Time
		if last != nil {
			t.From = last.version
		}
		err := r.subscriptionTick(ctx, f, t, q, m, to)
		if last != nil {
			if err != nil {
				err = cmp.Or(r.pinEnded(last), err)
			}
			last.Release() // not before: others would take its changes together under the tick
		}
		if last = pin; err == nil {
			err = r.pinEnded(last)
		}
		if err == nil {
			to.Idle(last.version)
			if err = r.gather(ctx, q.Every); err == nil {
				pin, err = r.nextForSubscription(ctx, q, last.version, f.Wake())
			}
		}
		if err != nil {
			last.Release()
			return err
		}
	}
}

func (r *Runtime) subscriptionTick(ctx context.Context, f *flow.Flow, t exec.Tick, q *plan.Query, m *meter.Meter, to Subscriber) error {
	send := func(d *delta.Batch) error { return to.Changes(t.To, d) }
	if q.Root.Props().AppendOnly {
		return r.passOn(ctx, f, t, len(q.Fields), send, to)
	}
	out := &subscriptionOut{rows: newConsolidator(len(q.Fields), m), meter: m}
	defer out.free()
	if _, err := f.Run(ctx, t, out); err != nil {
		return err
	}
	if err := out.errs.left(); err != nil {
		return err
	}
	wrote, err := out.rows.each(send)
	if err != nil || (!wrote && t.From != 0) {
		return err
	}
	return to.Tick(t.To)
}

// gather waits until EMIT EVERY lets the next tick begin: what is committed meanwhile comes together.
func (r *Runtime) gather(ctx context.Context, every time.Duration) error {
	if every == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.cfg.Clock.After(every):
		return nil
	}
}

// passOn sends rows as they come: where none is ever taken back nothing has to be gathered, and
// a client that does not read costs no more than a batch.
func (r *Runtime) passOn(ctx context.Context, f *flow.Flow, t exec.Tick, width int, send flow.OutFunc, to Subscriber) error {
	wrote := false
	root := &result{width: width, out: flow.OutFunc(func(d *delta.Batch) error {
		wrote = true
		return send(d)
	})}
	if _, err := f.Run(ctx, t, root); err != nil {
		return err
	}
	if !wrote && t.From != 0 {
		return nil
	}
	return to.Tick(t.To)
}

// subscriptionOut gathers a tick, so that what cancels inside is never sent.
type subscriptionOut struct {
	rows    *consolidator
	errs    errorCount
	meter   *meter.Meter
	charged int64
}

// gatheredCopies is how often a gathered row is there while it is put in order and sent.
const gatheredCopies = 2

// free gives back what was gathered.
func (o *subscriptionOut) free() { _ = o.meter.Charge(-o.charged) } // giving back never fails

func (o *subscriptionOut) Emit(d *delta.Batch) error {
	for _, e := range d.Errs {
		if err := o.errs.count(e.Err, d.Weight(e.Row)); err != nil {
			return err
		}
	}
	more := gatheredCopies * d.Size()
	if err := o.meter.Charge(more); err != nil {
		return err
	}
	o.charged += more
	o.rows.add(d)
	return nil
}

// pinEnded tells why a version that changes are read from is gone; nil if it is there.
func (r *Runtime) pinEnded(p *Pin) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return p.ended
}

// nextForSubscription waits for a commit that touches the query and pins the newest version. wake is when the query
// changes by itself.
func (r *Runtime) nextForSubscription(ctx context.Context, q *plan.Query, after log.CommitSeq, wake time.Time) (*Pin, error) {
	for {
		if err := r.waitMoved(ctx, q, after, wake); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, err
		}
		pin, err := r.Pin(ctx, relationOIDs(q), ReadAs{Owner: "subscription", Renewed: true})
		if err != nil {
			return nil, err
		}
		ok, err := r.Fits(ctx, q, pin.version)
		if err == nil && !ok {
			err = sqlerr.New(sqlerr.FeatureNotSupported, "cached plan must not change result type").
				WithDetail("A column that the subscription reads has another type now.").WithHint("Subscribe again.")
		}
		if pin.version > after && err == nil {
			return pin, nil
		}
		pin.Release()
		if err != nil {
			return nil, err
		}
	}
}

// Touched: a commit past version v, and durable by now, may change what a query gives.
func (r *Runtime) Touched(ctx context.Context, q *plan.Query, v log.CommitSeq) (bool, error) {
	snap := r.cfg.Catalog.Now()
	for _, oid := range relationOIDs(q) {
		if _, ok := snap.ByOID(oid); !ok {
			return false, errDropped
		}
	}
	newest, err := r.cfg.Log.Newest(ctx, false)
	if err != nil {
		return false, err
	}
	return r.moved(q, v, newest) || r.awaitedAt(q, newest), nil
}

// moved reports whether what a query reads may have changed in (from, to].
func (r *Runtime) moved(q *plan.Query, from, to log.CommitSeq) bool {
	rels := relationOIDs(q)
	if topics := r.topicsBelow(rels); len(topics.Topics) > 0 && r.cfg.Log.Touched(topics, to) > from {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.movedLocked(r.clocksBelowLocked(rels), from, to)
}

// waitMoved waits for a commit behind `after` that may change what a query gives.
func (r *Runtime) waitMoved(ctx context.Context, q *plan.Query, after log.CommitSeq, wake time.Time) error {
	r.mu.Lock()
	timed := !wake.IsZero() || len(r.clocksBelowLocked(relationOIDs(q))) > 0
	r.mu.Unlock()
	if !timed {
		_, err := r.cfg.Log.Wait(ctx, r.topicsBelow(relationOIDs(q)), after)
		return err
	}
	if !wake.IsZero() {
		end := r.awaitTime(q, wake)
		defer end()
	}
	for newest := after; ; {
		var err error
		if newest, err = r.cfg.Log.Wait(ctx, log.Filter{}, newest); err != nil {
			return err
		}
		if r.moved(q, after, newest) || !wake.IsZero() && !r.cfg.Log.CommitTime(newest).Before(wake) {
			return nil
		}
	}
}

// topicsBelow are the topics that the relations are made from, directly or through views.
func (r *Runtime) topicsBelow(rels []catalog.OID) log.Filter {
	snap := r.cfg.Catalog.Now()
	var f log.Filter
	seen := map[catalog.OID]bool{}
	var visit func(oid catalog.OID)
	visit = func(oid catalog.OID) {
		rel, ok := snap.ByOID(oid)
		if !ok || seen[oid] {
			return
		}
		seen[oid] = true
		if rel.Topic != (log.TopicID{}) {
			f.Topics = append(f.Topics, log.TopicFilter{Topic: rel.Topic})
			return
		}
		if rel.Kind == catalog.KindErrors {
			visit(rel.Parent)
		}
		for _, up := range rel.DependsOn {
			visit(up)
		}
	}
	for _, oid := range rels {
		visit(oid)
	}
	return f
}

func relationOIDs(q *plan.Query) []catalog.OID {
	out := make([]catalog.OID, len(q.Relations))
	for i, id := range q.Relations {
		out[i] = catalog.OID(id)
	}
	return out
}
