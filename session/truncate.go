package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
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
		rel, ok := snap.Relation(n.Schema, n.Name, s.path())
		switch {
		case !ok:
			return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", n.String()).
				Meant(catalog.Near(snap, n.Schema, n.Name, s.path(), catalog.KindTable))
		case rel.Kind != catalog.KindTable:
			return sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", n.Name)
		case rel.FromTopic:
			return sqlerr.New(sqlerr.WrongObjectType, "cannot truncate table %q", n.Name).WithDetail("Its rows are those of topic %q.", rel.TopicName)
		}
		if err := s.mayTruncate(rel); err != nil {
			return err
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
	if tables, oids, err = s.truncateReferring(ctx, tx, b.Cascade, tables, oids); err != nil {
		return err
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

func (s *Session) mayTruncate(rel *catalog.Relation) error {
	if s.catalog().Privs(s.who.current, rel, acl.Truncate) == 0 {
		return deniedFor(rel)
	}
	return nil
}

// truncateReferring refuses to empty a table that a table which is not emptied refers to, or has that be emptied too.
func (s *Session) truncateReferring(ctx context.Context, tx *table.Tx, cascade bool, tables []*table.Table, oids []catalog.OID) ([]*table.Table, []catalog.OID, error) {
	for i := 0; i < len(oids); i++ {
		for _, child := range s.catalog().Referring(oids[i]) {
			if slices.Contains(oids, child.OID) {
				continue
			}
			if !cascade {
				rel, _ := s.catalog().ByOID(oids[i])
				return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table %q references %q.", child.Name, rel.Name).
					WithHint("Truncate table %q at the same time, or use TRUNCATE ... CASCADE.", child.Name)
			}
			if err := s.mayTruncate(child); err != nil {
				return nil, nil, err
			}
			if err := tx.LockRelation(ctx, child.OID, table.Exclusive); err != nil {
				return nil, nil, err
			}
			if now, ok := s.catalog().ByOID(child.OID); !ok || !now.RefersTo(oids[i]) {
				continue // not any more
			}
			t, err := tx.Table(ctx, child.OID)
			if err != nil {
				return nil, nil, err
			}
			s.notice("truncate cascades to table %q", child.Name)
			tables, oids = append(tables, t), append(oids, child.OID)
		}
	}
	return tables, oids, nil
}
