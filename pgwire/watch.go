package pgwire

import (
	"context"
	"syscall"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// errClientLost is the cause of a statement's end when nobody waits for its result.
var errClientLost = sqlerr.New(sqlerr.ConnectionFailure, "connection to client lost")

// watch looks for clients that have left while their statement runs: the connection's
// goroutine does not read then, and a subscription may have nothing to write for hours. It
// ends with ctx.
func (s *Server) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.cfg.Clock.After(s.cfg.CheckInterval):
		}
		s.conns.each(func(c *conn) {
			if c.stmt.isRunning() && c.left() {
				c.stmt.cancel(errClientLost)
			}
		})
	}
}

// left reports whether the client has closed its side.
func (c *conn) left() bool {
	sc, ok := c.nc.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	if err := raw.Control(func(fd uintptr) { gone = atEnd(fd) }); err != nil {
		return false
	}
	return gone
}
