package httpd

import (
	"net"
	"net/http"
	"sync"
)

// fresh are the connections that have not yet sent a whole request. http.Server would wait
// seconds for them when it shuts down; they have nothing to lose.
type fresh struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// note is http.Server's ConnState.
func (f *fresh) note(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state != http.StateNew {
		delete(f.conns, c)
		return
	}
	if f.conns == nil {
		f.conns = map[net.Conn]struct{}{}
	}
	f.conns[c] = struct{}{}
}

// close ends them; the listener takes no more by then.
func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close() // nobody waits for an answer on it
	}
}
