package segment

import (
	"bytes"
	"cmp"
)

// Run is what Build writes for one partition.
type Run struct {
	Topic     [16]byte
	Partition int32
	// FirstOffset of a placed run: the base offset of its first record batch. 0 if not placed.
	FirstOffset int64
	// RecordBatches are whole v2 record batches, back to back, in offset order; each part begins
	// and ends between record batches. Build keeps the slices and copies nothing. In a placed
	// run the base offsets in the bytes are final.
	RecordBatches [][]byte
	// Visible tells of the record batches of a placed run, in order, when each became visible;
	// the counts add up to the number of record batches. Empty if not placed.
	Visible []Visibility
	// Transactions are the Kafka transactions that ended, with all their records and their marker in
	// the run, in the order in which they ended. Placed only.
	Transactions []Transaction
}

// Visibility says that Count record batches in a row became visible in one commit. Of those of Kafka
// transactions it says when they were appended; when they became visible is in Transactions.
//
// why uint64 and not meta.CommitSeq: this package is a leaf; meta links a database.
type Visibility struct {
	Count        int
	VisibleAt    uint64 // CommitSeq
	CommitMillis int64  // commit time of VisibleAt, Unix ms
}

// Transaction is a Kafka transaction in one partition: of the record batches of offsets First to Last
// those with the transactional bit and the producer id are its records, the one at Last its marker.
type Transaction struct {
	ProducerID  int64
	First, Last int64
	// VisibleAt is the CommitSeq at which it was committed; 0 = it was aborted.
	VisibleAt    uint64
	CommitMillis int64 // commit time of its end, Unix ms
}

// Chunk is a piece of a run between two record batches, the unit of partial reads.
type Chunk struct {
	Offset       int64 // first offset in it, relative to the run's first offset
	Position     int64 // of its first byte, relative to the run's first byte
	Length       int64
	First        int // number of record batches of the run before it
	Count        int // record batches in it
	MaxTimestamp int64
	CRC          uint32 // CRC32C of its bytes
}

// RunInfo is a run's entry in the index: all that is known of it without its bytes.
type RunInfo struct {
	Topic       [16]byte
	Partition   int32
	FirstOffset int64 // 0 if not placed
	// OffsetSpan is the number of offsets from the first to the last, gaps included.
	OffsetSpan       int64
	RecordCount      int
	RecordBatchCount int
	Position         int64 // of its first byte in the object
	Length           int64
	CRC              uint32 // CRC32C of the whole run
	// MinTimestamp is the smallest base timestamp, MaxTimestamp the largest maximum, Unix ms;
	// -1 = none of the records has one.
	MinTimestamp, MaxTimestamp int64
	// MaxTimestampOffset is the base offset, relative to FirstOffset, of the first record batch
	// that has MaxTimestamp.
	MaxTimestampOffset int64
	Chunks             []Chunk
	Visible            []Visibility  // empty if not placed
	Transactions       []Transaction // absolute offsets
}

// NextOffset is the offset after the last, of a placed run.
func (r *RunInfo) NextOffset() int64 { return r.FirstOffset + r.OffsetSpan }

// ChunkOf finds the chunk that holds an offset relative to the run's first: the last one that
// begins at or before it. -1 if the run ends before it.
func (r *RunInfo) ChunkOf(relative int64) int {
	if relative < 0 || relative >= r.OffsetSpan {
		return -1
	}
	lo, hi := 0, len(r.Chunks)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; r.Chunks[mid].Offset <= relative {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// ChunkAtTime finds the first chunk with a record batch whose maximum timestamp is at or after
// ms (Unix); -1 if there is none.
func (r *RunInfo) ChunkAtTime(ms int64) int {
	if ms > r.MaxTimestamp {
		return -1
	}
	for i := range r.Chunks {
		if r.Chunks[i].MaxTimestamp >= ms {
			return i
		}
	}
	return -1
}

// VisibleOf returns the Visibility of one record batch by its place in the run (0-based). The zero value if
// the run is not placed.
func (r *RunInfo) VisibleOf(index int) Visibility {
	for _, v := range r.Visible {
		if index < v.Count {
			return Visibility{Count: 1, VisibleAt: v.VisibleAt, CommitMillis: v.CommitMillis}
		}
		index -= v.Count
	}
	return Visibility{}
}

// compareRuns orders runs by topic id, then partition.
func compareRuns(topicA [16]byte, partitionA int32, topicB [16]byte, partitionB int32) int {
	return cmp.Or(bytes.Compare(topicA[:], topicB[:]), cmp.Compare(partitionA, partitionB))
}
