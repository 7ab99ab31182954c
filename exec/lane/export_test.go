package lane

import "github.com/tributary-db/tributary/catalog"

// SetEngineVersion changes the version of state and gives the one before.
func SetEngineVersion(v uint32) uint32 {
	old := engineVersion
	engineVersion = v
	return old
}

// Moved is closed at the next move of a frontier or a status.
func (r *Runtime) Moved() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.moved
}

// Asked reports whether a checkpoint waits for a member.
func (r *Runtime) Asked(oid catalog.OID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.members[oid].asked
}

// Inject makes stages of members fail: stages are read, tick, publish, stage (of a sink), commit, capture. Call it before
// anything runs, or while nothing does.
func (r *Runtime) Inject(fail func(stage, relation string) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inject = fail
}

// FreeFlows counts the flows of point reads that wait for their next run.
func (r *Runtime) FreeFlows() int {
	r.free.mu.Lock()
	defer r.free.mu.Unlock()
	return r.free.mu.count
}
