package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Temporary relations are those of the session alone (docs/decisions/0074): its catalog has them over everybody's, exec/table their
// rows, exec/sequence counts theirs without telling the log. They are made, changed and dropped in the session's transactions as others
// are, of whose entry they are no part.

// useTemporary makes the schema of the session's temporary relations if it is not there.
func (s *Session) useTemporary(t *catalog.Txn, schema string) error {
	if s.catalog().DatabasePrivs(s.who.current, acl.Temporary) == 0 {
		return denied("permission denied to create temporary tables in database \"%s\"", s.database)
	}
	if _, there := t.At().Schema(schema); !there {
		t.Put(&catalog.Relation{Name: schema, Kind: catalog.KindSchema, TimestampColumn: -1})
	}
	return nil
}

// tempStamp is what keeps plans apart that were made with temporary relations, which nobody else has.
func (s *Session) tempStamp() string {
	if s.temp.Catalog.Empty() {
		return ""
	}
	return s.temp.Catalog.Schema()
}

// keepsApart refuses what a transaction has made of relations that everybody sees over temporary ones, which go with the session.
func keepsApart(t *catalog.Txn, mark int) error {
	for _, rel := range t.PutSince(mark) {
		if rel.Temporary() {
			continue
		}
		for _, oid := range rel.Uses() {
			if on, ok := t.At().ByOID(oid); ok && on.Temporary() {
				return mustNotUse(rel.Kind)
			}
		}
	}
	return nil
}

func mustNotUse(kind catalog.Kind) error {
	if kind == catalog.KindView {
		return sqlerr.New(sqlerr.FeatureNotSupported, "materialized views must not use temporary tables or views")
	}
	return sqlerr.New(sqlerr.FeatureNotSupported, "%ss must not use temporary relations", kind)
}

// refuseTemporary refuses the query of what goes on without the session, or is asked again and again, over temporary relations.
func refuseTemporary(at *catalog.Snapshot, kind catalog.Kind, oids []catalog.OID) error {
	if slices.ContainsFunc(oids, func(oid catalog.OID) bool {
		rel, ok := at.ByOID(oid)
		return ok && rel.Temporary()
	}) {
		return mustNotUse(kind)
	}
	return nil
}

// usedByOthers says which temporary relations of other sessions do not work without rel: CASCADE does not reach them.
func (d *dropping) usedByOthers(rel *catalog.Relation) (lines []string) {
	for _, user := range d.s.temp.Catalog.UsedByOthers(rel.OID) {
		if d.throughView(user, rel) {
			continue
		}
		named := *user
		if rel.Kind == catalog.KindType { // columns are told by the bare name of their table
			named.Name = user.Schema + "." + user.Name
		}
		lines = append(lines, d.dependence(&named, rel))
	}
	return lines
}

// endOfRows does what ON COMMIT says of the temporary tables that the transaction has used: those that go are dropped, with what depends on
// them. Those that lose their rows do so in exec/table.
func (s *Session) endOfRows(ctx context.Context) error {
	w := s.tx.writes
	if !w.ChangesCatalog() && !w.WroteTemporary() {
		return nil
	}
	at := s.catalog()
	var gone []*catalog.Relation
	for _, rel := range at.Relations(catalog.KindTable) {
		switch {
		case rel.OnCommit == catalog.DropTable:
			gone = append(gone, rel)
		case rel.OnCommit == catalog.DeleteRows:
			if err := mayLoseRows(at, rel); err != nil {
				return err
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	t := w.DDL()
	d := dropping{s: s, ctx: ctx, tag: "COMMIT", t: t, seen: map[catalog.OID]bool{}}
	for _, rel := range gone {
		if err := d.relation(rel, true); err != nil {
			return err
		}
	}
	s.behind(func(ctx context.Context, _ bool) error {
		s.afterDrop(ctx, d.gone)
		return nil
	})
	return nil
}

// mayLoseRows refuses that a table loses rows at each commit to which rows of another table may refer that keeps its own.
func mayLoseRows(at *catalog.Snapshot, rel *catalog.Relation) error {
	for _, child := range at.Referring(rel.OID) {
		if child.OnCommit != catalog.DeleteRows {
			return sqlerr.New(sqlerr.FeatureNotSupported, "unsupported ON COMMIT and foreign key combination").
				WithDetail("Table \"%s\" references \"%s\", but they do not have the same ON COMMIT setting.", child.Name, rel.Name)
		}
	}
	return nil
}

// dropTemporary ends the temporary relations with the session.
func (s *Session) dropTemporary() {
	for _, rel := range s.temp.Catalog.Relations() {
		if rel.Kind == catalog.KindSequence {
			s.db.Sequences.Forget(rel.OID)
		}
	}
	s.temp.Free()
}

// discardTemporary is DISCARD TEMP: all temporary relations go.
func (s *Session) discardTemporary(ctx context.Context, tag string) error {
	if s.catalog() == s.db.Catalog.Now() {
		return nil
	}
	var gone []*catalog.Relation
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		for _, rel := range t.At().Objects() {
			if rel.Temporary() && rel.Kind != catalog.KindSchema {
				t.Drop(rel.OID)
				gone = append(gone, rel)
			}
		}
		return nil
	})
	s.behind(func(ctx context.Context, _ bool) error {
		s.afterDrop(ctx, gone)
		return nil
	})
	return err
}
