package flow

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/planner/plan"
)

// front is the steps from a source up to where something is kept, or rows are needed in their order. Each row
// goes through them by itself, so in a large tick helpers take parts of what the source reads through steps of
// their own, and an edge puts the rows in the order of the parts.
type front struct {
	nodes []plan.Node // from the topmost down, without the source's
	steps []*step     // the flow's own, likewise; the source's behind them
	make  func(n plan.Node) (exec.Operator, error)
	top   plan.Node
	crew  Crew
	tight bool // there is too little memory to share this tick
	// to takes the rows of the topmost step in this tick; held, if not nil, in its place.
	to   exec.Out
	held *carrier
}

// begins makes s, which is n's, the topmost step of a front.
func (s *step) begins(n plan.Node, b Builder) {
	f := &front{make: b.Operator, top: n, crew: b.Crew}
	at := s
	for ; at.src == nil; at, n = at.ins[0], n.Inputs()[0] {
		f.nodes, f.steps = append(f.nodes, n), append(f.steps, at)
	}
	f.steps = append(f.steps, at)
	if _, ok := at.src.(exec.Divisible); ok {
		s.front, at.divides = f, f
	}
}

// Emit implements exec.Out for the flow's own steps.
func (f *front) Emit(d *delta.Batch) error {
	if f.held != nil {
		return f.held.Emit(d)
	}
	return f.to.Emit(d)
}

func (f *front) source() *step { return f.steps[len(f.steps)-1] }

// share takes what is left of a tick with helpers, after the source has given so many rows to out; false when it is
// not worth while, or nobody helps.
func (f *front) share(ctx context.Context, rows int64, out exec.Out) (shared bool, err error) {
	minRows, partBytes := f.crew.Sizes()
	if rows < minRows || f.tight {
		return false, nil
	}
	helpers := f.crew.Ask()
	if helpers == 0 {
		return false, nil
	}
	defer func() { f.crew.Release(helpers, shared) }()
	env, src := &f.source().env, f.source().src.(exec.Divisible)
	room := sharedBytes(helpers)
	if f.tight = env.Values.Meter.Charge(room) != nil; f.tight {
		return false, nil
	}
	defer func() { _ = env.Values.Meter.Charge(-room) }() // giving back never fails
	if !src.Divide() {
		return false, nil
	}
	w, err := f.newShared(ctx, src, helpers, out)
	if err != nil {
		return true, err
	}
	w.partBytes = partBytes
	w.jobs.share(w.e.wake)
	defer w.jobs.unshare()
	if err := w.run(); err != nil {
		return true, err
	}
	return true, src.EndParts()
}

// partRoom is what a reader of parts holds at most, about: the rows of one, and their messages.
const partRoom = 6 << 20

// sharedBytes is what is charged while so many help.
func sharedBytes(helpers int) int64 {
	n := int64(helpers)
	return (n+1)*partRoom + 2*n*inboxBytes
}

// shared is a tick's range that is read in parts. What is not said to be the edge's is guarded by its mutex.
type shared struct {
	f      *front
	ctx    context.Context
	cancel context.CancelCauseFunc
	src    exec.Divisible
	e      *edge
	out    exec.Out // of the source
	jobs   *Jobs

	partBytes int

	queue  []*dealt // parts that nobody has begun
	last   int64    // how many there are so far
	over   bool     // there are no more
	judged int64    // so many have been
	free   []exec.Part

	read     atomic.Int64 // rows
	panicked atomic.Pointer[string]
	work     sync.WaitGroup
	mine     own
}

// dealt is a part and its place in the order of all.
type dealt struct {
	part   exec.Part
	number int64
}

func (f *front) newShared(ctx context.Context, src exec.Divisible, helpers int, out exec.Out) (*shared, error) {
	w := &shared{f: f, src: src, out: out, jobs: f.crew.Jobs(), e: newEdge(plan.Gather, helpers, 1, nil)}
	w.e.room = inboxBytes * int64(helpers)
	var err error
	if w.mine.reader, err = src.NewPartReader(); err != nil {
		return nil, err
	}
	w.mine.carrier = newCarrier(w.e, f.top)
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	for i := range helpers {
		h, err := w.newHand(f.crew.Helper(i))
		if err != nil {
			w.cancel(err)
			return nil, errors.Join(err, w.end())
		}
		w.work.Go(func() { w.help(h) })
	}
	return w, nil
}

// help is the goroutine of a helper.
func (w *shared) help(h *hand) {
	job.Label("shard")
	defer func() {
		if p := recover(); p != nil {
			text := fmt.Sprintf("%v, in a shard:\n%s", p, debug.Stack())
			w.panicked.CompareAndSwap(nil, &text)
			w.cancel(errors.New("a shard panicked"))
		}
		h.close()
	}()
	if err := h.run(w.ctx); err != nil {
		w.cancel(err)
	}
}

// end waits for the helpers, who have nothing left to do or were told to stop.
func (w *shared) end() error {
	err := w.f.crew.Without(w.ctx, func() error { w.work.Wait(); return nil })
	w.mine.reader.Close()
	if p := w.panicked.Load(); p != nil {
		panic(*p) // the caller's to survive
	}
	return err
}

// run deals the parts out, takes what comes of them in order, and parts itself when there is nothing to take.
func (w *shared) run() error {
	defer w.e.finishWith(w.ctx)()
	whole := false
	defer func() {
		if !whole { // a panic passes
			w.cancel(context.Canceled)
			w.work.Wait()
			w.mine.reader.Close()
		}
	}()
	err := w.deliver()
	whole = true
	if cause := context.Cause(w.ctx); err != nil && cause != nil {
		err = cause // the first of all
	}
	if err != nil {
		w.cancel(err)
	}
	ended := w.end()
	w.cancel(context.Canceled)
	w.f.source().read += w.read.Load()
	if err == nil {
		err = ended
	}
	return err
}

// deliver goes on until all parts are through.
func (w *shared) deliver() error {
	src := w.f.source()
	for {
		if err := src.breathe(w.ctx); err != nil {
			return err
		}
		m, err := w.e.poll(0)
		if err != nil {
			return err
		}
		if m != nil {
			err = w.take(m)
		} else if did, e := w.workOn(); did || e != nil {
			err = e
		} else if w.over && w.e.turnIs(w.last) {
			return nil
		} else {
			err = w.rest()
		}
		if err != nil {
			return err
		}
	}
}

// take hands a message on, or reads the part that a helper has left.
func (w *shared) take(m *message) error {
	if m.raw == nil {
		err := w.f.to.Emit(&m.rows)
		w.e.drop(m)
		return err
	}
	reader, err := w.src.NewPartReader()
	if err != nil {
		return err
	}
	defer reader.Close()
	left := own{reader: reader}
	left.begin(dealt{part: m.raw})
	for !left.done {
		if err := w.advance(&left, true); err != nil {
			return err
		}
	}
	w.ended(&left)
	return nil
}

// workOn does something that nobody has to be waited for; false when there is nothing.
func (w *shared) workOn() (did bool, err error) {
	if did, err = w.fill(); did || err != nil {
		return did, err
	}
	if !w.mine.has {
		if d := w.next(); d != nil {
			w.mine.begin(*d)
			return true, nil
		}
		return false, nil
	}
	return w.goOn()
}

// partsAhead is how many parts wait for a helper.
const partsAhead = 2

// fill reads the log on, so that nobody has to wait for a part.
func (w *shared) fill() (did bool, err error) {
	w.e.mu.Lock()
	ahead := w.over || len(w.queue) >= partsAhead*w.e.mu.senders
	var old exec.Part
	if n := len(w.free); n > 0 && !ahead {
		old, w.free = w.free[n-1], w.free[:n-1]
	}
	w.e.mu.Unlock()
	if ahead {
		return false, nil
	}
	p, err := w.src.NextPart(w.ctx, w.partBytes, old)
	if err != nil {
		return false, err
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if p == nil {
		w.over = true
	} else {
		w.queue = append(w.queue, &dealt{p, w.last})
		w.last++
	}
	w.e.moved.Broadcast()
	return true, nil
}

// next is a part for who asks, nil when there is none now.
func (w *shared) next() *dealt {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	d := w.queue[0]
	w.queue = w.queue[1:]
	return d
}

// rest waits until there is something to do.
func (w *shared) rest() error {
	turn := w.last
	if w.mine.has {
		turn = w.mine.part.number
	}
	ready := func() bool {
		return len(w.e.mu.inboxes[0].messages) > 0 || w.e.mu.turn == turn || w.mine.has && w.mine.waits && w.judged == turn
	}
	return w.f.crew.Without(w.ctx, func() error { return w.e.await(ready) })
}

// judgeTurn: all parts before this one were judged.
func (w *shared) judgeTurn(number int64) bool {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	return w.judged == number
}

func (w *shared) judgedOne() {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	w.judged++
	w.e.moved.Broadcast()
}

// letGo is told of a part that is needed no more.
func (w *shared) letGo(p exec.Part) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	w.free = append(w.free, p)
}
