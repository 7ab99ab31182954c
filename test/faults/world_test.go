package faults_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/storage/chain"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// world is what outlives a process: a disk, an object store, a place of backups, time.
type world struct {
	disk      *vfs.MemFS
	objects   *objstore.Mem
	backups   *objstore.Mem
	path      string // of the metadata
	chained   bool   // durability = object
	timelines []log.Timeline
	clock     *worldClock
	starts    uint64
}

func newWorld(chained bool) *world {
	return &world{disk: vfs.NewStrictMem(), objects: objstore.NewMem(), backups: objstore.NewMem(), path: "meta", chained: chained,
		clock: &worldClock{now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}}
}

// process is a running database.
type process struct {
	power   *power
	ctx     context.Context // ends with the process
	end     context.CancelFunc
	close   func() // of the metadata, once; nil = it is not open
	inner   *meta.PebbleStore
	meta    meta.Store
	guarded *objstore.Guarded
	backups objstore.Store
	db      *log.DB
}

func (w *world) timeline() uint32 {
	if n := len(w.timelines); n > 0 {
		return w.timelines[n-1].Number
	}
	return 1
}

func (w *world) random() io.Reader { w.starts++; return logtest.Rand(w.starts) }

// start has a process begin; nil and no error = it ended while it did.
func (w *world) start(p *power) (*process, error) {
	x := &process{power: p, backups: &objects{w.backups, p, "backup"}}
	x.ctx, x.end = context.WithCancel(context.Background())
	go func() { // ends with the process
		select {
		case <-p.gone:
			x.end()
		case <-x.ctx.Done():
		}
	}()
	err := w.open(x)
	if err == nil {
		return x, nil
	}
	x.kill()
	if p.hit() != "" {
		return nil, nil
	}
	return nil, err
}

func (w *world) open(x *process) (err error) {
	if x.inner, err = meta.OpenPebble(w.path, meta.PebbleOptions{FS: &disk{w.disk, x.power}}); err != nil {
		return err
	}
	x.meta = x.inner
	x.close = sync.OnceFunc(func() { _ = x.inner.Close() })
	store := &objects{w.objects, x.power, "store"}
	if w.chained {
		c, err := chain.Open(x.ctx, chain.Config{Inner: x.inner, Objects: store, Timeline: w.timeline(), Rand: w.random(),
			BaseLinks: 25, MarkEvery: time.Millisecond})
		if err != nil {
			return err
		}
		x.meta = c
		x.close = sync.OnceFunc(func() { _ = c.Close() })
		context.AfterFunc(x.ctx, x.close) // or it would put its link for ever
	}
	x.guarded = objstore.NewGuarded(store, func(context.Context) error { return nil })
	x.db, err = log.Open(x.ctx, w.config(x))
	return err
}

func (w *world) config(x *process) log.Config {
	return log.Config{Meta: x.meta, Objects: x.guarded, Rand: w.random(), Clock: w.clock, Elapsed: w.clock.since, Timelines: w.timelines, OffsetRows: offsetRows,
		Limits: log.Limits{InlineBytes: 400, FlushBytes: 1500, TailBytes: 1, LevelFan: 3, LevelObjects: 2, LevelBytes: 4000, LevelRate: 1 << 40, LevelInterval: time.Hour,
			RollInterval: time.Hour, RetentionInterval: time.Hour, CleanBytes: 1, SnapshotCommits: 1 << 30}}
}

// kill ends the process; nothing more of it takes place.
func (x *process) kill() {
	x.power.end()
	x.stop()
}

// stop ends it in order, if there is power.
func (x *process) stop() {
	if x.db != nil {
		ctx, cancel := context.WithTimeout(x.ctx, 5*time.Second)
		_ = x.db.Close(ctx) // what it could not do is looked for afterwards
		cancel()
	}
	if x.close != nil {
		x.close()
	}
	x.end()
}

// lose is what else goes with a process.
type lose int

const (
	nothing lose = iota // it was killed
	unsynced
	theDisk // with durability = object
)

func (l lose) String() string { return [...]string{"killed", "power cut", "disk lost"}[l] }

// forget what goes with a process that has ended.
func (w *world) forget(what lose) error {
	switch {
	case what == theDisk && w.chained:
		return w.recover()
	case what != nothing:
		w.disk.ResetToSyncedState()
	}
	return nil
}

// recover makes the metadata anew from the object store alone, and takes it over.
func (w *world) recover() error {
	w.path = fmt.Sprint("recovered", w.starts)
	opts := meta.PebbleOptions{FS: w.disk}
	r, err := chain.Restore(context.Background(), w.objects, w.path, opts)
	if errors.Is(err, chain.ErrNoBase) { // it ended before anything was acknowledged
		w.objects, w.timelines = objstore.NewMem(), nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if r.Gap != nil {
		return fmt.Errorf("restore: %w", r.Gap)
	}
	inner, err := meta.OpenPebble(w.path, opts)
	if err != nil {
		return err
	}
	w.timelines = append(w.timelines, log.Timeline{Number: w.timeline() + 1, Kept: uint64(r.Newest)})
	err = chain.TakeOver(context.Background(), chain.Config{Inner: inner, Objects: w.objects, Timeline: w.timeline(), Rand: w.random()}, nil)
	return errors.Join(err, inner.Close())
}

// offsetRows keeps the offsets of a group as a number under a key of its own.
func offsetRows(group string, offsets []log.GroupOffset, _ int64) (rows []meta.Write) {
	for _, o := range offsets {
		rows = append(rows, offsetRow(group, o.Offset))
	}
	return rows
}

func offsetRow(group string, offset int64) meta.Write {
	return meta.Write{Key: []byte("offset/" + group), Value: binary.BigEndian.AppendUint64(nil, uint64(offset))}
}

// worldClock moves when a history says so; what is tried again is tried at once.
type worldClock struct {
	mu  sync.Mutex
	now time.Time
	all time.Duration
}

func (c *worldClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After never comes but for what is tried again: upkeep is by hand.
func (c *worldClock) After(d time.Duration) <-chan time.Time {
	if d < time.Second {
		return time.After(time.Millisecond)
	}
	return nil
}

func (c *worldClock) since() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

func (c *worldClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.all = c.now.Add(d), c.all+d
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 77)) }
