package session

import (
	"context"
	"maps"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// constraintModes are what SET CONSTRAINTS said in a transaction.
type constraintModes struct {
	all      *bool                // of all that are deferrable: whether they are deferred; nil = as they were made
	deferred map[catalog.OID]bool // of those that were named since
}

func (m constraintModes) clone() constraintModes {
	m.deferred = maps.Clone(m.deferred)
	return m
}

// isDeferred reports whether a foreign key is checked at the end of the transaction.
func (f *foreignKeys) isDeferred(k *catalog.ForeignKey) bool {
	m := f.s.tx.constraints
	if !k.Deferrable {
		return false
	}
	if deferred, ok := m.deferred[k.OID]; ok {
		return deferred
	}
	if m.all != nil {
		return *m.all
	}
	return k.Deferred
}

// setConstraints is SET CONSTRAINTS: those that are not deferred any more are checked at once.
func (s *Session) setConstraints(ctx context.Context, b *parse.SetConstraints, w face.Writer) error {
	if !s.tx.block {
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "SET CONSTRAINTS can only be used in transaction blocks"})
		return w.Complete("SET CONSTRAINTS")
	}
	m := s.tx.constraints.clone()
	if len(b.Names) == 0 {
		m = constraintModes{all: &b.Deferred}
	}
	for _, n := range b.Names {
		keys, err := s.constraintsNamed(n, b.Deferred)
		if err != nil {
			return err
		}
		if m.deferred == nil {
			m.deferred = map[catalog.OID]bool{}
		}
		for _, oid := range keys {
			m.deferred[oid] = b.Deferred
		}
	}
	s.tx.constraints = m
	if !b.Deferred {
		if err := s.tx.keys.checkNow(ctx); err != nil {
			return err
		}
	}
	return w.Complete("SET CONSTRAINTS")
}

// checkNow checks what was deferred and is not any more. Behind a savepoint it stays for the commit too: ROLLBACK TO may take back
// what a key is there by.
func (f *foreignKeys) checkNow(ctx context.Context) error {
	if f == nil {
		return nil
	}
	defer f.forget()
	now := func(k *catalog.ForeignKey) bool { return !f.isDeferred(k) }
	if err := f.check(ctx, &f.deferred, now); err != nil || len(f.s.tx.savepoints) > 0 {
		return err
	}
	var stay keysToCheck
	var gone keysToCheck
	for _, w := range f.deferred.of {
		if b := f.bound(w.child, w.constraint); b != nil && !now(b.k) {
			stay.of = append(stay.of, w)
		} else {
			gone.of = append(gone.of, w)
		}
	}
	gone.drop()
	f.deferred = stay
	return nil
}

// constraintsNamed are the deferrable constraints of a name, in the first schema of the path that has the name.
func (s *Session) constraintsNamed(n parse.Name, deferred bool) (oids []catalog.OID, err error) {
	at, schemas := s.catalog(), s.path()
	if n.Schema != "" {
		schemas = []string{n.Schema}
	}
	for _, schema := range schemas {
		found := false
		for _, rel := range at.Relations(catalog.KindTable) {
			if rel.Schema != schema {
				continue
			}
			found = found || len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == n.Name
			for _, c := range rel.Checks {
				found = found || c.Name == n.Name
			}
			for _, k := range rel.ForeignKeys {
				if k.Name == n.Name {
					if found = true; k.Deferrable {
						oids = append(oids, k.OID)
					}
				}
			}
		}
		if ix, ok := at.Relation(schema, n.Name, nil); ok && ix.Kind == catalog.KindIndex && ix.Constraint {
			found = true
		}
		switch {
		case found && len(oids) == 0 && deferred:
			return nil, sqlerr.New(sqlerr.WrongObjectType, "constraint %q is not deferrable", n.Name)
		case found:
			return oids, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "constraint %q does not exist", n.Name)
}
