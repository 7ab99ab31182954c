package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// truncate is TRUNCATE: every row of the tables goes. Who writes them waits for the end of the transaction.
func (s *Session) truncate(ctx context.Context, b *parse.Truncate, w face.Writer) error {
	tx, err := s.writer(ctx, "TRUNCATE TABLE")
	if err != nil {
		return err
	}
	snap := s.catalog()
	var tables []*table.Table
	var oids []catalog.OID
	for _, n := range b.Names {
		rel, ok := snap.Relation(n.Schema, n.Name, s.set.derived.SearchPath)
		switch {
		case !ok:
			return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", n.String()).
				Meant(catalog.Near(snap, n.Schema, n.Name, s.set.derived.SearchPath, catalog.KindTable))
		case rel.Kind != catalog.KindTable:
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", n.Name)
		case rel.FromTopic:
			return sqlerr.New(sqlerr.WrongObjectType, "cannot truncate table %q", n.Name).WithDetail("Its rows are those of topic %q.", rel.TopicName)
		}
		if err := tx.LockRelation(ctx, rel.OID, table.Exclusive); err != nil {
			return err
		}
		t, err := tx.Table(ctx, rel.OID)
		if err != nil {
			return err
		}
		tables, oids = append(tables, t), append(oids, rel.OID)
	}
	for _, t := range tables {
		if _, err := tx.Truncate(ctx, t); err != nil {
			return err
		}
	}
	if b.Restart {
		if err := s.restartSequences(oids); err != nil {
			return err
		}
	}
	return w.Complete("TRUNCATE TABLE")
}
