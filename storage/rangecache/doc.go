// Package rangecache keeps on the local disk what was read from objects of a remote store, so that it is not
// asked for again, also after a restart.
//
//	Put ─► queue (bounded; what has no room is not kept) ─► Run ─► newest pack, appended to
//	Get ─► index in memory ─► one read of a pack ─► checksum ─► bytes, or nil
//	Open, Run ─► packs that are there ─► headers of their entries ─► index
//
// Vocabulary: an entry is a range of an object: its key, position and bytes. A pack is a file of
// entries; the oldest goes as a whole when there is no room. What is read from one of the oldest packs is written
// again, so that what is in use stays.
//
// Goroutines and locks: Run is the only writer and the only goroutine; Cache.mu guards index and packs, no I/O is
// done under it but closing and removing a pack. Get and Put may be called at any time by anybody, also before
// and after Run: they keep nothing then, or find nothing.
//
// Formats: docs/formats/range-cache.md. Nothing in it is ever the only copy: what is damaged, torn or of another
// version is not there.
//
// How to debug: tributary_disk_cache_* on /metrics. The directory may be removed while the server
// is down.
//
// Non-obvious:
//   - Nothing is synced: after a power cut checksums tell what is left.
//   - Files are private, as those of the data directory are: records are in them.
//   - Objects never change and no two have one name, so that an entry is never stale.
package rangecache
