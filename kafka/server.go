package kafka

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/internal/pace"
	"github.com/tributary-db/tributary/internal/tlsconf"
	"github.com/tributary-db/tributary/kafka/fetchsession"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/storage/log"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("kafka: server closed")

// Server is the Kafka listener of one broker.
type Server struct {
	cfg          Config
	apis         [maxKey]*api
	groups       *group.Coordinator
	quotas       *quota.Quotas
	log          *offsetsLog   // cfg.Log
	offsets      log.Following // of what transactions commit; set by Serve
	metrics      Metrics
	bodyBudget   *admission.Budget   // bodies read and not answered, Produce apart
	decodeBudget *admission.Budget   // what they are decoded to
	fetchBudget  *semaphore.Weighted // records in Fetch answers that are being written
	inflating    *semaphore.Weighted // record batches being decompressed at once
	slots        *admission.Slots    // for connections
	creations    *creations
	sessions     *fetchsession.Cache
	address      atomic.Pointer[brokerAddress]
	refusals     pace.Line

	mu struct {
		sync.Mutex
		served  bool
		drained bool
		conns   map[*conn]struct{}
		ln      net.Listener
		// endWaits ends the context of long polls, stop everything.
		endWaits, stop context.CancelFunc
	}
	drain chan struct{} // closed when Shutdown begins
	ready chan struct{} // closed when groups and quotas are loaded
	idle  chan struct{} // closed when Serve has returned
}

type brokerAddress struct {
	host string
	port int32
}

// New checks cfg and makes a server that does nothing yet.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	s := &Server{cfg: cfg, drain: make(chan struct{}), ready: make(chan struct{}), idle: make(chan struct{})}
	s.bodyBudget = admission.New(cfg.MaxDecodedBytes)
	s.creations = newCreations(cfg.TopicCreationRate)
	s.sessions = fetchsession.New(fetchsession.Limits{Slots: cfg.MaxFetchSessions, MaxBytes: cfg.MaxFetchSessionBytes, MinAge: fetchSessionAge}, cfg.Clock, cfg.Rand)
	s.slots = admission.NewSlots(cfg.MaxConnections)
	s.decodeBudget = admission.New(cfg.MaxDecodedBytes)
	s.fetchBudget = semaphore.NewWeighted(cfg.MaxFetchHeld)
	s.inflating = semaphore.NewWeighted(2 * int64(cores.Count()))
	for _, a := range s.apiTable() {
		s.apis[a.key] = a
	}
	s.groups = group.NewCoordinator(cfg.Meta, cfg.Clock, group.Limits{
		MaxGroups: cfg.MaxGroups, MaxMembers: cfg.MaxGroupMembers, MaxBytes: cfg.MaxGroupBytes,
		MinSessionTimeout: cfg.MinSessionTimeout, MaxSessionTimeout: cfg.MaxSessionTimeout,
		InitialDelay: cfg.GroupInitialDelay, ConsumerSession: cfg.ConsumerSession, MaxShareSessions: cfg.MaxShareSessions,
	}, s.newUUID)
	s.log = &offsetsLog{Log: cfg.Log, groups: s.groups, caughtUp: s.offsetsReached}
	s.cfg.Log = s.log
	s.quotas = quota.New(cfg.Meta, cfg.MaxQuotaClients)
	s.mu.conns = map[*conn]struct{}{}
	return s, nil
}

// Metrics are the server's counters.
func (s *Server) Metrics() *Metrics { return &s.metrics }

// BodyBytes is how much room requests hold, Produce apart.
func (s *Server) BodyBytes() int64 { return s.bodyBudget.Stats().Used }

// FetchSessions counts what consumers have open, for metrics.
func (s *Server) FetchSessions() fetchsession.Stats { return s.sessions.Stats() }

// newUUIDBytes is a random UUID.
func (s *Server) newUUIDBytes() (b [16]byte) {
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		panic(fmt.Sprintf("kafka: random source: %v", err)) // crypto/rand cannot fail
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}

// newUUID is a random UUID in its usual spelling.
func (s *Server) newUUID() string {
	b := s.newUUIDBytes()
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Quotas of clients, for metrics.
func (s *Server) Quotas() *quota.Quotas { return s.quotas }

// Serve loads the consumer groups and quotas and accepts connections until Shutdown, which makes it return
// ErrServerClosed, or until ctx ends, which cuts every connection. It closes ln and may be
// called once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	waits, endWaits := context.WithCancel(ctx)
	defer endWaits()
	if err := s.begin(ln, endWaits, stop); err != nil {
		return errors.Join(err, ln.Close())
	}
	defer close(s.idle)
	// why first: what is committed between the two is delivered as well.
	if err := s.followOffsets(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { _ = s.offsets.Stop(context.WithoutCancel(ctx)) }() // it waits for nothing that may hang
	if err := s.groups.Load(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	if err := s.quotas.Load(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	close(s.ready)
	// The coordinator outlives the connections, which wait for it.
	var coordinator errgroup.Group
	groupCtx, endGroups := context.WithCancel(context.WithoutCancel(ctx))
	coordinator.Go(func() error { return s.groups.Run(groupCtx) })
	coordinator.Go(func() error { return s.sweep(groupCtx) })
	unhook := context.AfterFunc(ctx, func() { s.closeAll(ln) })

	var conns sync.WaitGroup
	err := s.accept(ctx, waits, ln, &conns)
	conns.Wait()
	unhook()
	endGroups()
	return errors.Join(err, coordinator.Wait())
}

func (s *Server) begin(ln net.Listener, endWaits, stop context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.served || s.mu.drained {
		return ErrServerClosed
	}
	s.mu.served, s.mu.ln, s.mu.endWaits, s.mu.stop = true, ln, endWaits, stop
	s.address.Store(s.advertised(ln.Addr()))
	return nil
}

func (s *Server) advertised(bound net.Addr) *brokerAddress {
	a := &brokerAddress{host: s.cfg.AdvertisedHost, port: s.cfg.AdvertisedPort}
	host, port, err := net.SplitHostPort(bound.String())
	if err == nil && a.host == "" {
		a.host = host
	}
	if n, convErr := strconv.ParseUint(port, 10, 16); err == nil && convErr == nil && a.port == 0 {
		a.port = int32(n)
	}
	return a
}

func (s *Server) accept(ctx, waits context.Context, ln net.Listener, conns *sync.WaitGroup) error {
	for {
		nc, err := ln.Accept()
		if err != nil {
			if s.draining() {
				return ErrServerClosed
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if temporary(err) {
				select {
				case <-s.cfg.Clock.After(acceptPause):
				case <-ctx.Done():
				case <-s.drain:
				}
				continue
			}
			return fmt.Errorf("accept kafka connection: %w", err)
		}
		c := s.admit(nc)
		if c == nil {
			_ = nc.Close() // refused: nothing was said on it
			continue
		}
		conns.Go(func() {
			defer s.forget(c)
			c.run(ctx, waits)
		})
	}
}

// admit takes a connection in, or returns nil when all places are busy or the server drains.
func (s *Server) admit(nc net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.drained {
		return nil
	}
	c := newConn(s, nc)
	// Closing a socket with nothing unsent does not block.
	if c.slot = s.slots.Take(func() { _ = tlsconf.Socket(nc).Close() }); c.slot == nil {
		return nil
	}
	s.mu.conns[c] = struct{}{}
	s.metrics.ConnectionsTotal.Add(1)
	s.metrics.ConnectionsOpen.Add(1)
	return c
}

func (s *Server) forget(c *conn) {
	c.slot.Leave()
	s.mu.Lock()
	delete(s.mu.conns, c)
	s.mu.Unlock()
	s.metrics.ConnectionsOpen.Add(-1)
}

// Slots counts the places for connections.
func (s *Server) Slots() admission.SlotStats { return s.slots.Stats() }

func (s *Server) draining() bool {
	select {
	case <-s.drain:
		return true
	default:
		return false
	}
}

// Shutdown stops accepting and reading, answers what was read (long polls and waiting group
// members at once), and closes the connections. When ctx ends first, connections are cut and
// ctx's error is returned. Serve has returned when Shutdown returns.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first, served := !s.mu.drained, s.mu.served
	s.mu.drained = true
	if first {
		close(s.drain)
	}
	if served && first {
		_ = s.mu.ln.Close() // its Accept fails, which is what ends Serve
		s.mu.endWaits()
		for c := range s.mu.conns {
			_ = c.nc.SetReadDeadline(longAgo) // a closed socket has ended by itself
		}
	}
	s.mu.Unlock()
	if !served {
		return nil
	}
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		s.mu.stop()
		<-s.idle
		return ctx.Err()
	}
}

func (s *Server) closeAll(ln net.Listener) {
	_ = ln.Close() // Accept fails and Serve ends
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.mu.conns {
		_ = tlsconf.Socket(c.nc).Close() // its reader and writer fail and end
	}
}
