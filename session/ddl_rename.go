package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// rename is ALTER kind name RENAME …. What reads the relation goes on meaning it (docs/decisions/0051).
func (s *Session) rename(ctx context.Context, b *parse.Rename, w face.Writer) error {
	tag := "ALTER " + b.Kind.String()
	keyed := false // the name is that of a primary key, which is no relation of its own
	rel, err := s.lockFound(ctx, tag, func() (rel *catalog.Relation, err error) {
		rel, keyed, err = s.renameTarget(b)
		return rel, err
	})
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete(tag)
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		switch {
		case keyed:
			return s.renameConstraint(ctx, t, rel, rel.PrimaryKeyName(), b.New)
		case b.Part == parse.RenameColumn:
			return s.renameColumn(ctx, t, rel, b)
		case b.Part == parse.RenameConstraint:
			return s.renameConstraint(ctx, t, rel, b.Old, b.New)
		}
		return s.renameRelation(ctx, t, rel, b.New)
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// renameTarget finds what is renamed; nil when there is none and need not be. ALTER TABLE and ALTER INDEX take all kinds, as
// PostgreSQL's do.
func (s *Session) renameTarget(b *parse.Rename) (rel *catalog.Relation, keyed bool, err error) {
	at, path := s.catalog(), s.path()
	rel, ok := at.Relation(b.Name.Schema, b.Name.Name, path)
	if !ok && b.Part == parse.RenameRelation {
		if of := keyTable(at, b.Name, path); of != nil {
			return of, true, nil
		}
	}
	if !ok {
		if b.IfExists {
			s.notice("relation %q does not exist, skipping", b.Name.String())
			return nil, false, nil
		}
		return nil, false, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", b.Name.String()).
			Meant(catalog.Near(at, b.Name.Schema, b.Name.Name, path))
	}
	switch want := dropKinds[b.Kind]; {
	case rel.Kind == catalog.KindSystem:
		return nil, false, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied: %q is a system catalog", rel.Name)
	case rel.Kind == catalog.KindErrors:
		return nil, false, sqlerr.New(sqlerr.WrongObjectType, "%q is an error relation, which is called as what it belongs to", rel.Name)
	case rel.Kind != want && b.Kind != parse.ObjTable && b.Kind != parse.ObjIndex:
		return nil, false, sqlerr.New(sqlerr.WrongObjectType, "%q is not a %s", rel.Name, want)
	}
	return rel, false, nil
}

// keyTable finds the table whose primary key has a name.
func keyTable(at *catalog.Snapshot, n parse.Name, path []string) *catalog.Relation {
	for _, rel := range at.Relations(catalog.KindTable) {
		in := rel.Schema == n.Schema || n.Schema == "" && slices.Contains(path, rel.Schema)
		if in && len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == n.Name {
			return rel
		}
	}
	return nil
}

// renameRelation gives a relation another name, and its error relation with it.
func (s *Session) renameRelation(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, name string) error {
	if err := s.free(ctx, t, rel.Schema, name, false); err != nil {
		return err
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	changed := *rel
	changed.Name = name
	switch rel.Kind {
	case catalog.KindTable:
		if len(rel.PrimaryKey) > 0 {
			changed.KeyName = rel.PrimaryKeyName()
		}
		if err := bind.RenameInRules(&changed, "", ""); err != nil {
			return err
		}
	case catalog.KindSequence:
		if err := s.renameInDefaults(ctx, t, rel, &changed); err != nil {
			return err
		}
	}
	t.Put(&changed)
	if err := s.retell(ctx, t, rel); err != nil {
		return err
	}
	for _, dep := range t.At().Dependents(rel.OID) {
		if dep.Kind != catalog.KindErrors || dep.Name != rel.Name+"_errors" {
			continue
		}
		if _, taken := t.At().Relation(rel.Schema, name+"_errors", nil); taken {
			continue
		}
		if err := s.free(ctx, t, rel.Schema, name+"_errors", false); err != nil {
			return err
		}
		if err := s.noteNames(ctx, t, dep); err != nil {
			return err
		}
		errs := *dep
		errs.Name = name + "_errors"
		t.Put(&errs)
		if err := s.retell(ctx, t, dep); err != nil {
			return err
		}
	}
	return nil
}

// retell writes the names that a relation and its columns have now into the queries that read it, for who reads these.
func (s *Session) retell(ctx context.Context, t *catalog.Txn, rel *catalog.Relation) error {
	for _, dep := range t.At().Dependents(rel.OID) {
		if dep.Query == "" {
			continue
		}
		if err := s.lock(ctx, "ALTER", dep.OID, table.Exclusive); err != nil {
			return err
		}
		dep, ok := t.At().ByOID(dep.OID)
		if !ok {
			continue
		}
		text, err := bind.Retold(dep, t.At())
		if err != nil {
			return err
		}
		if text == dep.Shown() {
			continue
		}
		told := *dep
		if told.Retold = text; text == dep.Query {
			told.Retold = ""
		}
		t.Put(&told)
	}
	for _, p := range t.At().Policies(rel.OID) {
		told, err := bind.RetoldPolicy(p, t.At())
		if err != nil {
			return err
		}
		if told != nil {
			t.Put(told)
		}
	}
	return nil
}

// noteNames has what reads a relation keep the names that it has, where it did not when it was made.
func (s *Session) noteNames(ctx context.Context, t *catalog.Txn, rel *catalog.Relation) error {
	for _, dep := range t.At().Dependents(rel.OID) {
		if dep.Query == "" || len(dep.Inputs) > 0 {
			continue
		}
		if err := s.lock(ctx, "ALTER", dep.OID, table.Exclusive); err != nil {
			return err
		}
		now, ok := t.At().ByOID(dep.OID)
		if !ok || len(now.Inputs) > 0 {
			continue
		}
		noted := *now
		noted.Inputs = catalog.InputsOf(t.At(), now.DependsOn)
		t.Put(&noted)
	}
	return nil
}

// renameInDefaults writes the new name of a sequence into the defaults that name it.
func (s *Session) renameInDefaults(ctx context.Context, t *catalog.Txn, seq, changed *catalog.Relation) error {
	for _, dep := range t.At().Dependents(seq.OID) {
		if dep.Kind != catalog.KindTable {
			continue
		}
		if err := s.lock(ctx, "ALTER SEQUENCE", dep.OID, table.Exclusive); err != nil {
			return err
		}
		dep, ok := t.At().ByOID(dep.OID)
		if !ok {
			continue
		}
		of := *dep
		of.Columns = slices.Clone(dep.Columns)
		if did, err := bind.RenameSequence(&of, seq, changed, t.At(), s.bindOptions()); err != nil {
			return err
		} else if did {
			t.Put(&of)
		}
	}
	return nil
}

// renameConstraint gives a constraint of a table another name; a key's index has it too.
func (s *Session) renameConstraint(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, old, name string) error {
	if rel.Kind != catalog.KindTable {
		return sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", rel.Name)
	}
	changed := *rel
	if len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == old {
		if err := s.free(ctx, t, rel.Schema, name, false); err != nil {
			return err
		}
		changed.KeyName = name
		t.Put(&changed)
		return nil
	}
	for _, ix := range t.At().Indexes(rel.OID) {
		if ix.Name != old || !ix.Constraint && rel.KeyIndex != ix.OID {
			continue
		}
		if err := s.free(ctx, t, rel.Schema, name, false); err != nil {
			return err
		}
		index := *ix
		index.Name = name
		t.Put(&index)
		return nil
	}
	named := func(k catalog.ForeignKey) bool { return k.Name == name }
	if slices.ContainsFunc(rel.ForeignKeys, named) {
		return sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", name, rel.Name)
	}
	if i := slices.IndexFunc(rel.ForeignKeys, func(k catalog.ForeignKey) bool { return k.Name == old }); i >= 0 {
		changed.ForeignKeys = slices.Clone(rel.ForeignKeys)
		changed.ForeignKeys[i].Name = name
		t.Put(&changed)
		return nil
	}
	at := slices.IndexFunc(rel.Checks, func(c catalog.Check) bool { return c.Name == old })
	if at < 0 {
		return sqlerr.New(sqlerr.UndefinedObject, "constraint %q for table %q does not exist", old, rel.Name)
	}
	if slices.ContainsFunc(rel.Checks, func(c catalog.Check) bool { return c.Name == name }) {
		return sqlerr.New(sqlerr.DuplicateObject, "constraint %q for relation %q already exists", name, rel.Name)
	}
	changed.Checks = slices.Clone(rel.Checks)
	changed.Checks[at].Name = name
	bind.SortChecks(changed.Checks)
	t.Put(&changed)
	return nil
}

// renameColumn gives a column another name.
func (s *Session) renameColumn(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, b *parse.Rename) error {
	switch {
	case rel.Kind == catalog.KindPlainView, rel.Kind == catalog.KindView, rel.Kind == catalog.KindTable:
	case rel.Kind == catalog.KindStream && !rel.Derived() && !connector.Has(rel):
	default:
		return unsupported("RENAME COLUMN of a " + string(rel.Kind))
	}
	at := rel.ColumnIndex(b.Old)
	if rel.Kind == catalog.KindStream || rel.Kind == catalog.KindTable {
		if err := bind.Reserved(b.New); err != nil {
			return err
		}
	}
	switch {
	case at < 0:
		return sqlerr.New(sqlerr.UndefinedColumn, "column %q does not exist", b.Old).Meant(rel.NearColumn(b.Old))
	case rel.ColumnIndex(b.New) >= 0:
		return sqlerr.New(sqlerr.DuplicateColumn, "column %q of relation %q already exists", b.New, rel.Name)
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	changed := *rel
	if rel.Kind == catalog.KindStream || rel.FromTopic {
		changed.RenameField(at, b.New)
	} else if rel.Kind == catalog.KindTable {
		changed.RenameColumn(at, b.New)
		if err := fewLayouts(&changed); err != nil {
			return err
		}
		if err := bind.RenameInRules(&changed, b.Old, b.New); err != nil {
			return err
		}
	} else {
		changed.Columns = slices.Clone(rel.Columns)
		changed.Columns[at].Name = b.New
	}
	for _, ix := range t.At().Indexes(rel.OID) {
		told, err := bind.RetoldIndex(rel, &changed, ix, t.At())
		if err != nil {
			return err
		}
		if told != nil {
			t.Put(told)
		}
	}
	t.Put(&changed)
	return s.retell(ctx, t, rel)
}
