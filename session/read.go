package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// pinned is the version that queries read, of which what they were planned for is still true; lane.ErrMoved says that they are to be
// planned again. free lets it go.
func (s *Session) pinned(ctx context.Context, queries ...*plan.Query) (pin *lane.Pin, free func(), err error) {
	for _, q := range queries {
		if err := s.mayRun(q); err != nil {
			return nil, nil, err
		}
	}
	rels := queries[0].Relations
	if len(queries) > 1 {
		rels = nil
		for _, q := range queries {
			rels = append(rels, q.Relations...)
		}
		slices.Sort(rels)
		rels = slices.Compact(rels)
	}
	if err := s.published(ctx, queries); err != nil {
		return nil, nil, err
	}
	for strict := false; ; strict = true {
		if pin, free, err = s.snapshot(ctx, rels, strict); err != nil {
			return nil, nil, err
		}
		fits := true
		for _, q := range queries {
			if fits && err == nil {
				fits, err = s.db.Runtime.Fits(ctx, q, pin.Version())
			}
		}
		if fits && err == nil {
			return pin, free, nil
		}
		free()
		if err != nil {
			return nil, nil, err
		}
		if strict || s.repeatable() || s.set.limits.readMode == lane.ReadStrict {
			return nil, nil, lane.ErrMoved
		}
	}
}

// published waits until the catalog that queries were planned with is published: a commit is in the catalog a moment before others may
// read it.
func (s *Session) published(ctx context.Context, queries []*plan.Query) error {
	planned := log.CommitSeq(0)
	for _, q := range queries {
		planned = max(planned, log.CommitSeq(q.Catalog))
	}
	newest, err := s.db.Log.Newest(ctx, false)
	if err != nil || newest >= planned {
		return err
	}
	_, err = s.db.Log.Wait(ctx, log.Filter{}, planned-1)
	return err
}

// snapshot pins the version a statement reads: the block's in REPEATABLE READ, else the newest.
// free lets it go.
func (s *Session) snapshot(ctx context.Context, rels []plan.RelationID, strict bool) (pin *lane.Pin, free func(), err error) {
	if s.with != nil {
		return s.with.pin, func() {}, nil
	}
	s.noteTemporary(oids(rels)...)
	if err := s.populated(oids(rels)); err != nil {
		return nil, nil, err
	}
	reads, err := s.readable(oids(rels))
	if err != nil {
		return nil, nil, err
	}
	if err := s.noteReads(ctx, rels); err != nil {
		return nil, nil, err
	}
	if s.tx.pin != nil {
		done, err := s.tx.pin.Use(ctx, reads)
		if err != nil {
			return nil, nil, err
		}
		return s.tx.pin, done, nil
	}
	kept := s.repeatable()
	as := lane.ReadAs{Mode: s.set.limits.readMode, All: kept, Owner: s.reads}
	if strict {
		as.Mode = lane.ReadStrict
	}
	if pin, err = s.db.Runtime.Pin(ctx, reads, as); err != nil {
		return nil, nil, err
	}
	if kept {
		s.tx.pin = pin
		s.tx.serial.readAt(pin.Version())
		done, err := pin.Use(ctx, nil)
		return pin, done, err
	}
	return pin, pin.Release, nil
}

func oids(rels []plan.RelationID) []catalog.OID {
	out := make([]catalog.OID, len(rels))
	for i, r := range rels {
		out[i] = catalog.OID(r)
	}
	return out
}

// runQuery runs a plan once and gives its rows to out.
func (s *Session) runQuery(ctx context.Context, q *plan.Query, args []delta.Column, out exec.Out) error {
	pin, free, err := s.pinned(ctx, q)
	if err != nil {
		return err
	}
	defer free()
	return s.db.Runtime.Query(ctx, q, s.runAt(pin.Version(), args), out)
}

// runAt is how this session runs a plan: with its own writes on top, and knowing who it is.
func (s *Session) runAt(v log.CommitSeq, args []delta.Column) lane.Run {
	settings := s.runSettings()
	inputs := s.inputs()
	if s.with != nil {
		inputs = s.with
	}
	return lane.Run{
		At: v, Inputs: inputs, Settings: &settings, Args: args, Meter: s.meter(),
		WorkMemory: s.workMemory(), TempFileLimit: s.set.limits.tempFileLimit,
		Shards: int(s.set.limits.shards), MinShardRows: s.set.limits.minShardRows, Trace: s.takeTrace(),
	}
}

// inputs are everybody's relations, with the temporary ones of the session and what its transaction wrote.
func (s *Session) inputs() source.Inputs {
	return s.tx.writes.Inputs(s.temp.Inputs(s.db.Runtime.Inputs()))
}

// workMemory is what a statement may keep before rows go to the disk: well before it is refused more.
func (s *Session) workMemory() int64 {
	work, all := s.set.limits.workMemory, s.set.limits.statementMemory
	if work > 0 && all > 0 {
		work = max(1, min(work, all/2))
	}
	return work
}

// runSettings are the settings of what runs now, and whose they are.
func (s *Session) runSettings() plan.Settings {
	settings, who := s.set.derived, s.whoRuns()
	settings.Session = &who
	return settings
}

func (s *Session) whoRuns() plan.Session {
	return plan.Session{User: s.currentUser(), SessionUser: s.roleName(s.who.session), Database: s.database, PID: s.pid, Now: s.txStart(), Version: s.version, Clock: s.clockMicros,
		Sequences: &s.sequences, Catalog: s.introspection(), Locks: advisoryLocks{s}, Peers: peers{s}, Ends: &s.ends}
}

// meter bounds one statement.
func (s *Session) meter() *meter.Meter {
	return meter.New(s.db.Memory.Limited("statement_memory", s.set.limits.statementMemory), nil)
}

// txStart is now(): the start of the transaction, microseconds since 2000-01-01.
func (s *Session) txStart() int64 {
	if s.tx.began.IsZero() {
		s.tx.began = s.db.Clock.Now()
	}
	return s.tx.began.UnixMicro() - record.UnixToPostgresMillis*1000
}

// clockMicros is the time now, microseconds since 2000-01-01.
func (s *Session) clockMicros() int64 {
	return s.db.Clock.Now().UnixMicro() - record.UnixToPostgresMillis*1000
}

// rowsTo writes a query's columns and rows to w and counts the rows.
func (s *Session) rowsTo(ctx context.Context, q *plan.Query, args []delta.Column, fields []face.Field, w face.Writer) (int64, error) {
	pin, free, err := s.pinned(ctx, q)
	if err != nil {
		return 0, err
	}
	defer free()
	if err := w.Fields(fields); err != nil {
		return 0, err
	}
	r := &s.run
	r.rows, r.w = 0, w
	err = s.db.Runtime.Query(ctx, q, r.at(s, q, pin.Version(), args), r)
	r.w = nil
	return r.rows, err
}

// rowsRun is what a query uses that ends within one call of the session. The next one uses it again:
// the one before has ended, and what it ran is opened anew.
type rowsRun struct {
	settings plan.Settings
	who      plan.Session
	meter    *meter.Meter
	limit    int64 // of meter

	w    face.Writer
	rows int64
}

// at is runAt in the run's own memory.
func (r *rowsRun) at(s *Session, q *plan.Query, v log.CommitSeq, args []delta.Column) lane.Run {
	r.who = s.whoRuns()
	r.settings = s.set.derived
	r.settings.Session = &r.who
	run := lane.Run{
		At: v, Inputs: s.inputs(), Settings: &r.settings, Args: args,
		WorkMemory: s.workMemory(), TempFileLimit: s.set.limits.tempFileLimit,
		Shards: int(s.set.limits.shards), MinShardRows: s.set.limits.minShardRows,
	}
	if !lane.PointRead(q) {
		run.Meter = s.meter() // somebody may give back to it late: it is this run's alone
		return run
	}
	if limit := s.set.limits.statementMemory; r.meter == nil || r.limit != limit {
		r.close()
		r.meter, r.limit = s.meter(), limit
		r.meter.Keep()
	}
	run.Meter = r.meter
	return run
}

func (r *rowsRun) close() {
	if r.meter != nil {
		r.meter.Leave()
		r.meter = nil
	}
}

// Emit implements exec.Out.
func (r *rowsRun) Emit(d *delta.Batch) error {
	r.rows += countRows(d)
	return r.w.Rows(d)
}

// countRows is how many rows d stands for.
func countRows(d *delta.Batch) int64 {
	if d.Weights == nil {
		return int64(d.Rows())
	}
	n := int64(0)
	if d.Sel == nil {
		for _, w := range d.Weights[:d.Len] {
			n += w
		}
		return n
	}
	for _, i := range d.Sel {
		n += d.Weights[i]
	}
	return n
}
