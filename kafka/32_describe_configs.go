package kafka

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/storage/log"
)

// DescribeConfigs: of topics (what was set, else defaults), of this broker (its limits, under
// Kafka's names; ksqlDB and user interfaces do not start without), and of groups. Those of the
// broker are read-only, as are those of consumer groups. A subscription of client metrics has none. Other resources
// are INVALID_REQUEST.
//
// Versions: 1 where a value comes from, and synonyms; 3 types and documentation; 4 flexible.

// configValue is a config with the value it has.
type configValue struct {
	name, value, doc string
	kind             kmsg.ConfigType
	readOnly         bool
	source           kmsg.ConfigSource
	// def is what it would be if it were not set.
	def string
}

// configSourceDynamicGroup is Kafka's DYNAMIC_GROUP_CONFIG.
const configSourceDynamicGroup kmsg.ConfigSource = 8

// dynamic tells whether somebody has set it.
func (v *configValue) dynamic() bool {
	return v.source == kmsg.ConfigSourceDynamicTopicConfig || v.source == configSourceDynamicGroup
}

func topicConfigValues(t *log.Topic) []configValue {
	values := make([]configValue, 0, len(topicconfig.Defs))
	for i := range topicconfig.Defs {
		d := &topicconfig.Defs[i]
		v := configValue{
			name: d.Name, value: d.Default, doc: d.Doc, kind: configKinds[d.Kind], def: d.Default,
			source: kmsg.ConfigSourceDefaultConfig,
		}
		if set, ok := t.Configs[d.Name]; ok {
			v.value, v.source = set, kmsg.ConfigSourceDynamicTopicConfig
		}
		values = append(values, v)
	}
	return values
}

// groupConfigValues are those of a group: of share groups they can be set. Members of consumer groups (KIP-848) get the broker's,
// those of classic groups choose for themselves.
func (s *Server) groupConfigValues(id string) []configValue {
	value := func(name string, d time.Duration, doc string) configValue {
		v := strconv.FormatInt(d.Milliseconds(), 10)
		return configValue{name: name, value: v, def: v, doc: doc, kind: kmsg.ConfigTypeInt, readOnly: true, source: kmsg.ConfigSourceDefaultConfig}
	}
	const whose = " The same for all groups of the consumer protocol; members of a classic group choose it."
	values := []configValue{
		value("consumer.heartbeat.interval.ms", s.cfg.ConsumerHeartbeat, "How often a member of a consumer group is to be heard of."+whose),
		value("consumer.session.timeout.ms", s.cfg.ConsumerSession, "How long a member of a consumer group may be silent."+whose),
	}
	var set map[string]string
	s.groups.With(func(_ time.Time, m *group.Machine) { set = m.Configs(id) })
	for i := range group.ConfigDefs {
		d := &group.ConfigDefs[i]
		v := configValue{name: d.Name, value: d.Default, def: d.Default, doc: d.Doc, kind: kmsg.ConfigTypeString, source: kmsg.ConfigSourceDefaultConfig}
		if d.Number {
			v.kind = kmsg.ConfigTypeInt
		}
		if given, ok := set[d.Name]; ok {
			v.value, v.source = given, configSourceDynamicGroup
		}
		values = append(values, v)
	}
	return values
}

func (s *Server) describeConfigs(_ context.Context, _ *request, req *kmsg.DescribeConfigsRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
	for i := range req.Resources {
		asked := &req.Resources[i]
		rr := kmsg.NewDescribeConfigsResponseResource()
		rr.ResourceType, rr.ResourceName = asked.ResourceType, asked.ResourceName
		values, err := s.configsOf(asked)
		rr.ErrorCode, rr.ErrorMessage = codeAndMessage(err)
		for j := range values {
			v := &values[j]
			// No list asks for all; an empty one does too, as Kafka's own tools expect.
			if len(asked.ConfigNames) == 0 || slices.Contains(asked.ConfigNames, v.name) {
				rr.Configs = append(rr.Configs, describedConfig(v, req))
			}
		}
		resp.Resources = append(resp.Resources, rr)
	}
	return resp, nil
}

func (s *Server) configsOf(asked *kmsg.DescribeConfigsRequestResource) ([]configValue, error) {
	switch asked.ResourceType {
	case kmsg.ConfigResourceTypeTopic:
		t, err := s.topicForConfigs(asked.ResourceName)
		if err != nil {
			return nil, err
		}
		return topicConfigValues(&t), nil
	case kmsg.ConfigResourceTypeBroker:
		if err := s.thisBroker(asked.ResourceName); err != nil {
			return nil, err
		}
		return s.brokerConfigValues(), nil
	case kmsg.ConfigResourceTypeGroupConfig:
		if asked.ResourceName == "" {
			return nil, refuse(kerr.InvalidRequest, "the group name is empty")
		}
		return s.groupConfigValues(asked.ResourceName), nil
	case kmsg.ConfigResourceTypeClientMetrics:
		return nil, nil
	}
	return nil, refuse(kerr.InvalidRequest, "unsupported resource type %d", asked.ResourceType)
}

// topicForConfigs finds the topic that a resource names.
func (s *Server) topicForConfigs(name string) (log.Topic, error) {
	if !ValidTopicName(name) {
		return log.Topic{}, refuse(kerr.InvalidTopicException, "topic name %q is illegal", name)
	}
	t, ok := s.cfg.Log.TopicByName(name)
	if !ok {
		return log.Topic{}, log.ErrUnknownTopic
	}
	return t, nil
}

func (s *Server) thisBroker(name string) error {
	if name != "" && name != strconv.Itoa(int(s.cfg.NodeID)) {
		return refuse(kerr.InvalidRequest, "unexpected broker id, expected %d, but received %q", s.cfg.NodeID, name)
	}
	return nil
}

func describedConfig(v *configValue, req *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	c := kmsg.NewDescribeConfigsResponseResourceConfig()
	c.Name, c.Value, c.ReadOnly = v.name, kmsg.StringPtr(v.value), v.readOnly
	c.IsDefault, c.Source, c.ConfigType = !v.dynamic(), v.source, v.kind
	if req.IncludeDocumentation {
		c.Documentation = kmsg.StringPtr(v.doc)
	}
	if !req.IncludeSynonyms {
		return c
	}
	add := func(value string, source kmsg.ConfigSource) {
		synonym := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		synonym.Name, synonym.Value, synonym.Source = v.name, kmsg.StringPtr(value), source
		c.ConfigSynonyms = append(c.ConfigSynonyms, synonym)
	}
	add(v.value, v.source)
	if v.dynamic() {
		add(v.def, kmsg.ConfigSourceDefaultConfig)
	}
	return c
}
