package lane

import (
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/pace"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// memberState is where a derived relation stands; see the picture in doc.go.
type memberState uint8

const (
	memberBackfilling memberState = iota
	memberRunning
	memberWaiting // for something that passes: the reason says what, retries go on
	memberError   // a sink holds output back because of a row error
	memberFailed  // stopped; the reason tells why
)

func (s memberState) String() string {
	return [...]string{"backfilling", "running", "waiting", "error", "failed"}[s]
}

// Status of a derived relation.
type Status struct {
	// State is backfilling, running, waiting (for something that passes), error (a failed row
	// makes reads fail and holds a sink's output back), failed, or dropping (see Dropping).
	State    string
	Frontier log.CommitSeq
	// Target is where the frontier must come before the relation can be read; 0 = it is there.
	Target log.CommitSeq
	// Scanned is how many rows of the tables and views that it begins with it has taken in, of about
	// ToScan; both 0 when it is past that.
	Scanned, ToScan int64
	// Since is when the state began.
	Since time.Time
	// Reason is why the state is not running; nil when it is.
	Reason *sqlerr.Error
	// RowErrors is the number of rows that are errors, whether reads skip them or not; Record is
	// what one of them was made from, nil when it was not one record.
	RowErrors int64
	Record    *delta.Origin
	// StateBytes is the memory of what it keeps.
	StateBytes int64
	// Late and NoTime rows were left out of closing windows; Ahead records did not move a watermark.
	Late, NoTime, Ahead uint64
	// Beneath are the topics of all that it is made from.
	Beneath log.Filter
}

// Stands reports whether the relation needs somebody's attention.
func (s *Status) Stands() bool {
	return s.State == "error" || s.State == "failed" || s.State == "waiting"
}

// Status tells how a derived relation is.
func (r *Runtime) Status(oid catalog.OID) (Status, bool) {
	skip := false
	if rel, ok := r.cfg.Catalog.Now().ByOID(oid); ok {
		skip = rel.OnErrorSkip
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.mu.members[oid]
	if !ok {
		return Status{}, false
	}
	s := m.statusLocked(skip)
	r.waitsLocked(m, &s)
	// What nothing has touched is as it is at the newest version too.
	if newest, err := r.cfg.Log.Newest(r.ctx, false); err == nil && r.reachedLocked(m, newest) {
		s.Frontier = max(s.Frontier, newest)
	}
	return s, true
}

// Bytes is the size of the rows that a view has, of what is none 0.
func (r *Runtime) Bytes(oid catalog.OID) int64 {
	r.mu.Lock()
	m, ok := r.mu.members[oid]
	var view *viewOut
	if ok {
		view = m.view
	}
	r.mu.Unlock()
	if view == nil {
		return 0
	}
	return view.contents.Bytes()
}

// waitsLocked tells of a member that nothing ails, that it waits for a view below it that has failed.
func (r *Runtime) waitsLocked(m *member, s *Status) {
	if s.State != memberBackfilling.String() && s.State != memberRunning.String() {
		return
	}
	for _, oid := range m.below {
		if up := r.mu.members[oid]; up != nil && up.state == memberFailed {
			s.State, s.Since, s.Reason, s.Target = memberWaiting.String(), up.since, reasonOf(up.failure()), 0
			return
		}
	}
}

// Dropping lists the relations that are gone and whose work has not ended yet.
func (r *Runtime) Dropping() (out []*catalog.Relation, since []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.mu.dropping {
		out = append(out, m.rel)
		since = append(since, m.since)
	}
	return out, since
}

func (m *member) statusLocked(skip bool) Status {
	s := Status{
		State: m.state.String(), Frontier: m.frontier, Since: m.since, RowErrors: m.rowErrors, StateBytes: m.stateBytesLocked(),
		Late: m.late.Load(), NoTime: m.noTime.Load(), Ahead: m.ahead.Load(), Beneath: m.beneath,
	}
	if m.state == memberBackfilling {
		s.Target = m.startAt
	}
	if m.backfill != nil && m.frontier == 0 {
		s.Scanned, s.ToScan = m.backfill.rows, m.backfill.of
	}
	if m.rowError != nil {
		s.Record = m.rowError.From
	}
	if m.err != nil {
		s.Reason = reasonOf(m.err)
	}
	if m.trouble != nil && m.state != memberFailed {
		s.State, s.Since, s.Reason = memberWaiting.String(), m.troubleSince, reasonOf(m.trouble)
		return s
	}
	if m.rowError != nil && !skip && m.state <= memberRunning {
		s.State, s.Since, s.Reason = memberError.String(), m.rowErrorSince, m.rowError.Err
	}
	return s
}

// reasonOf is an error as a user may see it.
func reasonOf(err error) *sqlerr.Error {
	if user, ok := asUser(err); ok {
		return user
	}
	return sqlerr.New(sqlerr.CodeOf(err), "%v", err)
}

// setStateLocked moves a member to a state, for a reason.
func (r *Runtime) setStateLocked(m *member, s memberState, reason error) {
	if m.state != s || m.since.IsZero() {
		m.since = r.cfg.Clock.Now()
	}
	m.state, m.err = s, reason
}

// warnEvery is the least time between two lines of a kind about one member.
const warnEvery = time.Minute

// warnLocked tells the operator what stands, and of how many lines of the kind it was silent.
func (r *Runtime) warnLocked(m *member, message string, reason error) {
	if m.warned[message] == nil {
		m.warned[message] = new(pace.Line)
	}
	if held, ok := m.warned[message].Due(r.cfg.Clock.Now(), warnEvery); ok {
		r.cfg.Logger.Warn(message, "relation", m.named().QualifiedName(), "kind", m.rel.Kind, "reason", reason, "rows", m.rowErrors, "not_shown", held)
	}
}

// TellHeld tells the operator of lines that it was silent about, if none of their kind has come since.
func (r *Runtime) TellHeld() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	for _, m := range r.mu.members {
		for message, line := range m.warned {
			if held := line.Held(now, warnEvery); held > 0 {
				r.cfg.Logger.Warn(message, "relation", m.named().QualifiedName(), "kind", m.rel.Kind, "reason", m.err, "rows", m.rowErrors, "not_shown", held)
			}
		}
	}
}

// noteRowErrors makes known how many rows of m are errors now. REQUIRES: the member's goroutine,
// after a publish.
func (r *Runtime) noteRowErrors(m *member) error {
	errs := m.rowErrs()
	first, err := errs.first(r.ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case first == nil:
		m.rowErrorSince = time.Time{}
	case m.rowError == nil:
		m.rowErrorSince = r.cfg.Clock.Now()
	}
	more := errs.left > m.rowErrors
	m.rowError, m.rowErrors = first, errs.left
	if first != nil && more {
		r.warnLocked(m, "a row failed", source.Standing(m.rel, *first))
	}
	return nil
}

// rowErrs are the failed rows of m's query.
func (m *member) rowErrs() *rowErrors {
	if m.view != nil {
		return m.view.errs
	}
	return m.sink.errs
}
