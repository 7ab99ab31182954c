package flow

import (
	"context"
	"errors"
	"sync"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// inboxBytes is about how much waits for one receiver, and for its turn: senders wait beyond it. An edge may have
// room for more.
const inboxBytes = 1 << 20

// edge is an exchange at work in a one-shot run: messages of its senders on their way to its receivers.
// What belongs to a part of a source comes out in the order of parts; who sends for the part whose turn
// it is waits for the receiver alone.
//
// INVARIANT: the part whose turn it is has been dealt to a sender that does not wait for another part's
// turn, so somebody always goes on.
type edge struct {
	kind   plan.ExchangeKind
	charge func(int64) error // nil = nothing is charged

	room int64 // bytes that wait for a receiver, and for their turn

	mu struct {
		sync.Mutex
		ended   error // why nobody sends or receives any more
		senders int   // that have not ended
		inboxes []inbox
		stopped int // of them
		// turn is the part whose messages are delivered at once; waiting are those of later ones.
		turn    int64
		waiting map[int64]*waitingPart
		bytes   int64 // that wait for their turn
		free    []*delta.BatchBuilder
	}
	moved *sync.Cond
}

type inbox struct {
	messages []*message
	bytes    int64
	stopped  bool // its receiver wants no more
	over     bool // the one sender whose inbox it is has ended
}

// waitingPart is a part whose turn has not come.
type waitingPart struct {
	messages []*message
	done     bool
}

// message is rows, or groups of an aggregation that was begun before the exchange.
type message struct {
	rows   delta.Batch
	groups bool
	bytes  int64
	to     int // inbox
	// of is the rows' memory, which is used again; nil if others may have the rows too.
	of *delta.BatchBuilder
	// raw is a part that its receiver is to read; then there are no rows.
	raw exec.Part
}

func newEdge(kind plan.ExchangeKind, senders, receivers int, charge func(int64) error) *edge {
	e := &edge{kind: kind, charge: charge, room: inboxBytes}
	e.moved = sync.NewCond(&e.mu)
	e.mu.senders, e.mu.inboxes, e.mu.waiting = senders, make([]inbox, receivers), map[int64]*waitingPart{}
	return e
}

// noPart is the part of what belongs to none: it is delivered as it comes.
const noPart = -1

// send delivers m, or leaves it where it waits for its turn. ErrStop: nobody wants more.
func (e *edge) send(to int, part int64, m *message) error {
	m.to = to
	if e.charge != nil {
		if err := e.charge(m.bytes); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		in := &e.mu.inboxes[to]
		early := part > e.mu.turn
		switch {
		case e.mu.ended != nil:
			return e.mu.ended
		case e.mu.stopped == len(e.mu.inboxes):
			e.dropLocked(m)
			return exec.ErrStop
		case in.stopped:
			e.dropLocked(m)
			return nil
		case early && e.mu.bytes < e.room:
			w := e.partLocked(part)
			w.messages = append(w.messages, m)
			e.mu.bytes += m.bytes
			return nil
		case !early && in.bytes < e.room:
			e.deliverLocked(to, m)
			return nil
		}
		e.moved.Wait()
	}
}

func (e *edge) deliverLocked(to int, m *message) {
	in := &e.mu.inboxes[to]
	in.messages = append(in.messages, m)
	in.bytes += m.bytes
	e.moved.Broadcast()
}

func (e *edge) partLocked(part int64) *waitingPart {
	w := e.mu.waiting[part]
	if w == nil {
		w = &waitingPart{}
		e.mu.waiting[part] = w
	}
	return w
}

// done tells that nothing more comes of a part.
func (e *edge) done(part int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.partLocked(part).done = true
	for {
		w := e.mu.waiting[e.mu.turn]
		if w == nil {
			return
		}
		for _, m := range w.messages {
			e.mu.bytes -= m.bytes
			e.deliverLocked(m.to, m)
		}
		w.messages = nil
		if !w.done {
			return
		}
		delete(e.mu.waiting, e.mu.turn)
		e.mu.turn++
		e.moved.Broadcast()
	}
}

// end tells that a sender has ended whose rows go to home.
func (e *edge) end(home int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.senders--
	e.mu.inboxes[home].over = home > 0
	e.moved.Broadcast()
}

// receive is the next message for a receiver, nil after the last.
func (e *edge) receive(at int) (*message, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		in := &e.mu.inboxes[at]
		switch {
		case e.mu.ended != nil:
			return nil, e.mu.ended
		case len(in.messages) > 0:
			return e.takeLocked(in), nil
		case e.mu.senders == 0:
			return nil, nil
		}
		e.moved.Wait()
	}
}

// poll is receive for who does not wait: nil, too, where nothing is there yet.
func (e *edge) poll(at int) (*message, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := &e.mu.inboxes[at]
	if e.mu.ended != nil || len(in.messages) == 0 {
		return nil, e.mu.ended
	}
	return e.takeLocked(in), nil
}

// turnIs: all parts before this one have come out at the one receiver.
func (e *edge) turnIs(part int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.turn == part && len(e.mu.inboxes[0].messages) == 0
}

// await waits until ready, which is asked under the mutex whenever something has moved.
func (e *edge) await(ready func() bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.mu.ended == nil && !ready() {
		e.moved.Wait()
	}
	return e.mu.ended
}

func (e *edge) takeLocked(in *inbox) *message {
	m := in.messages[0]
	in.messages = in.messages[1:]
	in.bytes -= m.bytes
	e.moved.Broadcast()
	return m
}

var errRowsFailed = errors.New("rows have failed")

// receiveFrom is receive for the inbox of one sender; errRowsFailed once the first inbox has something.
func (e *edge) receiveFrom(at int) (*message, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		in := &e.mu.inboxes[at]
		switch {
		case e.mu.ended != nil:
			return nil, e.mu.ended
		case len(e.mu.inboxes[0].messages) > 0:
			return nil, errRowsFailed
		case len(in.messages) > 0:
			return e.takeLocked(in), nil
		case in.over:
			return nil, nil
		}
		e.moved.Wait()
	}
}

// stop tells that a receiver wants no more.
func (e *edge) stop(at int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := &e.mu.inboxes[at]
	if in.stopped {
		return
	}
	in.stopped = true
	e.mu.stopped++
	for _, m := range in.messages {
		e.dropLocked(m)
	}
	in.messages, in.bytes = nil, 0
	e.moved.Broadcast()
}

// wake has whoever waits look again.
func (e *edge) wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.moved.Broadcast()
}

// finish ends the edge: whoever waits gets err.
func (e *edge) finish(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.ended == nil {
		e.mu.ended = err
	}
	e.moved.Broadcast()
}

// finishWith ends the edge with a context, until stop is called.
func (e *edge) finishWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { e.finish(context.Cause(ctx)) })
}

// builder gives memory for rows of a message.
func (e *edge) builder(make func() *delta.BatchBuilder) *delta.BatchBuilder {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.mu.free); n > 0 {
		b := e.mu.free[n-1]
		e.mu.free = e.mu.free[:n-1]
		return b
	}
	return make()
}

// drop gives back the memory of a message that was taken in.
func (e *edge) drop(m *message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropLocked(m)
}

func (e *edge) dropLocked(m *message) {
	if e.charge != nil {
		_ = e.charge(-m.bytes) // giving back never fails
	}
	if m.of != nil {
		m.of.Clear()
		e.mu.free = append(e.mu.free, m.of)
	}
}
