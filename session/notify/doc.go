// Package notify carries NOTIFY to those who LISTEN.
//
//	session: NOTIFY ──► its transaction ── COMMIT: Turn, Send ──► Queue ── wake ──► Listener ── Take ──► session ──► client
//
// The queue has what some listener has not taken yet, in the order of commits: who has something to send holds the
// turn from before its commit until it is in the queue. A listener has its own place in the queue; what all have passed
// goes. A listener in a transaction takes nothing, and a client that does not read keeps its session from taking: so
// the queue is bounded, and past that a COMMIT that notifies is refused (54000), before it commits anything.
//
// Queue.mu is held for memory alone; wake is called outside it. The turn is waited for with a context, behind every other lock of a
// transaction.
package notify
