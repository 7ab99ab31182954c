package httpd

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

// conns are the connections that are open. One that has not yet sent a whole request would hold
// a shutdown up for seconds, with nothing to lose; and when places run out, it is the first to go.
type conns struct {
	slots *admission.Slots
	mu    sync.Mutex
	open  map[net.Conn]*open
}

type open struct {
	slot  *admission.Slot
	state http.ConnState
}

// headerTimeout is how long a client may take for the headers of its first request.
const headerTimeout = 5 * time.Second

// note is http.Server's ConnState.
func (c *conns) note(nc net.Conn, state http.ConnState) {
	if state == http.StateNew {
		c.add(nc)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.open[nc]
	if o == nil || o.state == state {
		return
	}
	was := o.state
	o.state = state
	switch {
	case state == http.StateClosed, state == http.StateHijacked:
		delete(c.open, nc)
		o.slot.Leave()
	case state == http.StateActive:
		o.slot.Busy()
	case was == http.StateActive:
		o.slot.Rest()
	}
}

// add finds a place for a new connection, or closes it.
func (c *conns) add(nc net.Conn) {
	slot := c.slots.Take(func() { _ = tlsconf.Socket(nc).Close() }) // nobody waits for an answer on it
	if slot == nil {
		_ = nc.Close() // refused: nothing was said on it
		return
	}
	// Until its first bytes have told which protocol it speaks, net/http sets no time.
	if err := nc.SetReadDeadline(time.Now().Add(headerTimeout)); err != nil {
		_ = nc.Close() // it was gone before it came
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[net.Conn]*open{}
	}
	c.open[nc] = &open{slot: slot, state: http.StateNew}
}

// closeFresh ends those that sent no whole request; the listener takes no more by then.
func (c *conns) closeFresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for nc, o := range c.open {
		if o.state == http.StateNew {
			_ = nc.Close() // nobody waits for an answer on it
		}
	}
}
