// Package job names goroutines by what they do, for profiles.
//
//	a component's goroutine ─► Label("merge") ─► /debug/pprof/goroutine?debug=1, CPU profiles: job=merge
//
// Vocabulary: a job is what a goroutine lives for: one connection, one source, the commits. What
// it starts has its labels too, so only those that components begin with are named.
//
// How to debug: `go tool pprof -tagfocus job=commit`, `-tags` for all of them; in a dump of
// goroutines each group of them shows its labels.
//
// No state, no goroutines. It imports nothing of this module.
package job
