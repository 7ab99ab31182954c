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

// createSequence is CREATE SEQUENCE.
func (s *Session) createSequence(ctx context.Context, b *parse.CreateSequence, w face.Writer) error {
	now := s.catalog()
	schema, err := bind.PlaceSequence(b, now, s.bindOptions())
	if err != nil {
		return err
	}
	def, err := bind.CreateSequence(b.Options, now, s.bindOptions())
	if err != nil {
		return err
	}
	rel := &catalog.Relation{Schema: schema, Name: b.Name.Name, Kind: catalog.KindSequence, Sequence: def.Sequence, TimestampColumn: -1}
	err = s.change(ctx, "CREATE SEQUENCE", func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, b.IfNotExists); err != nil {
			return err
		}
		if err := s.own(t, rel, def.Owner); err != nil {
			return err
		}
		s.putSequence(t, rel)
		return nil
	})
	return s.created(err, "CREATE SEQUENCE", w)
}

// putSequence makes a sequence in the transaction, which counts for itself until it commits.
func (s *Session) putSequence(t *catalog.Txn, rel *catalog.Relation) {
	t.Put(rel)
	s.db.Sequences.Begin(rel.OID)
	s.tx.sequences = append(s.tx.sequences, rel.OID)
}

// settleSequences commits with the transaction how far the sequences came that it has made.
func (s *Session) settleSequences() {
	for _, oid := range s.tx.sequences {
		if rel, ok := s.catalog().ByOID(oid); ok && rel.Temporary() {
			continue
		}
		if c, counted := s.db.Sequences.Settle(oid); counted && s.tx.writes.DDL().Created(oid) {
			s.tx.writes.DDL().ChangeTopic(c)
		}
	}
}

// endSequences forgets sequences of a transaction that has ended without them.
func (s *Session) endSequences(made []catalog.OID) {
	for _, oid := range made {
		if _, there := s.temp.Catalog.ByOID(oid); there {
			continue // it goes on counting for the session
		}
		if _, there := s.db.Catalog.Now().ByOID(oid); there {
			s.db.Sequences.Committed(oid)
		} else {
			s.db.Sequences.Forget(oid)
		}
	}
}

// own has a sequence belong to the table that OWNED BY names, or to none.
func (s *Session) own(t *catalog.Txn, seq *catalog.Relation, owner *parse.Name) error {
	if owner == nil {
		return nil
	}
	if owner.Name == "" {
		seq.Parent = 0
		return nil
	}
	table, ok := t.At().Relation(owner.Catalog, owner.Schema, s.path())
	if !ok {
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", owner.Schema)
	}
	if table.Kind != catalog.KindTable {
		return sqlerr.New(sqlerr.WrongObjectType, "sequence cannot be owned by relation %q", table.Name)
	}
	if table.ColumnIndex(owner.Name) < 0 {
		return sqlerr.New(sqlerr.UndefinedColumn, "column %q of relation %q does not exist", owner.Name, table.Name)
	}
	if table.Schema != seq.Schema {
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "sequence must be in same schema as table it is linked to")
	}
	seq.Parent = table.OID
	return nil
}

// alterSequence is ALTER SEQUENCE with options. RESTART takes effect at once, as setval does, and is not
// taken back by a rollback.
func (s *Session) alterSequence(ctx context.Context, b *parse.AlterSequence, w face.Writer) error {
	rel, err := s.lockFound(ctx, "ALTER SEQUENCE", func() (*catalog.Relation, error) {
		return s.alterTarget(s.catalog(), b.Name, parse.ObjSequence, b.IfExists)
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete("ALTER SEQUENCE")
	}
	err = s.change(ctx, "ALTER SEQUENCE", func(t *catalog.Txn) error { return s.recount(t, rel.OID, b) })
	if err != nil {
		return err
	}
	return w.Complete("ALTER SEQUENCE")
}

// recount gives a sequence other options.
func (s *Session) recount(t *catalog.Txn, oid catalog.OID, b *parse.AlterSequence) error {
	rel, _ := t.At().ByOID(oid)
	def, err := bind.AlterSequence(rel.Sequence, b.Options, t.At(), s.bindOptions())
	if err != nil {
		return err
	}
	next := *rel
	next.Sequence = def.Sequence
	if err := s.own(t, &next, def.Owner); err != nil {
		return err
	}
	if last, _ := s.db.Sequences.Last(rel); def.Restart == nil && (last < next.Sequence.Min || last > next.Sequence.Max) {
		bound, word, than := next.Sequence.Min, "MINVALUE", "less"
		if last > next.Sequence.Max {
			bound, word, than = next.Sequence.Max, "MAXVALUE", "greater"
		}
		return sqlerr.New(sqlerr.InvalidParameterValue, "RESTART value (%d) cannot be %s than %s (%d)", last, than, word, bound)
	}
	if err := s.db.Sequences.Keep(rel); err != nil {
		return err
	}
	t.Put(&next)
	if def.Restart == nil {
		return nil
	}
	return s.db.Sequences.Restart(&next, *def.Restart, false)
}

// restartSequences begins the sequences of tables anew: TRUNCATE … RESTART IDENTITY.
func (s *Session) restartSequences(tables []catalog.OID) error {
	now := s.catalog()
	for _, seq := range now.Relations(catalog.KindSequence) {
		if slices.Contains(tables, seq.Parent) {
			if err := s.db.Sequences.Restart(seq, seq.Sequence.Start, false); err != nil {
				return err
			}
		}
	}
	return nil
}
