package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// alterTable is ALTER TABLE with one change of the definition. A primary key of a table that is there is a
// unique index over columns without NULL: its rows, and the keys of its changelog, stay as they are.
func (s *Session) alterTable(ctx context.Context, b *parse.AlterTable, w face.Writer) error {
	rel, err := s.alterTarget(s.db.Catalog.Now(), b.Name, parse.ObjTable, b.IfExists)
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER TABLE")
	}
	def, err := bind.AlterTable(rel, b.Change, s.db.Catalog.Now(), s.bindOptions())
	if err != nil {
		return err
	}
	commit := func() error {
		return s.change(ctx, func(t *catalog.Txn) error {
			now, ok := t.At().ByOID(rel.OID)
			switch {
			case !ok:
				return sqlerr.New(sqlerr.UndefinedTable, "relation %q was dropped meanwhile", rel.Name)
			case now != rel:
				return sqlerr.New(sqlerr.SerializationFailure, "table %q was changed meanwhile", rel.Name)
			}
			if def.Index != nil {
				if err := free(t.At(), def.Index.Schema, def.Index.Name, false); err != nil {
					return err
				}
				def.Index.OID = 0
				t.Put(def.Index)
			}
			if def.Relation != nil {
				if def.Key {
					def.Relation.KeyIndex = def.Index.OID
				}
				t.Put(def.Relation)
			}
			return nil
		})
	}
	if def.Index == nil {
		if err := commit(); err != nil {
			return err
		}
		return w.Complete("ALTER TABLE")
	}
	t, err := s.db.Tables.Get(ctx, rel.OID)
	if err != nil {
		return err
	}
	if def.Key {
		err = s.db.Tables.CreateKey(ctx, t, def.Index, commit)
	} else {
		err = s.db.Tables.CreateIndex(ctx, t, def.Index, commit)
	}
	if err != nil {
		return err
	}
	return w.Complete("ALTER TABLE")
}
