// Package objstore keeps immutable objects by key: in a directory, in S3, in memory.
//
//	Open(url) ─► file://dir │ s3://bucket/prefix?… │ mem://
//	              └── wrapped as needed: WithPrefix · Guarded (look first) · Patient (reads again, and beside what is slow) · Counting (requests, bytes); objstoretest.Faulty in tests
//	PutCluster ─► cluster.json, written once with IfAbsent: whose store this is
//	Take ─► Claim on writer.json, replaced at start and stop: who writes to it; Look finds out who else does
//
// Vocabulary: an object is written whole and never changed; only small manifests are replaced,
// by condition on their ETag. An ambiguous outcome is one where the call may have taken effect.
//
// Goroutines and locks: no goroutines of its own but for reads of a Patient store, which end with the call. Dir holds an exclusive flock on "+lock" while
// it is open, and a mutex around replacements; everything else is a short mutex. All stores are safe for concurrent use.
//
// Formats: cluster.json and writer.json are one JSON object each (docs/formats/start.md). In a directory an object of key a/b is
// the file a/b; what begins with "+" is the store's own, since no key has a "+".
//
// Non-obvious:
//   - A key cannot be the folder of another key ("a" and "a/b"): a directory refuses it, so
//     nobody may rely on S3 allowing it.
//   - Writes are never retried when the first try may have happened: an If-None-Match that meets
//     its own earlier success would look like somebody else's. They end as ErrUnknown.
//   - After a failed fsync a directory takes no more writes: what the kernel dropped cannot be
//     known, and a second fsync would claim success.
//   - The ETag of a file is its modification time, inode and size; a replacement always has a
//     later time than what it replaces, whatever the clock says.
//   - The range of an empty object is ErrRange, whatever the offset.
package objstore
