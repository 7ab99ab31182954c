package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	sqlident "github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createSchema is CREATE SCHEMA, with its elements as statements of their own in the same transaction.
func (s *Session) createSchema(ctx context.Context, b *parse.CreateSchema, w face.Writer) error {
	name := b.Name
	if name == "" {
		if name = b.Owner; b.Anybody {
			name = s.currentUser()
		}
	}
	owner, err := s.ownerOfNew(b.Owner)
	if err != nil {
		return err
	}
	if err := s.onDatabase(acl.Create); err != nil {
		return err
	}
	if err := allowedSchema(name); err != nil {
		return err
	}
	if b.Outside != "" && b.Outside != name {
		return sqlerr.New(sqlerr.InvalidSchemaDefinition, "CREATE specifies a schema (%s) different from the one being created (%s)", b.Outside, name)
	}
	err = s.change(ctx, "CREATE SCHEMA", func(t *catalog.Txn) error {
		if err := s.freeSchema(ctx, t, name); err != nil {
			return err
		}
		if err := s.keepRole(ctx, owner); err != nil {
			return err
		}
		t.Put(&catalog.Relation{Name: name, Kind: catalog.KindSchema, Owner: owner, TimestampColumn: -1})
		return nil
	})
	if e, ok := err.(*sqlerr.Error); ok && b.IfNotExists && e.Code == sqlerr.DuplicateSchema {
		s.tell(face.Notice{Code: string(sqlerr.DuplicateSchema), Message: e.Message + ", skipping"})
		return w.Complete("CREATE SCHEMA")
	}
	if err == nil {
		err = s.schemaElements(ctx, name, owner, b.Elements, w)
	}
	if err != nil {
		return err
	}
	return w.Complete("CREATE SCHEMA")
}

// ownerOfNew is the role that AUTHORIZATION says is to own a new schema, who asks without it. Who makes it is in that role.
func (s *Session) ownerOfNew(name string) (catalog.OID, error) {
	if name == "" {
		return s.who.current, nil
	}
	role, err := s.role(parse.RoleSpec{Name: name})
	if err != nil {
		return 0, err
	}
	if !s.catalog().IsMember(s.who.current, role.OID) {
		return 0, denied("must be member of role \"%s\"", role.Name)
	}
	return role.OID, nil
}

func allowedSchema(name string) error {
	if strings.HasPrefix(name, "pg_") {
		return sqlerr.New(sqlerr.ReservedName, "unacceptable schema name \"%s\"", name).
			WithDetail("The prefix \"pg_\" is reserved for system schemas.")
	}
	return nil
}

// freeSchema checks that a schema's name is not taken, and keeps it until the transaction ends.
func (s *Session) freeSchema(ctx context.Context, t *catalog.Txn, name string) error {
	if !t.At().HasSchema(name) {
		if err := s.tx.writes.LockName(ctx, "", name); err != nil {
			return err
		}
	}
	if t.At().HasSchema(name) {
		return sqlerr.New(sqlerr.DuplicateSchema, "schema \"%s\" already exists", name)
	}
	return nil
}

// quiet is a client that hears nothing of how statements end.
type quiet struct{ face.Writer }

func (quiet) Complete(string) error { return nil }

// schemaElements runs the elements of a CREATE SCHEMA as its owner; they find the new schema first.
func (s *Session) schemaElements(ctx context.Context, schema string, owner catalog.OID, elements []string, w face.Writer) error {
	at := settingIndex["search_path"]
	was := s.set.values[at]
	s.set.values[at] = sqlident.Quote(schema)
	if path := strings.TrimSpace(was); path != "" {
		s.set.values[at] += ", " + path
	}
	s.set.derive()
	me := s.who.current
	s.who.current = owner
	defer func() {
		s.who.current, s.set.values[at] = me, was
		s.set.derive()
	}()
	for _, text := range elements {
		stmts, err := parse.Parse(text)
		if err != nil {
			return err
		}
		for _, st := range stmts {
			p := &portal{prepared: &prepared{statement: &statement{Statement: st, sql: text}}}
			if err := s.runStatement(ctx, p, quiet{w}); err != nil {
				return withoutPlace(err)
			}
		}
	}
	return nil
}

// withoutPlace: an error of a text that the client did not send is at no place of what it sent.
func withoutPlace(err error) error {
	if e, ok := err.(*sqlerr.Error); ok && e.Location != 0 {
		bare := *e
		bare.Location = 0
		return &bare
	}
	return err
}

// lockSchema finds a schema of users and locks it to the end of the transaction: for its owner to change it, or with others.
func (s *Session) lockSchema(ctx context.Context, tag, name string, mode table.LockMode) (*catalog.Relation, error) {
	for {
		schema, ok := s.catalog().Schema(name)
		if !ok || name == catalog.TempAlias { // which is a name for looking something up only
			if catalog.SystemSchema(name) {
				return nil, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied for schema %s", name)
			}
			return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
		}
		if mode == table.Exclusive {
			if err := s.owns(schema); err != nil {
				return nil, err
			}
		}
		if err := s.lock(ctx, tag, schema.OID, mode); err != nil {
			return nil, err
		}
		if now, ok := s.catalog().ByOID(schema.OID); ok && now == schema {
			return schema, nil
		}
	}
}

// schemas drops the schemas of a DROP SCHEMA.
func (d *dropping) schemas(b *parse.Drop) error {
	var found []*catalog.Relation
	for _, n := range b.Names {
		if catalog.SystemSchema(n.Name) {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", n.Name)
		}
		if rel, ok := d.t.At().Schema(n.Name); ok && rel.Temporary() && n.Name != catalog.TempAlias {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", n.Name).
				WithHint("DISCARD TEMP drops what is in it.")
		}
		schema, err := d.s.lockSchema(d.ctx, d.tag, n.Name, table.Exclusive)
		if e, ok := err.(*sqlerr.Error); ok && b.IfExists && e.Code == sqlerr.InvalidSchemaName {
			d.s.notice("%s, skipping", e.Message)
			continue
		}
		if err != nil {
			return err
		}
		found = append(found, schema)
		d.asked = append(d.asked, schema.OID)
	}
	for _, schema := range found {
		if err := d.schema(schema, b.Cascade); err != nil {
			return err
		}
	}
	return nil
}

// schema drops a schema with what is in it, if it may.
func (d *dropping) schema(schema *catalog.Relation, cascade bool) error {
	if d.seen[schema.OID] {
		return nil
	}
	d.seen[schema.OID] = true
	var blocking []string
	in := d.t.At().InSchema(schema.Name)
	slices.SortFunc(in, func(a, b *catalog.Relation) int { return cmp.Compare(a.OID, b.OID) })
	for _, rel := range in {
		d.asked = append(d.asked, rel.OID)
	}
	for _, rel := range in {
		if rel.Parent == 0 && !cascade {
			blocking = append(blocking, fmt.Sprintf("%s %s depends on schema %s", rel.Kind, d.s.shownName(rel), sqlident.Quote(schema.Name)))
			blocking = append(blocking, d.blocking(rel, false, nil)...)
		}
	}
	if len(blocking) > 0 {
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop schema %s because other objects depend on it", sqlident.Quote(schema.Name)).
			WithDetail("%s", strings.Join(blocking, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	for _, rel := range in {
		if rel.Parent != 0 || d.seen[rel.OID] {
			continue
		}
		d.cascades = append(d.cascades, fmt.Sprintf("drop cascades to %s %s", rel.Kind, d.s.shownName(rel)))
		if err := d.relation(rel, true); err != nil {
			return err
		}
	}
	d.t.Drop(schema.OID)
	return d.s.forgetDefaultsIn(d.ctx, d.t, schema.OID)
}

// shownName is a relation as messages name it: with its schema unless the name alone finds it.
func (s *Session) shownName(rel *catalog.Relation) string {
	switch rel.Kind {
	case catalog.KindFunction:
		return s.shownFunction(rel)
	case catalog.KindPolicy:
		if of, ok := s.catalog().ByOID(rel.Parent); ok {
			return sqlident.Quote(rel.Name) + " on table " + s.shownName(of)
		}
	}
	find := s.catalog().Relation
	if rel.Kind == catalog.KindType {
		find = s.catalog().Type
	}
	if found, ok := find("", rel.Name, s.path()); ok && found.OID == rel.OID {
		return sqlident.Quote(rel.Name)
	}
	return sqlident.Quote(rel.Schema) + "." + sqlident.Quote(rel.Name)
}

// alterSchema is ALTER SCHEMA … RENAME TO.
func (s *Session) alterSchema(ctx context.Context, b *parse.AlterSchema, w face.Writer) error {
	schema, err := s.lockSchema(ctx, "ALTER SCHEMA", b.Name, table.Exclusive)
	if err != nil {
		return err
	}
	if err := s.onDatabase(acl.Create); err != nil {
		return err
	}
	err = s.change(ctx, "ALTER SCHEMA", func(t *catalog.Txn) error {
		if t.At().HasSchema(b.NewName) {
			return sqlerr.New(sqlerr.DuplicateSchema, "schema \"%s\" already exists", b.NewName)
		}
		if err := allowedSchema(b.NewName); err != nil {
			return err
		}
		if err := s.freeSchema(ctx, t, b.NewName); err != nil {
			return err
		}
		for _, rel := range t.At().InSchema(b.Name) {
			if err := s.move(ctx, t, rel.OID, "ALTER SCHEMA", b.NewName); err != nil {
				return err
			}
		}
		renamed := *schema
		renamed.Name = b.NewName
		t.Put(&renamed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER SCHEMA")
}

// move gives a relation another schema. What reads it goes on meaning it (docs/decisions/0051).
func (s *Session) move(ctx context.Context, t *catalog.Txn, oid catalog.OID, tag, schema string) error {
	if err := s.lock(ctx, tag, oid, table.Exclusive); err != nil {
		return err
	}
	rel, ok := t.At().ByOID(oid)
	if !ok {
		return nil
	}
	if err := s.noteNames(ctx, t, rel); err != nil {
		return err
	}
	moved := *rel
	moved.Schema = schema
	switch rel.Kind {
	case catalog.KindTable:
		if err := bind.RenameInRules(&moved, "", ""); err != nil {
			return err
		}
	case catalog.KindSequence:
		if err := s.renameInDefaults(ctx, t, rel, &moved); err != nil {
			return err
		}
	}
	t.Put(&moved)
	return s.retell(ctx, t, rel)
}

// setSchema is ALTER … SET SCHEMA: with a relation go its indexes, its sequences and its error relation.
func (s *Session) setSchema(ctx context.Context, b *parse.SetSchema, w face.Writer) error {
	tag := "ALTER " + b.Kind.String()
	rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) { return s.alterTarget(s.catalog(), b.Name, b.Kind, b.IfExists) })
	if err != nil {
		return err
	}
	if rel == nil {
		return w.Complete(tag)
	}
	if rel.Temporary() || catalog.TempSchema(b.Schema) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot move objects into or out of temporary schemas")
	}
	if _, err := s.lockSchema(ctx, tag, b.Schema, table.Shared); err != nil {
		return err
	}
	if owner, ok := s.catalog().ByOID(rel.Parent); ok && rel.Kind == catalog.KindSequence {
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot move an owned sequence into another schema").
			WithDetail("Sequence \"%s\" is linked to table \"%s\".", rel.Name, owner.Name)
	}
	if rel.Schema == b.Schema {
		return w.Complete(tag)
	}
	if rel.Kind == catalog.KindType {
		return s.moveType(ctx, tag, rel, b.Schema, w)
	}
	err = s.change(ctx, tag, func(t *catalog.Txn) error {
		moving := []*catalog.Relation{rel}
		for _, dep := range t.At().Dependents(rel.OID) {
			if dep.Parent == rel.OID && dep.Kind != catalog.KindPolicy {
				moving = append(moving, dep)
			}
		}
		for _, m := range moving {
			if _, taken := t.At().Relation(b.Schema, m.Name, nil); taken {
				return sqlerr.New(sqlerr.DuplicateTable, "relation \"%s\" already exists in schema \"%s\"", m.Name, b.Schema)
			}
			if err := s.free(ctx, t, b.Schema, m.Name, false); err != nil {
				return err
			}
			if err := s.move(ctx, t, m.OID, tag, b.Schema); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}
