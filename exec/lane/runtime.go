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
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
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
	// Plan plans the query of a derived relation, under the settings frozen in it.
	Plan func(rel *catalog.Relation) (*plan.Query, error)
	// MaxRecordBatch bounds one record batch that a sink writes, bytes.
	MaxRecordBatch int
	// System gives the rows of a system relation.
	System func(oid catalog.OID) (SystemRows, bool)
	// StrictReadTimeout bounds the wait of a strict read; 0 = none.
	StrictReadTimeout time.Duration
	// TickInterval is how long the shared lane rests after a tick, unless a pin waits for it; 0 =
	// it ticks as soon as there is a commit.
	TickInterval time.Duration
	// TickCommits bounds the commits of one tick; 0 = no limit.
	TickCommits int64
	// Memory bounds the state of all dataflows; shared with the tables.
	Memory *memory.Account
	// Merges is where state is merged; nil = by who writes it.
	Merges *state.Pool
	// Storage names the limits of what a sink may put into one entry, bytes.
	MaxEntryBytes int
}

// Runtime runs all dataflows of a process.
type Runtime struct {
	cfg Config

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	// moves counts ticks, to know whether there is anything new to write.
	moves atomic.Uint64
	// checkpoints is what Checkpoint keeps from one to the next; its owner holds the token.
	checkpoints chan checkpointing
	counters    checkpointCounters

	mu struct {
		sync.Mutex
		members map[catalog.OID]*member
		// writers are the sinks and derived streams by the topic they write.
		writers map[log.TopicID][]catalog.OID
		order   []*member // of the shared lane, inputs before readers
		pins    pins
		at      log.CommitSeq // last boundary that the shared lane has finished
		ticking log.CommitSeq // boundary of the tick that runs, 0 = none
		moved   chan struct{} // closed and replaced when a frontier or a status moves
		// kick is closed and replaced when the lane has a new member to tick, or, while it rests,
		// a pin to go to.
		kick chan struct{}
		// capture is what a checkpoint asks of the lane, nil = nothing.
		capture *laneCapture
	}
}

// New makes a Runtime; Start begins the work.
func New(cfg Config) *Runtime {
	r := &Runtime{cfg: cfg}
	if r.cfg.Memory == nil {
		r.cfg.Memory = memory.New("", 0)
	}
	r.mu.members, r.mu.writers = map[catalog.OID]*member{}, map[log.TopicID][]catalog.OID{}
	r.mu.moved = make(chan struct{})
	r.mu.kick = make(chan struct{})
	r.checkpoints = make(chan checkpointing, 1)
	r.checkpoints <- checkpointing{}
	return r
}

// Start brings every derived relation of the catalog to work, from the checkpoint if there is
// one, and starts the shared lane. The tables must have been restored. Relations that cannot be
// planned any more stand failed.
func (r *Runtime) Start(ctx context.Context) error {
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	order, err := r.restoreAll(r.cfg.Catalog.Now())
	if err != nil {
		return err
	}
	for _, m := range order {
		if m.sink != nil {
			r.prepareSink(m) // before the lane may pass the version that the sink needs
		}
	}
	for _, m := range order {
		if m.sink == nil {
			r.joinLane(m)
			continue
		}
		r.runPrepared(m)
	}
	r.work.Go(r.runShared)
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

// broadcastLocked wakes everyone who waits for a frontier or a status.
func (r *Runtime) broadcastLocked() {
	close(r.mu.moved)
	r.mu.moved = make(chan struct{})
}

// Stats are gauges for the metrics page.
type Stats struct {
	Members, Failed int
	Boundary        log.CommitSeq
	StateBytes      int64
	Pins            int
	Ticks           uint64
	// Late and NoTime rows were left out of closing windows; Ahead records did not move a watermark.
	Late, NoTime, Ahead uint64
	// Restored members began from a checkpoint, at RestoredAt.
	Restored    int
	RestoredAt  log.CommitSeq
	Checkpoints CheckpointStats
}

// Stats reads the gauges.
func (r *Runtime) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Stats{Members: len(r.mu.members), Boundary: r.mu.at, StateBytes: r.cfg.Memory.Used(), Pins: len(r.mu.pins.sorted)}
	s.Checkpoints = r.counters.stats()
	if r.cfg.Restored != nil {
		s.RestoredAt = r.cfg.Restored.Boundary
	}
	for _, m := range r.mu.members {
		if m.restored {
			s.Restored++
		}
		if m.state == memberFailed {
			s.Failed++
		}
		s.Ticks += m.ticks.Load()
		s.Late += m.late.Load()
		s.NoTime += m.noTime.Load()
		s.Ahead += m.ahead.Load()
	}
	return s
}

var _ exec.Out = (*viewOut)(nil)
