package session

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
)

// What a session may do is asked of the newest catalog that it sees, when a statement begins to run: a plan that is shared or was
// prepared before says what it needs (docs/decisions/0066).

// kindWord is a kind of relation as messages about privileges name it.
func kindWord(k catalog.Kind) string {
	switch k {
	case catalog.KindErrors, catalog.KindSystem:
		return "view"
	}
	return string(k)
}

func deniedFor(rel *catalog.Relation) *sqlerr.Error {
	word := kindWord(rel.Kind)
	if rel.Kind == catalog.KindSystem && rel.Query == "" {
		word = "table"
	}
	return denied("permission denied for %s %s", word, rel.Name)
}

// mayRun checks what a plan needs.
func (s *Session) mayRun(q *plan.Query) error {
	if q == nil {
		return nil
	}
	cat := s.catalog()
	super := cat.IsSuper(s.who.current)
	for _, n := range q.Needs {
		role := catalog.OID(n.As)
		if role == 0 {
			if role = s.who.current; super {
				continue
			}
		}
		rel, there := cat.ByOID(catalog.OID(n.Relation))
		if there && !may(cat, role, rel, n) {
			return deniedFor(rel)
		}
	}
	return nil
}

// may reports whether a role has what is needed of a relation.
func may(cat *catalog.Snapshot, role catalog.OID, rel *catalog.Relation, n *plan.Need) bool {
	missing := n.Privs &^ cat.Privs(role, rel, n.Privs)
	const byColumn = acl.Select | acl.Insert | acl.Update
	if missing&^byColumn != 0 {
		return false
	}
	for _, part := range []struct {
		priv    acl.Privs
		columns []int
	}{{acl.Select, n.Selected}, {acl.Insert, n.Inserted}, {acl.Update, n.Updated}} {
		if missing&part.priv != 0 && !mayColumns(cat, role, rel, part.priv, part.columns) {
			return false
		}
	}
	return true
}

func mayColumns(cat *catalog.Snapshot, role catalog.OID, rel *catalog.Relation, p acl.Privs, columns []int) bool {
	if len(columns) == 0 {
		return cat.AnyColumn(role, rel, p)
	}
	for _, c := range columns {
		if cat.ColumnPrivs(role, rel, c, p) == 0 {
			return false
		}
	}
	return true
}

// owns refuses who is not the owner of a relation, schema or type.
func (s *Session) owns(rel *catalog.Relation) error {
	if s.catalog().Owns(s.who.current, rel) {
		return nil
	}
	return denied("must be owner of %s %s", kindWord(rel.Kind), rel.Name)
}

// mayChange refuses who is not the owner of what a definition changes; the owner of its schema may drop it.
func (s *Session) mayChange(tag string, rel *catalog.Relation) error {
	err := s.owns(rel)
	if err == nil || !strings.HasPrefix(tag, "DROP ") {
		return err
	}
	if schema, ok := s.catalog().Schema(rel.Schema); ok && s.catalog().Owns(s.who.current, schema) {
		return nil
	}
	return err
}

// useSchema refuses a schema that may not be used; one that is not there is no matter of privileges.
func (s *Session) useSchema(name string) error {
	cat := s.catalog()
	if cat.HasSchema(name) && cat.SchemaPrivs(s.who.current, name, acl.Usage) == 0 {
		return denied("permission denied for schema %s", name)
	}
	return nil
}

// createIn refuses a schema in which the session may make nothing.
func (s *Session) createIn(schema string) error {
	cat := s.catalog()
	if cat.HasSchema(schema) && cat.SchemaPrivs(s.who.current, schema, acl.Create) == 0 {
		return denied("permission denied for schema %s", schema)
	}
	return nil
}

// onDatabase refuses who lacks a privilege on the database.
func (s *Session) onDatabase(p acl.Privs) error {
	if s.catalog().DatabasePrivs(s.who.current, p) == p {
		return nil
	}
	return denied("permission denied for database %s", s.database)
}

// path is the search path without the schemas that may not be used.
func (s *Session) path() []string {
	return s.catalog().UsablePath(s.who.current, s.set.derived.SearchPath)
}

// named finds what a name means to the session.
func (s *Session) named(schema, name string) (*catalog.Relation, bool, error) {
	if schema != "" {
		if err := s.useSchema(schema); err != nil {
			return nil, false, err
		}
	}
	rel, ok := s.catalog().Relation(schema, name, s.path())
	return rel, ok, nil
}

// binding is what the session's statements are bound under.
func (s *Session) binding() bind.Options {
	o := bind.Options{Settings: s.set.derived, TempSchema: s.temp.Catalog.Schema(), Rows: s.rowSecurity()}
	if !s.super() {
		o.Settings.SearchPath, o.UseSchema = s.path(), s.useSchema
	}
	return o
}

// mayUseTypes refuses columns of types that the session may not use, those aside that were there before.
func (s *Session) mayUseTypes(columns []catalog.Column, before []catalog.OID) error {
	at := s.catalog()
	for _, oid := range catalog.TypesOf(columns) {
		rel, ok := at.ByOID(oid)
		if ok && !slices.Contains(before, oid) && at.Privs(s.who.current, rel, acl.Usage) == 0 {
			return denied("permission denied for type %s", rel.Name)
		}
	}
	return nil
}

// making gives what the session makes its owner, and the grants that are its owner's default.
func (s *Session) making(t *catalog.Txn) func(*catalog.Relation) {
	return func(r *catalog.Relation) {
		if r.Kind == catalog.KindRole || r.Kind == catalog.KindDatabase {
			return
		}
		if r.Owner == 0 && s.who.current != catalog.SuperuserOID {
			r.Owner = s.who.current
		}
		if r.ACL == nil && r.Parent == 0 {
			r.ACL = t.At().DefaultACL(r)
		}
	}
}
