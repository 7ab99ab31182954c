package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog/system"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// upsert runs INSERT … ON CONFLICT into a table.
func (s *Session) upsert(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (int64, error) {
	t, err := tx.Table(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	pin, free, err := s.pinned(ctx, d.query)
	if err != nil {
		return 0, err
	}
	defer free()
	rows := s.newGathered(fieldTypes(d.query))
	defer rows.drop()
	if err := s.db.Runtime.Query(ctx, d.query, s.runAt(pin.Version(), args), flow.OutFunc(rows.add)); err != nil {
		return 0, err
	}
	if err := s.withParts(ctx); err != nil {
		return 0, err
	}
	rules, err := s.newRules(tx, t, d.checks, nil)
	if err != nil {
		return 0, err
	}
	defer rules.close()
	up := &upsert{s: s, tx: tx, table: t, d: d, args: args, at: pin.Version(), returned: returned, rules: rules}
	write := &table.Upsert{Arbiters: d.insert.Conflict.Arbiters}
	defer write.Drop()
	if d.onConflict != nil {
		write.Update = up.update
	}
	if s.repeatable() {
		write.At = pin.Version()
	}
	n := int64(0)
	return n, rows.each(func(b *delta.Batch) error {
		up.begin(b)
		fresh := some(b, 0, len(d.target.Columns))
		if err := policiesHold(d.target, d.insert.Policies, b); err != nil {
			return err
		}
		if err := rules.check(fresh); err != nil {
			return err
		}
		if err := viewsHold(tx, t, d.insert.Checks, b, 0, len(d.target.Columns)); err != nil {
			return err
		}
		out, err := tx.Upsert(ctx, t, fresh, write)
		if err != nil {
			return err
		}
		for _, w := range out {
			if w != table.Nothing {
				n++
			}
		}
		return up.give(b, out)
	})
}

// upsert is one that runs.
type upsert struct {
	s        *Session
	tx       *table.Tx
	table    *table.Table
	d        *dml
	args     []delta.Column
	at       log.CommitSeq
	returned *gathered // nil without RETURNING
	rules    *rowRules
	// updated are the rows of RETURNING of the rows that were changed, place where a row's stands there.
	updated *delta.BatchBuilder
	place   []int32
}

// begin a batch of rows.
func (u *upsert) begin(b *delta.Batch) {
	if u.returned != nil {
		u.updated, u.place = delta.NewBatchBuilder(u.returned.types), make([]int32, b.Rows())
	}
}

// update runs the query of DO UPDATE over rows that are there and those that were to be inserted.
func (u *upsert) update(ctx context.Context, old, excluded *delta.Batch, at []int32) (rows delta.Batch, of []int32, err error) {
	plan, c := u.d.onConflict, u.d.insert.Conflict
	given := delta.Batch{Len: old.Len, Cols: append(append([]delta.Column(nil), old.Cols...), excluded.Cols...)}
	numbers := delta.NewBuilder(sqltype.Int8)
	for i := range old.Len {
		delta.Append(numbers, int64(i))
	}
	given.Cols = append(given.Cols, numbers.Take())
	run := u.s.runAt(u.at, u.args)
	run.Inputs = givenRows{Inputs: run.Inputs, rows: &given}
	out, held := delta.NewBatchBuilder(fieldTypes(plan)), u.s.hold()
	defer held.drop()
	err = u.s.db.Runtime.Query(ctx, plan, run, flow.OutFunc(func(b *delta.Batch) error { return repeat(out, b, held) }))
	if err != nil {
		return rows, nil, err
	}
	all := out.Batch()
	number := delta.Values[int64](&all.Cols[c.Number])
	for i := range all.Len {
		of = append(of, int32(number[i]))
		if u.returned != nil {
			u.place[at[number[i]]] = int32(u.updated.Len())
			u.updated.AppendRow(all.Cols[c.Returning.At:c.Returning.End()], int32(i), 1)
		}
	}
	if err := policiesHold(u.d.target, c.Policies, &all); err != nil {
		return rows, of, err
	}
	rows = delta.Batch{Len: all.Len, Cols: all.Cols[c.New : c.New+len(u.d.target.Columns)]}
	if err := u.rules.check(&rows); err != nil {
		return rows, of, err
	}
	return rows, of, viewsHold(u.tx, u.table, c.Checks, &all, c.New, len(u.d.target.Columns))
}

// give adds the rows of RETURNING of a batch, in its order.
func (u *upsert) give(b *delta.Batch, out []table.Written) error {
	if u.returned == nil {
		return nil
	}
	rows, updated := delta.NewBatchBuilder(u.returned.types), u.updated.Batch()
	inserted, i := b.Cols[u.d.insert.Returning.At:u.d.insert.Returning.End()], 0
	err := b.EachRow(func(row int32) error {
		switch out[i] {
		case table.Inserted:
			rows.AppendRow(inserted, row, 1)
		case table.Updated:
			rows.AppendRow(updated.Cols, u.place[i], 1)
		}
		i++
		return nil
	})
	if err != nil {
		return err
	}
	all := rows.Batch()
	return u.returned.add(&all)
}

// givenRows has a scan of given rows read them.
type givenRows struct {
	source.Inputs
	rows *delta.Batch
}

// System is the rows of DO UPDATE (0).
func (g givenRows) System(id plan.RelationID) (source.SystemRows, error) {
	if id != 0 {
		return g.Inputs.System(id)
	}
	return func(_ context.Context, _ system.Key, _ *plan.Session, emit func(*delta.Batch) error) error {
		return emit(g.rows)
	}, nil
}
