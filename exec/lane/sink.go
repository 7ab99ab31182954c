package lane

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// prepareSink finds out up to which version a sink's output is in the log already, and makes it a
// need of what the sink reads, so that the sink can tick ending exactly at it. It is known to be out
// up to a version, which may be more than the log has recorded: progress moves only with output. One
// that has put out nothing holds the version that it begins at: what it may record next is not below.
func (r *Runtime) prepareSink(m *member, out log.CommitSeq) error {
	if m.state == memberFailed {
		return nil
	}
	progress, millis := r.cfg.Log.Progress(m.sink.name)
	m.sink.progress = progress
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteTimeLocked(progress, millis)
	m.begun = m.restored || progress > 0 || out > 0
	need := max(progress, out)
	if m.rel.NoSnapshot {
		need = max(need, m.rel.CreatedAt)
	}
	m.out = max(m.out, need)
	if !m.begun && m.begin == nil && m.readsVersions() {
		if err := r.startNowLocked(m); err != nil {
			return err
		}
	}
	if m.readsVersions() && m.rel.NoSnapshot {
		m.frontier = max(m.frontier, need) // such a sink keeps no state: there is nothing to replay
	}
	if need == 0 || need < m.frontier {
		return nil
	}
	m.sink.replayTo = need
	old := m.replay
	m.replay = r.postLocked(m.below, need)
	r.dropLocked(&old)
	return nil
}

// startNowLocked has the first tick of m end at the newest version, and holds that.
func (r *Runtime) startNowLocked(m *member) error {
	c := r.Create()
	err := c.committedLocked()
	m.startAt, m.begin = c.at, c.abandonLocked
	return err
}

// replaySink brings the state of a sink, and its failed rows, to v, with its output suppressed: that
// is in the log. Where it can have neither there is nothing to do.
func (r *Runtime) replaySink(m *member, v log.CommitSeq) error {
	if p := m.query.Root.Props(); m.frontier < v && (!p.Stateless || p.MayFail) { // state, or failed rows that were skipped
		if err := r.runSinkTick(m, m.frontier, v, flow.OutFunc(m.sink.errs.add)); err != nil {
			return err
		}
	}
	r.mu.Lock()
	m.sink.replayTo = 0
	m.seen = max(m.seen, v)
	r.tickedLocked(m)
	r.dropLocked(&m.replay)
	r.mu.Unlock()
	r.advance(m, v)
	return nil
}

// fresh: the first tick of a sink is still to come.
func (m *member) fresh() bool {
	return m.sink != nil && !m.begun
}

// replays: what the sink puts out can be made again from any of its frontiers, so nothing needs
// to be kept while it stands.
func (m *member) replays() bool { return m.query.Root.Props().Stateless && !m.readsVersions() }

// see moves the version up to which a sink's input was taken.
func (r *Runtime) see(m *member, to log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.seen = max(m.seen, to)
	r.tickedLocked(m)
	m.begun = true
}

// runSinkTick moves the flow of a sink and publishes its failed rows.
func (r *Runtime) runSinkTick(m *member, from, to log.CommitSeq, out exec.Out) error {
	if err := r.sinkTick(m, from, to, out); err != nil {
		return err
	}
	if !m.sink.errs.took {
		return nil
	}
	if err := m.sink.errs.publish(m.ctx, to); err != nil {
		return err
	}
	r.keepOwn(m)
	return r.noteRowErrors(m)
}

// sinkTick runs the flow of a sink. Its first tick is in parts, of which nothing is put out before the last.
func (r *Runtime) sinkTick(m *member, from, to log.CommitSeq, out exec.Out) error {
	if !m.inParts(from) {
		return r.tick(m, from, to, out)
	}
	for done := false; !done; {
		var err error
		if done, err = r.tickPart(m, to, out); err != nil {
			return err
		}
	}
	r.endParts(m)
	return nil
}

// tickSink moves a sink to `to` and commits what it put out: output and progress in one entry.
func (r *Runtime) tickSink(m *member, to log.CommitSeq) error {
	if err := r.waitInputs(m, to); err != nil {
		return err
	}
	if m.sink.replayTo > 0 {
		return r.replaySink(m, to)
	}
	from := max(m.frontier, m.seen)
	stood := m.seen > m.frontier
	// The first tick runs though nothing was written: a count of nothing is a row.
	if m.fresh() || r.touched(m, from, to) {
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
	for most := log.CommitSeq(stride); m.frontier < to; {
		step := min(to, m.frontier+most)
		m.sink.discard()
		err := r.tick(m, m.frontier, step, output)
		if err == nil {
			err = r.settleSink(m, step)
		}
		switch {
		case errors.Is(err, log.ErrTooLarge) && most > 1:
			most /= 2
		case err != nil:
			return err
		}
	}
	return nil
}

// settleSink commits the output at hand.
func (r *Runtime) settleSink(m *member, to log.CommitSeq) error {
	appends, err := m.sink.take(m.ctx)
	if err != nil {
		return err
	}
	if len(appends) == 0 && m.sink.stage == nil {
		r.advance(m, to)
		return nil
	}
	if m.sink.written > r.cfg.MaxBytes {
		m.sink.discard()
		return fmt.Errorf("%w: a step of sink %q, max_transaction_bytes is %d", log.ErrTooLarge, m.named().Name, r.cfg.MaxBytes)
	}
	v, err := r.commitOutput(m, appends, to)
	if err != nil {
		return err
	}
	m.sink.stage, m.sink.written = nil, 0
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

// heldBytes is how much output a standing sink gathers before it takes no more of its input.
const heldBytes = 128 << 20

// holdSink makes a sink stand because of failed rows: its output stays uncommitted, or is thrown
// away where it can be made again.
func (r *Runtime) holdSink(m *member) {
	if m.replays() {
		m.sink.discard()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setStateLocked(m, memberError, source.Standing(m.rel, *m.rowError))
	m.full = m.sink.size() > min(heldBytes, r.cfg.MaxBytes/2)
	m.rested = r.cfg.Clock.Now()
	r.broadcastLocked(m)
}

// advance moves a member's frontier.
func (r *Runtime) advance(m *member, to log.CommitSeq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.frontier = max(m.frontier, to)
	if m.begun {
		r.begunLocked(m)
	}
	if m.state == memberError || m.full {
		r.setStateLocked(m, memberRunning, nil)
		m.full = false
		r.moves.Add(1)
	}
	m.rested = r.cfg.Clock.Now()
	r.wellLocked(m)
	r.broadcastLocked(m)
}

// commitOutput appends the entry until it is in the log. The condition "progress is still what
// it was" makes it happen once, whatever became of an attempt whose outcome is unknown.
func (r *Runtime) commitOutput(m *member, appends []log.Append, to log.CommitSeq) (v log.CommitSeq, err error) {
	err = r.retried(m.ctx, m, func() error {
		if err := r.injected("commit", m); err != nil {
			return err
		}
		if m.sink.stage != nil {
			if err := m.sink.stage.Flush(m.ctx); err != nil {
				return err
			}
		}
		v, err = r.tryCommit(m, appends, to)
		return err
	})
	return v, err
}

func (r *Runtime) tryCommit(m *member, appends []log.Append, to log.CommitSeq) (log.CommitSeq, error) {
	p := r.cfg.Log.Append(&log.Entry{
		Staged:  m.sink.stage,
		Appends: copyAppends(appends),
		Changes: []log.Change{log.ProgressChange(m.sink.name, to, r.progressTime(m, to))},
		Conds:   []log.Condition{{Kind: log.CondProgress, Name: m.sink.name, Seq: m.sink.progress}},
	})
	select {
	case <-p.Done():
	case <-m.ctx.Done():
		return 0, context.Cause(m.ctx)
	}
	res, err := p.Result()
	if errors.Is(err, log.ErrCondition) {
		if at, _ := r.cfg.Log.Progress(m.sink.name); at == to {
			return r.cfg.Log.Newest(m.ctx, true) // an attempt that looked lost was not
		}
		return 0, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "the progress of sink %q moved under it", m.named().Name)
	}
	return res.Seq, err
}

// writeAhead puts records of the tick under way into the object store, until they are there. Meanwhile
// others work.
func (r *Runtime) writeAhead(m *member, appends []log.Append) error {
	if m.sink.stage == nil {
		m.sink.stage = r.cfg.Log.NewStage()
	}
	return r.patiently(m.ctx, m, "stage", func() error { return m.sink.stage.Add(m.ctx, appends) })
}

// copyAppends gives the log bytes of its own: it patches them, and they may be needed again.
func copyAppends(in []log.Append) []log.Append {
	out := make([]log.Append, len(in))
	for i, a := range in {
		out[i] = log.Append{Partition: a.Partition, RecordBatches: append([]byte(nil), a.RecordBatches...)}
	}
	return out
}
