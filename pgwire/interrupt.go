package pgwire

import (
	"context"
	"net"
	"sync"
	"time"
)

// interrupt ends what a connection's goroutine waits for on behalf of its client's input: bytes
// of the socket, or room for them. Several may want that at once.
type interrupt struct {
	nc net.Conn
	mu struct {
		sync.Mutex
		wanted int
		end    context.CancelFunc // of the wait for room; nil = none
	}
}

// want ends the wait under way and those to come, until forget. From any goroutine.
func (i *interrupt) want() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mu.wanted++
	_ = i.nc.SetReadDeadline(longAgo) // a closed socket fails at the read
	if i.mu.end != nil {
		i.mu.end()
	}
}

// forget takes one want back.
func (i *interrupt) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.mu.wanted--; i.mu.wanted == 0 {
		_ = i.nc.SetReadDeadline(time.Time{})
	}
}

func (i *interrupt) isWanted() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mu.wanted > 0
}

// deadline sets the read deadline, unless the wait is to end at once.
func (i *interrupt) deadline(t time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.mu.wanted == 0 {
		_ = i.nc.SetReadDeadline(t)
	}
}

// waiting is the context of a wait for something other than the socket; stop ends it.
func (i *interrupt) waiting(ctx context.Context) (waits context.Context, stop func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	waits, end := context.WithCancel(ctx)
	i.mu.end = end
	if i.mu.wanted > 0 {
		end()
	}
	return waits, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.mu.end = nil
		end()
	}
}

var longAgo = time.Unix(1, 0)
