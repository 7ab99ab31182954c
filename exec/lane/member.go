package lane

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/pace"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// member is a derived relation at work.
type member struct {
	rel    *catalog.Relation // as it was when the member was made: see named
	defs   *catalog.Catalog
	query  *plan.Query
	flow   *flow.Flow
	states *flow.States // replaced under Runtime.mu
	view   *viewOut     // exactly one of view and sink
	sink   *sinkOut
	// topics are those read directly: of streams, and of tables (their changelog).
	topics log.Filter
	// views are the members read directly, by OID.
	views []catalog.OID
	// records are those of topics that are read record by record, as streams are.
	records log.Filter
	// tables are those read directly, by OID.
	tables []catalog.OID
	// below are all tables and views that the query is made from, beneath the topics of all of them.
	below   []catalog.OID
	beneath log.Filter
	// clock: what it gives changes with time. clocks are those with a clock that it is made from, it among them.
	clock  bool
	clocks []catalog.OID
	ticks  atomic.Uint64
	late   atomic.Uint64 // rows that came behind the watermark of a closing window
	noTime atomic.Uint64 // rows without event time in a closing window
	ahead  atomic.Uint64 // records too far ahead to move a watermark, since the start

	// ctx ends the member's work: with its DROP, or with the runtime.
	ctx    context.Context
	cancel context.CancelFunc
	// kick wakes the member's goroutine out of a rest.
	kick chan struct{}
	// gone is closed when a dropped member has ended and given back what it held.
	gone   chan struct{}
	worker worker // its goroutine
	crew   *crew  // who helps it; nil: a tick has one processor
	holds  bool   // has a token

	// Guarded by Runtime.mu. fingerprint is of everything that the content of the states depends on; anew: the
	// state is to be made anew because somebody asked for it.
	fingerprint string
	anew        bool
	running     bool          // has a goroutine
	moved       chan struct{} // closed and replaced when the frontier or the status moves
	state       memberState
	err         error                 // why it is not running
	since       time.Time             // of the state
	warned      map[string]*pace.Line // by message
	frontier    log.CommitSeq
	before      log.CommitSeq // frontier before the last tick
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
	ticked      bool          // has run its first tick
	dropped     bool
	// emptied: it stands, and its state was given back.
	emptied bool
	// begun: of a sink, its flow has run once, in this process or in one before.
	begun bool
	// startAt is where the first tick must end, 0 = anywhere. begin lets go the hold of that version on
	// what it reads.
	startAt log.CommitSeq
	begin   func()
	// out is a version up to which all output of a sink is in the log, whatever its state is at, and
	// replay holds it for a sink that has to come there again.
	out    log.CommitSeq
	replay need
	// wake is the time at which what m gives changes though nothing is written; zero = never. awake is what it will be when the
	// frontier moves, if its goroutine was told.
	wake, awake time.Time
	told        bool
	// ends are versions behind where a view begins again at which it must end ticks: the frontiers of its
	// readers, now and in the newest checkpoint.
	ends []log.CommitSeq
	// most bounds the commits of the next tick, 0 = not. Only its goroutine uses it.
	most log.CommitSeq
	// halved is how often that was too much. Only its goroutine uses it.
	halved uint
	// rested is when the last tick ended, woken when the first commit behind it touched what m is made from.
	rested, woken time.Time
	chosen        log.CommitSeq // where the last tick that was chosen ends
	way           wayOf
	// Of a member that failed: how often since it last went well, up to where it has to come to have
	// gone well, and when it is built again.
	tries   int
	wellAt  log.CommitSeq
	retryAt time.Time
	// trouble is an error that passes, of a read under way or of a commit.
	trouble      error
	troubleSince time.Time
	// restored: began as a checkpoint had it.
	restored bool
	// backfill is how far the first tick of a member over tables or views is, nil when it is over.
	backfill *backfilling
	// ready: the state is loaded, or will be by a tick. Only its goroutine uses it.
	ready bool
	// hurt is why the state is to be built again, found by who saved it; nil = it is not.
	hurt error
	// cut is why m is to end what it does, because history was kept for it alone; cutting tells a tick
	// under way. It was furthest behind, at stoodAt, since then.
	cut        error
	cutting    atomic.Bool
	stoodAt    log.CommitSeq
	stoodSince time.Time
	// asked: a checkpoint wants the state between two ticks, in captured.
	asked     bool
	captured  *memberCapture
	captureAt log.CommitSeq // the frontier is at least there: of what reads it and is captured
}

// newMember plans rel and builds its flow; nothing runs yet. A query that cannot be planned
// makes a failed member, so that it can be seen and dropped.
func (r *Runtime) newMember(rel *catalog.Relation) (*member, error) {
	m := &member{rel: rel, defs: r.cfg.Catalog, kick: make(chan struct{}, 1), gone: make(chan struct{}), moved: make(chan struct{}),
		warned: map[string]*pace.Line{}}
	m.worker.of = m
	m.ctx, m.cancel = context.WithCancel(r.ctx)
	if r.cfg.Shards > 1 {
		m.crew = newCrew(r, m)
	}
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
	if err := r.plan(m); err != nil {
		return err
	}
	if saved := r.savedMember(m); saved != nil {
		if err := r.open(m, saved); err == nil {
			return nil
		} else if r.ctx.Err() != nil {
			return err
		} else {
			r.cfg.Logger.Warn("relation is built from the log", "relation", m.named().QualifiedName(), "error", err)
		}
		r.reset(m)
	}
	return r.open(m, nil)
}

// plan plans the query and finds what it reads.
func (r *Runtime) plan(m *member) error {
	rel, snap := m.rel, r.cfg.Catalog.Now()
	if now, ok := snap.ByOID(rel.OID); ok {
		rel = now // with the names that its query was written with, which a RENAME notes
	}
	q, err := planner.Relation(rel, snap, expr.Folder{})
	if err != nil {
		return err
	}
	m.query = q
	r.findInputs(m)
	r.refingerprint(m)
	return nil
}

// memberBuilder makes the parts of m's flow, which shares with the others what streams are decoded to.
func (r *Runtime) memberBuilder(m *member) flow.Builder {
	wait := func(ctx context.Context, done <-chan struct{}) error { return r.waitWithout(ctx, m, done) }
	b := builder(source.Config{
		Log: patientLog{r.cfg.Log, r, m}, Inputs: &liveInputs{r: r}, Decoded: r.cfg.Decoded, Wait: wait,
	})
	if m.crew != nil {
		b.Crew = m.crew
	}
	return b
}

// open makes the flow of a member, at its beginning or as a checkpoint has it.
func (r *Runtime) open(m *member, saved *savedEntry) error {
	f, err := flow.New(m.query.Root, r.memberBuilder(m), m.states)
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
	var lists map[string][]byte
	if saved != nil {
		if lists, err = saved.from.Lists(r.ctx, saved.Parts); err != nil {
			return err
		}
		m.states.RestoreFrom(saved.from.Pieces(), checkpoint.States(lists))
	}
	m.worker.meter = meter.New(r.cfg.Memory.Owner(), func(ctx context.Context) error { return r.breathe(ctx, m) })
	m.worker.meter.RelievedBy(r.cfg.Merges.Relieve)
	env := flow.Env{Values: flow.Values{Session: &m.query.Settings, Meter: m.worker.meter, Beside: m.beside(), OnLate: r.onLate(m)}}
	if err := f.Open(env); err != nil {
		return err
	}
	r.mu.Lock()
	if m.told = false; m.clock {
		m.wake = atOnce
	}
	if m.backfill = nil; m.readsVersions() && m.frontier == 0 {
		m.backfill = &backfilling{parts: f.Backfill()}
	}
	r.mu.Unlock()
	if saved == nil {
		return nil
	}
	return r.restoreMember(m, saved, lists)
}

// reset takes a member back to before open.
func (r *Runtime) reset(m *member) {
	r.forgetState(m)
	m.dropOutput()
}

// forgetState ends a member's flow and gives the memory of its operators back. What it has put out stays.
func (r *Runtime) forgetState(m *member) {
	_ = m.close() // nothing has run
	m.states.Drop()
	m.flow = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	m.states = flow.NewStates(r.cfg.Memory.Charge, r.cfg.Merges)
}

// stateBytesLocked is the memory of what m keeps: its operators' state, and what it puts out.
func (m *member) stateBytesLocked() int64 {
	used := m.states.Used()
	if m.view != nil {
		used += m.view.memory.Held()
	}
	if m.sink != nil {
		used += m.sink.memory.Held()
	}
	return used
}

// dropOutput gives the memory of what m writes back.
func (m *member) dropOutput() {
	if m.view != nil {
		m.view.contents.Close()
		m.view.errs.set.Close()
		m.view.memory.Drop()
	}
	if m.sink != nil {
		m.sink.free()
	}
}

// makeOutput opens what the member writes.
func (r *Runtime) makeOutput(m *member) error {
	var view *viewOut
	var sink *sinkOut
	var err error
	bound := lateBound{most: r.cfg.LateRows, letGo: &r.lateLetGo}
	if m.rel.Kind == catalog.KindView {
		view = newViewOut(m.rel, r.cfg.Memory.Owner(), r.cfg.Merges, m.beside(), bound, func(out *viewOut, err error) { r.viewHurt(m, out, err) })
	} else if sink, err = newSinkOut(m.rel, r.cfg, bound); err != nil {
		return err
	}
	if sink != nil {
		sink.ahead = func(appends []log.Append) error { return r.writeAhead(m, appends) }
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.sink != nil {
		sink.lastCommit = m.sink.lastCommit
	}
	m.view, m.sink = view, sink
	return nil
}

// findInputs sorts what the query reads by how its changes become known.
func (r *Runtime) findInputs(m *member) {
	snap := r.cfg.Catalog.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		m.below = r.belowLocked(append(slices.Clone(m.views), m.tables...))
		m.beneath = r.beneathLocked(m)
		r.findClocksLocked(m)
	}()
	for _, id := range m.query.Relations {
		rel, ok := snap.ByOID(catalog.OID(id))
		if !ok {
			continue
		}
		records := rel.Kind == catalog.KindErrors && !rel.ListsRows()
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
			if rel.Kind == catalog.KindTable && !records {
				m.tables = append(m.tables, rel.OID)
			} else {
				m.records.Topics = append(m.records.Topics, log.TopicFilter{Topic: rel.Topic})
			}
		}
	}
}

// readsVersions: m reads tables or views, whose versions are there for a time only; streams are
// read from the log.
func (m *member) readsVersions() bool { return len(m.below) > 0 }

// beneathLocked are the topics of all that m is made from.
func (r *Runtime) beneathLocked(m *member) (f log.Filter) {
	seen := map[log.TopicID]bool{}
	add := func(of log.Filter) {
		for _, t := range of.Topics {
			if !seen[t.Topic] {
				seen[t.Topic] = true
				f.Topics = append(f.Topics, t)
			}
		}
	}
	add(m.topics)
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up != nil {
			add(up.beneath)
		}
	}
	return f
}

func (m *member) close() error {
	if m.flow == nil {
		return nil
	}
	return m.flow.Close()
}

// tick moves m from its frontier to `to`, outside the mutex; the caller owns the member's
// flow. It needs a token.
func (r *Runtime) tick(m *member, from, to log.CommitSeq, out exec.Out) error {
	if err := r.holdToken(m); err != nil {
		return err
	}
	defer r.pauseToken(m)
	r.wayBegins(m)
	r.moves.Add(1)
	if err := r.injected("tick", m); err != nil {
		return err
	}
	if err := r.holdInputs(m, to); err != nil {
		return err
	}
	t, err := r.tickOf(m, from, to)
	if err != nil {
		return err
	}
	before := m.flow.Read()
	_, err = m.flow.Run(m.ctx, t, out)
	m.awake, m.told = m.flow.Wake(), err == nil
	r.bound(m, to-from, m.flow.Read()-before, err)
	return err
}

// leastTickRows are taken by a tick however little memory there is.
const leastTickRows = 4 << 10

// bound bounds the next tick of m, whose last one read so many rows of so many commits: what a tick touches is in memory
// until its end, so it should read a row for each KiB of state's memory at most, and half as many for each time
// that this was too much.
func (r *Runtime) bound(m *member, commits log.CommitSeq, rows int64, err error) {
	limit := r.cfg.Memory.Limit()
	if limit == 0 || commits == 0 {
		return
	}
	if hasNoRoom(err) {
		m.halved = min(m.halved+1, 16)
		m.most = max(1, commits/2)
		return
	}
	if m.most = 0; rows > 0 {
		m.most = max(1, log.CommitSeq(max(limit>>10>>m.halved, leastTickRows>>m.halved))*commits/log.CommitSeq(rows))
	}
}

// hasNoRoom: an error is that memory is taken.
func hasNoRoom(err error) bool {
	e, told := asUser(err)
	return errors.Is(err, state.ErrOutOfMemory) || told && e.Code == sqlerr.OutOfMemory
}

// holdToken waits for the token of a tick.
func (r *Runtime) holdToken(m *member) error {
	m.ticks.Add(1)
	return r.resumeToken(m)
}

// pauseToken gives m's token to others, if it has one.
func (r *Runtime) pauseToken(m *member) {
	if m.holds {
		m.holds = false
		r.tokens.give(&m.worker)
	}
}

// resumeToken waits for a token.
func (r *Runtime) resumeToken(m *member) error {
	r.mu.Lock()
	hurried := r.neededLocked(m)
	r.mu.Unlock()
	err := r.tokens.take(m.ctx, &m.worker, hurried)
	m.holds = err == nil
	return err
}

// breathe stands where a tick may stop for a while: past its slice it lets others go first. REQUIRES:
// the goroutine of a tick, no lock held.
func (r *Runtime) breathe(ctx context.Context, m *member) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := r.cutErr(m); err != nil || !m.holds || !r.tokens.waiting() {
		return err
	}
	r.pauseToken(m)
	return r.resumeToken(m)
}

// injected is where a test makes a stage of a member's work fail.
func (r *Runtime) injected(stage string, m *member) error {
	r.mu.Lock()
	inject := r.inject
	r.mu.Unlock()
	if inject == nil {
		return nil
	}
	return inject(stage, m.rel.Name)
}

// touched reports whether anything m reads directly changed in (from, to].
func (r *Runtime) touched(m *member, from, to log.CommitSeq) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.topics.Topics) > 0 && r.cfg.Log.Touched(m.topics, to) > from || m.clock && m.due(r.cfg.Log.CommitTime(to)) {
		return true
	}
	for _, oid := range m.views {
		if up := r.mu.members[oid]; up != nil && up.changed > from {
			return true
		}
	}
	return false
}

// quietLocked reports whether nothing that m is made from changed in (from, to].
func (r *Runtime) quietLocked(m *member, from, to log.CommitSeq) bool {
	return from >= to || (len(m.beneath.Topics) == 0 || r.cfg.Log.Touched(m.beneath, to) <= from) && !r.movedLocked(m.clocks, from, to)
}

func sortByOID(rels []*catalog.Relation) {
	slices.SortFunc(rels, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
}

// onLate counts what a closing window of m left out, and what did not move a watermark; what was left
// out stands in its error relation.
func (r *Runtime) onLate(m *member) func(int64, *delta.Origin, exec.LateReason) error {
	return func(n int64, from *delta.Origin, why exec.LateReason) error {
		switch why {
		case exec.ReasonAhead:
			m.ahead.Add(uint64(n))
			return nil // it is there
		case exec.ReasonNoTime:
			m.noTime.Add(uint64(n))
		default:
			m.late.Add(uint64(n))
		}
		return m.rowErrs().leftOut(n, from, why)
	}
}
