package session

import (
	"context"
	"slices"
	"strings"

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
	if err := checkOptions(b); err != nil {
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

// maintainOptions are what VACUUM can be told, and whether ANALYZE can; none of it changes what is done here.
var maintainOptions = map[string]bool{
	"verbose": true, "skip_locked": true, "analyze": false, "freeze": false, "full": false, "disable_page_skipping": false,
	"index_cleanup": false, "process_toast": false, "truncate": false, "parallel": false,
}

// checkOptions refuses what PostgreSQL does not know, cannot read, or finds to contradict itself.
func checkOptions(b *parse.Maintain) error {
	given, workers := map[string]bool{}, int64(0)
	for _, o := range b.Options {
		analyze, known := maintainOptions[o.Name]
		if !known || b.What == "ANALYZE" && !analyze {
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized %s option \"%s\"", b.What, o.Name).At(o.Pos)
		}
		if o.Name == "parallel" {
			n, ok := o.Int()
			switch {
			case o.Kind == parse.OptNone:
				return sqlerr.New(sqlerr.SyntaxError, "parallel option requires a value between 0 and %d", maxVacuumWorkers).At(o.Pos)
			case !ok:
				return sqlerr.New(sqlerr.SyntaxError, "parallel requires an integer value")
			case n < 0 || n > maxVacuumWorkers:
				return sqlerr.New(sqlerr.SyntaxError, "parallel workers for vacuum must be between 0 and %d", maxVacuumWorkers).At(o.Pos)
			}
			workers = n
			continue
		}
		yes, ok := o.Bool()
		if !ok && !(o.Name == "index_cleanup" && strings.EqualFold(o.Value, "auto")) {
			return sqlerr.New(sqlerr.SyntaxError, "%s requires a Boolean value", o.Name)
		}
		given[o.Name] = yes
	}
	toast, said := given["process_toast"]
	switch {
	case b.What == "VACUUM" && !given["analyze"] && slices.ContainsFunc(b.Columns, func(c []string) bool { return len(c) > 0 }):
		return sqlerr.New(sqlerr.FeatureNotSupported, "ANALYZE option must be specified when a column list is provided")
	case given["full"] && workers > 0:
		return sqlerr.New(sqlerr.FeatureNotSupported, "VACUUM FULL cannot be performed in parallel")
	case given["full"] && given["disable_page_skipping"]:
		return sqlerr.New(sqlerr.FeatureNotSupported, "VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL")
	case given["full"] && said && !toast:
		return sqlerr.New(sqlerr.FeatureNotSupported, "PROCESS_TOAST required with VACUUM FULL")
	}
	return nil
}

// maxVacuumWorkers is PostgreSQL's bound of the PARALLEL option.
const maxVacuumWorkers = 1024

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
