package kafka

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/job"
)

// acceptPause is how long accepting rests when the process is out of file descriptors.
const acceptPause = 50 * time.Millisecond

func temporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}

// refusalEvery is the least time between two lines about connections that broke the protocol.
const refusalEvery = time.Second

// conn is one client's connection: a reader, which owns it, and a writer.
type conn struct {
	s    *Server
	nc   net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
	host string // as groups show it: /127.0.0.1
	// queue holds what was read and not answered, in request order; its room is MaxInFlight.
	queue chan *exchange
	frame []byte // the writer's, for encoding

	mutedUntil atomic.Int64 // Unix nanoseconds: nothing is read before, a quota says so

	slot  *admission.Slot
	asked bool                           // the reader's: a whole request has come
	who   atomic.Pointer[auth.Principal] // nil until the client is known
	sasl  saslState
	// shareSessions are those of share groups that the connection began, which end with it; the writer's.
	shareSessions map[shareMember]struct{}
	loginBy       time.Time // the reader's: until when the client must be known; zero = it is
}

// exchange is one request and its answer.
type exchange struct {
	request
	produce *produceWork // appended by the reader; nil for other keys
	release func()       // of what the log admitted; may be nil
	began   time.Time    // when all of it was there
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{s: s, nc: nc, queue: make(chan *exchange, s.cfg.MaxInFlight)}
	c.in = bufio.NewReaderSize(nc, 32<<10)
	w := &socketWriter{nc: nc, timeout: s.cfg.IOTimeout, now: s.cfg.Clock.Now, sent: func(n int) { s.metrics.BytesOut.Add(int64(n)) }}
	c.out = bufio.NewWriterSize(w, 32<<10)
	host, _, err := net.SplitHostPort(nc.RemoteAddr().String())
	if err != nil {
		host = nc.RemoteAddr().String()
	}
	c.host = "/" + host
	return c
}

// run serves the connection until the client leaves, breaks the protocol or the server ends.
// ctx cuts everything; waits, which ends earlier, is for long polls.
func (c *conn) run(ctx, waits context.Context) {
	job.Label("kafka connection")
	if err := c.login(ctx, waits); err != nil || c.who.Load() == nil {
		_ = c.nc.Close() // what could be said was flushed
		c.logEnd(err)
		return
	}
	waits, endWaits := context.WithCancel(waits)
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.writeLoop(ctx, waits)
	}()
	err := c.readLoop(ctx)
	if !c.s.draining() {
		endWaits() // nobody is there any more to wait
	}
	close(c.queue)
	<-written
	endWaits()
	c.s.endShareSessions(c)
	_ = c.nc.Close() // everything that could be said was flushed
	c.logEnd(err)
}

func (c *conn) logEnd(err error) {
	var netErr net.Error
	switch {
	case errors.Is(err, errLoginOver), errors.Is(err, errUnidentified): // told by the gate, once a second at most
		return
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled), errors.As(err, &netErr):
		c.s.cfg.Logger.Debug("kafka connection closed", slog.String("client", c.host), slog.Any("reason", err))
		return
	case errors.Is(err, errUnsupported):
		c.s.metrics.Unsupported.Add(1)
	default:
		c.s.metrics.Malformed.Add(1)
	}
	if held, ok := c.s.refusals.Due(c.s.cfg.Clock.Now(), refusalEvery); ok {
		c.s.cfg.Logger.Warn("kafka connection refused", slog.String("client", c.host), slog.Any("reason", err), slog.Int64("not_shown", held))
	}
}

// TellHeld tells the log of refused connections that it was silent about, if no line about them has come since.
func (s *Server) TellHeld() {
	if held := s.refusals.Held(s.cfg.Clock.Now(), refusalEvery); held > 0 {
		s.cfg.Logger.Warn("kafka connections refused", slog.Int64("not_shown", held))
	}
}

// recovered turns a panic into the end of this connection.
func (c *conn) recovered(where string) {
	if p := recover(); p != nil {
		c.s.metrics.Panics.Add(1)
		c.s.cfg.Logger.Error("kafka connection panicked", slog.String("in", where), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		_ = c.nc.Close() // the other goroutine of the connection ends by it
	}
}

func (c *conn) readLoop(ctx context.Context) error {
	defer c.recovered("reader")
	for {
		if err := c.unmute(ctx); err != nil {
			return err
		}
		x, err := c.read(ctx)
		if err != nil {
			return err
		}
		select {
		case c.queue <- x:
		case <-ctx.Done():
			x.abandon()
			return ctx.Err()
		}
	}
}

// read takes one request off the socket and, if it is a Produce, appends what it brings.
func (c *conn) read(ctx context.Context) (*exchange, error) {
	h, size, err := c.readHeader()
	if err != nil {
		return nil, err
	}
	if err := c.permit(h.key); err != nil {
		return nil, err
	}
	c.s.metrics.request(h.key)
	a, err := c.s.lookup(&h)
	if err != nil {
		return nil, err
	}
	if a.maxBody > 0 && size > a.maxBody {
		return nil, fmt.Errorf("%w: %d bytes for key %d", errFrameSize, size, h.key)
	}
	x := &exchange{request: request{header: h, api: a, conn: c, who: c.who.Load()}}
	body, release, err := c.readBody(ctx, h.key, size)
	if err != nil {
		return nil, err
	}
	x.release, x.began = release, c.s.cfg.Clock.Now()
	if x.who != nil { // else it has not asked for anything yet that keeps a place
		c.asked = true
		c.slot.Busy()
	}
	c.s.metrics.BytesIn.Add(int64(size + 4 + headerBytes))
	flexible := a.flexible(h.version) && a.supports(h.version)
	if x.clientID, x.body, err = skipHeader(body, flexible); err == nil && h.key == keyProduce {
		x.produce, err = c.s.startProduce(ctx, x)
	}
	if err != nil {
		c.s.metrics.failed(h.key)
		x.abandon()
		return nil, err
	}
	return x, nil
}

// admitBody waits for room for a body whose first part has come. Produce bodies stay with the
// log; others wait in queues, which their budget bounds over all connections. It is not the
// budget of decoded bytes: whoever waits for that one has a body here already.
func (c *conn) admitBody(ctx context.Context, key int16, size int) (release func(), err error) {
	if key == keyProduce {
		return c.s.cfg.Log.Admit(ctx, c.host, size)
	}
	return c.s.bodyBudget.Acquire(ctx, c.host, int64(size))
}

// abandon gives back what an exchange holds that will not be answered.
func (x *exchange) abandon() {
	if x.release != nil {
		x.release()
	}
}

// lookup finds what serves a request. ApiVersions is served in every version: its answer to one
// that is too new tells the client what to use.
func (s *Server) lookup(h *header) (*api, error) {
	if h.key < 0 || h.key >= maxKey || s.apis[h.key] == nil {
		return nil, fmt.Errorf("%w: key %d version %d", errUnsupported, h.key, h.version)
	}
	a := s.apis[h.key]
	if h.key == keyApiVersions || a.supports(h.version) {
		return a, nil
	}
	return nil, fmt.Errorf("%w: key %d version %d", errUnsupported, h.key, h.version)
}

func (a *api) supports(version int16) bool { return version >= a.min && version <= a.max }

// writeLoop answers in request order. After a failed write it only takes the rest off the queue.
func (c *conn) writeLoop(ctx, waits context.Context) {
	defer func() {
		for x := range c.queue {
			x.abandon()
		}
	}()
	defer c.recovered("writer")
	for x := range c.queue {
		if err := c.answer(ctx, waits, x); err != nil {
			c.s.metrics.failed(x.key)
			_ = c.nc.Close() // ends the reader
			c.logEnd(err)
			return
		}
	}
	_ = c.out.Flush() // a client that is gone does not matter any more
}

func (c *conn) answer(ctx, waits context.Context, x *exchange) error {
	if x.who != nil {
		defer x.conn.slot.Rest()
	}
	defer x.abandon()
	var a answer
	var err error
	if x.produce != nil {
		a, err = x.produce.finish(ctx)
	} else {
		// Only long waits look at waits; what a request does must not stop half way because its
		// client hung up.
		a, err = x.api.serve(context.WithValue(ctx, waitsKey{}, waits), &x.request)
	}
	if err != nil {
		return err
	}
	if err := c.write(x, a); err != nil {
		return err
	}
	c.s.metrics.Latency[x.key].Observe(c.s.cfg.Clock.Now().Sub(x.began))
	if c.sasl.over {
		return errors.Join(errLoginOver, c.out.Flush())
	}
	if len(c.queue) == 0 {
		return c.out.Flush()
	}
	return nil
}

// waitsKey carries the context that ends long waits, beside the one that cuts everything.
type waitsKey struct{}

func waitsOf(ctx context.Context) context.Context { return ctx.Value(waitsKey{}).(context.Context) }

func (c *conn) write(x *exchange, a answer) error {
	if a.free != nil {
		defer a.free()
	}
	if a.msg == nil && a.parts == nil {
		return nil
	}
	frame := x.responseHeader(c.frame[:0])
	if a.msg != nil {
		frame = a.msg.AppendTo(frame)
	}
	size := len(frame) - 4
	for _, p := range a.parts {
		size += len(p)
	}
	binary.BigEndian.PutUint32(frame, uint32(size))
	_, err := c.out.Write(frame)
	for _, p := range a.parts {
		if err == nil {
			_, err = c.out.Write(p)
		}
	}
	if c.frame = frame; cap(frame) > mediumBody {
		c.frame = nil
	}
	return err
}
