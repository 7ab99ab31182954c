package lane

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// member is a derived relation at work.
type member struct {
	rel    *catalog.Relation
	query  *plan.Query
	flow   *flow.Flow
	states *flow.States
	// fingerprint is of everything that the content of the states depends on.
	fingerprint string
	view        *viewOut // exactly one of view and sink
	sink        *sinkOut
	// topics are those read directly: of streams, and of tables (their changelog).
	topics log.Filter
	// views are the members read directly, by OID.
	views []catalog.OID
	// tables: a table is read directly.
	tables bool
	ticks  atomic.Uint64
	late   atomic.Uint64 // rows that came behind the watermark of a closing window
	noTime atomic.Uint64 // rows without event time in a closing window
	ahead  atomic.Uint64 // records too far ahead to move a watermark, since the start
	// ctx ends with Drop or the runtime: a tick under way stops.
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed to stop the member's own goroutine
	stopped chan struct{} // closed when it has ended; nil without one

	// Guarded by Runtime.mu.
	state    memberState
	err      error     // why it is not running
	since    time.Time // of the state
	warned   time.Time
	frontier log.CommitSeq
	// rowErrors counts the rows that are errors, rowError is one of them, nil when there is none.
	rowErrors     int64
	rowError      *delta.RowError
	rowErrorSince time.Time
	// seen is the version up to which a sink's input was taken; beyond the frontier while failed rows
	// hold output back. Only its goroutine moves it.
	seen log.CommitSeq
	// again: on_error of a sink may have changed; look whether the output may go now. full: it holds
	// so much back that it takes no more input.
	again, full bool
	changed     log.CommitSeq // newest version at which the content changed
	kept        log.CommitSeq // version that the view was last told to keep
	ticked      bool          // has run its first tick
	inLane      bool
	dropped     bool
	// busy: a goroutine works with the flow; who drops the member leaves it to that one to free it.
	busy bool
	// restored: began as a checkpoint had it.
	restored bool
	// asked: a checkpoint wants the sink's state at its next rest, in captured.
	asked    bool
	captured *memberCapture
}

// addLocked makes a member known.
func (r *Runtime) addLocked(m *member) {
	r.mu.members[m.rel.OID] = m
	if m.sink != nil {
		r.mu.writers[m.rel.Topic] = append(r.mu.writers[m.rel.Topic], m.rel.OID)
	}
}

// removeLocked forgets a member.
func (r *Runtime) removeLocked(m *member) {
	delete(r.mu.members, m.rel.OID)
	left := slices.DeleteFunc(r.mu.writers[m.rel.Topic], func(oid catalog.OID) bool { return oid == m.rel.OID })
	if r.mu.writers[m.rel.Topic] = left; len(left) == 0 {
		delete(r.mu.writers, m.rel.Topic)
	}
}

// newMember plans rel and builds its flow; nothing runs yet. A query that cannot be planned
// makes a failed member, so that it can be seen and dropped.
func (r *Runtime) newMember(rel *catalog.Relation) (*member, error) {
	m := &member{rel: rel, done: make(chan struct{})}
	m.ctx, m.cancel = context.WithCancel(r.ctx)
	m.states = flow.NewStates(r.cfg.Memory.Charge, r.cfg.Merges)
	if err := r.build(m); err != nil {
		r.setStateLocked(m, memberFailed, err) // nobody else has it yet
		r.warnLocked(m, "relation stands failed", err)
	}
	if m.view == nil && m.sink == nil {
		return m, r.makeOutput(m)
	}
	return m, nil
}

func (r *Runtime) build(m *member) error {
	q, err := r.cfg.Plan(m.rel)
	if err != nil {
		return err
	}
	m.query = q
	r.findInputs(m)
	m.fingerprint = r.fingerprintOf(m)
	if saved := r.savedMember(m); saved != nil {
		if err := r.open(m, saved); err == nil {
			return nil
		} else if r.ctx.Err() != nil {
			return err
		} else {
			r.cfg.Logger.Warn("relation is built from the log", "relation", m.rel.QualifiedName(), "error", err)
		}
		r.reset(m)
	}
	return r.open(m, nil)
}

// open makes the flow of a member, at its beginning or as a checkpoint has it.
func (r *Runtime) open(m *member, saved *checkpoint.Member) error {
	f, err := flow.New(m.query.Root, r.builder(&liveInputs{r: r}), m.states)
	if err != nil {
		return err
	}
	m.flow = f
	if m.rel.NoSnapshot {
		m.frontier = m.rel.CreatedAt // what was there before counts nowhere
	}
	if err := r.makeOutput(m); err != nil {
		return err
	}
	if saved != nil {
		r.restoreStates(m, saved)
	}
	env := flow.Env{Values: flow.Values{Session: &m.query.Settings, Meter: meter.New(r.cfg.Memory.Owner(), nil), OnLate: r.onLate(m)}}
	if err := f.Open(env); err != nil || saved == nil {
		return err
	}
	return r.restoreMember(m, saved)
}

// reset takes a member back to before open.
func (r *Runtime) reset(m *member) {
	_ = m.close() // nothing has run
	m.states.Drop()
	m.dropOutput()
	m.states = flow.NewStates(r.cfg.Memory.Charge, r.cfg.Merges)
	m.flow, m.view, m.sink = nil, nil, nil
}

// dropOutput gives the memory of what m writes back.
func (m *member) dropOutput() {
	if m.view != nil {
		m.view.contents.Close()
		m.view.errs.set.Close()
		m.view.memory.Drop()
	}
	if m.sink != nil {
		m.sink.errs.set.Close()
		m.sink.memory.Drop()
	}
}

// makeOutput opens what the member writes.
func (r *Runtime) makeOutput(m *member) (err error) {
	if m.rel.Kind == catalog.KindView {
		m.view = newViewOut(m.rel, r.cfg.Memory.Owner(), r.cfg.Merges)
		return nil
	}
	m.sink, err = newSinkOut(m.rel, r.cfg)
	return err
}

// findInputs sorts what the query reads by how its changes become known.
func (r *Runtime) findInputs(m *member) {
	snap := r.cfg.Catalog.Now()
	for _, id := range m.query.Relations {
		rel, ok := snap.ByOID(catalog.OID(id))
		if !ok {
			continue
		}
		if rel.Kind == catalog.KindErrors {
			if rel, ok = snap.ByOID(rel.Parent); !ok {
				continue
			}
		}
		switch rel.Kind {
		case catalog.KindView:
			m.views = append(m.views, rel.OID)
		case catalog.KindStream, catalog.KindTable:
			m.topics.Topics = append(m.topics.Topics, log.TopicFilter{Topic: rel.Topic})
			m.tables = m.tables || rel.Kind == catalog.KindTable
		}
	}
}

// due reports whether m has something to do up to `to`: its first tick, or a later one. The first
// may end where it begins.
func (m *member) due(to log.CommitSeq) bool {
	return m.state == memberRunning && (m.frontier < to || !m.ticked && m.frontier == to)
}

// readsVersions: m reads tables or views, whose versions are there for a time only; streams are
// read from the log.
func (m *member) readsVersions() bool { return m.tables || len(m.views) > 0 }

// failLocked stops a member for good.
func (r *Runtime) failLocked(m *member, err error) {
	if m.dropped || r.ctx.Err() != nil {
		return // a tick that was cut off by the end is no failure
	}
	r.setStateLocked(m, memberFailed, err)
	r.cfg.Logger.Error("dataflow stopped", "relation", m.rel.QualifiedName(), "error", err)
	r.broadcastLocked()
}

func (m *member) close() error {
	if m.flow == nil {
		return nil
	}
	return m.flow.Close()
}

// tick moves m from its frontier to `to`, outside the mutex; the caller owns the member's
// flow. changed reports whether anything was put out.
func (r *Runtime) tick(m *member, from, to log.CommitSeq, out exec.Out) (err error) {
	defer func() {
		// A dataflow task is one of the three places that survive a panic: it becomes the
		// member's failure.
		if p := recover(); p != nil {
			err = fmt.Errorf("dataflow panicked: %v", p)
			r.cfg.Logger.Error("panic in dataflow", "relation", m.rel.QualifiedName(), "panic", p, "stack", stack())
		}
	}()
	m.ticks.Add(1)
	r.moves.Add(1)
	_, err = m.flow.Run(m.ctx, exec.Tick{From: from, To: to, Time: r.cfg.Log.CommitTime(to)}, out)
	return err
}

// touched reports whether anything m reads changed in (from, to].
func (r *Runtime) touched(m *member, from, to log.CommitSeq) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.touchedLocked(m, from, to)
}

func (r *Runtime) touchedLocked(m *member, from, to log.CommitSeq) bool {
	if len(m.topics.Topics) > 0 && r.cfg.Log.Touched(m.topics, to) > from {
		return true
	}
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up != nil && up.changed > from {
			return true
		}
	}
	return false
}

func sortByOID(rels []*catalog.Relation) {
	slices.SortFunc(rels, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
}

// onLate counts what a closing window of m left out, and what did not move a watermark.
func (r *Runtime) onLate(m *member) func(int64, exec.LateReason) {
	return func(n int64, why exec.LateReason) {
		switch why {
		case exec.ReasonNoTime:
			m.noTime.Add(uint64(n))
		case exec.ReasonAhead:
			m.ahead.Add(uint64(n))
		default:
			m.late.Add(uint64(n))
		}
	}
}
