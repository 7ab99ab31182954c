package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// alterTable is ALTER TABLE with one change of the definition. A primary key of a table that is there is a
// unique index over columns without NULL: its rows, and the keys of its changelog, stay as they are.
func (s *Session) alterTable(ctx context.Context, b *parse.AlterTable, w face.Writer) error {
	rel, err := s.lockFound(ctx, "ALTER TABLE", func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, parse.ObjTable, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER TABLE")
	}
	def, err := bind.AlterTable(rel, b.Change, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	err = s.change(ctx, "ALTER TABLE", func(t *catalog.Txn) error {
		if def.Index != nil {
			if err := s.free(ctx, t, def.Index.Schema, def.Index.Name, false); err != nil {
				return err
			}
			t.Put(def.Index)
		}
		if def.Relation != nil {
			if def.Key {
				def.Relation.KeyIndex = def.Index.OID
			}
			t.Put(def.Relation)
		}
		if def.Index != nil {
			return s.buildIndex(ctx, rel, def.Index, def.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER TABLE")
}
