package config

import (
	"slices"
	"time"
)

// Settings are the values of one server, read-only after Load.
type Settings struct {
	DataDir         string
	PGListen        string
	KafkaListen     string
	HTTPListen      string
	FlightListen    string
	KafkaAdvertised string
	ObjectStore     string
	Meta            string
	AcceptLoss      string
	TakeOver        string

	Auth         string
	PasswordFile string

	TLSCert     string
	TLSKey      string
	TLSClientCA string
	PGTLS       string
	KafkaTLS    string
	HTTPTLS     string
	FlightTLS   string

	KafkaSessionLifetime time.Duration

	BrokerID          int64
	DefaultPartitions int64
	AutoCreateTopics  bool
	MaxTopics         int64
	MaxPartitions     int64
	TopicCreationRate int64
	MaxProducers      int64

	ObjectAttemptTimeout time.Duration
	ObjectRetry          time.Duration
	FlushInterval        time.Duration
	FlushCost            int64
	FlushQuiet           time.Duration
	FlushBytes           int64
	InlineBytes          int64
	Durability           string
	MaxTransactionBytes  int64
	StageBytes           int64
	TailCacheBytes       int64
	ReadCacheBytes       int64
	ReadAheadBytes       int64
	DiskCacheBytes       int64
	ObjectReads          int64
	TotalMemory          int64
	StateMemory          int64
	DecodeCache          int64
	StatementMemory      int64
	WorkMemory           int64
	TempFileLimit        int64
	TempTableMemory      int64
	MaxStatementBytes    int64
	MaxLockedKeys        int64
	MaxForeignKeyLocks   int64
	NotifyQueueBytes     int64
	MaxInflightBytes     int64
	DiskReserve          int64
	DiskBallast          int64
	CheckpointInterval   time.Duration
	CheckpointBytes      int64
	RetentionInterval    time.Duration
	RetentionGrace       time.Duration
	CompactionRate       int64
	CompactionMemory     int64

	MaxConnections        int64
	ReservedConnections   int64
	MaxStarting           int64
	KafkaMaxConnections   int64
	TransactionMaxTimeout time.Duration
	MaxTransactionalIDs   int64
	KafkaIdleTimeout      time.Duration
	KafkaFetchSessions    int64
	KafkaShareSessions    int64
	KafkaGroups           int64
	KafkaGroupMembers     int64
	KafkaGroupMemory      int64
	KafkaOffsetsRetention time.Duration
	KafkaFetchSessionMem  int64
	HTTPMaxConnections    int64
	FlightMaxConnections  int64
	FlightMaxPrepared     int64
	RPCMaxCalls           int64
	RPCMemory             int64

	WatermarkIdleTimeout time.Duration
	StrictReadTimeout    time.Duration
	Workers              int64
	Shards               int64
	MinShardRows         int64
	MinShardTickRows     int64
	PinAge               time.Duration
	PinBytes             int64
	HistoryBytes         int64
	LateRows             int64
	TickInterval         time.Duration
	TickCommits          int64
	TimeTickInterval     time.Duration
	MergeWorkers         int64
	LockTimeout          time.Duration
	StatementTimeout     time.Duration
	ShutdownTimeout      time.Duration

	LogMinDurationStatement time.Duration

	HTTPPprof        bool
	MetricsMaxSeries int64

	LogLevel  string
	LogFormat string

	sources map[string]string
}

// Values of Durability.
const (
	DurabilityLocal  = "local"
	DurabilityObject = "object"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// definitions is the one place where settings are defined, in the order they are documented.
func (s *Settings) definitions() []*Definition {
	return slices.Concat(
		group("Where things are",
			text(&s.DataDir, "data_dir", "./tributary-data", "Directory of everything the server keeps, made if absent. One server at a time: it is locked."),
			text(&s.PGListen, "pg_listen", "127.0.0.1:7432", "Address of the PostgreSQL protocol. Port 0 picks a free one."),
			text(&s.KafkaListen, "kafka_listen", "127.0.0.1:9092", "Address of the Kafka protocol. Port 0 picks a free one."),
			text(&s.HTTPListen, "http_listen", "127.0.0.1:7480", "Address of `POST /query`, RPCs (gRPC, gRPC-Web, HTTP with JSON), health checks and metrics. Port 0 picks a free one."),
			text(&s.FlightListen, "flight_listen", "", "Address of Arrow Flight SQL (ADBC), 127.0.0.1:7490 for instance. Default: not served. Port 0 picks a free one."),
			text(&s.KafkaAdvertised, "kafka_advertised", "", "Address that Kafka clients are told to connect to. Default: the one listened on; needed when that is a wildcard."),
			text(&s.ObjectStore, "object_store", "", "Where segments live: `file:///path` or `s3://bucket/prefix?endpoint=…&region=…&path_style=true`. Default: `file://<data_dir>/objects`."),
			text(&s.Meta, "meta", "", "Where the commit log and metadata live. Default: `pebble://<data_dir>/meta`."),
			text(&s.AcceptLoss, "accept_loss", "", "`TIMELINE:COMMIT` as a refused start has printed it: go on with what is left up to that commit. A flag for one start."),
			text(&s.TakeOver, "take_over", "", "Id as a refused start has printed it: take the object store over from the metadata that writes to it. A flag for one start."),
		),
		group("Who may connect",
			enum(&s.Auth, "auth", "trust", "How clients prove who they are, on every face: by the role's password, or not at all. `trust` believes everybody and is refused on an address other machines reach.", "trust", "scram-sha-256"),
			text(&s.PasswordFile, "password_file", "", "File with the password of the role `tributary`, read at the first start."),
			text(&s.TLSCert, "tls_cert", "", "File with the server's certificate and those between it and its root, in PEM. With it all faces speak TLS; it is read again when it changes."),
			text(&s.TLSKey, "tls_key", "", "File with the certificate's private key, in PEM; others must not be able to read it."),
			text(&s.TLSClientCA, "tls_client_ca", "", "File with the roots of client certificates, in PEM. A client with one whose common name is a role is that role, without a password."),
			tlsChoice(&s.PGTLS, "pg_tls", "Whether PostgreSQL clients must use TLS, where there is a certificate."),
			tlsChoice(&s.KafkaTLS, "kafka_tls", "Whether Kafka clients must use TLS, where there is a certificate. With `allow` both kinds use the same port."),
			tlsChoice(&s.HTTPTLS, "http_tls", "Whether HTTP clients must use TLS, where there is a certificate. `allow` is refused on an address other machines reach: passwords are in the requests."),
			tlsChoice(&s.FlightTLS, "flight_tls", "Whether Arrow Flight SQL clients must use TLS, where there is a certificate. `allow` is refused on an address other machines reach: passwords are in the requests."),
			duration(&s.KafkaSessionLifetime, "kafka_session_lifetime", 0, 0, 365*24*time.Hour, "Time after which a Kafka client must have authenticated again (KIP-368), or its connection is closed. 0 = never."),
		),
		group("Topics and producers",
			integer(&s.BrokerID, "broker_id", 1, 0, 1<<31-1, "Kafka's number of this broker."),
			integer(&s.DefaultPartitions, "default_partitions", 1, 1, 10_000, "Partitions of a topic that is created without saying how many."),
			boolean(&s.AutoCreateTopics, "auto_create_topics", true, "Whether a Kafka client that asks for an unknown topic creates it."),
			integer(&s.MaxTopics, "max_topics", 100_000, 1, 1<<31-1, "Topics up to which Kafka clients create more."),
			integer(&s.MaxPartitions, "max_partitions", 200_000, 1, 1<<31-1, "Partitions of all topics up to which Kafka clients create more topics."),
			integer(&s.TopicCreationRate, "topic_creation_rate", 100, 1, 1_000_000, "Topics that one client address may create in a second, and ten times as many at once."),
			integer(&s.MaxProducers, "max_producers", 200_000, 1000, 1<<31-1, "Idempotent Kafka producers that are remembered, counted by partition; above it those that wrote longest ago are forgotten."),
			integer(&s.MaxTransactionalIDs, "max_transactional_ids", 100_000, 10, 1<<31-1, "Transactional ids of Kafka clients that are remembered; above it those used longest ago are forgotten, never one with an open transaction."),
			duration(&s.TransactionMaxTimeout, "transaction_max_timeout", 15*time.Minute, time.Second, 24*time.Hour, "Longest time that a Kafka client may ask to leave a transaction open (`transaction.timeout.ms`); past its own time a transaction is aborted."),
		),
		group("Writing and keeping",
			enum(&s.Durability, "durability", DurabilityLocal, "Where what was acknowledged certainly is. `local`: in `meta` and in the object store together. `object`: in the object store alone, which `tributary recover` makes the database of again; each commit then costs an object, or shares one.", DurabilityLocal, DurabilityObject),
			duration(&s.ObjectAttemptTimeout, "object_attempt_timeout", 2*time.Second, 10*time.Millisecond, 20*time.Second, "A write to the object store, or a read of a remote one, that takes longer, a second for each 16 MiB apart, gets a second attempt beside it; after twice that more it is given up and made anew."),
			duration(&s.ObjectRetry, "object_retry", 30*time.Second, 0, time.Hour, "Longest time that a read of the object store is tried again after errors that may pass."),
			integer(&s.ObjectReads, "object_reads", 32, 1, 10_000, "Reads of older records that are asked of the object store at once; one consumer or view uses a quarter of them."),
			duration(&s.FlushInterval, "flush_interval", 100*time.Millisecond, time.Millisecond, time.Minute, "Longest time records wait for others before they are written to a remote object store. A directory does not wait."),
			integer(&s.FlushCost, "flush_cost", 1, 0, 1000, "Objects a second that records may cost which come at less than 64 kB a second: they wait for others up to a second divided by this. Only with a remote object store. 0 = they wait for flush_interval alone."),
			duration(&s.FlushQuiet, "flush_quiet", 250*time.Millisecond, 0, time.Minute, "Such records are written sooner when a client waits for them (`acks` is not 0) and nothing else has come for so long, as far as objects that flush_cost allowed for in the last minute were not written. 0 = never."),
			size(&s.FlushBytes, "flush_bytes", 8*mib, 64*kib, gib, "Bytes of records that are written without waiting longer, and the size of one written object."),
			size(&s.InlineBytes, "inline_bytes", 256*kib, 0, 4*mib, "Largest group of records that rides in the commit log instead of an object. Only with a directory as the object store, or with durability = object."),
			size(&s.DecodeCache, "decode_cache", 64*mib, 0, 1<<40, "Memory for the newest rows of streams that several views, sinks or derived streams read, so that each record is decoded once for all of them. 0 = each decodes for itself."),
			size(&s.DiskReserve, "disk_reserve", 256*mib, 0, 1<<50, "Free space of the disk under data_dir below which records and rows are refused (53100); reads, DROP and upkeep go on, and writing does when there is room. Where it is not set, at most a 32nd of the disk. 0 = none."),
			size(&s.DiskBallast, "disk_ballast", 64*mib, 0, 1<<40, "Size of the file data_dir/ballast, which is removed when the disk is full, so that what is under way can end, and made again when there is room for it beside `disk_reserve`. Where it is not set, at most a 128th of the disk. 0 = none."),
			duration(&s.RetentionInterval, "retention_interval", time.Minute, 10*time.Millisecond, 24*time.Hour, "How often it is looked for records past their topic's retention.ms and retention.bytes, and for objects that nothing needs any more; for what is to be compacted too, and every 10 s at least."),
			size(&s.CompactionRate, "compaction_rate", 32*mib, 64*kib, 1<<40, "Bytes of records that are put together into larger objects, or compacted by key, in a second, so that reads of old records and the index stay small."),
			size(&s.CompactionMemory, "compaction_memory", 64*mib, 64*kib, 1<<40, "Memory for the keys of one pass over a partition with `cleanup.policy` compact, 64 bytes a key. More keys take more passes."),
			duration(&s.RetentionGrace, "retention_grace", 24*time.Hour, 0, 8760*time.Hour, "How long records outlive their retention, or are not compacted by key, while a view, sink or derived stream is not past them in both of its checkpoints. Then they go: it cannot be built again and says so."),
			duration(&s.CheckpointInterval, "checkpoint_interval", 30*time.Second, 0, 24*time.Hour, "Time between checkpoints of tables, views and sinks, which make a start faster; large ones are taken less often. 0 = only when the server stops."),
			size(&s.CheckpointBytes, "checkpoint_bytes", 64*mib, 0, 1<<40, "Bytes of records behind the last checkpoint that make one due before `checkpoint_interval` is over: about what a start after a crash has to read again. 0 = only the interval counts."),
		),
		group("Memory and sizes",
			size(&s.MaxTransactionBytes, "max_transaction_bytes", 64*gib, mib, 1<<50, "Largest statement or transaction, and largest step of a sink, in bytes of what it writes; what would exceed it fails with 54000."),
			size(&s.StageBytes, "stage_bytes", 32*mib, 4*kib, 256*mib, "How much of what a transaction, or a step of a sink, writes is kept in memory: what comes beyond it goes to the object store ahead of the commit, in pieces of about this size. Until the commit nobody sees it; without one it is deleted."),
			size(&s.TailCacheBytes, "tail_cache_bytes", 64*mib, mib, 1<<40, "Memory for the newest records, which consumers and views read."),
			size(&s.ReadCacheBytes, "read_cache_bytes", 128*mib, mib, 1<<40, "Memory for what consumers and views read of older records, and a quarter of it for the indexes of their objects. Part of total_memory: when that is used up less is kept. One Fetch reads about an eighth of it from objects, at most a quarter."),
			size(&s.ReadAheadBytes, "read_ahead_bytes", 16*mib, 0, 1<<40, "How much is read in advance for a consumer or view that reads older records in order, at most; never more than an eighth of read_cache_bytes. 0 = nothing."),
			size(&s.DiskCacheBytes, "disk_cache_bytes", 4*gib, 0, 1<<50, "Disk under data_dir/cache for what was read of older records from a remote object store, so that it is not asked for again, also after a restart. Only with a remote object store. Of less free space than twice disk_reserve nothing is used. A range has up to 4 MB, or a record batch; one longer than half of this is not kept. 0 = none."),
			size(&s.TotalMemory, "total_memory", 0, 0, 1<<44, "Memory for all rows that the server holds, of state and of statements; what would exceed it fails with 53200. 0 = three quarters of the machine's or its container's."),
			size(&s.StateMemory, "state_memory", 8*gib, 16*mib, 1<<40, "Memory for the state of tables, views and sinks together. Rows that it has no room for lie on the local disk, under data_dir/state; what must be in memory and would exceed it fails with 53200. Never more than three quarters of total_memory."),
			size(&s.StatementMemory, "statement_memory", 512*mib, mib, 1<<40, "Memory of one statement or subscription, a session's default; what would exceed it fails with 53200."),
			size(&s.WorkMemory, "work_memory", 64*mib, 0, 1<<40, "Memory of one SELECT's sorts, joins, aggregates and DISTINCT together, a session's default; rows that it has no room for lie on the local disk, under data_dir/temp, while the statement runs. At most half of statement_memory counts. 0 = everything is kept in memory."),
			size(&s.TempFileLimit, "temp_file_limit", 0, 0, 1<<50, "Bytes that one statement may have on the local disk, a session's default: rows for want of work_memory, the file of a COPY FROM in format parquet; what would exceed it fails with 53400. 0 = no limit."),
			size(&s.TempTableMemory, "temp_table_memory", 64*mib, 0, 1<<40, "Memory of the temporary tables of one session, a session's default; part of state_memory. What would exceed it fails with 53200. 0 = no limit."),
			size(&s.MaxStatementBytes, "max_statement_bytes", 16*mib, 64*kib, 512*mib, "Longest text of a statement; what is longer is 54000. COPY and parameters carry more, a body of POST /query at most 4 MiB. A text that is parsed cannot be stopped: a statement that is cancelled ends at once, the parse behind it within a microsecond for each byte."),
			integer(&s.MaxLockedKeys, "max_locked_keys", 64<<20, 1000, 1<<30, "Rows and unique keys that transactions lock at once."),
			integer(&s.MaxForeignKeyLocks, "max_foreign_key_locks", 16_384, 1, 1<<24, "Keys of other tables that a transaction locks one by one as its rows refer to them, or as it takes them away; one that needs more locks all keys of the table."),
			size(&s.NotifyQueueBytes, "notify_queue_bytes", 64*mib, 64*kib, 1<<40, "Notifications of NOTIFY that a session which listens has not taken, as it is in a transaction or its client does not read. A COMMIT that would add more is refused (54000)."),
			size(&s.MaxInflightBytes, "max_inflight_bytes", 256*mib, mib, 1<<40, "Bytes of records taken and not yet answered; above it large requests wait. One client address gets a quarter of it."),
		),
		group("Connections",
			integer(&s.MaxConnections, "max_connections", 100, 1, 100_000, "PostgreSQL clients at once."),
			integer(&s.ReservedConnections, "superuser_reserved_connections", 3, 0, 100_000, "Of `max_connections`, those kept for superusers."),
			integer(&s.MaxStarting, "max_starting_connections", 100, 1, 100_000, "PostgreSQL connections that have not logged in; above it the oldest is ended, those first that said nothing. Each has 10 s."),
			integer(&s.KafkaMaxConnections, "kafka_max_connections", 1000, 1, 1_000_000, "Kafka clients at once; a further one gets the place of one that never sent a request, else of the one that has rested longest."),
			duration(&s.KafkaIdleTimeout, "kafka_idle_timeout", 10*time.Minute, time.Second, 24*time.Hour, "A Kafka client that sends nothing for so long is disconnected."),
			integer(&s.KafkaFetchSessions, "kafka_fetch_sessions", 1000, 1, 100_000, "Fetch sessions (KIP-227) of Kafka consumers that are kept at once, Kafka's max.incremental.fetch.session.cache.slots. A consumer that gets none names all its partitions in every Fetch."),
			size(&s.KafkaFetchSessionMem, "kafka_fetch_session_memory", 64*mib, mib, 1<<40, "Memory of all Fetch sessions, about 240 bytes for each partition of each; one gets a quarter of it at most."),
			integer(&s.KafkaGroups, "kafka_groups", 10_000, 1, 1_000_000, "Groups of Kafka consumers, share groups among them; a further one is refused."),
			integer(&s.KafkaGroupMembers, "kafka_group_members", 1000, 1, 100_000, "Members of one group, Kafka's group.max.size, group.consumer.max.size and group.share.max.size; a further one is refused (GROUP_MAX_SIZE_REACHED)."),
			size(&s.KafkaGroupMemory, "kafka_group_memory", 256*mib, mib, 1<<40, "Memory of what groups keep together: members, assignments, committed offsets, and the records that share groups have under way. Above it nothing is added."),
			duration(&s.KafkaOffsetsRetention, "kafka_offsets_retention", 7*24*time.Hour, 0, 10*365*24*time.Hour, "How long a consumer group without members keeps its offsets, Kafka's offsets.retention.minutes; a group that keeps none is deleted. Share groups stay. 0 = for ever."),
			integer(&s.KafkaShareSessions, "kafka_share_sessions", 2000, 1, 100_000, "Members of share groups that fetch at once, Kafka's group.share.max.share.sessions; a further one is refused (SHARE_SESSION_LIMIT_REACHED)."),
			integer(&s.HTTPMaxConnections, "http_max_connections", 256, 1, 1_000_000, "HTTP clients at once; a further one gets the place of one that rests."),
			integer(&s.RPCMaxCalls, "rpc_max_calls", 1_000, 1, 1_000_000, "RPCs on `http_listen` at once, streams among them; a further one is refused. One client address gets three quarters of them."),
			size(&s.RPCMemory, "rpc_memory", 256*mib, 16*mib, 1<<40, "Bytes of RPC messages that are read, and of answers that wait for their client; above it calls wait. One client address gets a quarter of it."),
			integer(&s.FlightMaxConnections, "flight_max_connections", 256, 1, 1_000_000, "Arrow Flight SQL connections at once; a further one gets the place of one that never sent a request."),
			integer(&s.FlightMaxPrepared, "flight_max_prepared", 10_000, 1, 1_000_000, "Prepared statements that are kept for Arrow Flight SQL clients together; above it the one not used for longest is forgotten."),
		),
		group("Views and statements",
			duration(&s.TimeTickInterval, "time_tick_interval", time.Second, 10*time.Millisecond, time.Hour, "Least time between two commits that are made for their time alone: of views whose query has now() rows come and go by them when nobody writes, windows close. There are none while nothing is due."),
			duration(&s.TickInterval, "tick_interval", 0, 0, time.Hour, "Longest rest of views between two steps while nobody reads them; more of what happens to a row in it cancels out. 0 = they follow every commit."),
			integer(&s.MergeWorkers, "merge_workers", 0, 0, 256, "Merges of state at once, each on a processor of its own. 0 = half the processors, at least one."),
			integer(&s.Workers, "workers", 0, 0, 1024, "Steps of views and sinks that use a processor at once; others take turns. 0 = as many as there are processors."),
			integer(&s.Shards, "shards", 0, 0, 256, "Processors that a large SELECT, or a large step of a view or sink, is divided among at most; for statements a session's default. All together have so many and no more, beyond one each. 1 = none is divided, 0 = as many as there are."),
			integer(&s.MinShardRows, "min_shard_rows", 50_000, 0, 1<<31-1, "Rows of its tables, views and streams together from which a SELECT is divided, a session's default."),
			integer(&s.MinShardTickRows, "min_shard_tick_rows", 16_384, 0, 1<<31-1, "Rows of a stream that a step of a view or sink reads alone; what is more is divided among the processors (`shards`) that nobody else uses."),
			integer(&s.TickCommits, "tick_commits", 0, 0, 1<<31-1, "Most commits that views take in one step. 0 = no limit."),
			duration(&s.WatermarkIdleTimeout, "watermark_idle_timeout", 10*time.Second, 0, 365*24*time.Hour, "Default idle_timeout of new streams: a partition without records for so long no longer holds the watermark back; those that spoke last always do."),
			duration(&s.StrictReadTimeout, "strict_read_timeout", 10*time.Second, 0, time.Hour, "Longest wait of a read for views to catch up with what was written before it. 0 = no limit."),
			duration(&s.PinAge, "pin_age", time.Hour, 0, 365*24*time.Hour, "Longest time that a transaction holds its snapshot while others write: after it the next of their commits ends the snapshot, and the next statement over it fails with 72000. 0 = no limit."),
			size(&s.PinBytes, "pin_bytes", gib, 0, 1<<40, "Changes that are kept for one reader's snapshot alone: past it a transaction between two statements, or a subscription that is not read, ends with 72000. 0 = no limit."),
			size(&s.HistoryBytes, "history_bytes", gib/4, 0, 1<<40, "Changes that one table or view keeps for those made from it which have not taken them in: past it the changes between two versions that are read are put together, and where that does not halve them, the one furthest behind is cut off once it has stood for a minute: a view begins again, a sink fails. 0 = no limit. Never more than a sixteenth of state_memory."),
			integer(&s.LateRows, "late_rows_kept", 10_000, 0, 1<<31-1, "Rows that its closing windows left out (reasons `late` and `no_time`) that the error relation of one view, sink or derived stream lists: past it the oldest of each partition are listed no longer, until three quarters are there. All are counted. 0 = no limit."),
			duration(&s.LockTimeout, "lock_timeout", 0, 0, 24*time.Hour, "Longest wait for a lock, a session's default. 0 = no limit."),
			duration(&s.StatementTimeout, "statement_timeout", 0, 0, 24*time.Hour, "Longest run of a statement, a session's default. 0 = no limit."),
		),
		group("Watching and stopping",
			durationOrOff(&s.LogMinDurationStatement, "log_min_duration_statement", 5*time.Second, 24*time.Hour, "A statement that takes so long is a line of the log, a session's default: its text with `?` for every value, its duration, role and SQLSTATE. Parameters and subscriptions are never logged. 0 = every statement, -1 = none."),
			duration(&s.ShutdownTimeout, "shutdown_timeout", 10*time.Second, 0, time.Hour, "Time that running statements and requests get to end when the server stops; closing what is stored gets 20 s more, then the process ends in any case."),
			boolean(&s.HTTPPprof, "http_pprof", false, "Whether `/debug/pprof` is served on `http_listen`."),
			integer(&s.MetricsMaxSeries, "metrics_max_series", 1000, 1, 1_000_000, "Topics, dataflows, and consumer groups by topic that each of their metrics on `/metrics` shows by name; those above it are summed under the name `_other`, and `tributary_metrics_folded` tells how many they are."),
			enum(&s.LogLevel, "log_level", "info", "Least severity that is logged.", "debug", "info", "warn", "error"),
			enum(&s.LogFormat, "log_format", "text", "Form of log lines, which go to standard error.", "text", "json"),
		),
	)
}
