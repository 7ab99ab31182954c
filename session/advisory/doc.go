// Package advisory has advisory locks: locks on numbers that mean what the clients agree on (pg_advisory_lock and
// its kin). Migrations of ORMs and pools of connections use them.
//
//	Owner (a session) ── Lock(key, mode) ──► Locks: holders of each key, and the line of who waits
//	                                            │ granted in the order of the line
//	                     Unlock, EndTx, Close ──┘
//
// Vocabulary: a lock is exclusive or shared, and the session's (until it is unlocked as often as it was locked) or the
// transaction's (until that ends). A wait that would close a circle of advisory locks is refused (40P01); circles
// through the locks of rows are not seen, lock_timeout ends those.
//
// One mutex guards all; it is never held over a wait. No goroutines.
package advisory
