package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// maintain is VACUUM and ANALYZE. Nothing has to be done: a table keeps no version that nobody reads, what it
// has is merged as it is written, and its statistics are those of its runs. What is named must be there.
func (s *Session) maintain(b *parse.Maintain, w face.Writer) error {
	if b.What == "VACUUM" && s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
	}
	if err := vacuumOptions(b.Options); err != nil {
		return err
	}
	now := s.catalog()
	for i, n := range b.Names {
		rel, ok := now.Relation(n.Schema, n.Name, s.path())
		if !ok {
			return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", n.String()).
				Meant(catalog.Near(now, n.Schema, n.Name, s.path(), catalog.KindTable))
		}
		for j, c := range b.Columns[i] {
			switch {
			case rel.ColumnIndex(c) < 0:
				return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", c, rel.Name).Meant(rel.NearColumn(c))
			case slices.Contains(b.Columns[i][:j], c):
				return sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" of relation \"%s\" appears more than once", c, rel.Name)
			}
		}
	}
	return w.Complete(b.What)
}

// vacuumOptions refuses what contradicts itself.
func vacuumOptions(list []parse.Option) error {
	given := map[string]bool{}
	for _, o := range list {
		yes, _ := o.Bool()
		given[o.Name] = yes
	}
	if toast, ok := given["process_toast"]; ok && !toast && given["full"] {
		return sqlerr.New(sqlerr.FeatureNotSupported, "PROCESS_TOAST required with VACUUM FULL")
	}
	return nil
}

// cluster is CLUSTER. Rows lie in the order of their keys, whatever is asked: the index is noted, and what is asked again goes by it.
func (s *Session) cluster(ctx context.Context, b *parse.Cluster, w face.Writer) error {
	if b.Name.Name == "" {
		if s.tx.block {
			return sqlerr.New(sqlerr.ActiveSQLTransaction, "CLUSTER cannot run inside a transaction block")
		}
		return w.Complete("CLUSTER")
	}
	rel, err := s.lockFound(ctx, "CLUSTER", func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, parse.ObjTable, false)
	})
	if err != nil {
		return err
	}
	err = s.change(ctx, "CLUSTER", func(t *catalog.Txn) error {
		if b.Index == "" {
			if rel.Clustered == 0 {
				return sqlerr.New(sqlerr.UndefinedObject, "there is no previously clustered index for table \"%s\"", rel.Name)
			}
			return nil
		}
		changed, err := bind.ClusteredOn(rel, b.Index, t.At())
		if err != nil {
			return err
		}
		t.Put(changed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("CLUSTER")
}
