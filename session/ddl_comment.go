package session

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// comment is COMMENT ON.
func (s *Session) comment(ctx context.Context, b *parse.Comment, w face.Writer) error {
	if b.Database || b.Kind == parse.ObjTopic {
		return s.commentDatabase(ctx, b, w)
	}
	find := func() (*catalog.Relation, error) { return s.commented(b) }
	if b.Kind == parse.ObjSchema {
		find = func() (*catalog.Relation, error) { return s.lockSchema(ctx, "COMMENT", b.Name.Name, table.Exclusive) }
	}
	rel, err := s.lockFound(ctx, "COMMENT", find)
	if err != nil {
		return err
	}
	err = s.change(ctx, "COMMENT", func(t *catalog.Txn) error {
		changed := *rel
		switch {
		case b.Policy != "":
			of, ok := t.At().PolicyNamed(rel.OID, b.Policy)
			if !ok {
				return noPolicy(b.Policy, rel)
			}
			changed = *of
			changed.Comment = b.Text
		case rel.Kind == catalog.KindType:
			if err := commentType(&changed, b); err != nil {
				return err
			}
		case b.Constraint != "":
			return commentConstraint(t, rel, b)
		case b.Column != "":
			if err := commentColumn(&changed, b); err != nil {
				return err
			}
		case b.Kind == parse.ObjIndex && rel.Kind == catalog.KindTable: // that of its key
			changed.KeyComment = b.Text
		default:
			changed.Comment = b.Text
		}
		t.Put(&changed)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("COMMENT")
}

// commented is the relation that a comment is on, or on a part of.
func (s *Session) commented(b *parse.Comment) (*catalog.Relation, error) {
	at, path := s.catalog(), s.path()
	if dropKinds[b.Kind] == catalog.KindType {
		return s.typeTarget(at, b.Kind, b.Name, false)
	}
	rel, ok := at.Relation(b.Name.Schema, b.Name.Name, path)
	if !ok && b.Kind == parse.ObjIndex {
		if of := keyTable(at, b.Name, path); of != nil {
			return of, nil
		}
	}
	switch kind, want := dropKinds[b.Kind]; {
	case !ok && b.Name.Schema != "" && !at.HasSchema(b.Name.Schema):
		return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", b.Name.Schema)
	case !ok:
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation \"%s\" does not exist", b.Name.String()).
			Meant(catalog.Near(at, b.Name.Schema, b.Name.Name, path))
	case want && rel.Kind != kind:
		article := "a"
		if kind == catalog.KindIndex {
			article = "an"
		}
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not %s %s", rel.Name, article, kind)
	case rel.Kind == catalog.KindSystem:
		return nil, sqlerr.New(sqlerr.InsufficientPrivilege, "permission denied: \"%s\" is a system catalog", rel.Name)
	}
	return rel, nil
}

func commentColumn(rel *catalog.Relation, b *parse.Comment) error {
	at := rel.ColumnIndex(b.Column)
	switch {
	case rel.Kind == catalog.KindIndex || rel.Kind == catalog.KindSequence:
		return sqlerr.New(sqlerr.WrongObjectType, "cannot set comment on relation \"%s\"", rel.Name).
			WithDetail("This operation is not supported for %s.", map[catalog.Kind]string{catalog.KindIndex: "indexes", catalog.KindSequence: "sequences"}[rel.Kind])
	case at < 0:
		return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", b.Column, rel.Name).Meant(rel.NearColumn(b.Column))
	}
	rel.Columns = slices.Clone(rel.Columns)
	rel.Columns[at].Comment = b.Text
	return nil
}

// commentConstraint comments on a constraint: a check, or the one that an index is.
func commentConstraint(t *catalog.Txn, rel *catalog.Relation, b *parse.Comment) error {
	changed := *rel
	if i := slices.IndexFunc(rel.Checks, func(c catalog.Check) bool { return c.Name == b.Constraint }); i >= 0 {
		changed.Checks = slices.Clone(rel.Checks)
		changed.Checks[i].Comment = b.Text
		t.Put(&changed)
		return nil
	}
	if i := slices.IndexFunc(rel.ForeignKeys, func(k catalog.ForeignKey) bool { return k.Name == b.Constraint }); i >= 0 {
		changed.ForeignKeys = slices.Clone(rel.ForeignKeys)
		changed.ForeignKeys[i].Comment = b.Text
		t.Put(&changed)
		return nil
	}
	if rel.Kind == catalog.KindTable && len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == b.Constraint {
		changed.ConstraintComment = b.Text
		t.Put(&changed)
		return nil
	}
	for _, ix := range t.At().Indexes(rel.OID) {
		if ix.Name == b.Constraint && (ix.Constraint || ix.OID == rel.KeyIndex) {
			index := *ix
			index.ConstraintComment = b.Text
			t.Put(&index)
			return nil
		}
	}
	return sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", b.Constraint, rel.Name)
}

// commentDatabase is a comment on the database or on a topic. What is said of topics that are gone is forgotten with the
// next one.
func (s *Session) commentDatabase(ctx context.Context, b *parse.Comment, w face.Writer) error {
	topic, ok := s.db.Log.TopicByName(b.Name.Name)
	switch {
	case b.Database && b.Name.Name != s.database: // no error, as in PostgreSQL
		s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.InvalidCatalogName), Message: fmt.Sprintf("database %q does not exist", b.Name.Name)})
		return w.Complete("COMMENT")
	case !b.Database && !ok:
		return sqlerr.New(sqlerr.UndefinedObject, "topic %q does not exist", b.Name.Name).Meant(s.nearTopic(b.Name.Name))
	}
	if b.Database && !s.catalog().HasPrivsOf(s.who.current, s.catalog().OwnerOfDatabase()) {
		return denied("must be owner of database %s", s.database)
	}
	if !b.Database {
		if err := s.ownsTopic(&topic); err != nil {
			return err
		}
	}
	err := s.change(ctx, "COMMENT", func(t *catalog.Txn) error {
		return s.changeDatabase(ctx, t, func(said *catalog.Relation) error {
			if b.Database {
				said.Comment = b.Text
			} else {
				said.TopicComments = s.topicComments(said.TopicComments, fmt.Sprintf("%x", topic.ID), b.Text)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return w.Complete("COMMENT")
}

// topicComments are texts with another one for a topic, and without those of topics that are gone.
func (s *Session) topicComments(texts map[string]string, id, text string) map[string]string {
	there := map[string]bool{}
	for _, t := range s.db.Log.Topics() {
		there[fmt.Sprintf("%x", t.ID)] = true
	}
	texts = maps.Clone(texts)
	maps.DeleteFunc(texts, func(have, _ string) bool { return !there[have] || have == id })
	if text == "" {
		return texts
	}
	if texts == nil {
		texts = map[string]string{}
	}
	texts[id] = text
	return texts
}

// commentType comments on a type, or on a constraint of a domain.
func commentType(rel *catalog.Relation, b *parse.Comment) error {
	if b.Constraint == "" {
		rel.Comment = b.Text
		return nil
	}
	def, domain := *rel.UserType, *rel.UserType.Domain
	domain.Checks = slices.Clone(domain.Checks)
	at := slices.IndexFunc(domain.Checks, func(c catalog.Check) bool { return c.Name == b.Constraint })
	if at < 0 {
		return sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" for domain %s does not exist", b.Constraint, rel.Name)
	}
	domain.Checks[at].Comment = b.Text
	def.Domain, rel.UserType = &domain, &def
	return nil
}
