package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// createStream is CREATE STREAM: a relation over a topic, which it creates or binds; with AS,
// one that a query writes.
func (s *Session) createStream(ctx context.Context, b *parse.CreateStream, w face.Writer) error {
	def, err := bind.CreateStream(b, s.catalog(), s.bindOptions(), connector.Columns)
	if err != nil {
		return err
	}
	if def.Connector != "" {
		if err := connector.Check(def.Relation); err != nil {
			return err
		}
	}
	if def.Query != nil {
		if err := s.refuseErrors(def.Query); err != nil {
			return err
		}
		return s.created(s.createWriting(ctx, def.Relation, def.Partitions, b.IfNotExists), "CREATE STREAM", w)
	}
	rel, topic := def.Relation, def.Relation.TopicName
	err = s.change(ctx, "CREATE STREAM", func(t *catalog.Txn) error {
		if err := s.free(ctx, t, rel.Schema, rel.Name, b.IfNotExists); err != nil {
			return err
		}
		if err := s.bindTopic(t, rel, topic, int32(def.Partitions), nil); err != nil {
			return err
		}
		t.Put(rel)
		return s.putErrors(ctx, t, rel, errorColumns)
	})
	if err == nil {
		s.behind(func(context.Context, bool) error {
			if made, ok := s.db.Catalog.Now().ByOID(rel.OID); ok {
				return s.db.Sources.Start(made)
			}
			return nil
		})
		err = s.commitWorking(ctx)
	}
	return s.created(err, "CREATE STREAM", w)
}
