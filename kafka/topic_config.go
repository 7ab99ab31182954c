package kafka

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// configDef is one topic or broker config: what it is when nobody sets it, and what it may be.
type configDef struct {
	name, def string
	kind      kmsg.ConfigType
	valid     func(value string) bool
	readOnly  bool
	doc       string
}

// Names of the configs that the listener itself acts on.
const (
	configCleanupPolicy   = "cleanup.policy"
	configMaxMessageBytes = "max.message.bytes"
	configTimestampType   = "message.timestamp.type"
	configTimestampAfter  = "message.timestamp.after.max.ms"
	configTimestampBefore = "message.timestamp.before.max.ms"

	defaultMaxMessageBytes = 1_048_588
	defaultTimestampAfter  = 3_600_000
)

// topicConfigs are the topic configs that can be set, with Kafka's defaults. All are stored and
// shown; retention and compaction are not carried out yet.
var topicConfigs = []configDef{
	{configCleanupPolicy, "delete", kmsg.ConfigTypeList, listOf("delete", "compact"), false, "delete, compact or both"},
	{"compression.type", "producer", kmsg.ConfigTypeString, oneOf("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"), false, "records are kept as the producer compressed them"},
	{"delete.retention.ms", "86400000", kmsg.ConfigTypeLong, atLeast(0), false, "how long tombstones stay"},
	{"file.delete.delay.ms", "60000", kmsg.ConfigTypeLong, atLeast(0), false, ""},
	{"flush.messages", "9223372036854775807", kmsg.ConfigTypeLong, atLeast(1), false, ""},
	{"flush.ms", "9223372036854775807", kmsg.ConfigTypeLong, atLeast(0), false, ""},
	{"index.interval.bytes", "4096", kmsg.ConfigTypeInt, atLeast(0), false, ""},
	{"max.compaction.lag.ms", "9223372036854775807", kmsg.ConfigTypeLong, atLeast(1), false, ""},
	{configMaxMessageBytes, "1048588", kmsg.ConfigTypeInt, atLeast(0), false, "largest record batch"},
	{configTimestampAfter, "3600000", kmsg.ConfigTypeLong, atLeast(0), false, "how far ahead of the broker's clock timestamps may be"},
	{configTimestampBefore, "9223372036854775807", kmsg.ConfigTypeLong, atLeast(0), false, "how far behind the broker's clock timestamps may be"},
	{configTimestampType, "CreateTime", kmsg.ConfigTypeString, oneOf("CreateTime", "LogAppendTime"), false, "whose time a record carries"},
	{"min.cleanable.dirty.ratio", "0.5", kmsg.ConfigTypeDouble, ratio, false, ""},
	{"min.compaction.lag.ms", "0", kmsg.ConfigTypeLong, atLeast(0), false, ""},
	{"min.insync.replicas", "1", kmsg.ConfigTypeInt, atLeast(1), false, ""},
	{"preallocate", "false", kmsg.ConfigTypeBoolean, oneOf("true", "false"), false, ""},
	{"retention.bytes", "-1", kmsg.ConfigTypeLong, atLeast(math.MinInt64), false, ""},
	{"retention.ms", "604800000", kmsg.ConfigTypeLong, atLeast(-1), false, ""},
	{"segment.bytes", "1073741824", kmsg.ConfigTypeInt, atLeast(14), false, ""},
	{"segment.index.bytes", "10485760", kmsg.ConfigTypeInt, atLeast(4), false, ""},
	{"segment.jitter.ms", "0", kmsg.ConfigTypeLong, atLeast(0), false, ""},
	{"segment.ms", "604800000", kmsg.ConfigTypeLong, atLeast(1), false, ""},
	{"unclean.leader.election.enable", "false", kmsg.ConfigTypeBoolean, oneOf("true", "false"), false, ""},
}

func oneOf(values ...string) func(string) bool {
	return func(v string) bool {
		for _, allowed := range values {
			if v == allowed {
				return true
			}
		}
		return false
	}
}

func listOf(values ...string) func(string) bool {
	one := oneOf(values...)
	return func(v string) bool {
		for _, item := range strings.Split(v, ",") {
			if !one(strings.TrimSpace(item)) {
				return false
			}
		}
		return true
	}
}

func atLeast(low int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= low
	}
}

func ratio(v string) bool {
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && f >= 0 && f <= 1
}

// checkTopicConfig tells what is wrong with one config, "" if nothing.
func checkTopicConfig(name string, value *string) string {
	for i := range topicConfigs {
		d := &topicConfigs[i]
		if d.name != name {
			continue
		}
		switch {
		case value == nil:
			return fmt.Sprintf("null value not supported for topic configs: %s", name)
		case !d.valid(*value), d.kind == kmsg.ConfigTypeInt && !fitsInt32(*value):
			return fmt.Sprintf("invalid value %s for configuration %s", *value, name)
		}
		return ""
	}
	return fmt.Sprintf("unknown topic config name: %s", name)
}

func fitsInt32(v string) bool {
	_, err := strconv.ParseInt(v, 10, 32)
	return err == nil
}

// topicRules is what the topic demands of record batches that arrive at nowMillis.
func (s *Server) topicRules(t *log.Topic, nowMillis int64) recordbatch.Rules {
	r := recordbatch.Rules{
		MaxBytes:        int(configInt(t, configMaxMessageBytes, defaultMaxMessageBytes)),
		LogAppendTime:   t.Configs[configTimestampType] == "LogAppendTime",
		RequireKeys:     strings.Contains(t.Configs[configCleanupPolicy], "compact"),
		MaxDecodedBytes: s.cfg.MaxRecordDecodeBytes,
	}
	if after := configInt(t, configTimestampAfter, defaultTimestampAfter); after < math.MaxInt64-nowMillis {
		r.MaxTimestamp = nowMillis + after
	}
	if before := configInt(t, configTimestampBefore, math.MaxInt64); before < nowMillis {
		r.MinTimestamp = nowMillis - before
	}
	return r
}

// configInt is a config's number, or def where it is not set. CreateTopics has checked it.
func configInt(t *log.Topic, name string, def int64) int64 {
	if v, ok := t.Configs[name]; ok {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
	}
	return def
}
