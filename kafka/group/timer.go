package group

import (
	"container/heap"
	"time"
)

// timer calls fire once, at or after at. It is in the queue while index >= 0.
type timer struct {
	at    time.Time
	fire  func(now time.Time)
	index int
}

// timers is a heap by time.
type timers []*timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}
func (t *timers) Push(x any) {
	e := x.(*timer)
	e.index = len(*t)
	*t = append(*t, e)
}
func (t *timers) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	e.index = -1
	return e
}

// start arms a timer; the caller keeps it to stop it.
func (t *timers) start(at time.Time, fire func(now time.Time)) *timer {
	e := &timer{at: at, fire: fire}
	heap.Push(t, e)
	return e
}

// stop takes e out; nil and fired timers are fine.
func (t *timers) stop(e *timer) {
	if e != nil && e.index >= 0 {
		heap.Remove(t, e.index)
	}
}

// move gives an armed timer another time.
func (t *timers) move(e *timer, at time.Time) {
	e.at = at
	heap.Fix(t, e.index)
}

// due takes the first timer out whose time has come, or returns nil.
func (t *timers) due(now time.Time) *timer {
	if len(*t) == 0 || (*t)[0].at.After(now) {
		return nil
	}
	return heap.Pop(t).(*timer)
}
