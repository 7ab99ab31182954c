package kafka

import (
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/kafka/group"
)

// brokerConfigValues are this server's limits, under Kafka's names.
func (s *Server) brokerConfigValues() []configValue {
	c := &s.cfg
	a := s.address.Load()
	topic := func(name string) string { return topicconfig.Value(nil, name) }
	return []configValue{
		brokerConfig("advertised.listeners", kmsg.ConfigTypeString, "PLAINTEXT://"+a.host+":"+strconv.Itoa(int(a.port)), "Where clients reach this broker."),
		brokerConfig("auto.create.topics.enable", kmsg.ConfigTypeBoolean, strconv.FormatBool(c.AutoCreateTopics), "Whether a client that asks for a topic that is not there gets it."),
		brokerNumber("broker.id", int64(c.NodeID), "The number of this broker."),
		brokerConfig("compression.type", kmsg.ConfigTypeString, topic(topicconfig.CompressionType), "Records are kept as the producer compressed them."),
		brokerMillis("connections.max.idle.ms", c.IdleTimeout, "A connection without a request for so long is closed."),
		brokerNumber("default.replication.factor", 1, "The object store keeps the copies."),
		brokerConfig("delete.topic.enable", kmsg.ConfigTypeBoolean, "true", "Topics can be deleted, unless a relation uses them."),
		brokerNumber("fetch.max.bytes", int64(c.MaxFetchBytes), "The largest answer to a Fetch."),
		brokerMillis("group.initial.rebalance.delay.ms", c.GroupInitialDelay, "How long a new group waits for more members."),
		brokerMillis("group.max.session.timeout.ms", c.MaxSessionTimeout, "The longest session timeout of a member."),
		brokerNumber("group.max.size", int64(c.MaxGroupMembers), "The most members of a group."),
		brokerNumber("group.share.max.share.sessions", int64(c.MaxShareSessions), "The most members of share groups that fetch at once."),
		brokerMillis("group.min.session.timeout.ms", c.MinSessionTimeout, "The shortest session timeout of a member."),
		brokerConfig("log.cleanup.policy", kmsg.ConfigTypeList, topic(topicconfig.CleanupPolicy), "cleanup.policy of a topic that does not set it."),
		brokerConfig("log.message.timestamp.type", kmsg.ConfigTypeString, topic(topicconfig.TimestampType), "message.timestamp.type of a topic that does not set it."),
		brokerConfig("log.retention.bytes", kmsg.ConfigTypeLong, topic(topicconfig.RetentionBytes), "retention.bytes of a topic that does not set it."),
		brokerConfig("log.retention.ms", kmsg.ConfigTypeLong, topic(topicconfig.RetentionMillis), "retention.ms of a topic that does not set it."),
		brokerNumber("max.connections", int64(c.MaxConnections), "The most connections of Kafka clients."),
		brokerNumber("max.incremental.fetch.session.cache.slots", int64(c.MaxFetchSessions), "The most sessions of consumers that are kept between their Fetches."),
		brokerConfig("message.max.bytes", kmsg.ConfigTypeInt, topic(topicconfig.MaxMessageBytes), "max.message.bytes of a topic that does not set it."),
		brokerMillis("min.incremental.fetch.session.eviction.ms", fetchSessionAge, "How long such a session keeps its place from larger ones."),
		brokerNumber("min.insync.replicas", 1, "The object store keeps the copies."),
		brokerNumber("num.partitions", int64(c.DefaultPartitions), "Partitions of a topic that is created without a number."),
		brokerNumber("offset.metadata.max.bytes", int64(c.MaxOffsetMetadata), "The longest metadata of a committed offset."),
		brokerNumber("offsets.retention.minutes", int64(c.OffsetsRetention/time.Minute), "How long a group without members keeps its offsets; 0 = for ever."),
		brokerNumber("offsets.topic.num.partitions", group.JournalPartitions, "Partitions of __consumer_offsets."),
		brokerNumber("offsets.topic.replication.factor", 1, "The object store keeps the copies."),
		brokerNumber("socket.request.max.bytes", int64(c.MaxRequestBytes), "The largest request."),
		brokerMillis("transaction.max.timeout.ms", c.MaxTransactionTimeout, "The longest time that a client may ask to leave a transaction open."),
		brokerNumber("transaction.state.log.replication.factor", 1, "The object store keeps the copies."),
	}
}

func brokerConfig(name string, kind kmsg.ConfigType, value, doc string) configValue {
	return configValue{name: name, value: value, def: value, doc: doc, kind: kind, readOnly: true, source: kmsg.ConfigSourceStaticBrokerConfig}
}

func brokerMillis(name string, d time.Duration, doc string) configValue {
	return brokerConfig(name, kmsg.ConfigTypeLong, strconv.FormatInt(d.Milliseconds(), 10), doc)
}

func brokerNumber(name string, n int64, doc string) configValue {
	return brokerConfig(name, kmsg.ConfigTypeInt, strconv.FormatInt(n, 10), doc)
}
