// Package backup copies a database to another object store, one point after the other, and back.
//
//	running server ─► Hold (nothing is deleted) ─► Image of the metadata ─► list of all objects ─┐
//	stopped one    ─► its directory ───────────────────────────────────────────────────────────┤
//	                                                                                           ▼
//	            objects/<key>: copies of what is not there yet, points/<name>.base: the metadata, points/<name>.json: the point
//
//	Points ─► one of them ─► ReadMeta, Fetch ─► a new directory and a new object store
//
// # Vocabulary
//
// A *point* is one consistent state: metadata, and all objects that there were when it was taken. Each object is copied
// once, however many points have it.
//
// # Goroutines and locks
//
// Up to four copies at once, which end with the call. copier.mu guards the progress.
//
// # Formats
//
// docs/formats/backup.md.
//
// # Non-obvious
//
//   - What is listed after the metadata was taken, and while nothing is deleted, has every object that the metadata names; what
//     it has more is under way, or garbage.
//   - Bytes of objects are copied as they are. Their own checksums are checked by who reads them; the point has one of each, so that what is
//     brought back is what was there.
package backup
