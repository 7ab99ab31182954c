package session

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// alterOwner is ALTER kind name OWNER TO. What belongs to a relation goes with it (catalog.OwnerOf).
func (s *Session) alterOwner(ctx context.Context, b *parse.AlterOwner, w face.Writer) error {
	tag := parse.TagOf(b)
	owner, err := s.role(b.Owner)
	if err != nil {
		return err
	}
	if b.Kind == 0 {
		err = s.ownDatabase(ctx, b.Name.Name, owner)
	} else {
		err = s.ownObject(ctx, tag, b, owner)
	}
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

func (s *Session) ownObject(ctx context.Context, tag string, b *parse.AlterOwner, owner *catalog.Relation) error {
	rel, err := s.lockFound(ctx, tag, func() (*catalog.Relation, error) { return s.ownTarget(b) })
	if err != nil || rel == nil {
		return err
	}
	if up, ok := s.catalog().ByOID(rel.Parent); ok {
		if rel.Kind == catalog.KindIndex {
			s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.WrongObjectType), Message: fmt.Sprintf("cannot change owner of index \"%s\"", rel.Name),
				Hint: "Change the ownership of the index's table, instead."})
			return nil
		}
		return sqlerr.New(sqlerr.FeatureNotSupported, "cannot change owner of %s \"%s\"", rel.Kind, rel.Name).
			WithDetail("It is linked to %s \"%s\".", up.Kind, up.Name)
	}
	if s.catalog().OwnerOf(rel) == owner.OID {
		return nil
	}
	if err := s.mayGive(rel, owner); err != nil {
		return err
	}
	return s.change(ctx, tag, func(t *catalog.Txn) error { return s.give(ctx, t, rel, owner.OID) })
}

// ownTarget finds what is to have another owner; ALTER TABLE takes all relations, as PostgreSQL's does.
func (s *Session) ownTarget(b *parse.AlterOwner) (*catalog.Relation, error) {
	at := s.catalog()
	switch b.Kind {
	case parse.ObjSchema:
		if schema, ok := at.Schema(b.Name.Name); ok {
			return schema, nil
		}
		return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", b.Name.Name)
	case parse.ObjTable:
		if rel, ok, err := s.named(b.Name.Schema, b.Name.Name); err != nil || ok && rel.Kind != catalog.KindSystem {
			return rel, err
		}
	}
	return s.alterTarget(at, b.Name, b.Kind, b.IfExists)
}

// mayGive refuses who may not make another role the owner.
func (s *Session) mayGive(rel, owner *catalog.Relation) error {
	if s.super() {
		return nil
	}
	at := s.catalog()
	if !at.IsMember(s.who.current, owner.OID) {
		return denied("must be member of role \"%s\"", owner.Name)
	}
	if rel.Kind == catalog.KindSchema {
		return s.onDatabase(acl.Create)
	}
	if at.SchemaPrivs(owner.OID, rel.Schema, acl.Create) == 0 {
		return denied("permission denied for schema %s", rel.Schema)
	}
	return nil
}

// give makes a role the owner of a relation, schema or type; grants of the old one become the new one's.
func (s *Session) give(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, owner catalog.OID) error {
	if err := s.keepRole(ctx, owner); err != nil {
		return err
	}
	if err := s.seesAll(t.At(), rel, owner); err != nil {
		return err
	}
	was := t.At().OwnerOf(rel)
	swap := func(list acl.ACL) acl.ACL { return list.Owned(uint32(was), uint32(owner)) }
	changed := *rel
	changed.Owner = owner
	if list := rel.ACL; list != nil {
		now := swap(*list)
		changed.ACL = &now
	}
	changed.Columns = append([]catalog.Column(nil), rel.Columns...)
	for i := range changed.Columns {
		changed.Columns[i].ACL = swap(changed.Columns[i].ACL)
	}
	t.Put(&changed)
	for _, part := range t.At().Dependents(rel.OID) {
		if part.Parent == rel.OID && part.ACL != nil {
			now := swap(*part.ACL)
			its := *part
			its.ACL = &now
			t.Put(&its)
		}
	}
	return nil
}

// ownDatabase is ALTER DATABASE … OWNER TO.
func (s *Session) ownDatabase(ctx context.Context, name string, owner *catalog.Relation) error {
	if name != s.database {
		return sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", name)
	}
	at := s.catalog()
	me, _ := at.RoleOf(s.who.current)
	switch {
	case !at.HasPrivsOf(s.who.current, at.OwnerOfDatabase()):
		return denied("must be owner of database %s", name)
	case !at.IsMember(s.who.current, owner.OID):
		return denied("must be member of role \"%s\"", owner.Name)
	case me == nil || !me.Role.Super && !me.Role.CreateDB:
		return denied("permission denied to change owner of database")
	}
	return s.change(ctx, "ALTER DATABASE", func(t *catalog.Txn) error {
		if err := s.keepRole(ctx, owner.OID); err != nil {
			return err
		}
		return s.changeDatabase(ctx, t, func(d *catalog.Relation) error {
			if d.ACL != nil {
				list := d.ACL.Owned(uint32(t.At().OwnerOfDatabase()), uint32(owner.OID))
				d.ACL = &list
			}
			d.Owner = owner.OID
			return nil
		})
	})
}

// changeDatabase locks what is said of the database and of topics, and changes it.
func (s *Session) changeDatabase(ctx context.Context, t *catalog.Txn, edit func(d *catalog.Relation) error) error {
	if err := s.tx.writes.LockName(ctx, "", ""); err != nil {
		return err
	}
	said := catalog.Relation{Kind: catalog.KindDatabase, TimestampColumn: -1}
	if now, ok := t.At().Database(); ok {
		said = *now
	}
	if err := edit(&said); err != nil {
		return err
	}
	t.Put(&said)
	return nil
}
