package meter

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/memory"
)

// Meter is what a piece of work may use.
type Meter struct {
	owner *memory.Owner
	// pause is where the work gives its processor up to others; nil = nowhere.
	pause func(ctx context.Context) error
	// relieve makes others give memory up; nil = nobody can.
	relieve func(bytes int64)

	attention *atomic.Bool    // shared with the meters made by Limited
	ctx       context.Context // of the work under way
	err       error           // why it stops, kept until the next Begin

	// Of a meter that is kept: what it watches between two pieces of work, and how to leave that.
	kept    bool
	watched context.Context
	leave   func() bool
}

// New makes a meter that charges owner (nil = nobody). pause, if not nil, is called by Breathe
// after Attend.
func New(owner *memory.Owner, pause func(ctx context.Context) error) *Meter {
	return &Meter{owner: owner, pause: pause, attention: new(atomic.Bool)}
}

// Limited is a meter for a part of the work, which ends with it and charges owner instead. The
// part may run out of memory and the work go on.
func (m *Meter) Limited(owner *memory.Owner) *Meter {
	if m == nil {
		return New(owner, nil)
	}
	return &Meter{owner: owner, pause: m.pause, attention: m.attention, ctx: m.ctx}
}

// Fork is a meter for a part of the work in a goroutine of its own, which ends before the work does: it
// charges the same owner, and what ends it is the context that it begins with.
func (m *Meter) Fork() *Meter {
	if m == nil {
		return nil
	}
	return New(m.owner, nil)
}

// Begin starts work that ends with ctx; call end when it is over.
func (m *Meter) Begin(ctx context.Context) (end func()) {
	if m == nil {
		return nothing
	}
	m.ctx, m.err = ctx, nil
	m.attention.Store(false)
	if m.kept {
		m.watch(ctx)
		return nothing
	}
	stop := context.AfterFunc(ctx, m.Attend)
	return func() { stop() }
}

// Keep lets the watch of a context stand when the work ends, for more work under the same one: a
// watch is what is dear in a short piece of work. Leave ends it.
func (m *Meter) Keep() { m.kept = true }

// Leave ends the watch of a meter that is kept.
func (m *Meter) Leave() {
	if m.leave != nil {
		m.leave()
	}
	m.watched, m.leave = nil, nil
}

func (m *Meter) watch(ctx context.Context) {
	if m.watched != ctx {
		m.Leave()
		m.watched, m.leave = ctx, context.AfterFunc(ctx, m.Attend)
	}
	if ctx.Err() != nil { // it may have ended before the attention was taken back
		m.attention.Store(true)
	}
}

func nothing() {}

// Attend makes the next Breathe look up. Anyone may call it.
func (m *Meter) Attend() { m.attention.Store(true) }

// Breathe tells whether to go on: the error is why not, the same until the work ends.
func (m *Meter) Breathe() error {
	if m == nil || (!m.attention.Load() && m.err == nil) {
		return nil
	}
	return m.lookUp()
}

func (m *Meter) lookUp() error {
	if m.err != nil {
		return m.err
	}
	m.attention.Store(false)
	if m.ctx != nil && m.ctx.Err() != nil {
		m.attention.Store(true) // who shares it is to see it too
		return m.Stop(context.Cause(m.ctx))
	}
	if m.pause != nil && m.ctx != nil { // before Begin there is nothing to stand still
		if err := m.pause(m.ctx); err != nil {
			return m.Stop(err)
		}
	}
	return nil
}

// Context is that of the work under way, for what waits in the midst of it; nil = of work that nothing ends.
func (m *Meter) Context() context.Context {
	if m == nil {
		return nil
	}
	return m.ctx
}

// Stop ends the work with err, as every Breathe from now on says. Without an error it does
// nothing.
func (m *Meter) Stop(err error) error {
	if m != nil && err != nil && m.err == nil {
		m.err = err
	}
	return err
}

// Err is why the work stopped, nil while it goes on.
func (m *Meter) Err() error {
	if m == nil {
		return nil
	}
	return m.err
}

// Charge takes bytes before they are used (negative gives them back). A refusal takes nothing
// and stops nothing: who cannot do without says so with Stop.
func (m *Meter) Charge(bytes int64) error {
	if m == nil || m.owner == nil || bytes == 0 {
		return nil
	}
	err := m.owner.Charge(bytes)
	if err != nil && m.relieve != nil {
		m.relieve(bytes)
		err = m.owner.Charge(bytes)
	}
	return err
}

// RelievedBy makes a charge that is refused be tried once more behind relieve, which is told how many bytes
// there should be room for.
func (m *Meter) RelievedBy(relieve func(bytes int64)) { m.relieve = relieve }

// Close gives back all that was charged.
func (m *Meter) Close() {
	if m != nil && m.owner != nil {
		m.owner.Drop()
	}
}
