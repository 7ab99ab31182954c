package session

import (
	"context"
	"errors"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// changesData reports whether the WITH of a query has a statement that changes data.
func changesData(q parse.Query) bool {
	for _, n := range q.Select.GetWithClause().GetCtes() {
		if n.GetCommonTableExpr().GetCtequery().GetSelectStmt() == nil {
			return true
		}
	}
	return false
}

// withRun is a statement whose WITH changes data (docs/decisions/0045). All of it reads one version, with what the
// transaction wrote before it:
//
//	query of part 1 ─► query of part 2 ─► … ─► query of the statement ─► writes of the parts ─► its own writes
//	       └─ rows of RETURNING ─┴────────────────────┘
//
// It is the inputs of these queries: the rows of a part's RETURNING are those of a relation with its ID.
type withRun struct {
	source.Inputs
	s       *Session
	tx      *table.Tx
	pin     *lane.Pin
	rows    map[plan.RelationID]*delta.BatchBuilder
	held    *holding
	pending []func(ctx context.Context) error
	begun   bool // the writes
	// upserting: a part that writes at once is under way.
	upserting bool
}

// errChanged: a row that a part changes is not what it was in the statement's version.
var errChanged = errors.New("session: a row changed under a statement")

// maxWithAttempts bounds how often a statement is run again because others changed its rows.
const maxWithAttempts = 100

// System gives the rows of a part.
func (w *withRun) System(id plan.RelationID) (source.SystemRows, error) {
	rows, ok := w.rows[id]
	if !ok {
		return w.Inputs.System(id)
	}
	return func(_ context.Context, _ system.Key, _ *plan.Session, emit func(*delta.Batch) error) error {
		b := rows.Batch()
		b.Cols = slices.Clone(b.Cols)
		return emit(&b)
	}, nil
}

// writeWith runs a statement whose WITH changes data, again while others change its rows under it.
func (s *Session) writeWith(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (string, error) {
	for range maxWithAttempts {
		before := tx.Savepoint()
		tag, err := s.writeParts(ctx, tx, d, args, returned)
		if errors.Is(err, errChanged) && !s.repeatable() {
			tx.RollbackTo(before)
			tx.Release(1)
			s.tx.keys.forget()
			if returned != nil {
				returned.drop()
				*returned = *s.newGathered(returned.types)
			}
			continue
		}
		tx.Release(1)
		if errors.Is(err, errChanged) {
			break
		}
		return tag, err
	}
	return "", sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
}

func (s *Session) writeParts(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (string, error) {
	var queries []*plan.Query
	for _, q := range append(slices.Clone(d.parts), d) {
		queries = append(queries, q.query)
	}
	pin, free, err := s.pinned(ctx, queries...)
	if err != nil {
		return "", err
	}
	defer free()
	w := &withRun{s: s, tx: tx, pin: pin, rows: map[plan.RelationID]*delta.BatchBuilder{}, held: s.hold(), Inputs: s.temp.Inputs(s.db.Runtime.Inputs())}
	fresh := !tx.Wrote() && !tx.ChangesCatalog()
	if !fresh {
		w.Inputs = tx.Inputs(w.Inputs)
	}
	s.with = w
	defer func() {
		s.with = nil
		w.held.drop()
	}()
	trace := s.takeTrace() // of the statement's own query
	for _, p := range d.parts {
		if err := w.runPart(ctx, p, args, fresh); err != nil {
			return "", err
		}
	}
	s.trace = trace
	return s.writeOne(ctx, tx, d, args, returned)
}

// withParts writes what the parts of a statement found, once its own query has been read.
func (s *Session) withParts(ctx context.Context) error {
	w := s.with
	if w == nil || w.upserting {
		return nil
	}
	if w.begun {
		return errChanged // the statement's own query is run again, behind writes
	}
	w.begun = true
	for _, write := range w.pending {
		if err := write(ctx); err != nil {
			return err
		}
	}
	return nil
}

// selectWith gathers the rows of a query whose WITH changes data.
func (s *Session) selectWith(ctx context.Context, d *dml, args []delta.Column, returned *gathered) (n int64, err error) {
	err = s.runQuery(ctx, d.query, args, flow.OutFunc(func(b *delta.Batch) error {
		n += countRows(b)
		if returned == nil {
			return nil
		}
		return returned.add(some(b, 0, len(d.query.Fields)))
	}))
	if err != nil {
		return 0, err
	}
	return n, s.withParts(ctx)
}

// runPart runs the query of a part, notes what it is to write, and the rows of its RETURNING.
func (w *withRun) runPart(ctx context.Context, d *dml, args []delta.Column, fresh bool) error {
	switch {
	case d.insert != nil && d.insert.Conflict != nil:
		return w.upsertPart(ctx, d, args, fresh)
	case d.lock != nil:
		return w.lockPart(ctx, d, args)
	}
	s := w.s
	made := delta.NewBatchBuilder(fieldTypes(d.query))
	err := s.db.Runtime.Query(ctx, d.query, s.runAt(w.pin.Version(), args), flow.OutFunc(func(b *delta.Batch) error { return repeat(made, b, w.held) }))
	if err != nil {
		return err
	}
	all := made.Batch()
	all.Cols = slices.Clone(all.Cols)
	returning := delta.Batch{Len: all.Len, Cols: all.Cols[d.returning().At:d.returning().End()]}
	switch {
	case d.insert != nil && d.target.Kind == catalog.KindStream:
		w.pending = append(w.pending, func(ctx context.Context) error { return w.produce(ctx, d, &all) })
	case d.insert != nil:
		w.pending = append(w.pending, func(ctx context.Context) error { return w.insert(ctx, d, &all) })
	default:
		t, err := w.tx.Table(ctx, d.target.OID)
		if err != nil {
			return err
		}
		c := d.change(w.tx, t, &all, nil)
		if err := c.KeepFirst(t); err != nil {
			return err
		}
		if c.Kept != nil {
			returning.Sel = c.Kept
		}
		w.pending = append(w.pending, func(ctx context.Context) error { return w.modify(ctx, t, d, c, &all) })
	}
	return w.give(d, &returning)
}

// give notes the rows of a part's RETURNING.
func (w *withRun) give(d *dml, rows *delta.Batch) error {
	if d.returning().Fields == nil {
		return nil
	}
	b := delta.NewBatchBuilder(columnTypes(rows))
	w.rows[d.part.ID] = b
	return repeat(b, rows, w.held)
}

func (w *withRun) produce(ctx context.Context, d *dml, all *delta.Batch) error {
	out, err := w.s.newStreamWriter(d.target)
	if err != nil {
		return err
	}
	out.key, out.timestamp = d.insert.Key, d.insert.Timestamp
	if err := out.add(all); err != nil {
		return err
	}
	return out.flush(ctx, w.tx)
}

func (w *withRun) insert(ctx context.Context, d *dml, all *delta.Batch) error {
	t, err := w.tx.Table(ctx, d.target.OID)
	if err != nil || all.Len == 0 {
		return err
	}
	rules, err := w.s.newRules(w.tx, t, d.checks, nil)
	if err != nil {
		return err
	}
	defer rules.close()
	fresh := some(all, 0, len(d.target.Columns))
	if err := policiesHold(d.target, d.insert.Policies, all); err != nil {
		return err
	}
	if err := rules.check(fresh); err != nil {
		return err
	}
	if err := viewsHold(w.tx, t, d.insert.Checks, all, 0, len(d.target.Columns)); err != nil {
		return err
	}
	_, err = w.tx.Insert(ctx, t, fresh)
	return err
}

// modify changes the rows that were found, if nobody has changed them since.
func (w *withRun) modify(ctx context.Context, t *table.Table, d *dml, c *table.Change, all *delta.Batch) error {
	rules, err := w.s.newRules(w.tx, t, d.checks, nil)
	if err != nil {
		return err
	}
	defer rules.close()
	tried := false
	c.At, c.Free = w.pin.Version(), func() {}
	if d.update != nil {
		c.Check = d.check(w.tx, t, all, rules, c)
	}
	_, err = w.tx.Modify(ctx, t, false, func() (*table.Change, error) {
		if tried {
			return nil, errChanged
		}
		tried = true
		return c, nil
	})
	return err
}

// upsertPart runs INSERT … ON CONFLICT, which only knows what it returns once it has written. The queries behind it do not see
// that: they read what is committed, and so it is refused where the transaction has written before.
func (w *withRun) upsertPart(ctx context.Context, d *dml, args []delta.Column, fresh bool) error {
	if !fresh {
		return unsupported("INSERT … ON CONFLICT in WITH behind other writes of the transaction").
			WithHint("Run it as a statement of its own.")
	}
	returned := w.s.returned(d)
	w.upserting = true // what is pending waits for the statement's own query
	_, err := w.s.upsert(ctx, w.tx, d, args, returned)
	w.upserting = false
	if returned == nil || err != nil {
		if returned != nil {
			returned.drop()
		}
		return err
	}
	defer returned.drop()
	b := delta.NewBatchBuilder(returned.types)
	w.rows[d.part.ID] = b
	return returned.each(func(rows *delta.Batch) error { return repeat(b, rows, w.held) })
}
