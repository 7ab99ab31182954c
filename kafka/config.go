package kafka

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/kafka/epoch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// Log is the log as the listener sees it.
type Log interface {
	log.Log
	log.Transactions
	// BehindOffset is what a partition has from an offset on; false = there is no such partition.
	BehindOffset(p log.Partition, offset int64) (log.Behind, bool)
}

// Config is what a Server needs. Log, Meta, Topics, Auth, Credentials and ClusterID are required; every other
// zero value means the default that its comment names.
type Config struct {
	Log    Log
	Meta   meta.Store // groups and their offsets
	Topics Topics
	Auth   *auth.Gate
	// Access says what roles may do; nil = everything.
	Access Access
	// ACLs are the grants of roles; nil = there is no authorizer.
	ACLs ACLs
	// Credentials of roles, which clients may change.
	Credentials Credentials
	Clock       clock.Clock  // the machine's
	Rand        io.Reader    // member ids; crypto/rand
	Logger      *slog.Logger // discards

	LogDir string                     // where records lie, as DescribeLogDirs tells it
	Disk   func() (total, free int64) // its bytes, -1 = unknown; nil: both are

	// Epochs are the leader epochs of records; nil = all have the first.
	Epochs *epoch.Epochs

	NodeID         int32 // broker_id; 1
	ClusterID      string
	AdvertisedHost string // the host of the listener's address
	AdvertisedPort int32  // the port of the listener's address

	// AutoCreateTopics lets Metadata create topics that a client asks for.
	AutoCreateTopics  bool
	DefaultPartitions int32 // of topics created without a count; 1
	MaxPartitions     int32 // of one topic; 10,000
	MaxTopics         int   // 100,000
	// MaxTotalPartitions of all topics: clients create none beyond. 200,000.
	MaxTotalPartitions int
	// TopicCreationRate is how many topics one address may create in a second, ten times as many
	// at once; 100.
	TopicCreationRate int

	MaxConnections  int           // 1,000; a further one takes the place of one that rests
	MaxInFlight     int           // unanswered requests of one connection; 64
	MaxRequestBytes int           // one frame (socket.request.max.bytes); 100 MiB
	MaxDecodedBytes int64         // decoded requests of all connections; 256 MiB
	MaxFetchBytes   int           // one Fetch answer (fetch.max.bytes); 55 MiB
	MaxFetchHeld    int64         // Fetch answers on their way out, all connections; 512 MiB
	MaxFetchWait    time.Duration // long polls; 5 min
	// Sessions of consumers (max.incremental.fetch.session.cache.slots), 1,000, and their memory, 64 MiB.
	MaxFetchSessions     int
	MaxFetchSessionBytes int64
	FirstTimeout         time.Duration // a connection's first request; 30 s
	IdleTimeout          time.Duration // connections without a request (connections.max.idle.ms); 10 min
	LoginTimeout         time.Duration // from accept until the client is known; 10 s
	SessionLifetime      time.Duration // of an authentication (connections.max.reauth.ms); without end
	IOTimeout            time.Duration // progress of one frame in either direction; 60 s

	MaxQuotaClients       int           // that quotas keep count of; 10,000
	MaxGroups             int           // 10,000
	MaxGroupMembers       int           // group.max.size; 1,000
	MaxGroupBytes         int64         // members and offsets of all groups; 256 MiB
	OffsetsRetention      time.Duration // offsets.retention.minutes; without end
	MaxOffsetMetadata     int           // offset.metadata.max.bytes; 4,096
	MinSessionTimeout     time.Duration // group.min.session.timeout.ms; 6 s
	MaxSessionTimeout     time.Duration // group.max.session.timeout.ms; 30 min
	GroupInitialDelay     time.Duration // group.initial.rebalance.delay.ms; none
	ConsumerSession       time.Duration // group.consumer.session.timeout.ms; 45 s
	MaxShareSessions      int           // group.share.max.share.sessions; 2,000
	ConsumerHeartbeat     time.Duration // group.consumer.heartbeat.interval.ms; 5 s
	MaxTransactionTimeout time.Duration // transaction.max.timeout.ms; 15 min
	MaxRecordDecodeBytes  int           // decompressed size of one record batch; 64 MiB
}

// fetchSessionAge is how long a session keeps its place from larger ones, and unused, as in Kafka
// (min.incremental.fetch.session.eviction.ms).
const fetchSessionAge = 2 * time.Minute

func (c *Config) check() error {
	switch {
	case c.Log == nil, c.Meta == nil, c.Topics == nil, c.Auth == nil, c.Credentials == nil:
		return errors.New("kafka: Config needs Log, Meta, Topics, Auth and Credentials")
	case c.ClusterID == "":
		return errors.New("kafka: Config needs ClusterID")
	}
	return nil
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c *Config) setDefaults() {
	if c.Epochs == nil {
		c.Epochs = new(epoch.Epochs)
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	orDefault(&c.NodeID, 1)
	orDefault(&c.DefaultPartitions, 1)
	orDefault(&c.MaxPartitions, 10_000)
	orDefault(&c.MaxTopics, 100_000)
	orDefault(&c.MaxTotalPartitions, 200_000)
	orDefault(&c.TopicCreationRate, 100)
	orDefault(&c.MaxConnections, 1_000)
	orDefault(&c.MaxInFlight, 64)
	orDefault(&c.MaxRequestBytes, 100<<20)
	orDefault(&c.MaxDecodedBytes, 256<<20)
	orDefault(&c.MaxFetchBytes, 55<<20)
	orDefault(&c.MaxFetchHeld, 512<<20)
	orDefault(&c.MaxFetchWait, 5*time.Minute)
	orDefault(&c.MaxFetchSessions, 1_000)
	orDefault(&c.MaxFetchSessionBytes, 64<<20)
	orDefault(&c.FirstTimeout, 30*time.Second)
	orDefault(&c.IdleTimeout, 10*time.Minute)
	orDefault(&c.LoginTimeout, 10*time.Second)
	orDefault(&c.IOTimeout, time.Minute)
	orDefault(&c.MaxQuotaClients, 10_000)
	orDefault(&c.MaxGroups, 10_000)
	orDefault(&c.MaxGroupMembers, 1_000)
	orDefault(&c.MaxGroupBytes, 256<<20)
	orDefault(&c.MaxOffsetMetadata, 4_096)
	orDefault(&c.MinSessionTimeout, 6*time.Second)
	orDefault(&c.MaxSessionTimeout, 30*time.Minute)
	orDefault(&c.ConsumerSession, 45*time.Second)
	orDefault(&c.MaxShareSessions, 2_000)
	orDefault(&c.ConsumerHeartbeat, 5*time.Second)
	orDefault(&c.MaxTransactionTimeout, 15*time.Minute)
	orDefault(&c.MaxRecordDecodeBytes, 64<<20)
}
