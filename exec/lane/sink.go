package lane

import (
	"errors"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/storage/log"
)

// sinkStride bounds the commits of one tick of a sink that keeps no state, so that one over a
// long log commits as it goes.
const sinkStride = 256

// prepareSink finds out up to which version a sink's output is in the log already, and pins it:
// the lane must stop there, so that the sink can tick ending exactly at it. Who reads only the log
// needs no pin.
func (r *Runtime) prepareSink(m *member) {
	if m.state == memberFailed {
		return
	}
	progress, _ := r.cfg.Log.Progress(m.sink.name)
	m.sink.progress = progress
	need := progress
	if m.rel.NoSnapshot {
		need = max(need, m.rel.CreatedAt)
	}
	if m.readsVersions() && m.rel.NoSnapshot {
		m.frontier = max(m.frontier, need) // such a sink keeps no state: there is nothing to replay
	}
	if need > 0 && need >= m.frontier {
		m.sink.replayTo = need
		if m.readsVersions() {
			r.pin(need)
		}
	}
}

// runPrepared brings a sink to work in its own goroutine.
func (r *Runtime) runPrepared(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.state == memberFailed || m.dropped {
		return
	}
	r.setStateLocked(m, memberRunning, nil)
	m.ticked = true
	m.stopped = make(chan struct{})
	m.busy = true
	r.work.Go(func() {
		defer close(m.stopped)
		defer r.leave(m)
		if err := r.runSink(m); err != nil {
			r.fail(m, err)
		}
	})
}

// runSink ticks a sink from boundary to boundary until it ends. After a restart it first comes
// to the recorded progress, with its output suppressed: that output is in the log.
func (r *Runtime) runSink(m *member) error {
	if m.sink.replayTo > 0 {
		err := r.replaySink(m, m.sink.replayTo)
		if m.readsVersions() {
			r.unpin(m.sink.replayTo)
		}
		if err != nil {
			return err
		}
	}
	for r.ctx.Err() == nil {
		next, ok := r.nextForSink(m)
		if !ok {
			return nil
		}
		if next.capture {
			r.captureSink(m)
			continue
		}
		err := r.tickSink(m, next.to)
		r.unpin(next.to)
		if err != nil {
			return err
		}
	}
	return nil
}

// replaySink brings the state of a sink, and its failed rows, to v; where it can have neither
// there is nothing to do but to wait for the inputs to have that version.
func (r *Runtime) replaySink(m *member, v log.CommitSeq) error {
	if err := r.waitInputs(r.ctx, m, v); err != nil {
		return err
	}
	if p := m.query.Root.Props(); m.frontier < v && (!p.Stateless || p.MayFail) { // state, or failed rows that were skipped
		if err := r.runSinkTick(m, m.frontier, v, flow.OutFunc(m.sink.errs.add)); err != nil {
			return err
		}
	}
	r.see(m, v)
	r.advance(m, v)
	return nil
}

func (r *Runtime) pin(v log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addPinLocked(v)
}

func (r *Runtime) unpin(v log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.pins.remove(v)
}

// sinkStep is what a sink does next: a tick to a pinned version, or it gives its state.
type sinkStep struct {
	to      log.CommitSeq
	capture bool
}

// nextForSink waits for a boundary behind the sink's frontier and pins it; false when the sink
// is to end.
func (r *Runtime) nextForSink(m *member) (next sinkStep, ok bool) {
	err := r.waitFor(r.ctx, func() (bool, error) {
		if m.dropped {
			return false, errDropped
		}
		if m.asked {
			next.capture = true
			return true, nil
		}
		stands := m.state == memberError && !m.again
		if r.mu.at <= m.frontier || (stands && (r.mu.at <= m.seen || m.full)) {
			return false, nil
		}
		if m.again { // who reads it waits for what comes of that
			m.again = false
			r.setStateLocked(m, memberRunning, nil)
			r.moves.Add(1)
		}
		next.to = r.mu.at
		if m.replays() {
			next.to = min(next.to, max(m.frontier, m.seen)+sinkStride)
		}
		r.addPinLocked(next.to)
		return true, nil
	})
	return next, err == nil
}

// replays: what the sink puts out can be made again from any of its frontiers, so nothing needs
// to be kept while it stands.
func (m *member) replays() bool { return m.query.Root.Props().Stateless && !m.readsVersions() }

// see moves the version up to which a sink's input was taken.
func (r *Runtime) see(m *member, to log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.seen = max(m.seen, to)
}

// runSinkTick moves the flow of a sink and publishes its failed rows.
func (r *Runtime) runSinkTick(m *member, from, to log.CommitSeq, out exec.Out) error {
	if err := r.tick(m, from, to, out); err != nil {
		return err
	}
	if !m.sink.errs.took {
		return nil
	}
	if err := m.sink.errs.publish(to); err != nil {
		return err
	}
	return r.noteRowErrors(m)
}

// tickSink moves a sink to `to` and commits what it put out: output and progress in one entry.
func (r *Runtime) tickSink(m *member, to log.CommitSeq) error {
	from := max(m.frontier, m.seen)
	stood := m.seen > m.frontier
	// The first tick runs though nothing was written: a count of nothing is a row.
	if first := m.ticks.Load() == 0 && m.sink.progress == 0; first || r.touched(m, from, to) {
		if err := r.waitInputs(r.ctx, m, to); err != nil {
			return err
		}
		out := exec.Out(m.sink)
		if stood && m.replays() {
			out = flow.OutFunc(m.sink.errs.add) // the output is made when it may go
		}
		if err := r.runSinkTick(m, from, to, out); err != nil {
			return err
		}
	}
	r.see(m, to)
	if m.sink.errs.left != 0 && !r.skipsErrors(m) {
		r.holdSink(m)
		return nil
	}
	if stood && m.replays() {
		return r.putOut(m, to)
	}
	err := r.settleSink(m, to)
	if errors.Is(err, log.ErrTooLarge) && m.replays() {
		return r.putOut(m, to)
	}
	return err
}

// putOut makes the output of (frontier, to] of a sink that replays and commits it, in as many
// entries as it takes. Its failed rows have been counted.
func (r *Runtime) putOut(m *member, to log.CommitSeq) error {
	output := flow.OutFunc(m.sink.emitRows)
	for stride := log.CommitSeq(sinkStride); m.frontier < to; {
		step := min(to, m.frontier+stride)
		m.sink.discard()
		err := r.tick(m, m.frontier, step, output)
		if err == nil {
			err = r.settleSink(m, step)
		}
		switch {
		case errors.Is(err, log.ErrTooLarge) && stride > 1:
			stride /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

// settleSink commits the output at hand.
func (r *Runtime) settleSink(m *member, to log.CommitSeq) error {
	appends, err := m.sink.take()
	if err != nil {
		return err
	}
	if len(appends) == 0 {
		r.advance(m, to)
		return nil
	}
	v, err := r.commitOutput(m, appends, to)
	if err != nil {
		return err
	}
	r.mu.Lock()
	m.sink.progress, m.sink.lastCommit = to, v
	r.mu.Unlock()
	r.moves.Add(1)
	r.advance(m, to)
	return nil
}

// skipsErrors reads the relation's on_error as it is now.
func (r *Runtime) skipsErrors(m *member) bool {
	rel, ok := r.cfg.Catalog.Now().ByOID(m.rel.OID)
	return ok && rel.OnErrorSkip
}

// holdSink makes a sink stand because of failed rows: its output stays uncommitted, or is thrown
// away where it can be made again.
func (r *Runtime) holdSink(m *member) {
	if m.replays() {
		m.sink.discard()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setStateLocked(m, memberError, source.Standing(m.rel, *m.rowError))
	// What is held must fit one entry in the end.
	m.full = m.sink.size() > r.cfg.MaxEntryBytes/2
	r.broadcastLocked()
}

// advance moves a member's frontier.
func (r *Runtime) advance(m *member, to log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.frontier = max(m.frontier, to)
	if m.state == memberError || m.full {
		r.setStateLocked(m, memberRunning, nil)
		m.full = false
		r.moves.Add(1)
	}
	r.broadcastLocked()
}

// commitRetry is the pause before an entry that failed retriably is appended again.
const commitRetry = 100 * time.Millisecond

// commitOutput appends the entry until it is in the log. The condition "progress is still what
// it was" makes it happen once, whatever became of an attempt whose outcome is unknown.
func (r *Runtime) commitOutput(m *member, appends []log.Append, to log.CommitSeq) (log.CommitSeq, error) {
	for {
		entry := &log.Entry{
			Appends: copyAppends(appends),
			Changes: []log.Change{log.ProgressChange(m.sink.name, to, 0)},
			Conds:   []log.Condition{{Kind: log.CondProgress, Name: m.sink.name, Seq: m.sink.progress}},
		}
		p := r.cfg.Log.Append(entry)
		select {
		case <-p.Done():
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
		res, err := p.Result()
		switch {
		case err == nil:
			return res.Seq, nil
		case errors.Is(err, log.ErrCondition):
			if at, _ := r.cfg.Log.Progress(m.sink.name); at == to {
				return r.cfg.Log.Newest(r.ctx, true) // an attempt that looked lost was not
			}
			return 0, fmt.Errorf("sink progress moved under the sink: %w", err)
		case !errors.Is(err, log.ErrUnavailable):
			return 0, err
		}
		select {
		case <-r.cfg.Clock.After(commitRetry):
		case <-m.done:
			return 0, errDropped
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
}

// copyAppends gives the log bytes of its own: it patches them, and they may be needed again.
func copyAppends(in []log.Append) []log.Append {
	out := make([]log.Append, len(in))
	for i, a := range in {
		out[i] = log.Append{Partition: a.Partition, RecordBatches: append([]byte(nil), a.RecordBatches...)}
	}
	return out
}
