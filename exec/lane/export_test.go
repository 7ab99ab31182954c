package lane

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
