package lane

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/checkpoint"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// Config is what a Runtime needs.
type Config struct {
	Log     log.Log
	Catalog *catalog.Catalog
	Tables  *table.Set
	Clock   clock.Clock
	Logger  *slog.Logger
	// Checkpoints, if not nil, is where state is written every CheckpointInterval (0 = only when
	// Checkpoint is called). Restored is what the start begins from, nil = the whole log; the
	// tables began from it too.
	Checkpoints        *checkpoint.Store
	CheckpointInterval time.Duration
	Restored           *checkpoint.Loaded
	// CheckpointBytes of records behind the last checkpoint make one due before the interval is over;
	// LogBytes tells how many were appended. 0 = only the interval counts.
	CheckpointBytes int64
	LogBytes        func() int64
	// MaxRecordBatch bounds one record batch that a sink writes, bytes.
	MaxRecordBatch int
	// System gives the rows of a system relation.
	System func(oid catalog.OID) (SystemRows, bool)
	// StrictReadTimeout bounds the wait of a strict read; 0 = none.
	StrictReadTimeout time.Duration
	// Workers is how many ticks use a processor at once; 0 = as many as there are processors.
	Workers int
	// Shards bounds those of a one-shot run or a tick, and those of all together beyond the first of each; 0 = as
	// many as there are processors.
	Shards int
	// MinTickRows is how many rows of a stream a member takes in a tick before it asks for shards that are free.
	MinTickRows int64
	// PartBytes is how much of the log one of them takes at once; 0 = as much as is good.
	PartBytes int
	// SortRows are how many rows that a member keeps one of them sorts at once; 0 = as many as is good.
	SortRows int
	// PinAge bounds how long a transaction may hold its snapshot, PinBytes the changes that are kept
	// for one pin alone; 0 = no limit.
	PinAge   time.Duration
	PinBytes int64
	// HistoryBytes bounds the changes that one relation keeps for who reads it; 0 = no limit.
	HistoryBytes int64
	// RetryPause is the wait before a member that failed is built again, doubled each time; 0 = 1 s.
	RetryPause time.Duration
	// TickInterval is how long a member rests after a tick, unless somebody waits for it; 0 = it
	// ticks as soon as there is a commit.
	TickInterval time.Duration
	// TickCommits bounds the commits of one tick; 0 = no limit.
	TickCommits int64
	// TimeTick is the least time between two time ticks; 0 = a second.
	TimeTick time.Duration
	// LateRows bounds how many rows that its closing windows left out a relation lists; 0 = no limit.
	LateRows int64
	// PartRows is how many rows, and commits, a part of a first tick has; 0 = by time and rows.
	PartRows int64
	// Memory bounds the state of all dataflows; shared with the tables.
	Memory *memory.Account
	// Temp is where one-shot runs put what their work memory has no room for; nil = nowhere.
	Temp *temprun.Space
	// Decoded, if not nil, keeps what members decode for the others that read the same stream.
	Decoded *decoded.Cache
	// Merges is where state is merged; nil = by who writes it.
	Merges *state.Pool
	// MaxBytes is how much a sink may put out in one tick, StageBytes how much of that is in memory: what
	// comes beyond it goes ahead of the commit. 0 = everything is in memory.
	MaxBytes   int64
	StageBytes int
}

// Runtime runs all dataflows of a process.
type Runtime struct {
	cfg Config

	added  chan struct{}   // capacity 1: there is a member more
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
	// clockKick has capacity 1: somebody waits for another time.
	clockKick chan struct{}
	timeTicks atomic.Uint64

	// moves counts ticks, to know whether there is anything new to write.
	moves     atomic.Uint64
	way       way
	lateLetGo atomic.Uint64 // rows left out that are listed no longer
	resumed   atomic.Uint64 // members that went on from a checkpoint after a failure
	// condensed counts relations whose changes were put together, cutOff members that were cut off.
	condensed, cutOff atomic.Uint64
	// checkpoints is what Checkpoint keeps from one to the next; its owner holds the token.
	checkpoints chan checkpointing
	counters    checkpointCounters
	free        freeFlows
	inputs      liveInputs // of one-shot runs
	statistics  liveStatistics
	shards      shardCounters

	mu struct {
		sync.Mutex
		started bool // all needs of the start are posted: members may run
		members map[catalog.OID]*member
		// writers are the sinks and derived streams by the topic they write.
		writers map[log.TopicID][]catalog.OID
		// byTopic are the members that are made from a topic, above those that are made from a table or
		// view; what is not touched costs a commit nothing.
		byTopic map[log.TopicID]*topicReaders
		above   map[catalog.OID]map[*member]struct{}
		// clocked are the members that change with time, or are made from one that does; awaited are the times that others
		// wait for.
		clocked map[*member]struct{}
		awaited map[*awaited]struct{}
		// times are those of the versions up to which sinks had put something out at the start.
		times map[log.CommitSeq]time.Time
		// held are the versions that are needed of tables and views; all those needed of everything.
		held map[catalog.OID]*versions
		all  versions
		// creating are those of all that relations which have not begun will begin at.
		creating versions
		pins     map[*Pin]struct{}
		// dropping are members whose relation is gone and whose work has not ended yet.
		dropping map[*member]struct{}
		moved    chan struct{} // closed and replaced when any member moves
		kept     time.Time     // when the tables were last told what to keep
		pruned   time.Time     // when pins were last held to their limits
		// bounded is when history was last held to its limit, bounding while that is done; history is what
		// all relations kept then.
		bounded  time.Time
		bounding bool
		history  int64
		// condensed are the versions up to which changes of tables were put together, or will be now.
		condensed map[catalog.OID]log.CommitSeq
		// tight are the relations that keep so much that nothing is kept for members that may fail; crowded:
		// all keep too much together.
		tight   map[catalog.OID]bool
		crowded bool
		// durable is how far members are in checkpoints.
		durable durableFrontiers
	}
	tokens *tokens
	// inject makes a stage fail, in tests; see injected.
	inject func(stage, relation string) error
}

// topicReaders are the members that are made from one topic.
type topicReaders struct {
	filter  log.Filter
	members map[*member]struct{}
}

// New makes a Runtime; Start begins the work.
func New(cfg Config) *Runtime {
	r := &Runtime{cfg: cfg}
	r.inputs.r = r
	r.added, r.clockKick = make(chan struct{}, 1), make(chan struct{}, 1)
	if r.cfg.TimeTick <= 0 {
		r.cfg.TimeTick = defaultTimeTick
	}
	r.mu.clocked, r.mu.awaited = map[*member]struct{}{}, map[*awaited]struct{}{}
	r.mu.times = map[log.CommitSeq]time.Time{}
	if r.cfg.Memory == nil {
		r.cfg.Memory = memory.New("", 0)
	}
	r.mu.members, r.mu.writers = map[catalog.OID]*member{}, map[log.TopicID][]catalog.OID{}
	r.mu.byTopic, r.mu.above = map[log.TopicID]*topicReaders{}, map[catalog.OID]map[*member]struct{}{}
	r.mu.held, r.mu.dropping, r.mu.pins = map[catalog.OID]*versions{}, map[*member]struct{}{}, map[*Pin]struct{}{}
	r.mu.moved = make(chan struct{})
	if r.cfg.Workers <= 0 {
		r.cfg.Workers = cores.Count()
	}
	if r.cfg.Shards <= 0 {
		r.cfg.Shards = cores.Count()
	}
	r.tokens = newTokens(r.cfg.Workers, cfg.Clock, r.work.Go)
	if r.cfg.Checkpoints != nil {
		// The next checkpoint is not to name it; who has it finds out then.
		r.cfg.Checkpoints.OnDamage(func() { r.moves.Add(1) })
	}
	if r.cfg.Tables != nil {
		r.cfg.Tables.OnRebuilt(r.tableRebuilt)
	}
	r.checkpoints = make(chan checkpointing, 1)
	r.checkpoints <- checkpointing{}
	return r
}

// Start brings every derived relation of the catalog to work, from the checkpoint if there is
// one. The tables must have been restored. Relations that cannot be
// planned any more stand failed.
func (r *Runtime) Start(ctx context.Context) error {
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.statistics.start(r)
	order, err := r.restoreAll(r.cfg.Catalog.Now())
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.mu.durable.restored(r.cfg.Restored, r.mu.members)
	r.mu.Unlock()
	for _, m := range order {
		if m.sink == nil {
			continue
		}
		// Before what it reads may pass the version that the sink needs.
		if err := r.prepareSink(m, r.savedOut(m)); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.mu.started = true
	for _, m := range order {
		r.beginLocked(m)
	}
	r.mu.Unlock()
	r.work.Go(r.runSchedule)
	r.work.Go(r.runClock)
	if r.cfg.Checkpoints != nil && r.cfg.CheckpointInterval > 0 {
		r.work.Go(r.runCheckpoints)
	}
	return nil
}

// Close stops every dataflow and waits for them.
func (r *Runtime) Close() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, m := range r.mu.members {
		errs = append(errs, m.close())
	}
	return errors.Join(errs...)
}

// inDependencyOrder lists the derived relations, inputs before readers. A relation is always
// created after what it reads, so the OIDs give the order.
func inDependencyOrder(s *catalog.Snapshot) []*catalog.Relation {
	var out []*catalog.Relation
	for _, kind := range []catalog.Kind{catalog.KindView, catalog.KindSink, catalog.KindStream} {
		for _, rel := range s.Relations(kind) {
			if rel.Derived() {
				out = append(out, rel)
			}
		}
	}
	sortByOID(out)
	return out
}

// broadcastLocked wakes everyone who waits for the frontier or the status of m.
func (r *Runtime) broadcastLocked(m *member) {
	close(m.moved)
	m.moved = make(chan struct{})
	close(r.mu.moved)
	r.mu.moved = make(chan struct{})
}

// Stats are gauges for the metrics page.
type Stats struct {
	Members, Failed int
	// Dropping are those that have not ended yet although their relation is gone.
	Dropping int
	// Behind is how many commits the least frontier lies behind the newest commit.
	Behind     uint64
	StateBytes int64
	Pins       int
	Ticks      uint64
	// Restored members began from a checkpoint, at RestoredAt.
	Restored   int
	RestoredAt log.CommitSeq
	// HistoryBytes of changes are kept by all relations. Condensed counts how often those of one were put
	// together, CutOff the members that began again or failed because too much was kept for them.
	HistoryBytes      int64
	Condensed, CutOff uint64
	// Resumed counts members that went on from a checkpoint after a failure.
	Resumed     uint64
	Checkpoints CheckpointStats
	// TimeTicks counts commits that were made for their time alone.
	TimeTicks uint64
	// LateLetGo counts rows that closing windows left out and that error relations list no longer.
	LateLetGo uint64
}

// Stats reads the gauges.
func (r *Runtime) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Stats{Members: len(r.mu.members), Dropping: len(r.mu.dropping), StateBytes: r.cfg.Memory.Used(), Pins: len(r.mu.pins)}
	newest, _ := r.cfg.Log.Newest(r.ctx, false)
	s.HistoryBytes, s.Condensed, s.CutOff = r.mu.history, r.condensed.Load(), r.cutOff.Load()
	s.Checkpoints, s.Resumed, s.LateLetGo = r.counters.stats(), r.resumed.Load(), r.lateLetGo.Load()
	s.TimeTicks = r.timeTicks.Load()
	if r.cfg.Restored != nil {
		s.RestoredAt = r.cfg.Restored.Boundary
	}
	for _, m := range r.mu.members {
		if m.restored {
			s.Restored++
		}
		switch {
		case m.state == memberFailed:
			s.Failed++
		case m.frontier < newest && !r.quietLocked(m, m.frontier, newest):
			s.Behind = max(s.Behind, uint64(newest-m.frontier))
		}
		s.Ticks += m.ticks.Load()
	}
	return s
}

var _ exec.Out = (*viewOut)(nil)
