package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/sequence"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// addColumn puts a table with a new column into the catalog. The rows that are there get its value without being written;
// where each gets one of its own they are updated.
func (s *Session) addColumn(ctx context.Context, t *catalog.Txn, def *bind.AlterTablePlan) error {
	rel := def.Relation
	at := def.Added - 1
	col := &rel.Columns[at]
	if err := fewLayouts(rel); err != nil {
		return err
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	if def.Value != nil {
		v, err := s.db.Folder.Fold(def.Value, s.runSettings(), s.planning)
		if err != nil {
			return err
		}
		if v.Value.Null(0) {
			if col.NotNull {
				if broken, err := s.anyRow(ctx, rel, "true"); err != nil || broken {
					return cmpErr(err, bind.ContainsNull(rel, col))
				}
			}
		} else {
			text := string(codec.FormatText(nil, &v.Value, 0, codec.UTC))
			col.Missing = &text
		}
	}
	if err := s.addSequences(ctx, t, rel, def.Sequences); err != nil {
		return err
	}
	t.Put(rel)
	if err := s.tx.writes.Reform(ctx, rel.OID); err != nil {
		return err
	}
	if err := s.retell(ctx, t, rel); err != nil {
		return err
	}
	if !def.Fill {
		return nil
	}
	return s.internal(ctx, "UPDATE "+ident(rel.Schema)+"."+ident(rel.Name)+" SET "+ident(col.Name)+" = DEFAULT")
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// addSequences puts the sequences of columns into the catalog.
func (s *Session) addSequences(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, list []bind.ColumnSequence) error {
	for _, q := range list {
		if err := s.free(ctx, t, rel.Schema, q.Relation.Name, false); err != nil {
			return err
		}
		q.Relation.Parent = rel.OID
		s.putSequence(t, q.Relation)
		rel.Columns[q.Column].Sequence = q.Relation.OID
		rel.DependsOn = append(rel.DependsOn, q.Relation.OID)
	}
	return nil
}

// internal runs a statement of the server's own in the session's transaction.
func (s *Session) internal(ctx context.Context, sql string) error {
	stmts, err := parse.Parse(sql)
	if err != nil {
		return err
	}
	var d *dml
	err = s.overAllRows(func() (err error) {
		d, err = s.planDML(stmts[0].Body, []sqltype.OID{})
		return err
	})
	if err != nil {
		return err
	}
	tx, err := s.writer(ctx, stmts[0].Tag)
	if err != nil {
		return err
	}
	_, err = s.writeOne(ctx, tx, d, nil, nil)
	return err
}

// columnDrop is a DROP COLUMN under way.
type columnDrop struct {
	s       *Session
	t       *catalog.Txn
	rel     *catalog.Relation
	at      int
	cascade bool
	quiet   bool // somebody else tells what goes
	drop    dropping
	lines   []string // what depends on the column
	indexes []*catalog.Relation
	users   []*catalog.Relation
	columns []int // generated from it
}

// dropColumn takes a column out of a table, with its indexes and constraints. Its place stays, and no row is written.
func (s *Session) dropColumn(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, c bind.ColumnDrop) error {
	name, missingOK, cascade := c.Name, c.MissingOK, c.Cascade
	at := rel.ColumnIndex(name)
	switch {
	case at < 0 && missingOK:
		s.notice("column %q of relation %q does not exist, skipping", name, rel.Name)
		return nil
	case at < 0:
		return sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", name, rel.Name).Meant(rel.NearColumn(name))
	case rel.IsKey(at):
		return unsupported("DROP COLUMN of the primary key that a table was created with").
			WithHint("Its rows are kept by it. Create another table and INSERT INTO … SELECT.")
	}
	d := columnDrop{s: s, t: t, rel: rel, at: at, cascade: cascade, drop: dropping{s: s, ctx: ctx, tag: "ALTER TABLE", t: t, seen: map[catalog.OID]bool{}}}
	if err := d.release(); err != nil {
		return err
	}
	return d.put(ctx)
}

// release drops what depends on the column, or refuses.
func (d *columnDrop) release() error {
	if err := d.find(); err != nil {
		return err
	}
	if len(d.lines) > 0 && !d.cascade {
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop column %s of %s %s because other objects depend on it", ident(d.rel.Columns[d.at].Name), d.rel.Kind, ident(d.rel.Name)).
			WithDetail("%s", strings.Join(d.lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	for _, user := range d.users {
		d.drop.cascades = append(d.drop.cascades, fmt.Sprintf("drop cascades to %s %s", user.Kind, d.s.shownName(user)))
		if err := d.drop.relation(user, true); err != nil {
			return err
		}
	}
	for _, c := range d.columns {
		d.drop.cascades = append(d.drop.cascades, fmt.Sprintf("drop cascades to column %s of table %s", ident(d.rel.Columns[c].Name), ident(d.rel.Name)))
	}
	if !d.quiet {
		d.drop.tell()
	}
	if gone := d.drop.gone; len(gone) > 0 {
		d.s.behind(func(ctx context.Context, _ bool) error {
			d.s.afterDrop(ctx, gone)
			return nil
		})
	}
	return nil
}

// find collects what goes with the column, and what keeps it.
func (d *columnDrop) find() error {
	what := fmt.Sprintf("column %s of %s %s", ident(d.rel.Columns[d.at].Name), d.rel.Kind, ident(d.rel.Name))
	for i := range d.rel.Columns {
		if expr := d.rel.Columns[i].Generated; expr != "" && i != d.at {
			uses, err := bind.RuleUses(d.rel, expr, d.at)
			if err != nil {
				return err
			}
			if uses {
				d.columns = append(d.columns, i)
				d.lines = append(d.lines, fmt.Sprintf("column %s of table %s depends on %s", ident(d.rel.Columns[i].Name), ident(d.rel.Name), what))
			}
		}
	}
	tables, keys := d.referring()
	for i, k := range keys {
		d.lines = append(d.lines, fmt.Sprintf("constraint %s on table %s depends on %s", ident(k.Name), ident(tables[i].Name), what))
		d.drop.cascades = append(d.drop.cascades, fmt.Sprintf("drop cascades to constraint %s on table %s", ident(k.Name), ident(tables[i].Name)))
	}
	deps := d.t.At().Dependents(d.rel.OID)
	slices.SortFunc(deps, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	for _, dep := range deps {
		switch {
		case dep.Kind == catalog.KindIndex:
			uses, err := bind.IndexUses(d.rel, dep, d.at, d.t.At())
			if err != nil {
				return err
			}
			if uses {
				d.indexes = append(d.indexes, dep)
			}
		case dep.Query != "":
			uses, err := bind.UsesColumn(dep, d.rel.OID, d.at, d.t.At())
			if err != nil {
				return err
			}
			if uses {
				d.users = append(d.users, dep)
				d.lines = append(d.lines, fmt.Sprintf("%s %s depends on %s", dep.Kind, d.s.shownName(dep), what))
				d.lines = append(d.lines, d.drop.blocking(dep, false, nil)...)
			}
		}
	}
	return nil
}

// referring are the foreign keys that refer to the column, and their tables.
func (d *columnDrop) referring() (tables []*catalog.Relation, keys []catalog.ForeignKey) {
	all, of := foreignKeysOn(d.t.At(), d.rel.OID, 0)
	for i, k := range of {
		own := all[i].OID == d.rel.OID && slices.Contains(k.Columns, d.at) // it goes with the column
		if slices.Contains(k.Key, d.at) && !own {
			tables, keys = append(tables, all[i]), append(keys, k)
		}
	}
	return tables, keys
}

// forgetReferring takes the foreign keys that refer to the column out of their tables.
func (d *columnDrop) forgetReferring(ctx context.Context) error {
	tables, keys := d.referring()
	for i, k := range keys {
		if err := d.s.lock(ctx, "ALTER TABLE", tables[i].OID, table.Exclusive); err != nil {
			return err
		}
		if child, ok := d.t.At().ByOID(tables[i].OID); ok && child.ForeignKey(k.OID) != nil {
			d.t.Put(child.WithoutForeignKey(k.OID))
		}
	}
	return nil
}

// put changes the table.
func (d *columnDrop) put(ctx context.Context) error {
	if err := d.forgetReferring(ctx); err != nil {
		return err
	}
	now, _ := d.t.At().ByOID(d.rel.OID)
	changed := *now
	for _, k := range now.ForeignKeys {
		if slices.Contains(k.Columns, d.at) {
			changed = *changed.WithoutForeignKey(k.OID)
		}
	}
	for _, ix := range d.indexes {
		if user := d.s.computedFrom(d.t.At(), d.rel.OID); user != nil && ix.Unique {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot take a constraint from table %s because %s %s is computed from it", d.rel.Name, user.Kind, user.Name).
				WithHint("It may rely on the constraint. DROP it, change the table, and create it again.")
		}
		d.t.Drop(ix.OID)
		if changed.KeyIndex == ix.OID {
			changed.KeyIndex = 0
		}
	}
	changed.Checks = nil
	for _, c := range d.rel.Checks {
		uses, err := bind.RuleUses(d.rel, c.Expr, d.at)
		if err != nil {
			return err
		}
		if !uses {
			changed.Checks = append(changed.Checks, c)
		}
	}
	for _, at := range append(d.columns, d.at) {
		if seq := d.rel.Columns[at].Sequence; seq != 0 {
			changed.DependsOn = slices.DeleteFunc(slices.Clone(changed.DependsOn), func(oid catalog.OID) bool { return oid == seq })
			if of, ok := d.t.At().ByOID(seq); ok && of.Parent == d.rel.OID {
				d.s.dropSequence(d.t, seq)
			}
		}
		changed.DropColumn(at)
	}
	if err := fewLayouts(&changed); err != nil {
		return err
	}
	d.t.Put(&changed)
	if err := d.s.tx.writes.Reform(ctx, changed.OID); err != nil {
		return err
	}
	return d.s.retell(ctx, d.t, &changed)
}

// dropSequence takes a column's sequence out of the catalog.
func (s *Session) dropSequence(t *catalog.Txn, oid catalog.OID) {
	t.Drop(oid)
	t.ForgetProgress(sequence.ProgressName(oid))
	s.behind(func(context.Context, bool) error {
		s.db.Sequences.Forget(oid)
		return nil
	})
}
