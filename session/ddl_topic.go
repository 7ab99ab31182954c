package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

// createTopic is CREATE TOPIC.
func (s *Session) createTopic(ctx context.Context, b *parse.CreateTopic, w face.Writer) error {
	o, err := readTopicOptions(b.Options)
	if err != nil {
		return err
	}
	partitions, err := o.partitions()
	if err != nil {
		return err
	}
	configs, err := o.topicConfigs()
	if err != nil {
		return err
	}
	if wrong := topicconfig.Check(configs); wrong != "" {
		return sqlerr.New(sqlerr.InvalidParameterValue, "%s", wrong)
	}
	if err := s.onDatabase(acl.Create); err != nil {
		return err
	}
	err = s.changeAlone(ctx, func(t *catalog.Txn) error {
		if _, ok := s.db.Log.TopicByName(b.Name); ok {
			if b.IfNotExists {
				return errExists{b.Name}
			}
			return sqlerr.New(sqlerr.DuplicateObject, "topic %q already exists", b.Name).At(b.Pos)
		}
		topic, err := s.newTopic(b.Name, partitions)
		if err != nil {
			return err
		}
		topic.Configs = configs
		t.CreateTopic(topic)
		t.OwnTopic(topic.ID, s.who.current)
		return nil
	})
	return s.created(err, "CREATE TOPIC", w)
}

// alterTopic is ALTER TOPIC name SET (partitions = n, retention_ms = …), and RESET (names).
func (s *Session) alterTopic(ctx context.Context, b *parse.AlterSet, w face.Writer) error {
	o, err := readTopicOptions(b.Options)
	if err != nil {
		return err
	}
	topic, ok := s.db.Log.TopicByName(b.Name.Name)
	if !ok {
		if b.IfExists {
			s.notice("topic %q does not exist, skipping", b.Name.Name)
			return w.Complete("ALTER TOPIC")
		}
		return sqlerr.New(sqlerr.UndefinedObject, "topic %q does not exist", b.Name.Name).At(b.Name.Pos).Meant(s.nearTopic(b.Name.Name))
	}
	if err := s.ownsTopic(&topic); err != nil {
		return err
	}
	changes, err := o.topicChanges(&topic, b.Reset)
	if err != nil {
		return err
	}
	if _, asked := o["partitions"]; asked {
		n, err := o.morePartitions(&topic, b.Reset)
		if err != nil {
			return err
		}
		err = s.db.Catalog.GrowTopic(ctx, s.db.Log, topic.ID, n, false)
		if err != nil {
			return err
		}
	} else if err := s.db.Catalog.ConfigureTopic(ctx, s.db.Log, topic.ID, changes, false); err != nil {
		return err
	}
	s.changed = true
	return w.Complete("ALTER TOPIC")
}

func (s *Session) ownsTopic(topic *log.Topic) error {
	if s.catalog().OwnsTopic(s.who.current, topic.ID) {
		return nil
	}
	return denied("must be owner of topic %s", topic.Name)
}

// morePartitions is how many partitions ALTER TOPIC wants a topic to have.
func (o options) morePartitions(topic *log.Topic, reset bool) (int32, error) {
	at, name := o["partitions"].Pos, topic.Name
	grow := fmt.Sprintf("ALTER TOPIC %s SET (partitions = %d)", ident(name), topic.Partitions+1)
	if reset {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "the partitions of topic %q cannot be reset", name).At(at).
			WithDetail("It has %d.", topic.Partitions).WithHint("A topic only gets more: %s, for instance.", grow)
	}
	if len(o) > 1 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "the partitions of topic %q are changed by a statement of their own", name).At(at).
			WithDetail("It has %d.", topic.Partitions).WithHint("%s, for instance; and a second ALTER TOPIC for the other options.", grow)
	}
	n, err := o.partitions()
	if err == nil && n <= topic.Partitions {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "topic %q has %d partitions, which %d does not exceed", name, topic.Partitions, n).At(at).
			WithHint("A topic only gets more: %s, for instance. For fewer make another topic.", grow)
	}
	return n, err
}

// readTopicOptions takes what CREATE TOPIC and ALTER TOPIC may say: partitions, replication_factor,
// and Kafka's configurations under their names or with underscores for the dots.
func readTopicOptions(list []parse.Option) (options, error) {
	known := bind.OptionNames(bind.TopicOptions())
	for i := range topicconfig.Defs {
		known = append(known, topicconfig.Defs[i].Name)
	}
	o, err := readOptions(list, known)
	if err != nil {
		return nil, err
	}
	for name, v := range o {
		d := topicconfig.FromOption(name)
		if _, twice := o[topicconfig.OptionName(name)]; d != nil && d.Name == name && twice {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s is set twice", name).At(v.Pos)
		}
	}
	if v, ok := o["replication_factor"]; ok {
		if n, valid := v.Int(); !valid || n != 1 && n != -1 {
			return nil, invalidOption(v, "1: one server holds a topic, and the object store keeps it safe")
		}
	}
	return o, nil
}

func invalidOption(v parse.Option, want string) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for option %q: %q", v.Name, v.Value).At(v.Pos).
		WithHint("It must be %s.", want)
}

// topicConfigs are the Kafka configurations that options stand for.
func (o options) topicConfigs() (map[string]string, error) {
	configs := map[string]string{}
	for name, v := range o {
		d := topicconfig.FromOption(name)
		if d == nil {
			continue
		}
		if !d.Valid(v.Value) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for option %q: %q", name, v.Value).At(v.Pos).WithHint("%s", d.Doc)
		}
		configs[d.Name] = v.Value
	}
	return configs, nil
}

// topicChanges are what ALTER TOPIC makes of a topic's configurations.
func (o options) topicChanges(topic *log.Topic, reset bool) ([]log.TopicConfig, error) {
	var changes []log.TopicConfig
	after := map[string]string{}
	for name, value := range topic.Configs {
		after[name] = value
	}
	for name := range o {
		d := topicconfig.FromOption(name)
		switch {
		case d == nil:
		case reset:
			changes = append(changes, log.TopicConfig{Name: d.Name, Delete: true})
			delete(after, d.Name)
		default:
			changes = append(changes, log.TopicConfig{Name: d.Name, Value: o[name].Value})
			after[d.Name] = o[name].Value
		}
	}
	if _, err := o.topicConfigs(); !reset && err != nil {
		return nil, err
	}
	if wrong := topicconfig.Check(after); wrong != "" {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s", wrong)
	}
	slices.SortFunc(changes, func(a, b log.TopicConfig) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return changes, nil
}
