// Package fetchsession keeps what consumers fetch between one Fetch and the next (KIP-227), so that a request names
// only what changed in it and an answer only the partitions that have something to tell.
//
//	full Fetch (epoch 0) ──► answer ──► Begin ─► Session: partitions, what was told of each
//	                                                │
//	incremental Fetch (id, epoch n) ─► Take ◄───────┘─► Turn: all partitions to read
//	                                                          │ records, ends
//	                     answer: only what is new ◄── Answer ◄┘
//
// Words. An *ask* is what a client wants of one partition. A *turn* is one incremental request: it takes the epoch
// that the client named, and the next request must name the one after it. A *peer* is the address of a client.
//
// Rules, which are Kafka's: a session is found by its id from any connection; a wrong epoch is
// INVALID_FETCH_SESSION_EPOCH and an id that is not there FETCH_SESSION_ID_NOT_FOUND, upon which clients begin again
// with a full Fetch. Epoch 0 and -1 close the session that they name; -1 opens no other. One whose last partition is
// forgotten is gone. When the places are taken, a newcomer gets that of one not used for MinAge, else of the smallest
// that has lived so long and has fewer partitions than the newcomer, else none, which is no error: clients go on with
// full Fetches.
//
// What is not Kafka's: sessions hold bytes of a limit together, and one session at most a quarter of it; a peer that
// holds more than twice what the newcomer's would hold then gives up the one it has used least recently, so that
// nobody keeps the places from others; a session is found only by the user who began it. There are no followers, who
// go before consumers in Kafka.
//
// Goroutines and locks: none of its own. Cache.mu guards places and bytes, Session.mu the partitions of one; neither
// is held while the other is taken. Sessions are in memory alone: after a restart clients begin again.
package fetchsession
