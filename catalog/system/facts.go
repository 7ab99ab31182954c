package system

import (
	"net"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/log"
)

// Facts are what system relations tell of. The server gives them; they are of the moment, not of
// the statement's version, but for the catalog.
type Facts interface {
	Catalog() *catalog.Snapshot
	Dataflows() []Dataflow
	Tables() []Table
	Settings() []Setting
	Pins() []Pin
	Compactions() []Compaction
	// Sessions are those that are open, by process ID.
	Sessions() []Session
	// Totals are counted since the start of the server.
	Totals() Totals
	// Locks are what sessions hold and wait for, readers' aside, who hold none.
	Locks() []Lock
	// Asker is the session that asks, nil = none.
	Asker() Asker
	// Segments visits where records lie, by topic, partition and offset; an error of visit ends it and is returned.
	Segments(visit func(Segment) error) error
	// Rows is how many rows a table, view or stream has; false: not known.
	Rows(oid catalog.OID) (rows float64, known bool)
}

// Asker is what relations tell of the session that reads them.
type Asker interface {
	// Catalog is the one that it sees.
	Catalog() *catalog.Snapshot
	User() string
	Database() string
	PID() int32
	// Path is its search path.
	Path() []string
	// SeesSessions reports whether it may know what sessions of a role do.
	SeesSessions(role string) bool
	// SessionSettings are its run-time parameters, as pg_settings has them.
	SessionSettings() []SessionSetting
	// Prepared and Cursors are what it has open, by name.
	Prepared() []PreparedStatement
	Cursors() []Cursor
}

// SeesSession reports whether who asks may know what a session does: its own role's, one whose privileges it has, or all with those of
// pg_read_all_stats.
func SeesSession(f Facts, s *Session) bool {
	a := f.Asker()
	return a == nil || a.SeesSessions(s.User)
}

// NotShown stands for a statement's text that who asks may not read, as in PostgreSQL.
const NotShown = "<insufficient privilege>"

// Session is one that is open, and what it does. Times that are zero are not known, or there are none.
type Session struct {
	PID                                       int32
	User, Database, Application               string
	Remote                                    net.Addr // nil = not known
	Since, XactStart, QueryStart, StateChange time.Time
	State, Query                              string
	WaitType, WaitEvent                       string
}

// Lock is a lock that a session holds, or waits for.
type Lock struct {
	PID int32
	// Sort is that of pg_locks: relation, transactionid, object or advisory.
	Sort          string
	Relation      catalog.OID
	Tx, Of        uint64 // the transaction, 0 = none; and the one that a transactionid is
	Class, Object uint32 // of an advisory lock
	Sub           int16
	Mode          string
	Granted       bool
}

// Totals are numbers of pg_stat_database.
type Totals struct {
	Commits, Rollbacks, Inserted, Updated, Deleted, Deadlocks, Sessions, Killed, TempFiles, TempBytes int64
	Since                                                                                             time.Time
}

// SessionSetting is a run-time parameter of a session.
type SessionSetting struct {
	Name, Value, Boot, Reset, Doc string
	// Type is bool, integer, string or enum, as pg_settings.vartype; Values are an enum's.
	Type   string
	Values []string
	Unit   string // of the number, empty = none
	Fixed  bool
}

// PreparedStatement is one of PREPARE or Parse.
type PreparedStatement struct {
	Name, Statement string
	Since           time.Time
	Parameters      []uint32 // the OIDs of their types
	SQL             bool     // by PREPARE
}

// Cursor is an open one.
type Cursor struct {
	Name, Statement              string
	Holdable, Binary, Scrollable bool
	Declared                     time.Time
}

// Segment is a range of a partition's offsets in one object, or in the commit log.
type Segment struct {
	Topic     string
	Partition int32
	log.Stored
}

// Compaction is a rewriting of objects, under way or ended.
type Compaction struct {
	What, Topic    string // Topic "" = gone
	Partition      int32
	Partitions     int
	Runs, From, To int
	Bytes, Written int64
	Since, Ended   time.Time // Ended is zero while it is under way
	Reason         string    // why it failed
}

// Pin is a version that somebody reads.
type Pin struct {
	Owner   string
	Since   time.Time
	Version log.CommitSeq
	Bytes   int64 // of changes that are kept for it alone
}

// Dataflow is what a view, sink or derived stream does.
type Dataflow struct {
	Relation *catalog.Relation
	State    string
	Since    time.Time // zero = not known
	Frontier log.CommitSeq
	Target   log.CommitSeq // that it must come to before it can be read, 0 = it is there
	// Scanned rows were taken in of about ToScan that it begins with; both 0 when it is past that.
	Scanned, ToScan int64
	// Reason is why it does not run; nil when it does.
	Reason    *sqlerr.Error
	RowErrors int64
	// Record is what one of the failed rows was made from; nil when it was not one record.
	Record *delta.Origin
	// StateBytes is the memory of its state; LateRows were left out because their windows were closed.
	StateBytes, LateRows int64
}

// Table is how a table does.
type Table struct {
	Relation *catalog.Relation
	State    string
	Since    time.Time // zero while it runs
	// Reason is what who uses it is told; nil while it runs.
	Reason *sqlerr.Error
}

// Setting is one of the server's; secrets in Value are masked.
type Setting struct{ Name, Value, Source, Doc string }
