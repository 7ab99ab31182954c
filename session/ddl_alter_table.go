package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// alterTable is ALTER TABLE with changes of the definition, all of them or none. A primary key of a table that is there is a
// unique index over columns without NULL: its rows, and the keys of its changelog, stay as they are.
func (s *Session) alterTable(ctx context.Context, b *parse.AlterTable, w face.Writer) error {
	tag := "ALTER " + b.Kind.String()
	rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) {
		kind := b.Kind
		if rel, ok := s.catalog().Relation(b.Name.Schema, b.Name.Name, s.set.derived.SearchPath); ok && rel.Kind == catalog.KindStream {
			kind = parse.ObjStream // ALTER TABLE takes them too
		}
		return s.alterTarget(s.catalog(), b.Name, kind, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete(tag)
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		skipped := map[string]bool{} // columns that IF NOT EXISTS did not add, with their constraints
		for _, c := range bind.InPasses(b.Changes) {
			rel, _ := t.At().ByOID(rel.OID) // as the changes before left it
			if enabled, forced, is := bind.RowSecurityOf(rel, c); is {
				if err := s.alterRowSecurity(t, rel, enabled, forced); err != nil {
					return err
				}
				continue
			}
			if rel.Kind == catalog.KindStream {
				if err := s.alterStream(ctx, t, rel, c); err != nil {
					return err
				}
				continue
			}
			if err := s.alterOnce(ctx, t, rel, c, skipped); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// alterOnce makes one of the changes of a statement.
func (s *Session) alterOnce(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, c *parse.AlterCmd, skipped map[string]bool) error {
	if skipped[bind.OfNewColumn(c)] {
		return nil
	}
	if d, ok := bind.DropsColumn(c); ok && !rel.FromTopic {
		return s.dropColumn(ctx, t, rel, d)
	}
	def, err := bind.AlterTable(rel, c, t.At(), s.bindOptions())
	if err != nil {
		return err
	}
	if def != nil {
		return s.alterDefinition(ctx, t, rel, def)
	}
	column, code, text := bind.NothingToDo(rel, c)
	skipped[column] = column != ""
	s.tell(face.Notice{Code: string(code), Message: text})
	return nil
}

// alterDefinition makes one change of a table, whose rows must be as the changed definition says.
func (s *Session) alterDefinition(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, def *bind.AlterTablePlan) error {
	if def.Relation != nil {
		if err := s.mayUseTypes(def.Relation.Columns, catalog.TypesOf(rel.Columns)); err != nil {
			return err
		}
	}
	if def.Loosens {
		if user := s.computedFrom(t.At(), rel.OID); user != nil {
			return sqlerr.New(sqlerr.FeatureNotSupported, "cannot take a constraint from table %s because %s %s is computed from it", rel.Name, user.Kind, user.Name).
				WithHint("It may rely on the constraint. DROP it, change the table, and create it again.")
		}
	}
	if def.Broken != "" {
		broken, err := s.anyRow(ctx, rel, def.Broken)
		if err != nil {
			return err
		}
		if broken {
			return def.Error
		}
	}
	for _, at := range def.NotNull {
		col := &def.Relation.Columns[at]
		broken, err := s.anyRow(ctx, rel, quoteIdent(col.Name)+" IS NULL")
		if err != nil {
			return err
		}
		if broken {
			return bind.ContainsNull(rel, col)
		}
	}
	if def.Retyped > 0 {
		return s.alterType(ctx, t, rel, def)
	}
	if def.Added > 0 {
		return s.addColumn(ctx, t, def)
	}
	if def.Counter != 0 {
		if err := s.recount(t, def.Counter, def.Recount); err != nil {
			return err
		}
	}
	if def.DropSequence != 0 {
		s.dropSequence(t, def.DropSequence)
	}
	if def.Relation != nil {
		if err := s.addSequences(ctx, t, def.Relation, def.Sequences); err != nil {
			return err
		}
	}
	if def.Index != nil {
		if err := s.free(ctx, t, def.Index.Schema, def.Index.Name, false); err != nil {
			return err
		}
		t.Put(def.Index)
	}
	if def.Promoted != nil {
		if err := s.promote(ctx, t, def.Promoted); err != nil {
			return err
		}
	}
	if def.Drop != 0 {
		if err := s.dropKeysOn(ctx, t, rel, def); err != nil {
			return err
		}
		t.Drop(def.Drop)
	}
	if def.Relation != nil {
		if def.Key {
			def.Relation.KeyIndex = def.Index.OID
		}
		t.Put(def.Relation)
	}
	if err := s.alterForeignKeys(ctx, t, def); err != nil {
		return err
	}
	if def.Index != nil {
		return s.buildIndex(ctx, rel, def.Index, def.Key)
	}
	return nil
}

// promote makes an index the one of a constraint, under the constraint's name.
func (s *Session) promote(ctx context.Context, t *catalog.Txn, made *catalog.Relation) error {
	was, ok := t.At().ByOID(made.OID)
	if ok && was.Name != made.Name {
		s.notice("ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index %q to %q", was.Name, made.Name)
		if err := s.free(ctx, t, made.Schema, made.Name, false); err != nil {
			return err
		}
	}
	if err := s.lock(ctx, "ALTER TABLE", made.OID, table.Exclusive); err != nil {
		return err
	}
	t.Put(made)
	return nil
}

// anyRow reports whether a row that the transaction sees meets a condition.
func (s *Session) anyRow(ctx context.Context, rel *catalog.Relation, condition string) (found bool, err error) {
	text := "SELECT 1 FROM " + ident(rel.Schema) + "." + ident(rel.Name) + " WHERE " + condition + " LIMIT 1"
	err = s.newestRows(ctx, text, func(rows *delta.Batch) error {
		found = found || rows.Rows() > 0
		return nil
	})
	return found, err
}

// newestRows runs a query over the newest rows, also of a transaction that reads an older snapshot: nobody else writes its tables.
func (s *Session) newestRows(ctx context.Context, text string, visit func(rows *delta.Batch) error) error {
	stmts, err := parse.Parse(text)
	if err != nil {
		return err
	}
	var q *plan.Query
	err = s.overAllRows(func() (err error) {
		q, err = s.planQuery(stmts[0].Body.(*parse.Select).Query, nil)
		return err
	})
	if err != nil {
		return err
	}
	reads, err := s.readable(oids(q.Relations))
	if err != nil {
		return err
	}
	pin, err := s.db.Runtime.Pin(ctx, reads, lane.ReadAs{Mode: lane.ReadStrict, Owner: s.reads})
	if err != nil {
		return err
	}
	defer pin.Release()
	return s.db.Runtime.Query(ctx, q, s.runAt(pin.Version(), nil), flow.OutFunc(visit))
}
