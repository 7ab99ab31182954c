package server

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// facts are what system relations tell of this server.
type facts struct {
	s     *Server
	asker system.Asker
}

func (f facts) Asker() system.Asker { return f.asker }

var _ system.Facts = facts{}

// Catalog is that of who asks, whose transaction may have changed it.
func (f facts) Catalog() *catalog.Snapshot {
	if f.asker != nil {
		return f.asker.Catalog()
	}
	return f.s.catalog.Now()
}

func (f facts) Dataflows() (out []system.Dataflow) {
	for _, d := range f.s.dataflows() {
		out = append(out, system.Dataflow{
			Relation: d.Relation, State: d.State, Since: d.Since, Frontier: d.Frontier, Target: d.Target,
			Scanned: d.Scanned, ToScan: d.ToScan,
			Reason: d.Reason, RowErrors: d.RowErrors, Record: d.Record,
			StateBytes: d.StateBytes, LateRows: int64(d.Late),
		})
	}
	gone, since := f.s.runtime.Dropping()
	for i, rel := range gone {
		out = append(out, system.Dataflow{Relation: rel, State: "dropping", Since: since[i]})
	}
	return out
}

func (f facts) Tables() (out []system.Table) {
	for _, rel := range f.s.catalog.Now().Relations(catalog.KindTable) {
		st := f.s.tables.Status(rel.OID)
		out = append(out, system.Table{Relation: rel, State: st.State, Since: st.Since, Reason: st.Reason})
	}
	return out
}

func (f facts) Sessions() (out []system.Session) {
	for _, s := range f.s.db.Sessions() {
		out = append(out, system.Session{
			PID: s.PID, User: s.User, Database: s.Database, Application: s.Application, Remote: s.Remote,
			Since: s.Since, XactStart: s.XactStart, QueryStart: s.QueryStart, StateChange: s.StateChange,
			State: string(s.State), Query: s.Query, WaitType: s.WaitType, WaitEvent: s.WaitEvent,
		})
	}
	return out
}

func (f facts) Totals() system.Totals { return f.s.db.Totals() }

func (f facts) Locks() (out []system.Lock) {
	for _, l := range f.s.tables.Locks() {
		for _, mode := range l.Modes {
			out = append(out, system.Lock{PID: l.Owner, Sort: l.Sort, Relation: l.Relation, Tx: l.Tx, Of: l.Of, Mode: mode, Granted: l.Granted})
		}
	}
	return append(out, f.s.db.AdvisoryLocks()...)
}

func (f facts) Pins() (out []system.Pin) {
	for _, p := range f.s.runtime.Pins() {
		out = append(out, system.Pin{Owner: p.Owner, Since: p.Since, Version: p.Version, Bytes: p.Bytes})
	}
	return out
}

func (f facts) Compactions() (out []system.Compaction) {
	for _, c := range f.s.log.Compactions() {
		row := system.Compaction{What: c.What, Partition: c.Partition, Partitions: c.Partitions, Runs: c.Runs, From: c.From, To: c.To,
			Bytes: c.Bytes, Written: c.Written, Since: c.Since, Ended: c.Ended}
		if t, ok := f.s.log.TopicByID(c.Topic); ok {
			row.Topic = t.Name
		}
		if c.Err != nil {
			row.Reason = c.Err.Error()
		}
		out = append(out, row)
	}
	return out
}

func (f facts) Segments(visit func(system.Segment) error) error {
	for _, t := range f.s.log.Topics() {
		for i := range t.Partitions {
			for _, stored := range f.s.log.Stored(log.Partition{Topic: t.ID, Index: i}) {
				if err := visit(system.Segment{Topic: t.Name, Partition: i, Stored: stored}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (f facts) Settings() (out []system.Setting) {
	for _, v := range f.s.cfg.Values() {
		out = append(out, system.Setting{Name: v.Name, Value: v.Text, Source: v.Source, Doc: v.Doc})
	}
	return out
}

// systemRows gives the rows of a system relation.
func (s *Server) systemRows(oid catalog.OID) (lane.SystemRows, bool) {
	r, ok := system.ByOID(oid)
	if !ok {
		r, ok = pgcatalog.ByOID(oid)
	}
	if !ok {
		return nil, false
	}
	return func(ctx context.Context, key system.Key, who *plan.Session, emit func(*delta.Batch) error) error {
		f := facts{s: s}
		if who != nil {
			f.asker, _ = who.Catalog.(system.Asker)
		}
		return r.Emit(ctx, f, key, emit)
	}, true
}
