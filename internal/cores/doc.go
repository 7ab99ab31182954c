// Package cores is how many processors the server has, and how work that computes leaves room for work that waits.
//
//	2 processors, 2 ticks under way        Go's scheduler with 2 places       with 2 + 1
//	───────────────────────────────        ────────────────────────────       ──────────
//	a request comes in, a sync returns     waits until a tick is stopped,     has a place at once, and the operating
//	                                       up to 10 ms at each hop            system lets it go first
//
// A goroutine that computes is stopped by Go after 10 ms, and while every place (a P, of GOMAXPROCS) computes nobody
// even looks at the network for so long. A commit is several hops from the client's socket to its answer. With a
// place to spare the threads of what waits are the operating system's to schedule, which prefers those that have
// slept. One is enough, since what waits is done in no time; each further one makes Go wake more threads for the
// same work, which short statements pay for.
//
// Vocabulary: a core is a processor that the process may use at its start; a place is one of Go's.
//
// How to measure: `make bench-steady` and `go run ./bench -only select`, with and without GOMAXPROCS = the cores.
//
// State: the count of cores, taken when the program starts. No goroutines.
package cores
