package lane

import (
	"context"
	"slices"
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
	Pause         time.Duration // until everything was captured for the last: members come to the end of a tick first
	Stood         time.Duration // the longest that a member stood still to be captured for it
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
// pause of at least so many times d. Where much was appended meanwhile they are back to back: what one
// writes grows with that, and so does what a start without it has to read.
const checkpointShare = 10

// checkpointLook is how often it is looked how much was appended.
const checkpointLook = 500 * time.Millisecond

// soonAfterStart is the pause before the first checkpoint behind a start that had to read the log: the
// next start should not do it again.
const soonAfterStart = 5 * time.Second

// runCheckpoints takes a checkpoint when one is due.
func (r *Runtime) runCheckpoints() {
	job.Label("checkpoint")
	interval := r.cfg.CheckpointInterval
	if !r.startedFromAll() {
		interval = min(interval, soonAfterStart)
	}
	for r.waitForDue(interval) {
		interval = r.cfg.CheckpointInterval
		if err := r.Checkpoint(r.ctx); err != nil && r.ctx.Err() == nil {
			r.cfg.Logger.Warn("checkpoint failed, the one before it stays", "error", err)
		}
	}
}

// startedFromAll: the checkpoint of the start had all of the log.
func (r *Runtime) startedFromAll() bool {
	newest, err := r.cfg.Log.Newest(r.ctx, false)
	return err != nil || newest == 0 || r.cfg.Restored != nil && r.cfg.Restored.Boundary >= newest
}

// waitForDue waits until the next checkpoint is due; false at the end of the runtime.
func (r *Runtime) waitForDue(interval time.Duration) bool {
	begin, from := r.cfg.Clock.Now(), r.logBytes()
	took := r.counters.stats().Duration
	pause := max(interval, checkpointShare*took)
	for {
		left := pause - r.cfg.Clock.Now().Sub(begin)
		if left <= 0 || pause-left >= took && r.cfg.CheckpointBytes > 0 && r.logBytes()-from >= r.cfg.CheckpointBytes {
			return true
		}
		if r.cfg.CheckpointBytes > 0 {
			left = min(left, checkpointLook)
		}
		select {
		case <-r.cfg.Clock.After(left):
		case <-r.ctx.Done():
			return false
		}
	}
}

func (r *Runtime) logBytes() int64 {
	if r.cfg.LogBytes == nil {
		return 0
	}
	return r.cfg.LogBytes()
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
	r.mu.durable.written(c)
	r.mu.Unlock()
	for _, m := range c.written {
		m.states.Durable()
	}
	last := CheckpointStats{
		Boundary: info.Boundary, Bytes: info.Bytes, Members: len(c.written),
		Duration: r.cfg.Clock.Now().Sub(begin), Pause: pause, Stood: c.stood(),
	}
	r.counters.taken(last)
	r.cfg.Logger.Info("checkpoint", "boundary", last.Boundary, "bytes", last.Bytes, "members", last.Members,
		"duration", last.Duration, "pause", last.Pause)
	return len(c.written), nil
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
	for i := range manifest.Tables {
		c.saved = append(c.saved, manifest.Tables[i].OID)
	}
	for _, m := range c.members {
		since := log.CommitSeq(0)
		if m.contents != nil {
			since = max(state.Since(m.contents), state.Since(m.errors))
		}
		made, err := m.write(w, c.horizon(m.m.rel.OID, m.frontier, since))
		if state.IsDamage(err) {
			w.Drop()
			c.r.cfg.Logger.Warn("a dataflow is not in the checkpoint", "relation", m.m.named().QualifiedName(), "error", err)
			c.r.hurt(m.m, err)
			if m.m.sink != nil && m.m.readsVersions() {
				c.standing = append(c.standing, &memberCapture{m: m.m, frontier: m.frontier})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		c.written = append(c.written, m)
		manifest.Members = append(manifest.Members, made)
	}
	c.carry(w, manifest)
	for _, m := range c.standing {
		manifest.Members = append(manifest.Members, checkpoint.Member{OID: m.m.rel.OID, Frontier: m.frontier, Reads: m.m.below})
	}
	return manifest, manifest.Check()
}

// carry takes over what the checkpoint before has of members that could not be captured and read streams
// alone: they can go on from there as well. One that cannot be built again, because the log has let go
// what it counted, would be lost without it.
func (c *captured) carry(w *checkpoint.Writer, manifest *checkpoint.Manifest) {
	before := c.r.cfg.Checkpoints.Latest()
	if before == nil || before.Engine != engineVersion {
		return
	}
	c.carried = map[catalog.OID]log.CommitSeq{}
	for m := range c.done {
		saved := before.Member(m.rel.OID)
		if saved == nil || saved.Stands() || len(m.below) > 0 || m.query == nil || saved.Fingerprint != c.r.fingerprint(m) || manifest.Member(m.rel.OID) != nil {
			continue
		}
		if !c.suits(saved, manifest) || !w.Carry(saved.Parts) {
			continue
		}
		c.carried[m.rel.OID] = saved.Frontier
		manifest.Members = append(manifest.Members, *saved)
	}
}

// suits: whoever reads the relation in this checkpoint can do so as it was saved.
func (c *captured) suits(saved *checkpoint.Member, manifest *checkpoint.Manifest) bool {
	for i := range manifest.Members {
		if r := &manifest.Members[i]; slices.Contains(r.Reads, saved.OID) && (r.Frontier > saved.Frontier || r.Frontier < saved.Horizon) {
			return false
		}
	}
	for _, m := range c.standing {
		if slices.Contains(m.m.below, saved.OID) && m.frontier < saved.Horizon {
			return false
		}
	}
	return true
}

func (c *memberCapture) write(w *checkpoint.Writer, horizon log.CommitSeq) (out checkpoint.Member, err error) {
	out = checkpoint.Member{
		OID: c.m.rel.OID, Fingerprint: c.fingerprint, Frontier: c.frontier, Changed: c.changed, Horizon: horizon, Reads: c.m.below,
		Late: c.late, NoTime: c.noTime,
	}
	states, err := c.states.Save(w)
	if err != nil {
		return out, err
	}
	lists := map[string][]byte{}
	for name, list := range states {
		lists[checkpoint.PartState(name)] = list
	}
	if c.contents != nil {
		if lists[checkpoint.PartContents], err = state.SaveView(w, c.contents, horizon); err != nil {
			return out, err
		}
	}
	if lists[checkpoint.PartErrors], err = state.SaveView(w, c.errors, horizon); err != nil {
		return out, err
	}
	if c.parts != nil {
		lists[checkpoint.PartBackfill] = c.parts
	}
	parts, err := w.Parts(c.m.rel.OID, lists)
	out.Parts = &parts
	return out, err
}
