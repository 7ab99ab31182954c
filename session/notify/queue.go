package notify

import (
	"context"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Note is a notification.
type Note struct {
	PID              int32 // of who sent it
	Channel, Payload string
}

// noteBytes is what a note takes beside its texts.
const noteBytes = 64

func (n *Note) bytes() int64 { return noteBytes + int64(len(n.Channel)+len(n.Payload)) }

// Queue is that of a database.
type Queue struct {
	limit int64
	turn  chan struct{}
	mu    struct {
		sync.Mutex
		notes     []Note
		first     uint64 // place of notes[0]
		bytes     int64
		listeners map[*Listener]struct{}
	}
}

// Listener is a session that listens.
type Listener struct {
	q    *Queue
	wake func()
	// guarded by q.mu
	channels map[string]bool
	at       uint64 // the next note to look at
}

// New makes a queue of so many bytes.
func New(limit int64) *Queue {
	q := &Queue{limit: limit, turn: make(chan struct{}, 1)}
	q.mu.listeners = map[*Listener]struct{}{}
	return q
}

// Listener makes one, which hears nothing yet. wake is called when there may be something to take.
func (q *Queue) Listener(wake func()) *Listener {
	return &Listener{q: q, wake: wake, channels: map[string]bool{}}
}

// Turn waits for the turn to send notes, and refuses them where there is no room. end gives it back.
func (q *Queue) Turn(ctx context.Context, notes []Note) (end func(), err error) {
	if len(notes) == 0 {
		return func() {}, nil
	}
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	end = func() { <-q.turn }
	var more int64
	for i := range notes {
		more += notes[i].bytes()
	}
	q.mu.Lock()
	full := len(q.mu.listeners) > 0 && q.mu.bytes+more > q.limit
	q.mu.Unlock()
	if full {
		end()
		return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "too many notifications in the NOTIFY queue").
			WithHint("A session that listens does not take them: it is in a transaction, or its client does not read (notify_queue_bytes).")
	}
	return end, nil
}

// Send puts notes into the queue. REQUIRES: the turn.
func (q *Queue) Send(notes []Note) {
	var wake []func()
	q.mu.Lock()
	if len(q.mu.listeners) > 0 {
		for i := range notes {
			q.mu.bytes += notes[i].bytes()
		}
		q.mu.notes = append(q.mu.notes, notes...)
		for l := range q.mu.listeners {
			if slices.ContainsFunc(notes, func(n Note) bool { return l.channels[n.Channel] }) {
				wake = append(wake, l.wake)
			} else if l.at+uint64(len(notes)) == q.endLocked() {
				l.at = q.endLocked() // it has nothing to take of these, nor of those before
			}
		}
		q.trimLocked()
	}
	q.mu.Unlock()
	for _, w := range wake {
		w()
	}
}

func (q *Queue) endLocked() uint64 { return q.mu.first + uint64(len(q.mu.notes)) }

// trimLocked forgets what every listener has passed.
func (q *Queue) trimLocked() {
	least := q.endLocked()
	for l := range q.mu.listeners {
		least = min(least, l.at)
	}
	n := int(least - q.mu.first)
	for i := range q.mu.notes[:n] {
		q.mu.bytes -= q.mu.notes[i].bytes()
	}
	q.mu.first = least
	if q.mu.notes = slices.Delete(q.mu.notes, 0, n); len(q.mu.notes) == 0 {
		q.mu.notes = nil
	}
}

// Used is how much of the queue is full, from 0 to 1; Bytes and Listeners are what is in it, and how many listen.
func (q *Queue) Used() float64 { return float64(q.Bytes()) / float64(q.limit) }

func (q *Queue) Bytes() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.bytes
}

func (q *Queue) Listeners() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.mu.listeners)
}

// Listen begins to hear a channel, from the next note on.
func (l *Listener) Listen(channel string) {
	q := l.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.mu.listeners[l]; !ok {
		q.mu.listeners[l] = struct{}{}
		l.at = q.endLocked()
	}
	l.channels[channel] = true
}

// Unlisten ends that.
func (l *Listener) Unlisten(channel string) {
	l.q.mu.Lock()
	defer l.q.mu.Unlock()
	delete(l.channels, channel)
	l.leaveLocked()
}

// Close hears nothing any more.
func (l *Listener) Close() {
	l.q.mu.Lock()
	defer l.q.mu.Unlock()
	clear(l.channels)
	l.leaveLocked()
}

func (l *Listener) leaveLocked() {
	if len(l.channels) == 0 {
		delete(l.q.mu.listeners, l)
		l.q.trimLocked()
	}
}

// Channels are those that it hears, by name.
func (l *Listener) Channels() []string {
	l.q.mu.Lock()
	defer l.q.mu.Unlock()
	var out []string
	for c := range l.channels {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// Take gives what has come on its channels, in order.
func (l *Listener) Take() (out []Note) {
	q := l.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.mu.listeners[l]; !ok || l.at == q.endLocked() {
		return nil
	}
	for _, n := range q.mu.notes[l.at-q.mu.first:] {
		if l.channels[n.Channel] {
			out = append(out, n)
		}
	}
	l.at = q.endLocked()
	q.trimLocked()
	return out
}
