package session

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/connector"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/sequence"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/session/activity"
	"github.com/tributary-db/tributary/session/advisory"
	"github.com/tributary-db/tributary/session/notify"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/temprun"
)

// Deps is what sessions work with.
type Deps struct {
	Log     log.Log
	Meta    meta.Store
	Catalog *catalog.Catalog
	Tables  *table.Set
	// Sequences of the database.
	Sequences *sequence.Set
	Runtime   *lane.Runtime
	Sources   *connector.Runtime
	Folder    plan.Folder
	Clock     clock.Clock
	Rand      io.Reader
	Logger    *slog.Logger

	// Stopping ends when the server begins to stop, and subscriptions with it; nil = never.
	Stopping context.Context

	Version           string // of Tributary
	DefaultPartitions int32
	MaxRecordBatch    int
	// TopicBytes is the size of the records that a topic keeps; nil = not known.
	TopicBytes func(log.TopicID) int64
	// Settings gives the server's settings for SHOW, by name.
	Settings func(name string) (value string, ok bool)
	// Memory is what all statements share, nil = not counted. StatementMemory bounds each of
	// them, as the session setting of that name may change.
	Memory          *memory.Account
	StatementMemory int64
	// Temp is where rows go that a statement has no memory for; nil = nowhere.
	Temp *temprun.Space
	// WorkMemory and TempFileLimit are the defaults of the session settings of those names.
	WorkMemory, TempFileLimit int64
	// TempTableMemory is the default of temp_table_memory.
	TempTableMemory int64
	// Shards and MinShardRows too.
	Shards, MinShardRows int64
	// MaxStatementBytes is the longest statement text, 0 = the parser's own limit.
	MaxStatementBytes int64
	// Defaults of the session settings of the same name.
	StatementTimeout, LockTimeout time.Duration
	// LogMinDuration is the default of log_min_duration_statement; below 0 = never.
	LogMinDuration time.Duration
	// NotifyQueueBytes bounds the notifications that listeners have not taken; 0 = 64 MiB.
	NotifyQueueBytes int64
	// WatermarkIdleTimeout is the default of a new stream's idle_timeout.
	WatermarkIdleTimeout time.Duration
}

// Database is what the sessions of a process share.
type Database struct {
	Deps
	plans   planCache
	parsers parsers
	locks   *advisory.Locks
	// activity is who is connected.
	activity activity.Registry
	// sessions that are open, by role.
	sessions roleSessions
	notes    *notify.Queue
	// commits and rollbacks are the transactions that have ended.
	commits, rollbacks atomic.Int64
	// planned counts statements that were planned.
	planned atomic.Int64
	since   time.Time
}

// New makes a Database.
func New(d Deps) *Database {
	if d.NotifyQueueBytes == 0 {
		d.NotifyQueueBytes = 64 << 20
	}
	if d.Memory == nil {
		d.Memory = memory.New("", 0)
	}
	return &Database{Deps: d, since: d.Clock.Now(), plans: newPlanCache(planCacheSize), parsers: newParsers(), locks: advisory.New(d.Clock),
		notes: notify.New(d.NotifyQueueBytes), sessions: roleSessions{open: map[catalog.OID]int32{}}}
}

// ServerVersion is the server_version that clients are told.
func (db *Database) ServerVersion() string { return "15.0 (Tributary " + db.Version + ")" }

// Plans are the statements that were planned since the start, and the texts whose plans are kept.
func (db *Database) Plans() (made int64, kept int) { return db.planned.Load(), db.plans.len() }
