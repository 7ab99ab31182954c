package session

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// dml is a planned INSERT, UPDATE, DELETE or MERGE, or a query whose WITH has such: exactly one of the five.
type dml struct {
	insert *bind.InsertPlan
	update *bind.UpdatePlan
	delete *bind.DeletePlan
	merge  *bind.MergePlan
	lock   *bind.LockPlan    // of a query that locks rows
	target *catalog.Relation // nil of a query
	query  *plan.Query
	// onConflict is the query of DO UPDATE, nil without.
	onConflict *plan.Query
	checks     []bind.RowCheck
	// parts are the statements in WITH; part is what one of them is.
	parts []*dml
	part  *bind.Part
}

func (s *Session) planDML(body parse.Body, given []sqltype.OID) (*dml, error) {
	cat := s.catalog()
	o := s.binding()
	o.ParamTypes, o.Meter = given, s.planning
	d := &dml{}
	var parts []*bind.Part
	var err error
	switch b := body.(type) {
	case *parse.Select:
		if len(b.Query.Select.GetLockingClause()) > 0 {
			if d.lock, err = bind.Lock(b.Query, cat, o); err == nil {
				parts = d.lock.Parts
			}
			break
		}
		d.query, parts, err = bind.QueryWith(b.Query, cat, o)
	case *parse.Insert:
		if d.insert, err = bind.Insert(b, cat, o); err == nil {
			parts = d.insert.Parts
		}
	case *parse.Update:
		if d.update, err = bind.Update(b, cat, o); err == nil {
			parts = d.update.Parts
		}
	case *parse.Delete:
		if d.delete, err = bind.Delete(b, cat, o); err == nil {
			parts = d.delete.Parts
		}
	case *parse.Merge:
		if d.merge, err = bind.Merge(b, cat, o); err == nil {
			d.target, d.query, parts = d.merge.Relation, d.merge.Source, d.merge.Parts
		}
	}
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		part := &dml{insert: p.Insert, update: p.Update, delete: p.Delete, lock: p.Lock, part: p}
		if err := s.rewriteDML(part, cat, o); err != nil {
			return nil, err
		}
		d.parts = append(d.parts, part)
	}
	return d, s.rewriteDML(d, cat, o)
}

// rewriteDML plans the queries of a bound statement.
func (s *Session) rewriteDML(d *dml, cat catalog.Reader, o bind.Options) (err error) {
	switch {
	case d.insert != nil:
		d.target, d.query = d.insert.Relation, d.insert.Source
	case d.update != nil:
		d.target, d.query = d.update.Relation, d.update.Source
	case d.delete != nil:
		d.target, d.query = d.delete.Relation, d.delete.Source
	case d.lock != nil:
		d.query = d.lock.Source
	}
	rewritten := s.rules(s.planning)
	rewritten.ViewLookups = d.target == nil
	if d.query, err = rewrite.Query(d.query, cat, rewritten); err != nil {
		return err
	}
	if d.lock != nil {
		if err := d.rewriteLimits(cat, rewritten); err != nil {
			return err
		}
	}
	s.db.plannedWith(d.query, cat)
	if d.insert != nil && d.insert.Conflict != nil && d.insert.Conflict.Update != nil {
		if d.onConflict, err = rewrite.Query(d.insert.Conflict.Update, cat, rewritten); err != nil {
			return err
		}
	}
	if d.target != nil && len(d.target.Checks) > 0 && d.delete == nil {
		d.checks, _, err = bind.Rules(d.target, cat, o)
	}
	return err
}

// returning is what RETURNING gives of the statement, without fields if it has none.
func (d *dml) returning() bind.Returning {
	switch {
	case d.insert != nil:
		return d.insert.Returning
	case d.update != nil:
		return d.update.Returning
	case d.delete != nil:
		return d.delete.Returning
	case d.merge != nil:
		return bind.Returning{}
	}
	fields := d.query.Fields
	if d.lock != nil {
		fields = fields[:d.lock.Width]
	}
	if fields == nil {
		fields = []plan.Field{} // rows without columns are rows
	}
	return bind.Returning{Fields: fields}
}

// returned are the rows of RETURNING, nil for a statement without. Drop them.
func (s *Session) returned(d *dml) *gathered {
	fields := d.returning().Fields
	if fields == nil {
		return nil
	}
	types := make([]sqltype.OID, len(fields))
	for i, f := range fields {
		types[i] = f.Type.OID
	}
	return s.newGathered(types)
}

// runDML runs a planned INSERT, UPDATE, DELETE or MERGE without RETURNING in the session's transaction.
func (s *Session) runDML(ctx context.Context, p *portal, w face.Writer) error {
	tag, err := s.write(ctx, p, nil)
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// runReturning runs a statement with RETURNING, and then gives its rows as often as it takes.
func (s *Session) runReturning(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	if p.run == nil && !p.done {
		p.done = true
		rows := s.returned(p.plan.dml)
		tag, err := s.write(ctx, p, rows)
		if err != nil {
			rows.drop()
			return err
		}
		if maxRows == 0 {
			defer rows.drop()
			if err := w.Fields(p.fields); err != nil {
				return err
			}
			if err := rows.each(w.Rows); err != nil {
				return err
			}
			return w.Complete(tag)
		}
		p.tag = strings.TrimRight(tag, "0123456789")
		p.run = s.pullOf(ctx, func(_ context.Context, give func(*delta.Batch) error) error {
			defer rows.drop()
			return rows.each(give)
		})
	}
	if err := w.Fields(p.fields); err != nil {
		return err
	}
	sent, ended, err := s.pullRows(ctx, p, maxRows, w)
	if err != nil {
		return err
	}
	if !ended {
		return w.Suspended()
	}
	return w.Complete(p.tag + strconv.Itoa(sent))
}

// write runs a planned INSERT, UPDATE, DELETE or MERGE; the rows of its RETURNING go to returned. It gives the
// command tag.
func (s *Session) write(ctx context.Context, p *portal, returned *gathered) (tag string, err error) {
	var written []catalog.OID
	for _, t := range p.plan.dml.targets() {
		written = append(written, t.oid)
	}
	var tx *table.Tx
	if p.plan.dml.changesNothing() {
		tx, err = s.writes(ctx)
	} else {
		tx, err = s.writerOf(ctx, p.plan.dml.readOnlyTag(p.prepared.statement.Tag), written...)
	}
	if err != nil {
		return "", err
	}
	if err := s.lockTargets(ctx, tx, p); err != nil {
		return "", err
	}
	s.tx.keys.forget()
	if d := p.plan.dml; len(d.parts) == 0 {
		tag, err = s.writeOne(ctx, tx, d, p.args, returned)
	} else {
		tag, err = s.writeWith(ctx, tx, d, p.args, returned)
	}
	if err == nil {
		err = s.tx.keys.settle(ctx)
	}
	return tag, s.told(err, p.plan.dml)
}

// writeOne runs a statement whose WITH changes nothing, or after that was seen to.
func (s *Session) writeOne(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (tag string, err error) {
	var n int64
	tag = "INSERT 0 "
	switch {
	case d.insert != nil && d.target.Kind == catalog.KindStream:
		n, err = s.insertStream(ctx, tx, d, args, returned)
	case d.insert != nil && d.insert.Conflict != nil:
		n, err = s.upsert(ctx, tx, d, args, returned)
	case d.insert != nil:
		n, err = s.insertTable(ctx, tx, d, args, returned)
	case d.update != nil:
		tag = "UPDATE "
		n, err = s.modify(ctx, tx, d, args, returned)
	case d.merge != nil:
		tag = "MERGE "
		n, err = s.merge(ctx, tx, d, args)
	case d.delete != nil:
		tag = "DELETE "
		n, err = s.modify(ctx, tx, d, args, returned)
	case d.lock != nil:
		tag = "SELECT "
		n, err = s.selectLocking(ctx, tx, d, args, returned)
	default:
		tag = "SELECT "
		n, err = s.selectWith(ctx, d, args, returned)
	}
	return tag + strconv.FormatInt(n, 10), err
}

// target is a relation that a statement writes or whose rows it locks, and how it is locked for that.
type target struct {
	oid  catalog.OID
	mode table.LockMode
}

// changesNothing: the parts are queries that are computed once, which a read-only transaction runs too.
func (d *dml) changesNothing() bool {
	return !slices.ContainsFunc(append(slices.Clone(d.parts), d), func(p *dml) bool {
		return p.target != nil || p.lock != nil && len(p.lock.Tables) > 0
	}) && d.lock == nil
}

// targets are those of a statement.
func (d *dml) targets() (out []target) {
	for _, p := range append(slices.Clone(d.parts), d) {
		if p.target != nil {
			out = append(out, target{p.target.OID, table.Shared})
		}
		if p.lock != nil {
			for _, t := range p.lock.Tables {
				out = append(out, target{t.Relation.OID, table.RowShare})
			}
		}
	}
	return out
}

// lockTargets keeps the definitions of what a statement writes as they are. While they were waited for they may have
// changed: then the statement is planned again, with the columns that its client was told.
func (s *Session) lockTargets(ctx context.Context, tx *table.Tx, p *portal) error {
	for {
		targets := p.plan.dml.targets()
		for _, t := range targets {
			if err := tx.LockRelation(ctx, t.oid, t.mode); err != nil {
				return err
			}
		}
		if p.plan.at == s.catalog().Version() {
			return nil
		}
		var err error
		if p.plan, err = s.planOf(ctx, p.prepared); err != nil {
			return err
		}
		if slices.Equal(p.plan.dml.targets(), targets) {
			return nil
		}
	}
}

func (s *Session) insertTable(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (int64, error) {
	t, err := tx.Table(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	// Rows are gathered before the first is written: INSERT … SELECT does not read its own rows.
	rows := s.newGathered(fieldTypes(d.query))
	defer rows.drop()
	if err := s.runQuery(ctx, d.query, args, flow.OutFunc(rows.add)); err != nil {
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
	n := int64(0)
	return n, rows.each(func(b *delta.Batch) error {
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
		more, err := tx.Insert(ctx, t, fresh)
		n += more
		if err != nil || returned == nil {
			return err
		}
		return returned.add(some(b, d.insert.Returning.At, d.insert.Returning.End()))
	})
}

// some are the columns [from, to) of rows.
func some(b *delta.Batch, from, to int) *delta.Batch {
	part := *b
	part.Cols = b.Cols[from:to:to]
	return &part
}

// repeat appends the live rows of d, each as often as its weight says.
func repeat(rows *delta.BatchBuilder, d *delta.Batch, held *holding) error {
	if err := held.rows(d); err != nil {
		return err
	}
	add := func(row int32) error {
		w := d.Weight(row)
		if w < 0 {
			return sqlerr.New(sqlerr.InternalError, "a query gave a row with weight %d", w)
		}
		for range w {
			rows.AppendRow(d.Cols, row, 1)
		}
		return nil
	}
	return d.EachRow(add)
}

// modify runs an UPDATE or DELETE, again while others change its rows under it.
func (s *Session) modify(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (int64, error) {
	t, err := tx.Table(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	rules, err := s.newRules(tx, t, d.checks, nil)
	if err != nil {
		return 0, err
	}
	defer rules.close()
	return tx.Modify(ctx, t, s.repeatable(), func() (*table.Change, error) {
		pin, free, err := s.pinned(ctx, d.query)
		if err != nil {
			return nil, err
		}
		rows, held := delta.NewBatchBuilder(fieldTypes(d.query)), s.hold()
		done := func() {
			held.drop()
			free()
		}
		err = s.db.Runtime.Query(ctx, d.query, s.runAt(pin.Version(), args), flow.OutFunc(func(b *delta.Batch) error { return repeat(rows, b, held) }))
		if err == nil {
			err = s.withParts(ctx)
		}
		if err != nil {
			done()
			return nil, err
		}
		all := rows.Batch()
		c := d.change(tx, t, &all, rules)
		c.At, c.Free = pin.Version(), done
		if returned != nil {
			c.Done = func(c *table.Change) error {
				rows := delta.Batch{Len: all.Len, Cols: all.Cols[d.returning().At:d.returning().End()], Sel: c.Kept}
				return returned.add(&rows)
			}
		}
		return c, nil
	})
}

// change is what an UPDATE or DELETE does whose query gave these rows.
func (d *dml) change(tx *table.Tx, t *table.Table, all *delta.Batch, rules *rowRules) *table.Change {
	c := &table.Change{Old: delta.Batch{Len: all.Len, Cols: all.Cols[:len(t.Types())]}}
	if d.update == nil {
		c.Joined = d.delete.Joined
		return c
	}
	c.Joined, c.Check = d.update.Joined, d.check(tx, t, all, rules, c)
	c.New = delta.Batch{Len: all.Len, Cols: slices.Clone(all.Cols[d.update.New : d.update.New+len(d.target.Columns)])}
	if t.HasRowID() {
		c.New.Cols = append(c.New.Cols, all.Cols[d.update.RowID])
	}
	return c
}

// check is what new rows of an UPDATE are held to whose query gave all.
func (d *dml) check(tx *table.Tx, t *table.Table, all *delta.Batch, rules *rowRules, c *table.Change) func(rows *delta.Batch) error {
	return func(rows *delta.Batch) error {
		kept := *all
		kept.Sel = c.Kept
		if err := policiesHold(d.target, d.update.Policies, &kept); err != nil {
			return err
		}
		if err := rules.check(rows); err != nil {
			return err
		}
		return viewsHold(tx, t, d.update.Checks, &kept, d.update.New, len(d.target.Columns))
	}
}

func fieldTypes(q *plan.Query) []sqltype.OID {
	types := make([]sqltype.OID, len(q.Fields))
	for i, f := range q.Fields {
		types[i] = f.Type.OID
	}
	return types
}
