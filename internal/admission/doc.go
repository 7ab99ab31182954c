// Package admission gives out room for what clients send, and places for their connections, so
// that no one client takes all.
//
//	frame ─► its first Free bytes lie in the connection's own buffer, charged to nobody
//	            │ they have come
//	            ▼
//	     Budget.Acquire(peer, whole size) ── no room ──► waits, in order of arrival
//	            │ has room                               small frames │ large frames
//	            ▼
//	     the rest is read, at Pace or the connection ends ─► answered ─► release
//
// Announcing a frame costs nothing: room is taken when its first bytes have come, the whole of
// it at once, so whoever holds room waits for no more of it. A peer (an address, or who logged
// in) holds at most a quarter of the room with large frames and another quarter with small
// ones; a quarter is kept free for small frames. One frame larger than its share goes through
// alone.
//
// Slots are the places for connections themselves: when they run out, a connection that never
// asked for anything loses its place to a newcomer, then the one that has rested longest.
//
// Goroutines and locks: no goroutines; Budget.mu and Slots.mu are leaves and nothing blocks
// under them.
//
// It must not import anything of this module.
package admission
