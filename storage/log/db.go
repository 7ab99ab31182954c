package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/rangecache"
	"github.com/tributary-db/tributary/storage/segment"
)

// Config of a DB. Meta, Objects and Rand are required.
type Config struct {
	Objects objstore.Store
	Meta    meta.Store
	Clock   clock.Clock // nil = the machine's
	Rand    io.Reader   // unpredictable bytes for object names
	Writer  uint32      // the broker's id; 0 = 1
	Parts   []Part
	// Timelines behind the first, in order; each began with an accepted loss.
	Timelines []Timeline
	Limits    Limits
	Logger    *slog.Logger // nil = discard
	// Needs is what readers above the log need of a topic; known is false as long as that cannot be
	// said: nothing of it goes meanwhile. nil = nobody reads but Kafka's clients.
	Needs func(id TopicID) (n Needs, known bool)
	// Elapsed is a second clock, which no one sets: the time since some moment. nil = the machine's.
	Elapsed func() time.Duration
	// OffsetRows makes the rows in Meta of a group's offsets that a transaction commits; they are written
	// with it. Called by the committer. nil = none.
	OffsetRows func(group string, offsets []GroupOffset, commitMillis int64) []meta.Write
	// Disk keeps what was read from objects over restarts; nil = nothing does. Its owner closes it.
	Disk *rangecache.Cache
	// Charge takes what is cached of objects off an account (negative gives it back); its error = there is no
	// room for it. nil = nobody counts.
	Charge func(bytes int64) error
	// Free is the free space where log and metadata lie, for Limits.DiskReserve; nil = endless.
	Free func() (int64, error)
}

func (c *Config) check() error {
	if c.Meta == nil || c.Objects == nil || c.Rand == nil {
		return errors.New("log: Meta, Objects and Rand are required")
	}
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Writer == 0 {
		c.Writer = 1
	}
	c.Limits = c.Limits.withDefaults()
	return nil
}

// DB is the commit log of one broker. See doc.go for its goroutines and locks.
type DB struct {
	cfg    Config
	limits Limits
	clock  clock.Clock
	writer writerIdentity

	admission *admission.Budget
	room      room
	queue     queue
	stats     counters
	reads     *readCache
	ahead     readAhead

	// published is the newest published commit; stored under mu, read without.
	published atomic.Uint64
	// durable is what segments say of the log as they are written.
	durable atomic.Pointer[segment.Proof]

	mu struct {
		sync.RWMutex
		fold      *fold
		tail      tailCache
		waiters   waiters
		followers followers
		// readers are the open readers of changes, each with the epoch it began in. What left the
		// index in an epoch is read by nobody once no reader of that or an earlier one is open.
		readers map[*changeReader]struct{}
		epoch   uint64
		orphans []string        // objects of this writer that no commit will name
		aside   map[string]bool // damaged objects that Level leaves where they are
	}

	ids producerIDs

	staging chan struct{} // a place for each piece of a Stage that is being written

	// verified is set at the start, then by whoever writes snapshots: upkeep, Close after it.
	verified verifiedSnapshot

	background  context.Context // ends when Close gives up or is done
	cancel      context.CancelFunc
	goroutines  sync.WaitGroup
	applying    sync.WaitGroup // followers at work; none begins once the waiters have ended
	upkeep      upkeep
	time        timekeeper
	txnWake     chan struct{} // capacity 1: a transaction may have begun
	garbage     collector     // upkeep's
	compactions compactions
	leveledAt   uint64 // the newest commit when runLevels looked last; its own
	closing     sync.Once
	closeErr    error
}

var _ Log = (*DB)(nil)

// Open restores the fold (newest snapshot, then the tail of the log), raises the writer's
// fence and starts the committer. ctx bounds the start alone.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	db := &DB{cfg: cfg, limits: cfg.Limits, clock: cfg.Clock}
	db.admission = admission.New(db.limits.InFlightBytes)
	db.background, db.cancel = context.WithCancel(context.WithoutCancel(ctx))
	db.reads = newReadCache(&cfg, &db.limits, &db.stats)
	db.ahead.init(db.background)
	db.mu.tail.limit = db.limits.TailBytes
	db.mu.waiters.init()
	db.mu.followers.init()
	db.room.free, db.room.reserve, db.room.clock = cfg.Free, cfg.Limits.DiskReserve, cfg.Clock
	db.queue.init(db)
	db.upkeep.init()
	db.staging = make(chan struct{}, db.limits.MaxUploads)
	db.txnWake = make(chan struct{}, 1)
	if err := db.restore(ctx); err != nil {
		db.cancel()
		return nil, err
	}
	db.time.init(&cfg, db.mu.fold.timeMillis)
	if err := db.raiseFence(ctx); err != nil {
		db.cancel()
		return nil, err
	}
	db.goroutines.Go(db.runCommitter)
	db.goroutines.Go(db.runUpkeep)
	db.goroutines.Go(db.runLevels)
	db.goroutines.Go(db.runTxnTimeouts)
	if db.limits.FlushInterval > 0 {
		db.goroutines.Go(db.queue.runTimer)
	}
	return db, nil
}

// Close takes no more entries, commits what was appended, writes a snapshot and stops. When
// ctx ends first, entries under way fail; what is durable stays.
func (db *DB) Close(ctx context.Context) error {
	db.closing.Do(func() { db.closeErr = db.close(ctx) })
	return db.closeErr
}

func (db *DB) close(ctx context.Context) error {
	stop := context.AfterFunc(ctx, db.cancel)
	defer stop()
	db.upkeep.stop()
	db.ahead.close()
	db.queue.close()
	db.goroutines.Wait()
	db.mu.Lock()
	db.mu.waiters.endAll(ErrClosed)
	db.mu.Unlock()
	db.applying.Wait() // what was committed is applied
	db.endFollowers(ErrClosed)
	db.reads.close()
	var err error
	if db.queue.failure() == nil && db.stats.sinceSnapshot.Load() > 0 {
		// why only logged: a snapshot makes the next start faster, nothing else.
		if snapErr := db.writeSnapshot(db.background, db.captureSnapshot()); snapErr != nil {
			db.cfg.Logger.Warn("no snapshot at close", "error", snapErr)
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("close log: %w", ctx.Err())
	}
	db.cancel()
	return err
}

// raiseFence begins a new life of this writer: whatever an older one still tries to commit is
// refused from here on.
func (db *DB) raiseFence(ctx context.Context) error {
	var bytes []byte
	_, err := db.cfg.Meta.AppendLog(ctx, db.mu.fold.seq, func(next CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
		for _, r := range missed {
			if err := db.publish(r.Bytes, nil); err != nil {
				return nil, nil, err
			}
		}
		f := db.mu.fold
		db.writer = writerIdentity{id: db.cfg.Writer, fence: f.writers[db.cfg.Writer].fence + 1, timeline: current(db.cfg.Timelines)}
		h := recordHeader{Seq: next, TimeMillis: max(f.timeMillis, db.time.nowMillis()),
			Writer: db.writer.id, Fence: db.writer.fence, Timeline: db.writer.timeline}
		var err error
		bytes, err = encodeRecord(h, []Change{writerChange(writerPayload{db.writer.id, db.writer.fence, FeatureLevel})})
		return bytes, nil, err
	})
	if err != nil {
		return fmt.Errorf("raise the fence of writer %d: %w", db.cfg.Writer, err)
	}
	return db.publish(bytes, nil)
}

// Admit implements Log. More than the whole budget takes the whole budget.
func (db *DB) Admit(ctx context.Context, peer string, bytes int) (release func(), err error) {
	return db.admission.Acquire(ctx, peer, int64(bytes))
}
