// Package log is the commit log: entries in, one ordered sequence of commits out, and reads of
// what they made visible.
//
//	Append ─► queue: open flush group ─► seal ─┬─ inline (small) ──────────────┐
//	          (order of entries)               └─ upload ─► mixed segments ────┤
//	                                                                           ▼
//	   meta.AppendLog ◄─ decide: entries one by one on an overlay of the fold ─ committer
//	        │ durable
//	        ▼
//	   publish: fold, tail cache ─► high watermarks ─► queues of followers ─► sequence ─► acks
//	                │                                       └─► Follower.Apply, each at its own pace
//	                ├─► Fetch, Changes, OffsetForTime: memory (inline, tail) or ranges of objects,
//	                │   those that lie side by side in one read (gather), the next in advance (readahead,
//	                │   changeahead), kept in memory and on disk (readcache, package rangecache)
//	                └─► upkeep: roll inline groups into placed segments, snapshot, trim the log,
//	                            retention (log starts), prune the index, delete garbage
//
// # Vocabulary
//
// An *entry* is what succeeds or fails alone; a *flush group* is entries that seal together, a
// *commit* is groups made durable at once by one *commit record* (docs/formats/commit-record.md).
// The *fold* is the state that applying the records in order gives; *overlay* is the fold plus
// what the commit being decided will change. A *run* is record batches of one partition, back to
// back; a *block* is the object or the inline change they lie in. A *placed* segment knows its
// offsets and when each record batch became visible; a *mixed* one does not, the fold does.
//
// # Transactions
//
//	transactional append ─► runs, as any; open: where the transaction begins in the partition
//	end-transaction      ─► a marker in each partition (one block for all), ended: a span
//	roll                 ─► spans that lie in the segment go into its index
//
// Fetch shows all of it to read_uncommitted; to read_committed what lies below the last stable offset, and
// the aborted spans. Changes reads plain records and, beside them, committed spans (latewalk.go). See
// docs/decisions/0021-transactions-end-in-one-commit.md.
//
// # Stages
//
// What is larger than an entry should be is written before it, in pieces (Stage), as mixed segments that
// nothing names; the entry's commit names them all. Such an entry is a flush group of its own. See
// docs/decisions/0024-written-ahead-of-the-commit.md.
//
// # Levels
//
// An object that is written with its commit, or rolled, is of level 0. Level puts the oldest ones
// together: runs of a partition that follow each other become one, in a segment of the next level
// that holds partitions of one retention class, below the last stable offset. Its commit is decided
// on the index as it is then: what was truncated, dropped or swapped meanwhile is left out.
//
// # Log compaction
//
// Clean rewrites runs of topics with cleanup.policy compact without the records that later ones of their
// key stand for (clean.go). Runs then have gaps in them and between them; who reads at an older version reads the
// runs of that version until nobody does (clean_swap.go). See
// docs/decisions/0027-compaction-by-key.md.
//
// # How records go
//
//	truncate change ─► log start moves: Fetch, ListOffsets, who begins to read
//	prune           ─► runs before it leave the index, once no version below the change is read
//	                   and no relation needs them (Needs)
//	collect         ─► objects that no run lies in any more, once no open reader may read them and a
//	                   snapshot without them is durable
//
// # Goroutines and locks
//
// The committer is the only goroutine that changes the fold, or who has its place for one commit: Commit, of who
// waits for the outcome anyway, makes it in the calling goroutine when nobody else does (queue.lend), and applies it
// there to the followers that have notes of it. One more does upkeep, one puts objects together (levels) and compacts by key, one the
// flush timer (only with a flush interval), one per upload under way, up to two that read ahead. Close stops and awaits all.
//
//   - DB.mu guards the fold, the tail cache and the waiters. No I/O and no channel send under it.
//   - queue.mu guards the open and the sealed groups. DB.mu is never taken under it.
//   - Stage.mu guards what a Stage has; it is taken under queue.mu, and nothing under it.
//   - readCache.mu guards what was read from objects; loading happens outside it.
//   - readAhead.mu guards who reads old records in order; nothing is taken under it.
//
// Other followers (tables, the catalog's) are applied in goroutines that begin with a delivery and end
// when nothing is left to deliver; following.mu nests in DB.mu. A follower that nothing touches
// has no goroutine and costs a commit nothing. The committer runs no foreign code but Part.Check,
// without locks; Part.Apply, Save and
// Load run under DB.mu.
//
// # Formats
//
// docs/formats/commit-record.md, docs/formats/fold-snapshot.md; objects are segments (package
// segment) called log/<2 hex>/<writer>-<fence>-<seal>-<random>.strm, rolled ones
// seg/default/<2 hex>/….
//
// # How to debug
//
// `tributary debug log` is DumpLog: every commit record with its changes. Stats has the gauges.
//
// # Non-obvious
//
//   - Nothing is applied or shown before AppendLog has returned: what a power cut removes was
//     never seen.
//   - The live fold and the restored one run the same code on the same bytes: the committer
//     decodes the record it has just encoded.
//   - An unknown outcome of a commit is resolved under the store's commit lock: either the
//     record is among those this fold missed, or it never happened and is decided anew.
//   - Bytes of refused entries may lie in an object; they are just not indexed. The offsets that
//     the object's own index counts then run ahead of the fold's (runPayload.Relative).
//   - Inline bytes exist only in commit records until a swap: the log is never trimmed above the
//     oldest of them, and a start reads them back from there.
//   - prune is not in the log: two folds of one commit may hold different runs before the log
//     start, and answer the same. A swap of what was pruned meanwhile brings it back.
//   - Offsets are not dense: where log compaction left nothing a reader goes on at the next record batch, and
//     the last record batch that a pass has seen stays, empty if need be, so that a reader comes to the end.
//   - The base timestamp of a record batch with a delete horizon is that horizon.
//   - A Fetch of partitions that lie in objects gives less than it is asked for: all of them move on together, so
//     that an object is read once and not once for each. See docs/decisions/0034-old-records-are-read-together.md.
//   - What the disk cache has was verified when it came from the object store, and is verified again.
//   - A reader of changes goes on over the runs it began with, whatever leaves the index.
//   - Times in records are Unix milliseconds, so that a commit time is the same before and after
//     a roll.
package log
