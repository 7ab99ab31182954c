// Package ballast keeps a file whose only use is its size: when the disk is full it is removed, so
// that what is under way can end.
//
//	Open, Restore ─► file of so many bytes, if the disk then still has its reserve
//	Release       ─► gone, its room is anybody's
//
// Goroutines and locks: none of its own; a File is safe for concurrent use.
package ballast
