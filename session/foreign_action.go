package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// acting is an action that runs.
type acting struct {
	f        *foreignKeys
	b        *boundKey
	a        *foreignAction
	action   catalog.FKAction
	t        *table.Table
	rules    *rowRules // nil: rows are deleted
	set      []int     // the columns that change
	assigns  []plan.Expr
	defaults []plan.Expr
	held     *holding
}

// act changes or deletes the rows that refer to keys which went.
func (f *foreignKeys) act(ctx context.Context, a *foreignAction) error {
	if err := f.tx.LockRelation(ctx, a.child, table.Shared); err != nil {
		return err
	}
	b := f.bound(a.child, a.constraint)
	if b == nil {
		return nil // dropped while it was waited for
	}
	t, err := f.tx.Table(ctx, a.child)
	if err != nil {
		return err
	}
	x := &acting{f: f, b: b, a: a, t: t, action: b.k.OnDelete, set: b.k.SetColumns(), held: f.s.hold()}
	defer x.held.drop()
	if a.update {
		x.action, x.set = b.k.OnUpdate, b.k.Columns
	}
	if err := x.prepare(); err != nil {
		return err
	}
	defer x.rules.close()
	return a.rows.each(func(keys *delta.Batch) error {
		_, err := f.tx.Modify(ctx, t, f.s.repeatable(), func() (*table.Change, error) { return x.change(ctx, keys) })
		return err
	})
}

// deletes: the rows go.
func (x *acting) deletes() bool { return !x.a.update && x.action == catalog.FKCascade }

func (x *acting) prepare() error {
	if x.deletes() {
		return nil
	}
	s, at := x.f.s, x.f.s.catalog()
	checks, generated, err := bind.Rules(x.b.child, at, s.bindOptions())
	if err != nil {
		return err
	}
	if x.rules, err = s.newRules(x.f.tx, x.t, checks, generated); err != nil {
		return err
	}
	switch x.action {
	case catalog.FKCascade:
		x.set = x.b.columns
		for i, c := range x.b.columns {
			e, err := bind.AssignKey(x.b.parent.Columns[x.b.key[i]].Type, &x.b.child.Columns[c], s.bindOptions())
			if err != nil {
				return err
			}
			x.assigns = append(x.assigns, e)
		}
	case catalog.FKSetDefault:
		x.defaults, err = bind.Defaults(x.b.child, x.set, at, s.bindOptions())
	}
	return err
}

// change finds the rows that refer to keys, and what becomes of them.
func (x *acting) change(ctx context.Context, keys *delta.Batch) (*table.Change, error) {
	width := len(x.b.key)
	found, of := delta.NewBatchBuilder(x.t.Types()), []int32(nil)
	if err := x.held.set(0); err != nil {
		return nil, err
	}
	search := &table.Search{Columns: x.b.columns, Keys: keys.Cols[:width], N: keys.Len, Cast: x.f.childCast(x.b)}
	at, err := x.f.tx.Find(ctx, x.t, search, func(rows *delta.Batch, row, key int32) error {
		found.AppendRow(rows.Cols, row, 1)
		of = append(of, key)
		if found.Len()%1024 != 0 {
			return nil
		}
		return x.held.set(int64(found.Size()))
	})
	if err != nil {
		return nil, err
	}
	c := &table.Change{At: at, Old: found.Batch(), Free: func() {}}
	if c.Old.Len == 0 {
		return c, nil
	}
	if err := x.inSnapshot(ctx, &c.Old); err != nil || x.deletes() {
		return c, err
	}
	c.New = delta.Batch{Len: c.Old.Len, Cols: slices.Clone(c.Old.Cols)}
	if err := x.fill(&c.New, keys.Cols[width:], of); err != nil {
		return nil, err
	}
	columns := some(&c.New, 0, len(x.b.child.Columns))
	if err := x.rules.generate(columns); err != nil {
		return nil, err
	}
	if x.rules != nil {
		c.Check = func(rows *delta.Batch) error { return x.rules.check(some(rows, 0, len(x.b.child.Columns))) }
	}
	return c, nil
}

// inSnapshot refuses rows that came since the snapshot of a REPEATABLE READ transaction.
func (x *acting) inSnapshot(ctx context.Context, rows *delta.Batch) error {
	pin := x.f.s.tx.pin
	if pin == nil || x.f.tx.Made(x.b.child.OID) {
		return nil
	}
	done, err := pin.Use(ctx, []catalog.OID{x.b.child.OID})
	if err != nil {
		return err
	}
	defer done()
	newer, err := x.f.tx.Newer(ctx, x.t, rows, pin.Version())
	if err == nil && newer {
		err = errConcurrentUpdate
	}
	return err
}

// fill sets the columns that change; now are the new keys, of is which of them each row gets.
func (x *acting) fill(rows *delta.Batch, now []delta.Column, of []int32) error {
	for i, c := range x.set {
		typ := x.b.child.Columns[c].Type.OID
		switch x.action {
		case catalog.FKSetNull:
			rows.Cols[c] = delta.Copy(ptr(delta.NullColumn(typ, rows.Len)), allRows(rows.Len))
		case catalog.FKSetDefault:
			col, err := x.defaultColumn(x.defaults[i], typ, rows.Len)
			if err != nil {
				return err
			}
			rows.Cols[c] = col
		default:
			col := delta.Copy(&now[i], of)
			p, err := x.f.compiled(x.assigns[i])
			if err != nil {
				return err
			}
			if p != nil {
				var failed delta.RowErrors
				if col, failed, err = evalAll(p, &col, rows.Len); err != nil {
					return err
				}
				if len(failed) > 0 {
					return failed[0].Err
				}
			}
			col.Type = typ
			rows.Cols[c] = col
		}
	}
	return nil
}

// defaultColumn is a default n times, each for itself where it is volatile.
func (x *acting) defaultColumn(e plan.Expr, typ sqltype.OID, n int) (delta.Column, error) {
	b, settings := delta.NewBuilder(typ), x.f.s.runSettings()
	var v *plan.Const
	for range n {
		if v == nil || plan.Volatile(e) {
			var err error
			if v, err = x.f.s.db.Folder.Fold(e, settings, x.f.meter); err != nil {
				return delta.Column{}, err
			}
		}
		b.AppendFrom(&v.Value, 0)
	}
	return b.Take(), nil
}

func ptr[T any](v T) *T { return &v }

func allRows(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}
