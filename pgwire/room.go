package pgwire

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
)

// roomFor waits for room for a message body of size bytes, whose first admission.Free bytes have
// come. It is given back when the next message is asked for.
func (c *conn) roomFor(size int) (release func(), err error) {
	ctx, stop := c.interrupt.waiting(c.stmt.parent)
	defer stop()
	return c.srv.bodies.Acquire(ctx, hostOf(c.nc.RemoteAddr()), int64(size))
}

// fill reads into body from there on, at the pace of whoever holds room.
func (c *conn) fill(body []byte, from int) error {
	now := c.srv.cfg.Clock.Now
	pace := admission.Pace{Since: now()}
	defer c.interrupt.deadline(time.Time{})
	for from < len(body) {
		end := min(from+admission.PaceStep, len(body))
		c.interrupt.deadline(pace.Deadline(now(), from, end))
		if _, err := io.ReadFull(c.in.br, body[from:end]); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && !c.interrupt.isWanted() {
				c.srv.stats.tooSlow.Add(1)
			}
			return err
		}
		from = end
	}
	return nil
}
