package flow

import (
	"context"
	"sync"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/state"
)

// Jobs is work that the states of a flow have cut off, for who has a processor beside the flow's own. While helpers
// share a tick they take it between two parts; else one is asked for it, if a processor is free at once.
type Jobs struct {
	crew Crew
	ctx  context.Context // of all of it
	rows int
	work sync.WaitGroup

	mu    sync.Mutex
	queue []func(breathe func() error)
	wake  func() // tells the helpers who share a tick; nil = none do
}

var _ state.Beside = (*Jobs)(nil)

// NewJobs makes jobs of a crew, which end with ctx, of so many rows each; 0 = as many as are worth it.
func NewJobs(ctx context.Context, crew Crew, rows int) *Jobs {
	return &Jobs{crew: crew, ctx: ctx, rows: rows}
}

// Rows implements state.Beside.
func (j *Jobs) Rows() int { return j.rows }

// Start implements state.Beside.
func (j *Jobs) Start(work func(breathe func() error)) bool {
	j.mu.Lock()
	wake := j.wake
	if wake != nil {
		j.queue = append(j.queue, work)
	}
	j.mu.Unlock()
	if wake == nil {
		return j.alone(work)
	}
	wake()
	return true
}

// Wait implements state.Beside. That the flow's work has ended meanwhile it hears where it breathes.
func (j *Jobs) Wait(wait func()) {
	_ = j.crew.Without(j.ctx, func() error { wait(); return nil })
}

// End waits until nothing is under way.
func (j *Jobs) End() { j.work.Wait() }

// alone has a helper do work; false: all processors are busy.
func (j *Jobs) alone(work func(breathe func() error)) bool {
	h, m := j.crew.Spare()
	if h == nil {
		return false
	}
	j.work.Go(func() {
		job.Label("shard")
		defer j.crew.Release(1, false)
		defer m.Close()
		defer h.Give()
		defer m.Begin(j.ctx)()
		work(m.Breathe)
		j.crew.Did()
	})
	return true
}

// share has helpers who share a tick take what comes; wake tells them.
func (j *Jobs) share(wake func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wake = wake
}

// unshare: they have ended. Who is free takes what they have left; the rest is the flow's own.
func (j *Jobs) unshare() {
	j.mu.Lock()
	left := j.queue
	j.queue, j.wake = nil, nil
	j.mu.Unlock()
	for _, work := range left {
		if !j.alone(work) {
			return
		}
	}
}

func (j *Jobs) any() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue) > 0
}

// next is work for a helper who shares a tick, nil if there is none.
func (j *Jobs) next() (work func(breathe func() error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) > 0 {
		work, j.queue = j.queue[0], j.queue[1:]
	}
	return work
}
