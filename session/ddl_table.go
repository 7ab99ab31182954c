package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// createTable is CREATE TABLE: the relation, its changelog topic and the indexes of its UNIQUE
// constraints in one commit.
func (s *Session) createTable(ctx context.Context, b *parse.CreateTable, w face.Writer) error {
	def, err := bind.CreateTable(b, s.catalog(), s.bindOptions())
	if err != nil {
		return err
	}
	if err := s.createIn(def.Relation.Schema); err != nil {
		var e *sqlerr.Error
		if errors.As(err, &e) {
			err = e.At(b.Name.Pos) // of a table PostgreSQL says where its name is
		}
		return err
	}
	for _, from := range def.Like {
		if s.catalog().Privs(s.who.current, from, acl.Select) == 0 {
			return deniedFor(from)
		}
	}
	if def.Relation.FromTopic {
		return s.created(s.createTopicTable(ctx, def, b.IfNotExists), "CREATE TABLE", w)
	}
	return s.created(s.makeTable(ctx, "CREATE TABLE", def, b.IfNotExists), "CREATE TABLE", w)
}

// makeTable makes a bound table in the transaction.
func (s *Session) makeTable(ctx context.Context, tag string, def *bind.TableDef, ifNotExists bool) error {
	rel := def.Relation
	rel.Format.Name = "json"
	for _, c := range rel.PrimaryKey {
		rel.Format.Key = append(rel.Format.Key, rel.Columns[c].Name)
	}
	return s.change(ctx, tag, func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, ifNotExists); err != nil {
			return err
		}
		if err := s.mayUseTypes(rel.Columns, nil); err != nil {
			return err
		}
		if err := s.lockParents(ctx, tag, rel.DependsOn); err != nil {
			return err
		}
		if !rel.Temporary() {
			if err := s.tableTopic(t, rel); err != nil {
				return err
			}
		}
		t.Put(rel)
		for _, q := range def.Sequences {
			if err := s.free(ctx, t, rel.Schema, q.Relation.Name, false); err != nil {
				return err
			}
			q.Relation.Parent = rel.OID
			s.putSequence(t, q.Relation)
			rel.Columns[q.Column].Sequence = q.Relation.OID
			rel.DependsOn = append(rel.DependsOn, q.Relation.OID)
		}
		for _, ix := range def.Indexes {
			if err := s.free(ctx, t, rel.Schema, ix.Name, false); err != nil {
				return err
			}
			ix.Parent = rel.OID
			t.Put(ix)
		}
		return s.putForeignKeys(ctx, t, def)
	})
}

// createTopicTable is CREATE TABLE … WITH (topic = …): it returns when the table has what the topic holds. One that
// cannot be read says so wherever it is used.
func (s *Session) createTopicTable(ctx context.Context, def *bind.TableDef, ifNotExists bool) error {
	rel, name := def.Relation, def.Relation.TopicName
	err := s.change(ctx, "CREATE TABLE", func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, ifNotExists); err != nil {
			return err
		}
		if err := s.bindTopic(t, rel, name, int32(def.Partitions), map[string]string{"cleanup.policy": "compact"}); err != nil {
			return err
		}
		t.Put(rel)
		return s.putErrors(ctx, t, rel, errorColumns)
	})
	if err != nil {
		return err
	}
	s.behind(func(ctx context.Context, wait bool) error {
		if wait {
			_ = s.db.Tables.Rebuilt(ctx, rel.OID, rel.Rebuilt)
		}
		return context.Cause(ctx)
	})
	return s.commitWorking(ctx)
}

// tableTopic makes the compacted changelog topic of a table.
func (s *Session) tableTopic(t *catalog.Txn, rel *catalog.Relation) error {
	rel.TopicName = topicName(rel.QualifiedName())
	there, taken := s.topicNamed(t, rel.TopicName)
	for i := 2; taken && s.renamedAway(t, there); i++ {
		rel.TopicName = fmt.Sprintf("%s_%d", topicName(rel.QualifiedName()), i)
		there, taken = s.topicNamed(t, rel.TopicName)
	}
	if taken {
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

// renamedAway: the topic is that of a table which has another name now, and keeps its topic.
func (s *Session) renamedAway(t *catalog.Txn, topic log.Topic) bool {
	user := t.At().UsesTopic(topic.ID)
	return topic.Internal && user != nil && topicName(user.QualifiedName()) != topic.Name
}

// createIndex is CREATE INDEX on a table. Who writes the table waits for the end of the transaction.
func (s *Session) createIndex(ctx context.Context, b *parse.CreateIndex, w face.Writer) error {
	if b.Stmt.Concurrent && s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	var ix *catalog.Relation
	table, err := s.lockFound(ctx, "CREATE INDEX", func() (table *catalog.Relation, err error) {
		if ix, err = bind.CreateIndex(b, s.catalog(), s.bindOptions()); err == nil {
			if ix.Computed() {
				s.freeze(ix)
			}
			table, _ = s.catalog().ByOID(ix.Parent)
		}
		return table, err
	})
	if err != nil {
		return err
	}
	err = s.change(ctx, "CREATE INDEX", func(t *catalog.Txn) error {
		if err := s.free(ctx, t, ix.Schema, ix.Name, b.IfNotExists); err != nil {
			return err
		}
		t.Put(ix)
		return s.buildIndex(ctx, table, ix, false)
	})
	return s.created(err, "CREATE INDEX", w)
}

// buildIndex fills an index that the transaction has put into the catalog.
func (s *Session) buildIndex(ctx context.Context, rel, ix *catalog.Relation, key bool) error {
	t, err := s.tx.writes.Table(ctx, rel.OID)
	if err != nil {
		return err
	}
	return s.tx.writes.BuildIndex(ctx, t, ix, key)
}
