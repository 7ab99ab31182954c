package session

import (
	"context"
	"errors"
	"math"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
	"github.com/tributary-db/tributary/storage/log"
)

// SELECT … FOR UPDATE and its like (docs/decisions/0064): the query is run on a version, its rows are locked as they
// come, and looked up in the newest version once they are. One that is not there what it was has the query run again, on a newer
// version, with the locks kept: what it gives at last are rows that it has, as they are.

// rowModes are the locks of the clauses, by strength, rowWaits what they do about a row that is locked.
var (
	rowModes = [...]table.RowMode{table.ForKeyShare, table.ForShare, table.ForNoKeyUpdate, table.ForUpdate}
	rowWaits = map[bind.LockWait]table.RowWait{bind.LockWaits: table.Await, bind.LockSkips: table.Skip, bind.LockRefuses: table.NoWait}
)

// readOnlyTag is what a read-only transaction calls the statement that it refuses.
func (d *dml) readOnlyTag(tag string) string {
	if d.lock != nil && len(d.lock.Tables) > 0 {
		return "SELECT " + d.locksWords()
	}
	return tag
}

// locksWords is the clause that locks rows.
func (d *dml) locksWords() string {
	if d.lock == nil || len(d.lock.Tables) == 0 {
		return "FOR UPDATE/SHARE"
	}
	return d.lock.Tables[0].Strength.String()
}

// rewriteLimits plans the queries beside the one that is run.
func (d *dml) rewriteLimits(cat catalog.Reader, o rewrite.Options) (err error) {
	l := *d.lock
	if l.Limits != nil {
		if l.Limits, err = rewrite.Query(l.Limits, cat, o); err != nil {
			return err
		}
	}
	if l.Few != nil {
		if l.Few, err = rewrite.Query(l.Few, cat, o); err != nil {
			return err
		}
	}
	d.lock = &l
	return nil
}

// selectLocking runs a SELECT that locks rows as a statement of its own.
func (s *Session) selectLocking(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (int64, error) {
	for range maxWithAttempts {
		pin, free, err := s.pinned(ctx, d.query)
		if err != nil {
			return 0, err
		}
		rows := s.newGathered(fieldTypes(d.query)[:d.lock.Width])
		n, err := s.lockRows(ctx, tx, d, args, pin.Version(), rows)
		free()
		if err == nil {
			err = s.withParts(ctx)
		}
		if err == nil && returned != nil {
			err = rows.each(returned.add)
		}
		rows.drop()
		if !errors.Is(err, errChanged) || s.with != nil {
			return n, err
		}
		if s.repeatable() {
			break
		}
	}
	return 0, sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
}

// lockPart runs one inside a statement.
func (w *withRun) lockPart(ctx context.Context, d *dml, args []delta.Column) error {
	rows := w.s.newGathered(fieldTypes(d.query)[:d.lock.Width])
	defer rows.drop()
	if _, err := w.s.lockRows(ctx, w.tx, d, args, w.pin.Version(), rows); err != nil {
		return err
	}
	b := delta.NewBatchBuilder(rows.types)
	w.rows[d.part.ID] = b
	return rows.each(func(r *delta.Batch) error { return repeat(b, r, w.held) })
}

// locker takes the rows of a query, locks them, and keeps those that LIMIT and OFFSET leave.
type locker struct {
	ctx        context.Context
	tx         *table.Tx
	d          *dml
	tables     []*table.Table
	at         log.CommitSeq
	out        *gathered
	skip, want int64 // rows to pass over, and to take
	seen, got  int64
}

// errEnough: LIMIT needs no more rows.
var errEnough = errors.New("session: enough rows")

// lockRows runs the query at a version; errChanged: a row of it was another one since.
func (s *Session) lockRows(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, at log.CommitSeq, out *gathered) (int64, error) {
	l := &locker{ctx: ctx, tx: tx, d: d, at: at, out: out}
	for _, t := range d.lock.Tables {
		tb, err := tx.Table(ctx, t.Relation.OID)
		if err != nil {
			return 0, err
		}
		l.tables = append(l.tables, tb)
	}
	trace := s.takeTrace() // of the query, not of its limits
	var err error
	if l.want, l.skip, err = s.limits(ctx, d.lock.Limits, args); err != nil {
		return 0, err
	}
	s.trace = trace
	q := d.query
	if d.lock.Few != nil && trace == nil {
		q = d.lock.Few
	}
	skip := l.skip
	err = s.db.Runtime.Query(ctx, q, s.runAt(at, args), flow.OutFunc(l.take))
	if err == nil && q != d.query && l.seen == d.lock.FewRows && l.got < l.want { // others have locked what it began with
		out.drop()
		*out = *s.newGathered(out.types)
		l.seen, l.got, l.skip = 0, 0, skip
		err = s.db.Runtime.Query(ctx, d.query, s.runAt(at, args), flow.OutFunc(l.take))
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return l.got, err
}

// limits are LIMIT and OFFSET.
func (s *Session) limits(ctx context.Context, q *plan.Query, args []delta.Column) (count, offset int64, err error) {
	values := []int64{math.MaxInt64, 0}
	if q == nil {
		return values[0], values[1], nil
	}
	err = s.runQuery(ctx, q, args, flow.OutFunc(func(b *delta.Batch) error {
		for i := range values {
			c := &b.Cols[i]
			row := int32(0)
			if b.Sel != nil {
				row = b.Sel[0]
			}
			if !c.Null(row) {
				values[i] = delta.Values[int64](c)[c.At(row)]
			}
		}
		return firstError(b)
	}))
	switch {
	case err != nil:
	case values[0] < 0:
		err = sqlerr.New(sqlerr.InvalidRowCountInLimitClause, "LIMIT must not be negative")
	case values[1] < 0:
		err = sqlerr.New(sqlerr.InvalidRowCountInOffsetClause, "OFFSET must not be negative")
	}
	return values[0], values[1], err
}

// take locks rows as far as LIMIT needs them: with one, as many at a time as are missing.
func (l *locker) take(b *delta.Batch) error {
	if err := firstError(b); err != nil {
		return err
	}
	rows := eachRow(nil, b)
	l.seen += int64(len(rows))
	for len(rows) > 0 {
		missing := l.want - l.got
		if missing == 0 {
			return errEnough
		}
		if l.skip < math.MaxInt64-missing {
			missing += l.skip
		}
		n := int(min(int64(len(rows)), missing))
		if err := l.lock(b, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	if l.got == l.want {
		return errEnough
	}
	return nil
}

// lock locks rows in every table, and gives those that it has.
func (l *locker) lock(b *delta.Batch, rows []int32) error {
	for i, t := range l.d.lock.Tables {
		if len(rows) == 0 {
			return nil
		}
		found := delta.Batch{Len: len(rows)}
		for c := t.At; c < t.At+t.Width; c++ {
			found.Cols = append(found.Cols, delta.Copy(&b.Cols[c], rows))
		}
		got, changed, err := l.tx.LockSelected(l.ctx, l.tables[i], &found, table.RowLock{Mode: rowModes[t.Strength], Wait: rowWaits[t.Wait], At: l.at})
		if err != nil {
			return err
		}
		if changed {
			return errChanged
		}
		kept := rows[:0:0]
		for k, row := range rows {
			if got[k] {
				kept = append(kept, row)
			}
		}
		rows = kept
	}
	pass := min(l.skip, int64(len(rows)))
	l.skip -= pass
	rows = rows[pass:]
	l.got += int64(len(rows))
	part := *some(b, 0, l.d.lock.Width)
	part.Sel, part.Weights = rows, nil
	if part.Sel == nil {
		part.Sel = []int32{}
	}
	return l.out.add(&part)
}

func firstError(b *delta.Batch) error {
	if len(b.Errs) > 0 {
		return b.Errs[0].Err
	}
	return nil
}
