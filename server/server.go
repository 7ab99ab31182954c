package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/sequence"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/ballast"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/internal/redact"
	"github.com/tributary-db/tributary/internal/tlsconf"
	"github.com/tributary-db/tributary/internal/version"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/kafka/epoch"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/pgwire"
	"github.com/tributary-db/tributary/server/flight"
	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/server/oneshot"
	"github.com/tributary-db/tributary/server/rpc"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/rangecache"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// Version of Tributary.
const Version = version.Version

// databases are the names under which the one database is known; the first is its own.
var databases = []string{"tributary", "postgres"}

// CloseTimeout is what engine and storage get to close, all together, when clients have used up
// the time to stop.
const CloseTimeout = 20 * time.Second

// Server is a running server.
type Server struct {
	cfg    *config.Settings
	logger *slog.Logger
	clock  clock.Clock

	closers   []func(ctx context.Context) error // in the order of opening
	objects   *objstore.Counting
	patient   *objstore.Patient // objects, asking again
	guarded   *objstore.Guarded // objects, looking whether they are still ours
	claimed   *objstore.Claim
	proof     *meta.Proof
	identity  identity
	epochs    *epoch.Epochs
	meta      meta.Store
	chain     *chain.Store      // meta, with durability = object
	local     *meta.PebbleStore // what meta is, or is in front of
	backups   backups
	ballast   *ballast.File
	ranges    *rangecache.Cache // nil with a directory as the object store
	catalog   *catalog.Catalog
	log       *log.DB
	tables    *table.Set
	runtime   *lane.Runtime
	tier      *state.Tier                  // below merges
	needed    atomic.Pointer[lane.Runtime] // set once it has started
	merges    *state.Pool
	temp      *temprun.Space // of statements
	sources   *connector.Runtime
	sequences *sequence.Set
	db        *session.Database
	// endSubscriptions ends those that are under way.
	endSubscriptions context.CancelFunc
	gate             *auth.Gate
	tls              *tlsconf.Source // nil = the faces speak plaintext
	pg               *pgwire.Server
	kafka            *kafka.Server
	statements       *oneshot.Runner // of clients without a session
	flight           *flight.Server  // nil = not served
	rpc              *rpc.Server
	serving          serving
	// Times of syncs; dirSyncs is nil where the object store is no directory.
	metaSyncs, dirSyncs func() latency.Snapshot
	memory              accounts
	times               *startTimes

	// What the listeners are bound to; FlightAddr is nil where Arrow Flight SQL is not served.
	PGAddr, KafkaAddr, HTTPAddr, FlightAddr net.Addr
}

// Start opens and serves. The returned server must be stopped.
func Start(ctx context.Context, cfg *config.Settings, logger *slog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, logger: logger, clock: clock.Real{}}
	s.times = newStartTimes(s.clock)
	for _, step := range []func(context.Context) error{
		s.lockDirectory, s.fitDisk, s.openTLS, s.listen, s.openStorage, s.openEngine, s.openFaces,
	} {
		if err := step(ctx); err != nil {
			_ = s.close(context.WithoutCancel(ctx)) // the first error is the one to tell
			return nil, err
		}
	}
	s.times.done("faces")
	s.times.tell(logger)
	return s, nil
}

// onClose registers what undoes a step.
func (s *Server) onClose(f func(ctx context.Context) error) { s.closers = append(s.closers, f) }

// Stop drains and closes; what does not end by ctx is cut off.
func (s *Server) Stop(ctx context.Context) error { return s.close(ctx) }

func (s *Server) close(ctx context.Context) error {
	var errs []error
	late := false
	for i := len(s.closers) - 1; i >= 0; i-- {
		// The faces, which close first, may use up ctx: what follows has its own time.
		if ctx.Err() != nil && !late {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), CloseTimeout)
			defer cancel()
			late = true
		}
		errs = append(errs, s.closers[i](ctx))
	}
	s.closers = nil
	return errors.Join(errs...)
}

func (s *Server) logConfig() log.Config {
	limits := log.Limits{
		InlineBytes: -1, FlushInterval: s.cfg.FlushInterval, FlushBytes: s.cfg.FlushBytes, FlushCost: int(s.cfg.FlushCost), FlushQuiet: s.cfg.FlushQuiet,
		InFlightBytes: s.cfg.MaxInflightBytes, TailBytes: s.cfg.TailCacheBytes,
		ReadCache: s.cfg.ReadCacheBytes, ReadAhead: s.cfg.ReadAheadBytes, ObjectReads: int(s.cfg.ObjectReads),
		MaxProducers: int(s.cfg.MaxProducers), MaxTransactionalIDs: int(s.cfg.MaxTransactionalIDs), AttemptTimeout: s.cfg.ObjectAttemptTimeout,
		DiskReserve: s.cfg.DiskReserve, RetentionInterval: s.cfg.RetentionInterval, RetentionGrace: s.cfg.RetentionGrace,
		LevelRate: s.cfg.CompactionRate, LevelInterval: min(s.cfg.RetentionInterval, 10*time.Second), CleanMemory: s.cfg.CompactionMemory,
	}
	if limits.ReadAhead == 0 {
		limits.ReadAhead = -1
	}
	// Inline groups are as durable as the metadata is; with embedded metadata beside a remote
	// store that would be less than the store's. A directory does not wait for more records.
	if s.onDirectory() {
		limits.FlushInterval = 0
	}
	if s.onDirectory() || s.chain != nil {
		limits.InlineCosts = s.chain != nil
		limits.InlineBytes = s.cfg.InlineBytes
		if limits.InlineBytes == 0 {
			limits.InlineBytes = -1
		}
	}
	return log.Config{
		Objects: s.guarded, Meta: s.meta, Clock: s.clock, Rand: rand.Reader, Logger: s.logger, Timelines: s.identity.timelines,
		Writer: uint32(s.cfg.BrokerID), Parts: []log.Part{s.catalog}, Limits: limits,
		Free: func() (int64, error) { return freeSpace(s.cfg.DataDir) }, Needs: s.needs,
		OffsetRows: group.OffsetRows, Disk: s.ranges, Charge: s.memory.total.Child("", 0).Charge,
	}
}

func (s *Server) startRuntime(ctx context.Context) error {
	if err := s.runtime.Start(ctx); err != nil {
		return err
	}
	s.needed.Store(s.runtime)
	return nil
}

// needs is what the dataflows need of a topic, once they have started.
func (s *Server) needs(id log.TopicID) (log.Needs, bool) {
	if r := s.needed.Load(); r != nil {
		return r.Needs(id), true
	}
	return log.Needs{}, false
}

func (s *Server) openEngine(ctx context.Context) error {
	if err := s.startMerges(); err != nil {
		return err
	}
	if err := s.openTemp(); err != nil {
		return err
	}
	s.tables = table.New(table.Config{
		Account: s.memory.state.Force, Reserve: s.memory.state.Charge, Memory: s.memory.statements, Merges: s.merges,
		Log: s.log, Clock: s.clock, MaxBytes: s.cfg.MaxTransactionBytes, StageBytes: int(s.cfg.StageBytes), MaxLocks: int(s.cfg.MaxLockedKeys), MaxKeyLocks: int(s.cfg.MaxForeignKeyLocks),
		MaxRecordBatch: session.MaxRecordBatch, Logger: s.logger,
	})
	checkpoints, newest, err := s.openCheckpoints(ctx)
	if err != nil {
		return err
	}
	if err := s.tables.Restore(ctx, s.catalog, newest); err != nil {
		return fmt.Errorf("restore tables: %w", err)
	}
	s.times.done("tables")
	s.runtime = lane.New(lane.Config{
		Log: s.log, Catalog: s.catalog, Tables: s.tables, Clock: s.clock, Logger: s.logger,
		System:            s.systemRows,
		StrictReadTimeout: s.cfg.StrictReadTimeout,
		PinAge:            s.cfg.PinAge, PinBytes: s.cfg.PinBytes, HistoryBytes: historyBytes(s.cfg, s.memory.state.Limit()), LateRows: s.cfg.LateRows,
		Workers: int(s.cfg.Workers), Shards: int(s.cfg.Shards), MinTickRows: s.cfg.MinShardTickRows, TickInterval: s.cfg.TickInterval, TickCommits: s.cfg.TickCommits, TimeTick: s.cfg.TimeTickInterval,
		Decoded: s.memory.decoded, Memory: s.memory.dataflows, Temp: s.temp, Merges: s.merges, MaxBytes: s.cfg.MaxTransactionBytes, StageBytes: int(s.cfg.StageBytes),
		MaxRecordBatch: session.MaxRecordBatch,
		Checkpoints:    checkpoints, CheckpointInterval: s.cfg.CheckpointInterval, Restored: newest,
		CheckpointBytes: s.cfg.CheckpointBytes, LogBytes: func() int64 { return s.log.Stats().BytesIn },
	})
	s.sequences = sequence.New(s.log)
	s.onClose(s.sequences.Close)
	s.sources = connector.New(connector.Config{
		Log: s.log, Catalog: s.catalog, Clock: s.clock, Logger: s.logger, MaxRecordBatch: session.MaxRecordBatch,
	})
	stopping, endSubscriptions := context.WithCancel(context.Background())
	s.endSubscriptions = endSubscriptions
	s.db = session.New(session.Deps{
		Stopping: stopping,
		Log:      s.log, Meta: s.meta, Catalog: s.catalog, Tables: s.tables, Sequences: s.sequences, Runtime: s.runtime, Sources: s.sources,
		Folder: expr.Folder{}, Clock: s.clock, Rand: rand.Reader, Logger: s.logger, Version: Version,
		DefaultPartitions: int32(s.cfg.DefaultPartitions), Settings: s.cfg.Show, TopicBytes: s.topicBytes,
		Memory: s.memory.statements, StatementMemory: s.cfg.StatementMemory, Temp: s.temp, WorkMemory: s.cfg.WorkMemory, TempFileLimit: s.cfg.TempFileLimit, TempTableMemory: s.cfg.TempTableMemory, Shards: s.cfg.Shards, MinShardRows: s.cfg.MinShardRows, MaxStatementBytes: s.cfg.MaxStatementBytes,
		StatementTimeout: s.cfg.StatementTimeout, LockTimeout: s.cfg.LockTimeout, LogMinDuration: s.cfg.LogMinDurationStatement,
		WatermarkIdleTimeout: s.cfg.WatermarkIdleTimeout, NotifyQueueBytes: s.cfg.NotifyQueueBytes,
	})
	if err := s.startRuntime(ctx); err != nil {
		return err
	}
	s.onClose(s.closeRuntime)
	s.times.done("dataflows")
	s.sources.Restart()
	s.onClose(func(context.Context) error { s.sources.Close(); return nil })
	return nil
}

func (s *Server) openFaces(ctx context.Context) error {
	if err := s.openGate(ctx); err != nil {
		return err
	}
	var err error
	s.pg, err = pgwire.New(pgwire.Config{
		Open: s.openSession, Auth: s.gate,
		TLS: s.tls, RequireTLS: s.cfg.HasTLS() && s.cfg.PGTLS == config.TLSRequire,
		Databases:      databases,
		MaxConnections: int(s.cfg.MaxConnections), ReservedConnections: int(s.cfg.ReservedConnections),
		Superuser:   s.superuser,
		MaxStarting: int(s.cfg.MaxStarting), MaxBodyBytes: s.cfg.MaxInflightBytes,
		Clock: s.clock, Logger: s.logger,
	})
	if err != nil {
		return err
	}
	host, port, err := s.advertised()
	if err != nil {
		return err
	}
	s.kafka, err = kafka.New(kafka.Config{
		Log: s.log, Meta: s.meta, Topics: topics{s.catalog, s.log}, Auth: s.gate, Clock: s.clock, Logger: s.logger, Epochs: s.epochs,
		Access: access{s.catalog}, ACLs: aclsOf(s), Credentials: credentials{s.db.Deps}, LogDir: redact.URL(s.cfg.ObjectStore), Disk: s.objectDisk(),
		NodeID: int32(s.cfg.BrokerID), ClusterID: s.identity.cluster, AdvertisedHost: host, AdvertisedPort: port,
		SessionLifetime: s.cfg.KafkaSessionLifetime, MaxTransactionTimeout: s.cfg.TransactionMaxTimeout,
		AutoCreateTopics: s.cfg.AutoCreateTopics, DefaultPartitions: int32(s.cfg.DefaultPartitions),
		MaxTopics: int(s.cfg.MaxTopics), MaxTotalPartitions: int(s.cfg.MaxPartitions), TopicCreationRate: int(s.cfg.TopicCreationRate),
		MaxConnections: int(s.cfg.KafkaMaxConnections), IdleTimeout: s.cfg.KafkaIdleTimeout,
		MaxGroups: int(s.cfg.KafkaGroups), MaxGroupMembers: int(s.cfg.KafkaGroupMembers), MaxGroupBytes: s.cfg.KafkaGroupMemory,
		MaxShareSessions: int(s.cfg.KafkaShareSessions), OffsetsRetention: s.cfg.KafkaOffsetsRetention,
		MaxFetchSessions: int(s.cfg.KafkaFetchSessions), MaxFetchSessionBytes: s.cfg.KafkaFetchSessionMem,
	})
	if err != nil {
		return err
	}
	s.statements = oneshot.New(oneshot.Config{Database: databases[0], Clock: s.clock,
		Open: func(ctx context.Context, st face.Startup) (oneshot.Session, error) { return s.db.Open(ctx, st) }})
	if err := s.openFlight(); err != nil {
		return err
	}
	if err := s.openRPC(); err != nil {
		return err
	}
	web, err := httpd.New(s.httpConfig())
	if err != nil {
		return err
	}
	s.handleRPC(web)
	web.Handle("POST /backup", s.backupHandler())
	s.serve(web)
	s.tellHeld(ctx)
	return nil
}
