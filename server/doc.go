// Package server is the composition root: it opens everything in order, connects it, serves,
// and closes it again.
//
//	config ─► data directory lock ─► find, judge: no byte changes ─► metadata, claim ─► catalog + log ─► tables
//	                                                                               │
//	      pgwire, kafka, HTTP listeners ◄── session.Database ◄── exec/lane ◄───────┘
//
// Start returns once the server answers; Stop drains the faces first, then stops dataflows,
// then the log, so that nothing acknowledged is cut off. An error of Start is one line for the
// operator, and everything opened so far is closed. A start that would serve less than there was,
// or from a store that another server has, is refused with the command that goes on
// (docs/formats/start.md). When Lost is closed, another server has taken the store over.
package server
