package activity

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// State of a session, in PostgreSQL's words.
type State string

const (
	Active        State = "active"
	Idle          State = "idle"
	IdleInTx      State = "idle in transaction"
	IdleInFailed  State = "idle in transaction (aborted)"
	maxQueryBytes       = 1024 // of a statement's text, as track_activity_query_size
)

// Info is what does not change of a session.
type Info struct {
	PID            int32
	User, Database string
	Remote         net.Addr // nil = not known
	Since          time.Time
	// Cancel ends the statement that runs, Terminate the session; nil = that cannot be.
	Cancel, Terminate func(cause *sqlerr.Error)
}

// Doing is what a session does at a moment.
type Doing struct {
	State       State
	Application string
	Query       string // the newest one
	QueryStart  time.Time
	XactStart   time.Time // zero = there is no transaction
	StateChange time.Time
	// Wait is what a statement waits for that is no lock ("Timeout", "PgSleep"); "" = nothing.
	WaitType, WaitEvent string
}

// Entry is one session.
type Entry struct {
	Info
	of *Registry
	// Gone is closed when the session has ended.
	gone chan struct{}
	mu   struct {
		sync.Mutex
		Doing
	}
}

// Registry has all sessions. The zero value is ready.
type Registry struct {
	mu struct {
		sync.Mutex
		byPID map[int32]*Entry
	}
	// Opened and Killed are the sessions since the start, and those ended by another.
	Opened, Killed atomic.Int64
}

// Open adds a session.
func (r *Registry) Open(i Info) *Entry {
	e := &Entry{Info: i, of: r, gone: make(chan struct{})}
	e.mu.State, e.mu.StateChange = Idle, i.Since
	r.Opened.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.byPID == nil {
		r.mu.byPID = map[int32]*Entry{}
	}
	r.mu.byPID[i.PID] = e
	return e
}

// Close takes the session out.
func (e *Entry) Close() {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	if e.of.mu.byPID[e.PID] == e {
		delete(e.of.mu.byPID, e.PID)
	}
	close(e.gone)
}

// Gone is closed when the session has ended.
func (e *Entry) Gone() <-chan struct{} { return e.gone }

// Find gives the session of a process ID, nil = there is none.
func (r *Registry) Find(pid int32) *Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.byPID[pid]
}

// Count is how many there are.
func (r *Registry) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.mu.byPID)
}

// Seen is a session as another one sees it.
type Seen struct {
	*Info
	Doing
}

// All are the sessions of now, by process ID.
func (r *Registry) All() []Seen {
	r.mu.Lock()
	out := make([]Seen, 0, len(r.mu.byPID))
	for _, e := range r.mu.byPID {
		out = append(out, Seen{&e.Info, e.Doing()})
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b Seen) int { return cmp.Compare(a.PID, b.PID) })
	return out
}
