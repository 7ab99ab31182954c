package lane

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// checkpointing is what Checkpoint keeps from one to the next.
type checkpointing struct {
	taken   bool
	written bool          // and nobody who runs was left out
	moves   uint64        // of the lane when the last was captured
	applied log.CommitSeq // newest change of a table then
}

// CheckpointStats are counters and gauges of checkpoints.
type CheckpointStats struct {
	Taken, Failed uint64
	Boundary      log.CommitSeq // of the last
	Bytes         int64         // of the last
	Members       int           // in the last
	Duration      time.Duration // of the last, from the first request to the pointer
	Pause         time.Duration // until everything was captured for the last
}

type checkpointCounters struct {
	mu struct {
		sync.Mutex
		s CheckpointStats
	}
}

func (c *checkpointCounters) stats() CheckpointStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.s
}

func (c *checkpointCounters) failed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.s.Failed++
}

func (c *checkpointCounters) taken(last CheckpointStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last.Taken, last.Failed = c.mu.s.Taken+1, c.mu.s.Failed
	c.mu.s = last
}

// checkpointShare bounds the time that goes into checkpoints: one that took d is followed by a
// pause of at least so many times d.
const checkpointShare = 10

// runCheckpoints takes a checkpoint every interval.
func (r *Runtime) runCheckpoints() {
	job.Label("checkpoint")
	for {
		pause := max(r.cfg.CheckpointInterval, checkpointShare*r.counters.stats().Duration)
		select {
		case <-r.cfg.Clock.After(pause):
		case <-r.ctx.Done():
			return
		}
		if err := r.Checkpoint(r.ctx); err != nil && r.ctx.Err() == nil {
			r.cfg.Logger.Warn("checkpoint failed, the one before it stays", "error", err)
		}
	}
}

// Checkpoint writes the state of tables and dataflows, unless nothing has changed since the
// last. Ticks go on meanwhile. It is durable on return; after an error the checkpoint before it
// stays. Safe for concurrent use.
func (r *Runtime) Checkpoint(ctx context.Context) error {
	if r.cfg.Checkpoints == nil {
		return nil
	}
	var last checkpointing
	select {
	case last = <-r.checkpoints:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	now := checkpointing{moves: r.moves.Load(), applied: r.cfg.Tables.Applied()}
	if r.isSaved(last, now) {
		r.mu.Lock()
		r.mu.durable.settled()
		r.mu.Unlock()
		r.checkpoints <- last
		return nil
	}
	members, err := r.takeCheckpoint(ctx)
	if err != nil {
		r.checkpoints <- last
		r.counters.failed()
		return err
	}
	now.written = members >= r.running()
	now.taken = true
	r.checkpoints <- now
	return nil
}

// isSaved: what there is now is what the last checkpoint, or the one of the start, has.
func (r *Runtime) isSaved(last, now checkpointing) bool {
	if last.taken {
		return last.written && last.moves == now.moves && last.applied == now.applied
	}
	if from := r.cfg.Restored; from != nil {
		return now.moves == 0 && now.applied <= from.Boundary
	}
	return now.moves == 0 && now.applied == 0
}

// running counts the members that belong into a checkpoint.
func (r *Runtime) running() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mu.members {
		if m.state == memberRunning || m.state == memberBackfilling {
			n++
		}
	}
	return n
}

// takeCheckpoint gives the number of members in it.
func (r *Runtime) takeCheckpoint(ctx context.Context) (int, error) {
	begin := r.cfg.Clock.Now()
	c, err := r.captureAll(ctx)
	if err != nil {
		return 0, err
	}
	defer c.release()
	pause := r.cfg.Clock.Now().Sub(begin)
	info, err := r.cfg.Checkpoints.Write(ctx, c.boundary, c.write)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	r.mu.durable.written(c.members)
	r.mu.Unlock()
	last := CheckpointStats{
		Boundary: info.Boundary, Bytes: info.Bytes, Members: len(c.members),
		Duration: r.cfg.Clock.Now().Sub(begin), Pause: pause,
	}
	r.counters.taken(last)
	r.cfg.Logger.Info("checkpoint", "boundary", last.Boundary, "bytes", last.Bytes, "members", last.Members,
		"duration", last.Duration, "pause", last.Pause)
	return len(c.members), nil
}

// write writes everything that was captured.
func (c *captured) write(w *checkpoint.Writer) (*checkpoint.Manifest, error) {
	manifest := &checkpoint.Manifest{Engine: engineVersion, Boundary: c.boundary}
	var err error
	manifest.Tables, err = c.tables.Write(w, func(oid catalog.OID, since log.CommitSeq) log.CommitSeq {
		return c.horizon(oid, c.boundary, since)
	})
	if err != nil {
		return nil, err
	}
	for _, m := range c.members {
		since := log.CommitSeq(0)
		if m.contents != nil {
			since = max(state.Since(m.contents), state.Since(m.errors))
		}
		made, err := m.write(w, c.horizon(m.m.rel.OID, m.frontier, since))
		if err != nil {
			return nil, err
		}
		manifest.Members = append(manifest.Members, made)
	}
	for _, m := range c.standing {
		manifest.Members = append(manifest.Members, checkpoint.Member{OID: m.m.rel.OID, Frontier: m.frontier, Reads: m.m.below})
	}
	return manifest, manifest.Check()
}

func (c *memberCapture) write(w *checkpoint.Writer, horizon log.CommitSeq) (checkpoint.Member, error) {
	out := checkpoint.Member{
		OID: c.m.rel.OID, Fingerprint: c.m.fingerprint, Frontier: c.frontier, Changed: c.changed, Horizon: horizon, Reads: c.m.below,
		Late: c.late, NoTime: c.noTime, States: map[string]checkpoint.Section{},
	}
	err := c.states.Each(func(name string, save func(io.Writer) error) (err error) {
		out.States[name], err = w.Section(save)
		return err
	})
	view := func(v state.View) *checkpoint.Section {
		if err != nil || v == nil {
			return nil
		}
		var s checkpoint.Section
		s, err = w.Section(func(to io.Writer) error { return state.SaveView(to, v, horizon) })
		return &s
	}
	out.Contents, out.Errors = view(c.contents), view(c.errors)
	return out, err
}
