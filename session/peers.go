package session

import (
	"context"
	"math"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/session/activity"
)

// Why another session, or this one, ends something: what its client is told.
var (
	errCanceledByPeer   = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")
	errTerminatedByPeer = sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command")
)

// peers are the other sessions, as functions reach them.
type peers struct{ s *Session }

var _ plan.Peers = peers{}

// Sleep waits for so long, or until ctx ends.
func (p peers) Sleep(ctx context.Context, d time.Duration) error {
	defer p.s.doing.Wait("Timeout", "PgSleep")()
	select {
	case <-p.s.db.Clock.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// other finds the session of a process ID; who asks for one that is not there is told.
func (p peers) other(pid int32) *activity.Entry {
	e := p.s.db.activity.Find(pid)
	if e == nil {
		p.warn("PID %d is not a PostgreSQL backend process", pid)
	}
	return e
}

func (p peers) warn(format string, args ...any) {
	p.s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.Warning), Message: sqlerr.New(sqlerr.Warning, format, args...).Message})
}

// Cancel is pg_cancel_backend.
func (p peers) Cancel(pid int32) (bool, error) {
	e := p.other(pid)
	if e == nil || e.Cancel == nil {
		return false, nil
	}
	if err := p.may(e, "must be a superuser to cancel superuser query", "must be a member of the role whose query is being canceled or member of pg_signal_backend"); err != nil {
		return false, err
	}
	e.Cancel(errCanceledByPeer)
	return true, nil
}

// may refuses who has nothing to say about another's session.
func (p peers) may(e *activity.Entry, super, member string) error {
	at, role := p.s.catalog(), p.s.who.current
	if at.IsSuper(role) {
		return nil
	}
	of, ok := at.RoleNamed(e.User)
	switch {
	case ok && of.Role.Super:
		return denied("%s", super)
	case at.HasPrivsOf(role, catalog.SignalBackend):
	case !ok || !at.HasPrivsOf(role, of.OID):
		return denied("%s", member)
	}
	return nil
}

// Terminate is pg_terminate_backend.
func (p peers) Terminate(ctx context.Context, pid int32, wait time.Duration) (bool, error) {
	e := p.other(pid)
	if e == nil || e.Terminate == nil {
		return false, nil
	}
	if err := p.may(e, "must be a superuser to terminate superuser process", "must be a member of the role whose process is being terminated or member of pg_signal_backend"); err != nil {
		return false, err
	}
	p.s.db.activity.Killed.Add(1)
	e.Terminate(errTerminatedByPeer)
	if wait == 0 || e == p.s.doing {
		return true, nil
	}
	defer p.s.doing.Wait("IPC", "BackendTermination")()
	select {
	case <-e.Gone():
		return true, nil
	case <-p.s.db.Clock.After(min(wait, math.MaxInt64)):
		p.warn("backend with PID %d did not terminate within %d milliseconds", pid, wait.Milliseconds())
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// Blocking is pg_blocking_pids.
func (p peers) Blocking(pid int32) []int32 { return p.s.db.blocking(pid) }

// TableCounts is what was written to a table, and the rows that it has.
func (p peers) TableCounts(oid uint32) plan.TableCounts {
	return plan.TableCounts(p.s.db.Tables.Counts(catalog.OID(oid)))
}

// beginStatement notes what the client asks for: a statement, which is also the start of a transaction where there is none.
func (s *Session) beginStatement(sql string) time.Time {
	now := s.startClock()
	if s.tx.began.IsZero() {
		s.tx.began = now
	}
	s.doing.Run(sql, now, s.tx.began)
	return now
}

// rest notes that the client is asked what comes next.
func (s *Session) rest() {
	state, xact := activity.Idle, time.Time{}
	switch s.tx.status() {
	case face.TxActive:
		state, xact = activity.IdleInTx, s.tx.began
	case face.TxFailed:
		state, xact = activity.IdleInFailed, s.tx.began
	}
	s.doing.Rest(state, s.db.Clock.Now(), xact)
	s.Deliver()
}
