package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/tributary-db/tributary/api/v1/tributaryv1connect"
	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/server/oneshot"
	"github.com/tributary-db/tributary/storage/log"
)

const (
	// maxMessage bounds one message of a client, as it comes and decompressed.
	maxMessage = 4 << 20
	// messageTimeout is how long a message may take to come once it has begun.
	messageTimeout = 30 * time.Second
	// writeStall is how long a client may leave an answer unread before its call ends.
	writeStall = time.Minute
	// compressFrom is the size from which answers are compressed for clients that take it.
	compressFrom = 1 << 10
)

// Log is the commit log, read.
type Log interface {
	Admit(ctx context.Context, peer string, bytes int) (release func(), err error)
	Fetch(ctx context.Context, req []log.PartitionRead, b log.Budget, dst *log.FetchResult) error
	Ends(ctx context.Context, p []log.Partition, fresh bool) ([]log.Ends, error)
	Wait(ctx context.Context, f log.Filter, after log.CommitSeq) (log.CommitSeq, error)
	Topics() []log.Topic
	TopicByName(name string) (log.Topic, bool)
	TopicByID(id log.TopicID) (log.Topic, bool)
}

// Broker does what Kafka's clients do, under the same rules.
type Broker interface {
	CreateTopic(ctx context.Context, who auth.Principal, name string, partitions int32, configs map[string]string) (log.Topic, error)
	DeleteTopic(ctx context.Context, who auth.Principal, name string) error
	// May tells what stands in the way of who wants to read a topic, or to write it.
	May(who auth.Principal, t *log.Topic, write bool) error
	// Writable tells what stands against producing to a topic at all.
	Writable(t *log.Topic) error
	// Append produces to partitions of one topic, all of it or nothing; it owns the record batches.
	Append(ctx context.Context, t *log.Topic, appends []log.Append) (log.Pending, error)
	Commit(ctx context.Context, group string, t *log.Topic, offsets map[int32]Committed) error
	Committed(ctx context.Context, group string, t *log.Topic) (map[int32]Committed, error)
	// Produced and Fetched count bytes against a client's quota, and return how long it has to wait.
	Produced(who auth.Principal, n int) time.Duration
	Fetched(who auth.Principal, n int) time.Duration
	// Explain puts an error into Kafka's terms.
	Explain(err error) Problem
}

// Committed is how far a group has read a partition.
type Committed struct {
	Offset   int64
	Metadata string
}

// Config is what a server needs. Log, Broker, Statements and Principal must be given.
type Config struct {
	Log        Log
	Broker     Broker
	Statements *oneshot.Runner
	// Principal is who asks, of a request's context.
	Principal func(context.Context) auth.Principal
	// Ready returns nil when the server takes requests. Nil: always ready.
	Ready func() error
	// MaxCalls are those at once, 1,000 by default; one address gets three quarters of them.
	MaxCalls int
	// Memory holds messages that are read and answers that wait for their client; 256 MiB by default.
	// One address gets a quarter of it.
	Memory int64
	Logger *slog.Logger
}

// Server serves api/v1.
type Server struct {
	cfg      Config
	room     *admission.Budget // messages read, answers not yet written
	inflated *admission.Budget // decompressed record batches of which answers are being made
	// inflating are the places for decompression: each may take the memory of a whole record batch
	// before it is known how much that is.
	inflating chan struct{}
	turns     turns
	methods   map[string]*Method
	refusing  *connect.ErrorWriter
	// stopping is closed when streams are to end.
	stopping chan struct{}
	stopOnce sync.Once
	counts   counts
	// writeStall is the constant; shorter in tests.
	writeStall time.Duration
	late       sync.WaitGroup // records whose call ended before the log had decided

	mu struct {
		sync.Mutex
		calls int
		peers map[string]int
	}
}

// counts of a server.
type counts struct {
	refused, tooSlow, panics, recordsIn, recordsOut atomic.Int64
}

// New makes a server; it starts nothing.
func New(cfg Config) (*Server, error) {
	if cfg.Log == nil || cfg.Broker == nil || cfg.Statements == nil || cfg.Principal == nil {
		return nil, errors.New("rpc: Log, Broker, Statements and Principal are needed")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxCalls == 0 {
		cfg.MaxCalls = 1_000
	}
	if cfg.Memory == 0 {
		cfg.Memory = 256 << 20
	}
	if cfg.Ready == nil {
		cfg.Ready = func() error { return nil }
	}
	s := &Server{cfg: cfg, room: admission.New(cfg.Memory), inflated: admission.New(cfg.Memory), writeStall: writeStall, stopping: make(chan struct{}), inflating: make(chan struct{}, 2*cores.Count()), methods: newMethods()}
	s.mu.peers = map[string]int{}
	s.refusing = connect.NewErrorWriter()
	return s, nil
}

// HealthPath answers whoever reaches the port, as /healthz does.
const HealthPath = "/grpc.health.v1.Health/Check"

// Handlers are what is served, by the prefix of its path.
func (s *Server) Handlers() map[string]http.Handler {
	options := []connect.HandlerOption{
		connect.WithCodec(binaryCodec{}), connect.WithCodec(jsonCodec{"json"}), connect.WithCodec(jsonCodec{"json; charset=utf-8"}),
		connect.WithReadMaxBytes(maxMessage), connect.WithCompressMinBytes(compressFrom),
		connect.WithInterceptors(&observer{s}), connect.WithRecover(s.recovered),
	}
	out := map[string]http.Handler{}
	add := func(path string, h http.Handler) { out[path] = s.handler(h) }
	add(tributaryv1connect.NewStreamServiceHandler(&streamService{s}, options...))
	add(tributaryv1connect.NewQueryServiceHandler(&queryService{s}, options...))
	add(grpchealth.NewHandler(health{s}, options...))
	reflector := grpcreflect.NewStaticReflector(tributaryv1connect.StreamServiceName, tributaryv1connect.QueryServiceName, grpchealth.HealthV1ServiceName)
	add(grpcreflect.NewHandlerV1(reflector, options...))
	add(grpcreflect.NewHandlerV1Alpha(reflector, options...))
	return out
}

// Drain ends the streams that have no end: consumers and producers are told, and come back to who
// serves then.
func (s *Server) Drain() { s.stopOnce.Do(func() { close(s.stopping) }) }

// Close waits, until ctx ends, for what calls have left to the log. No call is under way any more.
func (s *Server) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { defer close(done); s.late.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stats of a server, at one moment.
type Stats struct {
	Calls, Bytes                                    int64
	Refused, TooSlow, Panics, RecordsIn, RecordsOut int64
}

// Stats may be called at any time.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	calls := s.mu.calls
	s.mu.Unlock()
	c := &s.counts
	return Stats{
		Calls: int64(calls), Bytes: s.room.Stats().Used + s.inflated.Stats().Used, Refused: c.refused.Load(), TooSlow: c.tooSlow.Load(),
		Panics: c.panics.Load(), RecordsIn: c.recordsIn.Load(), RecordsOut: c.recordsOut.Load(),
	}
}

// health is grpc.health.v1 of all services together.
type health struct{ s *Server }

func (h health) Check(_ context.Context, r *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	switch r.Service {
	case "", tributaryv1connect.StreamServiceName, tributaryv1connect.QueryServiceName:
	default:
		return nil, connect.NewError(connect.CodeNotFound, errors.New("unknown service"))
	}
	status := grpchealth.StatusServing
	select {
	case <-h.s.stopping:
		status = grpchealth.StatusNotServing
	default:
		if h.s.cfg.Ready() != nil {
			status = grpchealth.StatusNotServing
		}
	}
	return &grpchealth.CheckResponse{Status: status}, nil
}
