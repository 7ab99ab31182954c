package connector

import (
	"context"
	"log/slog"
	"sync"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/storage/log"
)

// Config is what a Runtime works with; all are needed but Logger.
type Config struct {
	Log     log.Log
	Catalog *catalog.Catalog
	Clock   clock.Clock
	Logger  *slog.Logger
	// MaxRecordBatch bounds one record batch, bytes; 0 = recordbatch's default.
	MaxRecordBatch int
}

// Runtime owns the running sources. Safe for concurrent use.
type Runtime struct {
	cfg    Config
	ctx    context.Context // of all sources, ended by Close
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running map[catalog.OID]*handle
}

// handle of a running source.
type handle struct {
	stop context.CancelFunc
	done chan struct{}
}

// New makes a Runtime that runs nothing yet.
func New(c Config) *Runtime {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Runtime{cfg: c, running: map[catalog.OID]*handle{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Restart starts the source of every stream that has one: after the log was opened.
func (r *Runtime) Restart() {
	for _, rel := range r.cfg.Catalog.Now().Relations(catalog.KindStream) {
		if !Has(rel) {
			continue
		}
		if err := r.Start(rel); err != nil {
			r.cfg.Logger.Error("source does not start", "stream", rel.QualifiedName(), "err", err)
		}
	}
}

// Start starts the source of a stream that is in the catalog; it goes on where its progress is,
// until Drop or Close. Started twice is started once; without a connector nothing happens. The error is the user's, of options that cannot be served.
func (r *Runtime) Start(rel *catalog.Relation) error {
	if !Has(rel) {
		return nil
	}
	s, err := newSource(&r.cfg, rel)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[rel.OID] != nil || r.closed {
		return nil
	}
	ctx, stop := context.WithCancel(r.ctx)
	h := &handle{stop: stop, done: make(chan struct{})}
	r.running[rel.OID] = h
	go func() {
		defer close(h.done)
		defer stop()
		s.run(ctx)
	}()
	return nil
}

// Drop stops a stream's source and waits for its end.
func (r *Runtime) Drop(oid catalog.OID) {
	r.mu.Lock()
	h := r.running[oid]
	delete(r.running, oid)
	r.mu.Unlock()
	if h != nil {
		h.stop()
		<-h.done
	}
}

// Close stops all sources and waits for their end; before the log closes.
func (r *Runtime) Close() {
	r.mu.Lock()
	r.closed = true
	all := r.running
	r.running = map[catalog.OID]*handle{}
	r.mu.Unlock()
	r.cancel()
	for _, h := range all {
		<-h.done
	}
}
