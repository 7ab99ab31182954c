package lane

import (
	"errors"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
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
	if m.state == memberFailed {
		return
	}
	m.state = memberRunning
	m.ticked = true
	m.stopped = make(chan struct{})
	r.work.Go(func() {
		defer close(m.stopped)
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

// replaySink brings the state of a sink to v; without state there is nothing to do but to wait
// for the inputs to have that version.
func (r *Runtime) replaySink(m *member, v log.CommitSeq) error {
	if err := r.waitInputs(r.ctx, m, v); err != nil {
		return err
	}
	if m.frontier < v && !m.query.Root.Props().Stateless {
		drop := flow.OutFunc(func(d *delta.Batch) error {
			for _, e := range d.Errs {
				m.sink.countError(e.Err, d.Weight(e.Row))
			}
			return nil
		})
		if err := r.tick(m, m.frontier, v, drop); err != nil {
			return err
		}
	}
	m.sink.seen = v
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
		if r.mu.at <= m.frontier || (m.state == memberError && r.mu.at <= m.sink.seen && !m.sink.again) {
			return false, nil
		}
		m.sink.again = false
		next.to = r.mu.at
		if m.query.Root.Props().Stateless && !m.readsVersions() {
			next.to = min(next.to, max(m.frontier, m.sink.seen)+sinkStride)
		}
		r.addPinLocked(next.to)
		return true, nil
	})
	return next, err == nil
}

// tickSink moves a sink to `to` and commits what it put out: output and progress in one entry.
func (r *Runtime) tickSink(m *member, to log.CommitSeq) error {
	from := max(m.frontier, m.sink.seen)
	if !r.touched(m, from, to) {
		m.sink.seen = to
		return r.settleSink(m, to)
	}
	if err := r.waitInputs(r.ctx, m, to); err != nil {
		return err
	}
	if err := r.tick(m, from, to, m.sink); err != nil {
		return err
	}
	m.sink.seen = to
	return r.settleSink(m, to)
}

// settleSink commits the output at hand, unless a row error holds it back.
func (r *Runtime) settleSink(m *member, to log.CommitSeq) error {
	if e := m.sink.leftError(); e != nil && !r.skipsErrors(m) {
		r.holdSink(m, e)
		if m.sink.size() > r.cfg.MaxEntryBytes {
			return sqlerr.New(sqlerr.ProgramLimitExceeded, "output held back by an error exceeds max_transaction_bytes: %s", e.Message)
		}
		return nil
	}
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

func (r *Runtime) holdSink(m *member, e *sqlerr.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.state, m.err = memberError, e
	r.broadcastLocked()
}

// advance moves a member's frontier.
func (r *Runtime) advance(m *member, to log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.frontier = max(m.frontier, to)
	if m.state == memberError {
		m.state, m.err = memberRunning, nil
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
