package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
)

// alterType gives a column another type: all rows are written anew, unless its values are the same in both.
func (s *Session) alterType(ctx context.Context, t *catalog.Txn, old *catalog.Relation, def *bind.AlterTablePlan) error {
	rel, at := def.Relation, def.Retyped-1
	if err := s.refuseRetype(t, old, at); err != nil {
		return err
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	if err := s.retypeIndexes(t, rel, at, def.Using != nil); err != nil {
		return err
	}
	if def.Using == nil {
		t.Put(rel)
		return s.tx.writes.Reform(ctx, rel.OID)
	}
	rel.NextLayout()
	for i := range rel.Layouts {
		rel.Layouts[i] = slices.Clone(rel.Layouts[i])
		if at < len(rel.Layouts[i]) && !rel.IsKey(at) {
			rel.Layouts[i][at] = "" // what older records have there is of the old type, and of no row
		}
	}
	if err := fewLayouts(rel); err != nil {
		return err
	}
	rel.Columns[at].Missing = nil
	convert, free, err := s.converter(def, at)
	if err != nil {
		return err
	}
	defer free()
	t.Put(rel)
	if err := s.tx.writes.Rewrite(ctx, rel.OID, convert); err != nil {
		return err
	}
	for _, c := range rel.Checks {
		uses, err := bind.RuleUses(rel, c.Expr, at)
		if err != nil {
			return err
		}
		if !uses {
			continue
		}
		broken, err := s.anyRow(ctx, rel, "NOT ("+c.Expr+")")
		if err != nil {
			return err
		}
		if broken {
			return sqlerr.New(sqlerr.CheckViolation, "check constraint %q of relation %q is violated by some row", c.Name, rel.Name).
				About(sqlerr.Object{Schema: rel.Schema, Table: rel.Name, Constraint: c.Name})
		}
	}
	return nil
}

// retypeIndexes has the indexes that use a column mean its new type. Where the values stay what they are, so do the indexes.
func (s *Session) retypeIndexes(t *catalog.Txn, rel *catalog.Relation, at int, anew bool) error {
	was, ok := t.At().ByOID(rel.OID)
	if !ok {
		return nil
	}
	for _, ix := range t.At().Indexes(rel.OID) {
		uses, err := bind.IndexUses(was, ix, at, t.At())
		if err != nil {
			return err
		}
		if !uses {
			continue
		}
		made, err := bind.RetypedIndex(rel, ix, t.At())
		if err != nil {
			return err
		}
		if anew || slices.Equal(made.KeyColumns, ix.KeyColumns) {
			t.Put(made)
		}
	}
	return nil
}

// fewLayouts refuses one change of columns more when a table has had many: its definition has the names of each.
func fewLayouts(rel *catalog.Relation) error {
	if len(rel.Layouts) <= catalog.MaxLayouts {
		return nil
	}
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "the columns of table %q have been changed too often", rel.Name).
		WithDetail("A table keeps apart the records of %d layouts.", catalog.MaxLayouts).
		WithHint("Make another table of it (CREATE TABLE … AS SELECT).")
}

// refuseRetype refuses another type of a column that something is computed from.
func (s *Session) refuseRetype(t *catalog.Txn, rel *catalog.Relation, at int) error {
	name := rel.Columns[at].Name
	_, keys := foreignKeysOn(t.At(), rel.OID, 0)
	refers := slices.ContainsFunc(rel.ForeignKeys, func(k catalog.ForeignKey) bool { return slices.Contains(k.Columns, at) })
	if refers || slices.ContainsFunc(keys, func(k catalog.ForeignKey) bool { return slices.Contains(k.Key, at) }) {
		return unsupported("ALTER TYPE of a column of a foreign key").WithHint("DROP CONSTRAINT, change the types on both sides, and add it again.")
	}
	for i := range rel.Columns {
		if rel.Columns[i].Generated == "" {
			continue
		}
		if uses, err := bind.RuleUses(rel, rel.Columns[i].Generated, at); err != nil || uses {
			return cmpErr(err, sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type of a column used by a generated column").
				WithDetail("Column %q is used by generated column %q.", name, rel.Columns[i].Name))
		}
	}
	deps := t.At().Dependents(rel.OID)
	slices.SortFunc(deps, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	for _, dep := range deps {
		if dep.Query == "" {
			continue
		}
		if uses, err := bind.UsesColumn(dep, rel.OID, at, t.At()); err != nil || uses {
			if dep.Kind == catalog.KindPolicy {
				return cmpErr(err, sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type of a column used in a policy definition").
					WithDetail("policy %s depends on column %q", s.shownName(dep), name))
			}
			return cmpErr(err, sqlerr.New(sqlerr.FeatureNotSupported, "cannot alter type of a column used by a view or rule").
				WithDetail("%s", fmt.Sprintf("rule _RETURN on %s %s depends on column %q", dep.Kind, ident(dep.Name), name)))
		}
	}
	return nil
}

// converter makes rows with the new value of a column.
func (s *Session) converter(def *bind.AlterTablePlan, at int) (convert func(rows *delta.Batch) (delta.Batch, error), free func(), err error) {
	settings := s.runSettings()
	env := &expr.Env{Settings: settings, Now: settings.Session.Now, HasNow: true, Meter: s.meter()}
	p, err := expr.Compile(def.Using, env)
	if err != nil {
		env.Meter.Close()
		return nil, nil, err
	}
	col := &def.Relation.Columns[at]
	return func(rows *delta.Batch) (delta.Batch, error) {
		full := delta.Batch{Len: rows.Rows()}
		for i := range rows.Cols {
			full.Cols = append(full.Cols, delta.Copy(&rows.Cols[i], rows.Sel))
		}
		var out delta.Column
		if err := eval(p, &full, &out); err != nil {
			return full, err
		}
		made := delta.Copy(&out, nil)
		for i := range int32(full.Len) {
			if col.NotNull && made.Null(i) {
				return full, bind.ContainsNull(def.Relation, col)
			}
		}
		made.Type = col.Type.OID
		full.Cols[at] = made
		return full, nil
	}, env.Meter.Close, nil
}
