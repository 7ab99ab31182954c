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
		// first: the first byte of a message is waited for, and nothing of it has come; woken: there is something to tell.
		first, woken bool
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

// wake ends the wait for the first byte of a message, or the next such. From any goroutine.
func (i *interrupt) wake() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mu.woken = true
	if i.mu.first {
		_ = i.nc.SetReadDeadline(longAgo)
	}
}

// firstByte waits for the first byte of a message, until end (zero = for ever) at most; woken: wake was called. A message is never
// cut by that: once its first byte is there nothing ends its reading.
func (i *interrupt) firstByte(end time.Time, wait func() error) (woken bool, err error) {
	i.mu.Lock()
	i.mu.first = true
	if i.mu.woken {
		_ = i.nc.SetReadDeadline(longAgo)
	}
	i.mu.Unlock()
	err = wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	woken, i.mu.first, i.mu.woken = i.mu.woken, false, false
	if woken && i.mu.wanted == 0 {
		_ = i.nc.SetReadDeadline(end)
	}
	return woken, err
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
