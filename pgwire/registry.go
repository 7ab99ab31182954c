package pgwire

import (
	"crypto/subtle"
	"sync"
)

// registry knows the live connections by the number that BackendKeyData told their clients.
type registry struct {
	mu struct {
		sync.Mutex
		next int32
		byID map[int32]*conn
	}
}

// add gives c its number.
func (r *registry) add(c *conn) int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.byID == nil {
		r.mu.byID = make(map[int32]*conn)
	}
	for {
		r.mu.next++
		if r.mu.next <= 0 {
			r.mu.next = 1
		}
		if _, taken := r.mu.byID[r.mu.next]; !taken {
			r.mu.byID[r.mu.next] = c
			return r.mu.next
		}
	}
}

// arm lets c be cancelled by who knows the secret.
func (r *registry) arm(c *conn, secret []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.secret = secret
}

func (r *registry) remove(id int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.mu.byID, id)
}

// cancel ends the running statement of the connection that has this number and secret; any
// other request does nothing, and nobody learns which.
func (r *registry) cancel(id int32, secret []byte) {
	r.mu.Lock()
	c := r.mu.byID[id]
	known := c != nil && len(c.secret) > 0 && subtle.ConstantTimeCompare(c.secret, secret) == 1
	r.mu.Unlock()
	if known {
		c.stmt.cancel(errUserCancel)
	}
}

// each calls visit on every live connection.
func (r *registry) each(visit func(c *conn)) {
	r.mu.Lock()
	all := make([]*conn, 0, len(r.mu.byID))
	for _, c := range r.mu.byID {
		all = append(all, c)
	}
	r.mu.Unlock()
	for _, c := range all {
		visit(c)
	}
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.mu.byID)
}
