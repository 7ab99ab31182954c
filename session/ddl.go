package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/suggest"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// MaxRecordBatch bounds the record batches that SQL writes: Kafka's default max.message.bytes.
const MaxRecordBatch = 1_048_588

// errExists tells a CREATE … IF NOT EXISTS that there is nothing to do.
type errExists struct{ name string }

func (e errExists) Error() string { return "exists: " + e.name }

// free checks that a relation's name is not taken. Nobody else takes it until the transaction ends.
func (s *Session) free(ctx context.Context, t *catalog.Txn, schema, name string, ifNotExists bool) error {
	if catalog.TempSchema(schema) {
		if err := s.useTemporary(t, schema); err != nil {
			return err
		}
	} else if _, err := s.lockSchema(ctx, "CREATE", schema, table.Shared); err != nil {
		return err
	}
	if err := s.createIn(schema); err != nil {
		return err
	}
	if _, taken := t.At().Relation(schema, name, nil); !taken {
		if err := s.tx.writes.LockName(ctx, schema, name); err != nil {
			return err
		}
	}
	if _, taken := t.At().Relation(schema, name, nil); !taken {
		return s.noType(t, schema, name)
	}
	if ifNotExists {
		return errExists{name}
	}
	return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists", name)
}

// created ends a CREATE: with its tag, or with a notice when IF NOT EXISTS had nothing to do.
func (s *Session) created(err error, tag string, w face.Writer) error {
	if e, ok := err.(errExists); ok {
		s.tell(face.Notice{Code: string(sqlerr.DuplicateTable), Message: fmt.Sprintf("relation %q already exists, skipping", e.name)})
		err = nil
	}
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

func (s *Session) notice(format string, args ...any) {
	s.tell(face.Notice{Message: fmt.Sprintf(format, args...)})
}

// errorColumns of a stream's error relation; the positions are exec/source's.
var errorColumns = []catalog.Column{
	{Name: "_partition", Type: sqltype.Of(sqltype.Int4)},
	{Name: "_offset", Type: sqltype.Of(sqltype.Int8)},
	{Name: "_timestamp", Type: sqltype.Of(sqltype.Timestamptz)},
	{Name: "reason", Type: sqltype.Of(sqltype.Text)},
	{Name: "column_name", Type: sqltype.Of(sqltype.Text)},
	{Name: "message", Type: sqltype.Of(sqltype.Text)},
	{Name: "key", Type: sqltype.Of(sqltype.Bytea)},
	{Name: "value", Type: sqltype.Of(sqltype.Bytea)},
}

// putErrors adds the error relation of rel to a Txn.
func (s *Session) putErrors(ctx context.Context, t *catalog.Txn, rel *catalog.Relation, columns []catalog.Column) error {
	name := rel.Name + "_errors"
	if err := s.free(ctx, t, rel.Schema, name, false); err != nil {
		return err
	}
	t.Put(&catalog.Relation{
		Schema: rel.Schema, Name: name, Kind: catalog.KindErrors, Columns: columns, Parent: rel.OID, TimestampColumn: -1,
	})
	return nil
}

// bindTopic finds the topic of a relation, or makes it with configs (nil = none).
func (s *Session) bindTopic(t *catalog.Txn, rel *catalog.Relation, name string, partitions int32, configs map[string]string) error {
	rel.TopicName = name
	topic, ok := s.topicNamed(t, name)
	if ok {
		if topic.Internal {
			return sqlerr.New(sqlerr.DuplicateTable, "topic %q belongs to a table", name)
		}
		if partitions > 0 && partitions != topic.Partitions {
			return sqlerr.New(sqlerr.InvalidParameterValue, "topic %q has %d partitions, not %d", name, topic.Partitions, partitions)
		}
		rel.Topic = topic.ID
		return s.mayUseTopic(t, rel, &topic)
	}
	topic, err := s.newTopic(name, partitions)
	if err != nil {
		return err
	}
	maps.Copy(topic.Configs, configs)
	t.CreateTopic(topic)
	t.OwnTopic(topic.ID, s.who.current)
	rel.Topic = topic.ID
	return nil
}

// mayUseTopic refuses a relation over a topic that is there to who may not read it, or not write it where the relation does.
func (s *Session) mayUseTopic(t *catalog.Txn, rel *catalog.Relation, topic *log.Topic) error {
	want := acl.Select
	if rel.Kind == catalog.KindSink || rel.Derived() {
		want = acl.Insert
	}
	if t.At().TopicPrivs(s.who.current, topic.ID, want) != want {
		return denied("permission denied for topic %s", topic.Name)
	}
	return nil
}

// topicNamed finds a topic as the transaction leaves it.
func (s *Session) topicNamed(t *catalog.Txn, name string) (log.Topic, bool) {
	there, ok := s.db.Log.TopicByName(name)
	created, deleted := t.Topic(name, there.ID)
	switch {
	case created != nil:
		return *created, true
	case deleted:
		return log.Topic{}, false
	}
	return there, ok
}

func (s *Session) newTopic(name string, partitions int32) (log.Topic, error) {
	if err := checkTopicName(name); err != nil {
		return log.Topic{}, err
	}
	if partitions == 0 {
		partitions = s.db.DefaultPartitions
	}
	id, err := log.NewTopicID(s.db.Rand)
	return log.Topic{ID: id, Name: name, Partitions: partitions, Configs: map[string]string{}}, err
}

// topicName is the topic that a relation called name has by default: the name itself, with what
// Kafka does not allow in a topic name as _ and two hex digits.
func topicName(name string) string {
	const hex = "0123456789abcdef"
	var out []byte
	for _, c := range []byte(name) {
		if topicByte(c) {
			out = append(out, c)
		} else {
			out = append(out, '_', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

func topicByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// checkTopicName is Kafka's rule.
func checkTopicName(name string) error {
	ok := name != "" && len(name) <= 249 && name != "." && name != ".."
	for _, c := range []byte(name) {
		ok = ok && topicByte(c)
	}
	if !ok {
		return sqlerr.New(sqlerr.InvalidName, "invalid topic name: %q", name).
			WithHint("A topic name has 1 to 249 letters, digits, dots, dashes and underscores.")
	}
	if name == topicconfig.ConsumerOffsets {
		return sqlerr.New(sqlerr.ReservedName, "topic name %q is reserved", name).
			WithDetail("Kafka clients read there what consumer groups commit.")
	}
	return nil
}

// options of a WITH list, by name.
type options map[string]parse.Option

// readOptions refuses names that are not known, and repeats.
func readOptions(list []parse.Option, known []string) (options, error) {
	o := options{}
	for _, opt := range list {
		if !slices.Contains(known, opt.Name) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter %q", opt.Name).At(opt.Pos).
				WithHint("Known parameters are %s.", strings.Join(known, ", ")).Meant(suggest.Nearest(opt.Name, slices.Values(known)))
		}
		if _, twice := o[opt.Name]; twice {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "parameter %q specified more than once", opt.Name).At(opt.Pos)
		}
		o[opt.Name] = opt
	}
	return o, nil
}

// partitions is the option of that name, 0 when it is not given.
func (o options) partitions() (int32, error) {
	v, ok := o["partitions"]
	if !ok {
		return 0, nil
	}
	n, valid := v.Int()
	if !valid || n < 1 || n > bind.MaxPartitions {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "partitions must be a number from 1 to %d", bind.MaxPartitions).At(v.Pos)
	}
	return int32(n), nil
}
