package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/charset"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	secretBytes30 = 4
	secretBytes32 = 32
	// lastWords bounds the time spent on telling a client why it is cut off.
	lastWords = 2 * time.Second
)

// conn is one client's connection. All but secret and stmt belongs to its goroutine.
type conn struct {
	srv *Server
	nc  net.Conn  // the socket
	tls *tls.Conn // over it; nil in plaintext
	// endpoint is what SCRAM is bound to: a hash of the certificate; nil = nothing.
	endpoint []byte
	in       *reader
	out      outbuf
	sess     Session
	pid      int32
	secret   []byte // guarded by srv.conns
	stmt     statement
	w        writer
	binds    bindBuf
	params   []face.Setting    // changed since the last ReadyForQuery
	told     map[string]string // the parameters that the client knows
	log      *slog.Logger
	// slot is the connection's place among those that have not logged in.
	slot    *admission.Slot
	evicted atomic.Bool // its place went to another
	counted bool        // in srv.serving
	// charset is what the client's text is in; nil = UTF-8.
	charset *charset.Charset
	idle    bool // ReadyForQuery is the last that was sent
	// interrupt ends waits for the client's input.
	interrupt interrupt
	// skipping: an error came up in an extended exchange, and what comes until Sync is ignored.
	skipping bool
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, log: s.cfg.Logger.With("remote", nc.RemoteAddr().String())}
	plain := socketOf(nc)
	c.in = newReader(plain, c, authMessage)
	c.interrupt.nc = nc
	c.out.w = plain
	c.w.c = c
	return c
}

var (
	_ face.Client   = (*conn)(nil)
	_ face.Listener = (*conn)(nil)
)

// Notification implements face.Listener.
func (c *conn) Notification(pid int32, channel, payload string) {
	at := c.out.begin('A')
	c.out.int32(uint32(pid))
	c.out.str(channel)
	c.out.str(payload)
	c.out.end(at)
}

// Wake implements face.Listener: a client that sends nothing gets what there is for it. From any goroutine.
func (c *conn) Wake() { c.interrupt.wake() }

// Notice implements face.Client.
func (c *conn) Notice(n face.Notice) { c.out.noticeResponse(n) }

// Parameter implements face.Client: what changed is told before the next ReadyForQuery, once.
func (c *conn) Parameter(name, value string) {
	if name == "client_encoding" { // at once: what comes next is in it
		c.speaks(value)
	}
	for i := range c.params {
		if c.params[i].Name == name {
			c.params[i].Value = value
			return
		}
	}
	c.params = append(c.params, face.Setting{Name: name, Value: value})
}

// run serves the connection until it ends, and closes it.
func (c *conn) run(ctx context.Context) {
	job.Label("sql connection")
	c.stmt.parent = ctx
	defer func() {
		if r := recover(); r != nil {
			c.panicked(r)
		}
		c.close()
	}()
	c.pid = c.srv.conns.add(c)
	if err := c.start(ctx); err != nil {
		c.srv.stats.refused.Add(1)
		c.fatal(ctx, err)
		return
	}
	c.srv.stats.opened.Add(1)
	c.fatal(ctx, c.serve())
}

// evict ends the connection because a newcomer got its place. From another goroutine.
func (c *conn) evict() {
	c.evicted.Store(true)
	c.interrupt.want()
}

// login goes from the first byte to a client that is known and may come in.
func (c *conn) login(ctx context.Context) (*hello, auth.Principal, error) {
	defer c.slot.Leave()
	end := c.srv.cfg.Clock.Now().Add(c.srv.cfg.AuthTimeout)
	_ = c.nc.SetWriteDeadline(end) // a closed socket fails at the write
	c.interrupt.deadline(end)
	h, err := c.readStartup(ctx)
	if err != nil {
		return nil, auth.Principal{}, err
	}
	if c.srv.isDraining() {
		return nil, auth.Principal{}, sqlerr.New(sqlerr.CannotConnectNow, "the database system is shutting down")
	}
	c.slot.Asked() // the silent ones lose their places first
	who, err := c.authenticate(ctx, h)
	if err != nil {
		return nil, auth.Principal{}, err
	}
	if !c.slot.Leave() {
		return nil, auth.Principal{}, errTooManyClients
	}
	if err := c.enter(who.Name); err != nil {
		return nil, auth.Principal{}, err
	}
	return h, who, c.srv.checkDatabase(h.database)
}

// enter counts the client among those served. The last places are the superuser's.
func (c *conn) enter(user string) error {
	c.counted = true
	most := int64(c.srv.cfg.MaxConnections)
	now := c.srv.serving.Add(1)
	if now > most {
		return errTooManyClients
	}
	if now > most-int64(c.srv.cfg.ReservedConnections) && !c.srv.cfg.Superuser(user) {
		return sqlerr.New(sqlerr.TooManyConnections, "remaining connection slots are reserved for non-replication superuser connections")
	}
	return nil
}

// start goes from the first byte to the first ReadyForQuery.
func (c *conn) start(ctx context.Context) error {
	h, who, err := c.login(ctx)
	if err != nil && c.evicted.Load() {
		return errTooManyClients
	}
	if err != nil {
		return err
	}
	_ = c.nc.SetWriteDeadline(time.Time{})
	c.interrupt.deadline(time.Time{})
	c.in.maxBody = c.srv.cfg.MaxMessageBytes
	secret := make([]byte, secretBytes30)
	if h.minor >= 2 {
		secret = make([]byte, secretBytes32)
	}
	if _, err := io.ReadFull(c.srv.cfg.Random, secret); err != nil {
		return err
	}
	c.srv.conns.arm(c, secret)
	session, err := c.srv.cfg.Open(ctx, face.Startup{
		Principal: who, Database: h.database, Settings: h.settings, PID: c.pid, Remote: c.nc.RemoteAddr(), Local: c.nc.LocalAddr(), Client: c,
		Cancel: func(cause *sqlerr.Error) { c.stmt.cancel(cause) }, Terminate: c.terminate,
	})
	if err != nil {
		return err // what came with it is not to be closed
	}
	c.sess = session
	c.told = map[string]string{}
	for _, p := range c.sess.Parameters() {
		c.told[p.Name] = p.Value
		if p.Name == "client_encoding" {
			c.speaks(p.Value)
		}
		c.out.parameterStatus(p.Name, p.Value)
	}
	at := c.out.begin('K')
	c.out.int32(uint32(c.pid))
	c.out.b = append(c.out.b, secret...)
	c.out.end(at)
	return c.ready()
}

// ready says that the next command may come.
func (c *conn) ready() error {
	for _, p := range c.params {
		if c.told[p.Name] != p.Value { // it may have gone back to what it was
			c.told[p.Name] = p.Value
			c.out.parameterStatus(p.Name, p.Value)
		}
	}
	c.params = c.params[:0]
	c.out.readyForQuery(c.sess.Status())
	c.idle = true
	if err := c.out.flush(); err != nil {
		return errGone
	}
	return nil
}

// serve runs the command loop. Its error is why the connection ends, never nil.
func (c *conn) serve() error {
	for {
		if err := c.mustEnd(); err != nil {
			return err
		}
		typ, body, err := c.next()
		if err != nil {
			var bad *sqlerr.Error
			if errors.As(err, &bad) {
				return bad
			}
			if err := c.mustEnd(); err != nil {
				return err
			}
			return errGone
		}
		if err := c.dispatch(typ, body); err != nil {
			return err
		}
	}
}

// mustEnd is why the connection is to end at the next point where no statement runs, nil = it may go on.
func (c *conn) mustEnd() error {
	if c.srv.isDraining() {
		return errShutdown
	}
	if why := c.stmt.ended(); why != nil {
		return why
	}
	return nil
}

// next reads a message. A client that is silent for longer than the session allows is told so.
func (c *conn) next() (byte, []byte, error) {
	var limit time.Duration
	var told *sqlerr.Error
	if c.idle {
		limit, told = c.sess.IdleTimeout()
	}
	idle := c.idle
	c.idle = false
	var end time.Time
	if limit > 0 {
		end = c.srv.cfg.Clock.Now().Add(limit)
		c.interrupt.deadline(end)
	}
	for idle {
		woken, err := c.interrupt.firstByte(end, c.in.waitByte)
		if !woken {
			break // what else is wrong is the next read's to say
		}
		c.sess.Deliver()
		if c.out.flush() != nil || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, nil, errGone
		}
	}
	if limit == 0 {
		return c.in.next()
	}
	typ, body, err := c.in.next()
	c.interrupt.deadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.interrupt.isWanted() {
		return 0, nil, told
	}
	return typ, body, err
}

// fatal tells the client why the connection ends, where there is something to tell.
func (c *conn) fatal(ctx context.Context, err error) {
	if err == nil || errors.Is(err, errGone) {
		return
	}
	e, shown := userError(ctx, err)
	if !shown {
		c.log.Error("connection failed", "err", err)
	}
	c.lastWord(e)
}

func (c *conn) lastWord(e *sqlerr.Error) {
	_ = c.nc.SetWriteDeadline(c.srv.cfg.Clock.Now().Add(lastWords))
	c.out.errorResponse("FATAL", e)
	_ = c.out.flush()
}

// panicked ends the connection of a client that has found a bug. What was written of an
// answer stands; nothing is known about the session but that it must be closed.
func (c *conn) panicked(r any) {
	c.srv.stats.panics.Add(1)
	c.log.Error("panic in a connection", "panic", r, "stack", string(debug.Stack()))
	c.out.dropOpen()
	c.lastWord(sqlerr.New(sqlerr.InternalError, "internal error"))
}

func (c *conn) close() {
	defer func() {
		if r := recover(); r != nil {
			c.srv.stats.panics.Add(1)
			c.log.Error("panic while a session was closed", "panic", r, "stack", string(debug.Stack()))
		}
		c.stmt.close()
		c.in.endLoan()
		if c.tls != nil {
			_ = c.tls.Close() // tells the client that nothing was cut off
		}
		_ = c.nc.Close()
		c.srv.conns.remove(c.pid)
		if c.counted {
			c.srv.serving.Add(-1)
		}
		c.srv.stats.bytesOut.Add(c.out.sent)
	}()
	if c.sess != nil {
		if err := c.sess.Close(); err != nil {
			c.log.Error("session did not close cleanly", "err", err)
		}
	}
}

// drain ends the connection at the next point where no statement runs. From another goroutine.
func (c *conn) drain() {
	c.stmt.ifIdle(c.interrupt.want)
}

// terminate ends the connection, for the client to be told why. From another goroutine, or from its own statement.
func (c *conn) terminate(why *sqlerr.Error) {
	c.stmt.endAll(why)
	_ = c.nc.SetWriteDeadline(c.srv.cfg.Clock.Now().Add(lastWords)) // of an answer that nobody takes
	c.interrupt.want()
}

// kill ends the connection now. From another goroutine.
func (c *conn) kill() {
	c.stmt.cancel(errShutdown)
	_ = c.nc.SetDeadline(c.srv.cfg.Clock.Now().Add(lastWords))
	c.drain()
}
