package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// DDL is a part of its transaction: a Txn of the catalog that is committed with the rows. The session sees it at once,
// others with the commit. What has to begin or to end for it does so behind the commit.

// catalog is what the session sees: everybody's, with the DDL of its transaction.
func (s *Session) catalog() *catalog.Snapshot {
	if s.tx.writes.ChangesCatalog() {
		return s.tx.writes.DDL().At()
	}
	return s.temp.Catalog.Over(s.db.Catalog.Now())
}

// change makes a change of the catalog in the session's transaction: all of it or nothing.
func (s *Session) change(ctx context.Context, tag string, build func(t *catalog.Txn) error) error {
	tx, err := s.writer(ctx, tag)
	if err != nil {
		return err
	}
	t := tx.DDL()
	t.Making = s.making(t)
	mark, after := t.Mark(), len(s.tx.after)
	err = build(t)
	if err == nil {
		err = keepsApart(t, mark)
	}
	if err != nil {
		t.RollbackTo(mark)
		s.tx.after = s.tx.after[:after]
		return err
	}
	s.changed = s.changed || t.LoggedSince(mark)
	s.tx.temporary = s.tx.temporary || slices.ContainsFunc(t.PutSince(mark), (*catalog.Relation).Temporary)
	return nil
}

// lock locks a relation to the end of the transaction.
func (s *Session) lock(ctx context.Context, tag string, oid catalog.OID, mode table.LockMode) error {
	s.noteTemporary(oid)
	tx, err := s.writer(ctx, tag)
	if err != nil {
		return err
	}
	return tx.LockRelation(ctx, oid, mode)
}

// lockFound locks what find finds for its owner to change, again while it is another after the wait; nil is locked by nobody.
func (s *Session) lockFound(ctx context.Context, tag string, find func() (*catalog.Relation, error)) (*catalog.Relation, error) {
	for {
		rel, err := find()
		if err != nil || rel == nil {
			return nil, err
		}
		if err := s.mayChange(tag, rel); err != nil {
			return nil, err
		}
		if err := s.lock(ctx, tag, rel.OID, table.Exclusive); err != nil {
			return nil, err
		}
		if now, ok := s.catalog().ByOID(rel.OID); ok && now == rel {
			return rel, nil
		}
	}
}

// lockParents keeps what a new relation depends on as it is until the transaction ends.
func (s *Session) lockParents(ctx context.Context, tag string, oids []catalog.OID) error {
	sorted := slices.Clone(oids)
	slices.Sort(sorted)
	for _, oid := range sorted {
		if rel, ok := s.catalog().ByOID(oid); ok && rel.Kind == catalog.KindSystem {
			continue
		}
		if err := s.lock(ctx, tag, oid, table.Shared); err != nil {
			return err
		}
	}
	return stillThere(s.catalog(), oids)
}

// behind has fn called when the transaction has been committed. It may wait unless the commit is a block's.
func (s *Session) behind(fn func(ctx context.Context, wait bool) error) {
	s.tx.after = append(s.tx.after, fn)
}

// committed does what was left for the time behind the commit. The first error is the statement's, of a block a warning:
// what was committed stays.
func (s *Session) committed(ctx context.Context, block bool, after []func(ctx context.Context, wait bool) error) (first error) {
	for _, fn := range after {
		err := fn(ctx, !block)
		if err == nil {
			continue
		}
		if first == nil && !block {
			first = err
			continue
		}
		e := userError(err, s.db.Logger).(*sqlerr.Error)
		s.tell(face.Notice{Severity: "WARNING", Code: string(e.Code), Message: e.Message, Detail: e.Detail, Hint: e.Hint})
	}
	return first
}

// alone: the statement's change of the catalog is a commit of its own.
func alone(b parse.Body) bool {
	switch b := b.(type) {
	case *parse.CreateTopic, *parse.AlterRebuild:
		return true
	case *parse.AlterSet:
		return b.Kind != parse.ObjIndex && b.Kind != parse.ObjView
	case *parse.Drop:
		return b.Kind == parse.ObjTopic
	}
	return false
}

// works: the statement makes something that works from its commit on, which outside a block is at once: a later statement of the
// same text may read it.
func works(b parse.Body) bool {
	switch b.(type) {
	case *parse.CreateMaterializedView, *parse.CreateSink, *parse.CreateStream:
		return true
	}
	return false
}

// beforeDDL refuses what cannot be in a block, and commits what an implicit transaction did before a statement that commits.
func (s *Session) beforeDDL(ctx context.Context, st *statement) error {
	if alone(st.Body) && s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", st.Tag)
	}
	if err := s.mayWrite(st.Tag); err != nil {
		return err
	}
	if s.tx.block || !alone(st.Body) && !works(st.Body) {
		return nil
	}
	return s.commit(ctx)
}

// readable are the relations of a statement that a snapshot has: those aside that are temporary, or that the transaction has made, of
// which it reads what it wrote. What works only from the commit on cannot be read before.
func (s *Session) readable(rels []catalog.OID) ([]catalog.OID, error) {
	at := s.catalog()
	if at == s.db.Catalog.Now() {
		return rels, nil
	}
	out := rels[:0]
	if !s.tx.writes.ChangesCatalog() {
		for _, oid := range rels {
			if rel, ok := at.ByOID(oid); !ok || !rel.Temporary() {
				out = append(out, oid)
			}
		}
		return out, nil
	}
	ddl := s.tx.writes.DDL()
	for _, oid := range rels {
		if rel, ok := at.ByOID(oid); ok && rel.Temporary() {
			continue
		}
		if !ddl.Created(oid) {
			out = append(out, oid)
			continue
		}
		rel, _ := ddl.At().ByOID(oid)
		switch {
		case rel.Kind == catalog.KindTable && !rel.FromTopic, rel.Kind == catalog.KindPlainView:
		case rel.Kind == catalog.KindView:
			return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "materialized view %q has not been populated", rel.Name).
				WithHint("It is filled when the transaction that creates it has been committed.")
		default:
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "%s %q cannot be used by the transaction that creates it", rel.Kind, rel.Name)
		}
	}
	return out, nil
}
