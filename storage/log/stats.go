package log

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/latency"
)

// counters are what Stats reads.
type counters struct {
	latency                           latency.Histogram
	commits, groups, unknownOutcomes  atomic.Int64
	bytesIn, bytesOut, recordBytes    atomic.Int64
	inlineBytes, inlineGroups         atomic.Int64
	producers, producersEvicted       atomic.Int64
	txnIDs, openTxns, txnTimeouts     atomic.Int64
	tailBytes                         atomic.Int64
	uploads, uploadBytes, uploadsLost atomic.Int64
	uploadAttempts, hedges            atomic.Int64
	refusedFull                       atomic.Int64
	stagedBytes                       atomic.Int64
	stagedCommits, stagedDrops        atomic.Int64
	rolls, rolledBytes                atomic.Int64
	levels, levelBytes                atomic.Int64
	cleans, cleanBytes                atomic.Int64
	cleanedRecords, cleanedBytes      atomic.Int64
	snapshots, snapshotBytes          atomic.Int64
	snapshotSeq                       atomic.Uint64
	sinceSnapshot, bytesSinceSnapshot atomic.Int64
	rangeReads, rangeBytes            atomic.Int64
	aheadReads                        atomic.Int64
	notesDropped                      atomic.Int64
	truncations, deletedObjects       atomic.Int64
}

// Stats of a DB, for metrics. Counters since Open unless a gauge.
type Stats struct {
	Commits, Groups, UnknownOutcomes int64
	BytesIn, BytesOut                int64 // record batches appended, and given to readers
	RecordBytes                      int64 // commit records, inline bytes included
	Uploads, UploadBytes             int64
	UploadsFailed                    int64
	RefusedFull                      int64 // entries refused because of DiskReserve
	UploadAttempts                   int64 // requests to write an object
	StagedBytes                      int64 // gauge: written ahead of their entries, not yet committed
	StagedCommits, StagedDrops       int64 // stages that were committed, and given up
	UploadHedges                     int64 // of them, those made because one took too long
	Rolls, RolledBytes               int64
	Levels, LevelBytes               int64 // compactions of objects into larger ones, and their size
	Cleans, CleanBytes               int64 // swaps of log compaction by key, and the size of their objects
	CleanedRecords, CleanedBytes     int64 // that it removed
	Snapshots                        int64
	RangeReads, RangeBytes           int64 // from objects
	AheadReads                       int64 // times that it was read on for a reader of old records
	NotesDropped                     int64 // deliveries that followers read back from the log: they were behind

	Truncations    int64 // log starts moved by retention
	DeletedObjects int64

	AdmissionWaits   int64 // requests that had to wait for room
	ProducersEvicted int64 // forgotten before they expired

	TransactionalIDs     int64 // gauge: remembered
	OpenTransactions     int64 // gauge
	TimedOutTransactions int64 // aborted because they were open for too long

	Producers     int64 // gauge: idempotent producers remembered, counted by partition
	InFlightBytes int64 // gauge: given out by Admit
	InlineBytes   int64 // gauge: not yet in a segment
	InlineGroups  int64 // gauge
	Runs          int64 // gauge: entries of the index
	TailBytes     int64 // gauge
	ReadCache     int64 // gauge
	SnapshotBytes int64 // gauge: size of the newest
	SnapshotSeq   CommitSeq
	Newest        CommitSeq
	Poisoned      bool
	Full          bool // records were refused last because of DiskReserve
}

// CommitLatency is the time that commits take from the decision on to being durable.
func (db *DB) CommitLatency() latency.Snapshot { return db.stats.latency.Snapshot() }

// Stats may be called at any time.
func (db *DB) Stats() Stats {
	c, room := &db.stats, db.admission.Stats()
	runs := db.countRuns()
	return Stats{
		Commits: c.commits.Load(), Groups: c.groups.Load(), UnknownOutcomes: c.unknownOutcomes.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), RecordBytes: c.recordBytes.Load(),
		Uploads: c.uploads.Load(), UploadBytes: c.uploadBytes.Load(), UploadsFailed: c.uploadsLost.Load(),
		RefusedFull: c.refusedFull.Load(), Full: db.room.isFull(),
		StagedBytes: c.stagedBytes.Load(), StagedCommits: c.stagedCommits.Load(), StagedDrops: c.stagedDrops.Load(),
		UploadAttempts: c.uploadAttempts.Load(), UploadHedges: c.hedges.Load(),
		Rolls: c.rolls.Load(), RolledBytes: c.rolledBytes.Load(), Levels: c.levels.Load(), LevelBytes: c.levelBytes.Load(), Snapshots: c.snapshots.Load(),
		Cleans: c.cleans.Load(), CleanBytes: c.cleanBytes.Load(), CleanedRecords: c.cleanedRecords.Load(), CleanedBytes: c.cleanedBytes.Load(),
		RangeReads: c.rangeReads.Load(), RangeBytes: c.rangeBytes.Load(), AheadReads: c.aheadReads.Load(), NotesDropped: c.notesDropped.Load(),
		Truncations: c.truncations.Load(), DeletedObjects: c.deletedObjects.Load(),
		InFlightBytes: room.Used, AdmissionWaits: room.Waited, InlineBytes: c.inlineBytes.Load(),
		InlineGroups: c.inlineGroups.Load(), Runs: runs, TailBytes: c.tailBytes.Load(),
		TransactionalIDs: c.txnIDs.Load(), OpenTransactions: c.openTxns.Load(), TimedOutTransactions: c.txnTimeouts.Load(),
		Producers: c.producers.Load(), ProducersEvicted: c.producersEvicted.Load(),
		ReadCache: db.reads.size(), SnapshotBytes: c.snapshotBytes.Load(),
		SnapshotSeq: CommitSeq(c.snapshotSeq.Load()), Newest: CommitSeq(db.published.Load()),
		Poisoned: db.queue.failure() != nil,
	}
}

func (db *DB) countRuns() (n int64) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	for _, t := range db.mu.fold.topics {
		for _, p := range t.partitions {
			n += int64(len(p.runs))
		}
	}
	return n
}
