package topicconfig

import (
	"math"
	"strconv"
	"strings"
)

// Names that others ask for.
const (
	CleanupPolicy    = "cleanup.policy"
	CompressionType  = "compression.type"
	MaxMessageBytes  = "max.message.bytes"
	RetentionBytes   = "retention.bytes"
	RetentionMillis  = "retention.ms"
	TimestampAfter   = "message.timestamp.after.max.ms"
	TimestampBefore  = "message.timestamp.before.max.ms"
	TimestampType    = "message.timestamp.type"
	minCompactionLag = "min.compaction.lag.ms"
	maxCompactionLag = "max.compaction.lag.ms"
	deleteRetention  = "delete.retention.ms"
	dirtyRatio       = "min.cleanable.dirty.ratio"
)

// Kind of a value, as DescribeConfigs tells it.
type Kind uint8

const (
	String Kind = iota
	Boolean
	Int
	Long
	Double
	List
)

// Def is one configuration: what it is when nobody sets it, and what it may be.
type Def struct {
	Name, Default string
	Kind          Kind
	Doc           string
	valid         func(value string) bool
}

// noEffect is how the documentation of what changes nothing here begins.
const noEffect = "No effect here: "

// Defs are all of them, by name.
var Defs = []Def{
	{CleanupPolicy, "delete", List, "What happens to old records: delete goes by retention.ms and retention.bytes. compact keeps the last record of each key. With both, what is left goes by age and size as well.", listOf("delete", "compact")},
	{CompressionType, "producer", String, noEffect + "records are kept as the producer compressed them.", oneOf("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd")},
	{deleteRetention, "86400000", Long, "How long a tombstone, or the marker of an empty transaction, stays once a compaction has passed it.", atLeast(0)},
	{"file.delete.delay.ms", "60000", Long, noEffect + "objects go once nobody reads them.", atLeast(0)},
	{"flush.messages", "9223372036854775807", Long, noEffect + "a record is durable before it is acknowledged.", atLeast(1)},
	{"flush.ms", "9223372036854775807", Long, noEffect + "a record is durable before it is acknowledged.", atLeast(0)},
	{"follower.replication.throttled.replicas", "", List, noEffect + "there is no replication between brokers.", oneOf("", "*")},
	{"index.interval.bytes", "4096", Int, noEffect + "segments have an index of their own.", atLeast(0)},
	{"leader.replication.throttled.replicas", "", List, noEffect + "there is no replication between brokers.", oneOf("", "*")},
	{"local.retention.bytes", "-2", Long, noEffect + "all records lie in the object store.", atLeast(-2)},
	{"local.retention.ms", "-2", Long, noEffect + "all records lie in the object store.", atLeast(-2)},
	{maxCompactionLag, "9223372036854775807", Long, "How long a record may wait for compaction before the share of such records does not matter.", atLeast(1)},
	{MaxMessageBytes, "1048588", Int, "The largest record batch.", atLeast(0)},
	{TimestampAfter, "3600000", Long, "How far ahead of the broker's clock a timestamp may be.", atLeast(0)},
	{TimestampBefore, "9223372036854775807", Long, "How far behind the broker's clock a timestamp may be.", atLeast(0)},
	{TimestampType, "CreateTime", String, "Whose time a record carries: the producer's, or the broker's.", oneOf("CreateTime", "LogAppendTime")},
	{dirtyRatio, "0.5", Double, "The share of bytes not compacted yet from which on a partition is compacted. Less than 1 MiB of them waits for an hour.", ratio},
	{minCompactionLag, "0", Long, "How long a record stays as it is before it may be compacted.", atLeast(0)},
	{"min.insync.replicas", "1", Int, noEffect + "the object store keeps the copies.", atLeast(1)},
	{"preallocate", "false", Boolean, noEffect + "there are no files of a partition.", oneOf("true", "false")},
	{"remote.log.copy.disable", "false", Boolean, noEffect + "all records lie in the object store.", oneOf("false")},
	{"remote.log.delete.on.disable", "false", Boolean, noEffect + "all records lie in the object store.", oneOf("false")},
	{"remote.storage.enable", "false", Boolean, noEffect + "all records lie in the object store.", oneOf("false")},
	{RetentionBytes, "-1", Long, "How many bytes a partition keeps; below 0 any number. What is beyond goes from the oldest on.", atLeast(math.MinInt64)},
	{RetentionMillis, "604800000", Long, "How long a record is kept at least, from its own time and from its commit on; -1 for ever.", atLeast(-1)},
	{"segment.bytes", "1073741824", Int, noEffect + "records go by the run in which they were written, not by segment.", atLeast(14)},
	{"segment.index.bytes", "10485760", Int, noEffect + "segments have an index of their own.", atLeast(4)},
	{"segment.jitter.ms", "0", Long, noEffect + "records go by the run in which they were written, not by segment.", atLeast(0)},
	{"segment.ms", "604800000", Long, noEffect + "records go by the run in which they were written, not by segment.", atLeast(1)},
	{"unclean.leader.election.enable", "false", Boolean, noEffect + "there are no leaders to elect.", oneOf("true", "false")},
}

// Find returns the configuration of that name, nil if there is none.
func Find(name string) *Def {
	for i := range Defs {
		if Defs[i].Name == name {
			return &Defs[i]
		}
	}
	return nil
}

// Valid tells whether the configuration may have the value.
func (d *Def) Valid(value string) bool {
	if d.Kind == Int {
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return false
		}
	}
	return d.valid(value)
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
		for _, item := range Items(v) {
			if !one(item) {
				return false
			}
		}
		return len(Items(v)) > 0
	}
}

// Items of a list.
func Items(list string) []string {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	items := strings.Split(list, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

func atLeast(low int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= low
	}
}

func ratio(v string) bool {
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && f >= 0 && f <= 1 && !math.IsNaN(f)
}
