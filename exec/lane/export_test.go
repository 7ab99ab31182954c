package lane

// SetEngineVersion changes the version of state and gives the one before.
func SetEngineVersion(v uint32) uint32 {
	old := engineVersion
	engineVersion = v
	return old
}
