package kafka

import (
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/latency"
)

// maxKey bounds the per-key counters; higher keys are counted under 0's neighbour Unknown.
const maxKey = 128

// Metrics are counters since start. All are safe to read at any time.
type Metrics struct {
	Requests [maxKey]atomic.Int64 // by API key
	Failed   [maxKey]atomic.Int64 // requests of a key that closed the connection

	// Time from the end of a request's reading to its answer, by API key; a Fetch's long poll and
	// a Produce's wait for its acks included.
	Latency [maxKey]latency.Histogram

	BytesIn, BytesOut        atomic.Int64
	RecordBatches, Records   atomic.Int64 // produced and acknowledged
	ProduceErrors            atomic.Int64 // partitions of Produce requests answered with an error
	ConnectionsOpen          atomic.Int64
	OffsetsExpired           atomic.Int64
	ConnectionsTotal         atomic.Int64
	Malformed, Unsupported   atomic.Int64 // frames that closed a connection
	TooSlow                  atomic.Int64 // connections closed because they held room and sent too little
	Panics                   atomic.Int64
	SessionsExpired          atomic.Int64    // connections closed because their client did not authenticate again
	DecodedBytes             atomic.Int64    // held from the budget now
	Throttled                [2]atomic.Int64 // requests of clients over their quota, by quota.Direction
	FetchesShrunk            atomic.Int64    // answered with little because of MaxFetchHeld
	LongPollsWaiting         atomic.Int64
	TopicsCreatedByMetadata  atomic.Int64
	CreationsThrottled       atomic.Int64 // topics not created because of TopicCreationRate
	DuplicateRecordBatchesIn atomic.Int64
}

func (m *Metrics) request(key int16) {
	if key >= 0 && key < maxKey {
		m.Requests[key].Add(1)
	}
}

func (m *Metrics) failed(key int16) {
	if key >= 0 && key < maxKey {
		m.Failed[key].Add(1)
	}
}
