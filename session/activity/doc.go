// Package activity is who is connected and what each of them does.
//
//	Session ── Open ──► Entry ── Run, Rest, Wait, Close ──┐
//	                                                     ▼
//	pg_stat_activity ◄── Registry.All          Registry ── Find ──► Entry.Cancel, Entry.Terminate
//	                                                                    │ pg_cancel_backend, pg_terminate_backend
//	                                                                    ▼
//	                                                          what the face gave (face.Startup)
//
// An Entry is written by its session and read by others, under its own lock, which is held for
// assignments only: a statement pays for two of them. Registry.mu is taken at a session's start and end, and by
// who asks; the lock of an Entry may be taken under it, never the other way round.
//
// How many entries there are is bounded by max_connections and by the faces without connections.
package activity
