package kafka

import (
	"context"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/storage/log"
)

// DescribeConfigs: of topics (what was set, else defaults) and of this broker (its limits, under
// Kafka's names; ksqlDB and user interfaces do not start without). All broker configs are
// read-only. Other resources are INVALID_REQUEST.
//
// Versions: 1 where a value comes from, and synonyms; 3 types and documentation; 4 flexible.

// configValue is a config with the value it has.
type configValue struct {
	def   *configDef
	value string
	set   bool
}

func (v *configValue) source() kmsg.ConfigSource {
	switch {
	case v.set:
		return kmsg.ConfigSourceDynamicTopicConfig
	case v.def.readOnly:
		return kmsg.ConfigSourceStaticBrokerConfig
	}
	return kmsg.ConfigSourceDefaultConfig
}

func topicConfigValues(t *log.Topic) []configValue {
	values := make([]configValue, 0, len(topicConfigs))
	for i := range topicConfigs {
		v := configValue{def: &topicConfigs[i], value: topicConfigs[i].def}
		if set, ok := t.Configs[v.def.name]; ok {
			v.value, v.set = set, true
		}
		values = append(values, v)
	}
	return values
}

func (s *Server) brokerConfigValues() []configValue {
	millis := func(name string, ms int64) configValue {
		return configValue{def: &configDef{name: name, kind: kmsg.ConfigTypeLong, readOnly: true}, value: strconv.FormatInt(ms, 10)}
	}
	number := func(name string, n int64) configValue {
		return configValue{def: &configDef{name: name, kind: kmsg.ConfigTypeInt, readOnly: true}, value: strconv.FormatInt(n, 10)}
	}
	text := func(name string, kind kmsg.ConfigType, value string) configValue {
		return configValue{def: &configDef{name: name, kind: kind, readOnly: true}, value: value}
	}
	c := &s.cfg
	a := s.address.Load()
	return []configValue{
		text("advertised.listeners", kmsg.ConfigTypeString, "PLAINTEXT://"+a.host+":"+strconv.Itoa(int(a.port))),
		text("auto.create.topics.enable", kmsg.ConfigTypeBoolean, strconv.FormatBool(c.AutoCreateTopics)),
		number("broker.id", int64(c.NodeID)),
		text("compression.type", kmsg.ConfigTypeString, "producer"),
		millis("connections.max.idle.ms", c.IdleTimeout.Milliseconds()),
		number("default.replication.factor", 1),
		text("delete.topic.enable", kmsg.ConfigTypeBoolean, "true"),
		number("fetch.max.bytes", int64(c.MaxFetchBytes)),
		millis("group.initial.rebalance.delay.ms", c.GroupInitialDelay.Milliseconds()),
		millis("group.max.session.timeout.ms", c.MaxSessionTimeout.Milliseconds()),
		number("group.max.size", int64(c.MaxGroupMembers)),
		millis("group.min.session.timeout.ms", c.MinSessionTimeout.Milliseconds()),
		text("log.cleanup.policy", kmsg.ConfigTypeList, "delete"),
		text("log.message.timestamp.type", kmsg.ConfigTypeString, "CreateTime"),
		millis("log.retention.ms", 604_800_000),
		number("max.connections", int64(c.MaxConnections)),
		number("message.max.bytes", defaultMaxMessageBytes),
		number("min.insync.replicas", 1),
		number("num.partitions", int64(c.DefaultPartitions)),
		number("offset.metadata.max.bytes", int64(c.MaxOffsetMetadata)),
		number("offsets.topic.replication.factor", 1),
		number("socket.request.max.bytes", int64(c.MaxRequestBytes)),
		number("transaction.state.log.replication.factor", 1),
	}
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
			if len(asked.ConfigNames) == 0 || slices.Contains(asked.ConfigNames, v.def.name) {
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
		if !ValidTopicName(asked.ResourceName) {
			return nil, refuse(kerr.InvalidTopicException, "topic name %q is illegal", asked.ResourceName)
		}
		t, ok := s.cfg.Log.TopicByName(asked.ResourceName)
		if !ok {
			return nil, log.ErrUnknownTopic
		}
		return topicConfigValues(&t), nil
	case kmsg.ConfigResourceTypeBroker:
		if asked.ResourceName != "" && asked.ResourceName != strconv.Itoa(int(s.cfg.NodeID)) {
			return nil, refuse(kerr.InvalidRequest, "unexpected broker id, expected %d, but received %q", s.cfg.NodeID, asked.ResourceName)
		}
		return s.brokerConfigValues(), nil
	}
	return nil, refuse(kerr.InvalidRequest, "unsupported resource type %d", asked.ResourceType)
}

func describedConfig(v *configValue, req *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	c := kmsg.NewDescribeConfigsResponseResourceConfig()
	c.Name, c.Value, c.ReadOnly = v.def.name, kmsg.StringPtr(v.value), v.def.readOnly
	c.IsDefault, c.Source, c.ConfigType = !v.set, v.source(), v.def.kind
	if req.IncludeDocumentation {
		c.Documentation = kmsg.StringPtr(v.def.doc)
	}
	if req.IncludeSynonyms {
		synonym := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		synonym.Name, synonym.Value, synonym.Source = c.Name, c.Value, c.Source
		c.ConfigSynonyms = append(c.ConfigSynonyms, synonym)
	}
	return c
}
