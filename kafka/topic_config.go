package kafka

import (
	"maps"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/storage/log"
)

// configKinds are Kafka's numbers of the kinds of values.
var configKinds = map[topicconfig.Kind]kmsg.ConfigType{
	topicconfig.String: kmsg.ConfigTypeString, topicconfig.Boolean: kmsg.ConfigTypeBoolean,
	topicconfig.Int: kmsg.ConfigTypeInt, topicconfig.Long: kmsg.ConfigTypeLong,
	topicconfig.Double: kmsg.ConfigTypeDouble, topicconfig.List: kmsg.ConfigTypeList,
}

// topicRules is what the topic demands of record batches that arrive at nowMillis.
func (s *Server) topicRules(t *log.Topic, nowMillis int64) recordbatch.Rules {
	v := topicconfig.Of(t.Configs)
	r := recordbatch.Rules{
		MaxBytes: int(v.MaxMessageBytes), LogAppendTime: v.LogAppendTime, RequireKeys: v.Compact,
		MaxDecodedBytes: s.cfg.MaxRecordDecodeBytes,
	}
	if v.Ahead != topicconfig.Forever {
		r.MaxTimestamp = nowMillis + v.Ahead.Milliseconds()
	}
	if behind := v.Behind.Milliseconds(); behind < nowMillis {
		r.MinTimestamp = nowMillis - behind
	}
	return r
}

// checkConfigs refuses what topics may not be configured to.
func checkConfigs(configs map[string]string) error {
	if wrong := topicconfig.Check(configs); wrong != "" {
		return refuse(kerr.InvalidConfig, "%s", wrong)
	}
	return nil
}

// configDifference is what makes the configurations of before those of after.
func configDifference(before, after map[string]string) []log.TopicConfig {
	var out []log.TopicConfig
	all := maps.Clone(before)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, after)
	for i := range topicconfig.Defs {
		name := topicconfig.Defs[i].Name
		if _, any := all[name]; !any {
			continue
		}
		value, set := after[name]
		if old, was := before[name]; set != was || old != value {
			out = append(out, log.TopicConfig{Name: name, Value: value, Delete: !set})
		}
	}
	return out
}
