package admission

import (
	"container/list"
	"context"
	"sync"
)

// Free is how much of a frame a connection may read before it asks for room. What is not larger
// is a small frame.
const Free = 64 << 10

// shares is how many peers fill the room with large frames.
const shares = 4

// class is a kind of frame with bounds and a queue of its own.
type class int

const (
	small class = iota
	large
	classes
)

func classOf(bytes int64) class {
	if bytes <= Free {
		return small
	}
	return large
}

// Budget is room in bytes for the frames of many peers. Make it with New; safe for concurrent
// use.
type Budget struct {
	size int64

	mu struct {
		sync.Mutex
		used    int64 // of all classes
		large   int64
		peers   map[string]*[classes]int64 // what each holds; no entry for one that holds nothing
		waiting [classes]list.List         // of *waiter, in order of arrival
		waited  int64
	}
}

type waiter struct {
	peer    string
	bytes   int64
	class   class
	granted chan struct{} // closed when it has its room
	place   *list.Element // in its queue
}

// New makes a budget of size bytes.
func New(size int64) *Budget {
	b := &Budget{size: max(size, 1)}
	b.mu.peers = map[string]*[classes]int64{}
	return b
}

// Stats of a Budget.
type Stats struct {
	Used    int64 // bytes given out now
	Waiting int   // frames that wait for room now
	Waited  int64 // frames that had to wait, since the start
	Peers   int   // that hold room now
}

// Stats may be called at any time.
func (b *Budget) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{Used: b.mu.used, Waiting: b.mu.waiting[small].Len() + b.mu.waiting[large].Len(), Waited: b.mu.waited, Peers: len(b.mu.peers)}
}

// Acquire waits until peer may hold bytes more, and returns what gives them back; calling that
// twice is harmless. More than the whole budget takes the whole budget. The error is ctx's.
//
// REQUIRES: what of this budget the caller holds already is given back without any more of it.
func (b *Budget) Acquire(ctx context.Context, peer string, bytes int64) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := &waiter{peer: peer, bytes: min(max(bytes, 0), b.size)}
	w.class = classOf(w.bytes)
	if !b.take(w) {
		if err := b.wait(ctx, w); err != nil {
			return nil, err
		}
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.addLocked(w, -w.bytes)
			b.grantLocked()
		})
	}, nil
}

// take gives w its room at once, or puts it into its queue.
func (b *Budget) take(w *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.waiting[w.class].Len() == 0 && b.mayHoldLocked(w) && b.fitsLocked(w) {
		b.addLocked(w, w.bytes)
		return true
	}
	w.granted = make(chan struct{})
	w.place = b.mu.waiting[w.class].PushBack(w)
	b.grantLocked() // those in front may wait for their own share only
	select {
	case <-w.granted:
		return true
	default:
		b.mu.waited++
		return false
	}
}

func (b *Budget) wait(ctx context.Context, w *waiter) error {
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.granted: // in the same moment
		b.addLocked(w, -w.bytes)
	default:
		b.mu.waiting[w.class].Remove(w.place)
	}
	b.grantLocked()
	return ctx.Err()
}

// addLocked moves the counts. REQUIRES: b.mu held.
func (b *Budget) addLocked(w *waiter, bytes int64) {
	b.mu.used += bytes
	if w.class == large {
		b.mu.large += bytes
	}
	held := b.mu.peers[w.peer]
	if held == nil {
		held = new([classes]int64)
		b.mu.peers[w.peer] = held
	}
	held[w.class] += bytes
	if *held == ([classes]int64{}) {
		delete(b.mu.peers, w.peer)
	}
}

// grantLocked gives room to whoever waits and may have it. Small frames come first. In a queue
// one that its own share holds up is passed by; one that waits for the room of all is not, or a
// large frame would wait for ever. REQUIRES: b.mu held.
func (b *Budget) grantLocked() {
	for kind := small; kind < classes; kind++ {
		for e := b.mu.waiting[kind].Front(); e != nil; {
			w, next := e.Value.(*waiter), e.Next()
			if b.mayHoldLocked(w) {
				if !b.fitsLocked(w) {
					break
				}
				b.mu.waiting[kind].Remove(e)
				b.addLocked(w, w.bytes)
				close(w.granted)
			}
			e = next
		}
	}
}

// mayHoldLocked tells whether the peer's share takes w too. REQUIRES: b.mu held.
func (b *Budget) mayHoldLocked(w *waiter) bool {
	held := b.mu.peers[w.peer]
	return held == nil || held[w.class] == 0 || held[w.class]+w.bytes <= b.size/shares
}

// fitsLocked tells whether the room of all takes w too. The first of its class always fits: what
// is given out exceeds the budget by one frame at most. REQUIRES: b.mu held.
func (b *Budget) fitsLocked(w *waiter) bool {
	if w.class == small {
		return b.mu.used+w.bytes <= b.size || b.mu.used == b.mu.large
	}
	return b.mu.large == 0 || b.mu.large+w.bytes <= b.size-b.size/shares && b.mu.used+w.bytes <= b.size
}
