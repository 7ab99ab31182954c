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

// createTable is CREATE TABLE: the relation, its changelog topic and the indexes of its UNIQUE
// constraints in one commit.
func (s *Session) createTable(ctx context.Context, b *parse.CreateTable, w face.Writer) error {
	def, err := bind.CreateTable(b, s.db.Catalog.Now(), s.bindOptions())
	if err != nil {
		return err
	}
	rel := def.Relation
	if rel.FromTopic {
		return s.created(s.createTopicTable(ctx, def, b.IfNotExists), "CREATE TABLE", w)
	}
	rel.Format.Name = "json"
	depends := rel.DependsOn
	for _, c := range rel.PrimaryKey {
		rel.Format.Key = append(rel.Format.Key, rel.Columns[c].Name)
	}
	err = s.change(ctx, func(t *catalog.Txn) error {
		rel.OID = 0
		if err := free(t.At(), rel.Schema, rel.Name, b.IfNotExists); err != nil {
			return err
		}
		if err := s.tableTopic(t, rel); err != nil {
			return err
		}
		rel.DependsOn = slices.Clone(depends)
		t.Put(rel)
		for _, q := range def.Sequences {
			if err := free(t.At(), rel.Schema, q.Relation.Name, false); err != nil {
				return err
			}
			q.Relation.OID, q.Relation.Parent = 0, rel.OID
			t.Put(q.Relation)
			rel.Columns[q.Column].Sequence = q.Relation.OID
			rel.DependsOn = append(rel.DependsOn, q.Relation.OID)
		}
		for _, ix := range def.Indexes {
			if err := free(t.At(), rel.Schema, ix.Name, false); err != nil {
				return err
			}
			ix.OID, ix.Parent = 0, rel.OID
			t.Put(ix)
		}
		return nil
	})
	return s.created(err, "CREATE TABLE", w)
}

// createTopicTable is CREATE TABLE … WITH (topic = …): it returns when the table has what the topic holds. One that
// cannot be read says so wherever it is used.
func (s *Session) createTopicTable(ctx context.Context, def *bind.TableDef, ifNotExists bool) error {
	rel, name := def.Relation, def.Relation.TopicName
	err := s.change(ctx, func(t *catalog.Txn) error {
		rel.OID = 0
		if err := free(t.At(), rel.Schema, rel.Name, ifNotExists); err != nil {
			return err
		}
		if err := s.bindTopic(t, rel, name, int32(def.Partitions), map[string]string{"cleanup.policy": "compact"}); err != nil {
			return err
		}
		t.Put(rel)
		return putErrors(t, rel, errorColumns)
	})
	if err != nil {
		return err
	}
	_ = s.db.Tables.Rebuilt(ctx, rel.OID, rel.Rebuilt)
	return context.Cause(ctx)
}

// tableTopic makes the compacted changelog topic of a table.
func (s *Session) tableTopic(t *catalog.Txn, rel *catalog.Relation) error {
	rel.TopicName = topicName(rel.QualifiedName())
	if _, taken := s.db.Log.TopicByName(rel.TopicName); taken {
		return sqlerr.New(sqlerr.DuplicateTable, "topic %q already exists", rel.TopicName).
			WithHint("A table keeps its changes in a topic of its own name.")
	}
	topic, err := s.newTopic(rel.TopicName, 1)
	if err != nil {
		return err
	}
	topic.Internal = true
	topic.Configs["cleanup.policy"] = "compact"
	rel.Topic = topic.ID
	t.CreateTopic(topic)
	return nil
}

// createIndex is CREATE INDEX on a table.
func (s *Session) createIndex(ctx context.Context, b *parse.CreateIndex, w face.Writer) error {
	ix, err := bind.CreateIndex(b, s.db.Catalog.Now(), s.bindOptions())
	if err != nil {
		return err
	}
	if err := free(s.db.Catalog.Now(), ix.Schema, ix.Name, b.IfNotExists); err != nil {
		return s.created(err, "CREATE INDEX", w)
	}
	t, err := s.db.Tables.Get(ctx, ix.Parent)
	if err != nil {
		return err
	}
	err = s.db.Tables.CreateIndex(ctx, t, ix, func() error {
		err := s.change(ctx, func(txn *catalog.Txn) error {
			if err := free(txn.At(), ix.Schema, ix.Name, b.IfNotExists); err != nil {
				return err
			}
			ix.OID = 0
			txn.Put(ix)
			return stillThere(txn.At(), []catalog.OID{ix.Parent})
		})
		return err
	})
	return s.created(err, "CREATE INDEX", w)
}
