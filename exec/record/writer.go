package record

import (
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// Batches collects records by partition into record batches. Not safe for concurrent use.
type Batches struct {
	topic      log.TopicID
	partitions []partition
	maxBytes   int
	sticky     int32 // where records without key go, until their record batch is full
	bytes      int   // sealed
	open       int   // in open record batches, not compressed
}

type partition struct {
	open *recordbatch.Builder
	done []byte
}

// NewBatches makes a collector for a topic; maxBytes bounds one record batch.
func NewBatches(topic log.TopicID, partitions int32, maxBytes int) *Batches {
	return &Batches{topic: topic, partitions: make([]partition, max(partitions, 1)), maxBytes: maxBytes}
}

// Add appends one record; nil key and nil value are Kafka's null. The bytes are copied.
// timestamp is Unix milliseconds.
func (b *Batches) Add(key, value []byte, timestamp int64) error {
	return b.AddHeaders(key, value, nil, timestamp)
}

// AddHeaders is Add of a record with headers.
func (b *Batches) AddHeaders(key, value []byte, headers []recordbatch.RecordHeader, timestamp int64) error {
	at := b.sticky
	if key != nil {
		at = PartitionOf(key, int32(len(b.partitions)))
	}
	return b.add(at, key == nil, key, value, headers, timestamp)
}

// AddTo is Add to a partition of the caller's choice.
func (b *Batches) AddTo(partition int32, key, value []byte, timestamp int64) error {
	return b.add(partition, false, key, value, nil, timestamp)
}

// add appends to partition at; sticky records go on to the next one when its record batch is full.
func (b *Batches) add(at int32, sticky bool, key, value []byte, headers []recordbatch.RecordHeader, timestamp int64) error {
	p := &b.partitions[at]
	if p.open == nil {
		p.open = recordbatch.NewBuilder(b.maxBytes)
	} else {
		b.open -= p.open.Size()
	}
	defer func() { b.open += p.open.Size() }()
	err := p.open.Add(key, value, headers, timestamp)
	if err != nil && p.open.Count() > 0 {
		b.seal(p)
		if sticky {
			b.sticky = (b.sticky + 1) % int32(len(b.partitions))
			p = &b.partitions[b.sticky]
			if p.open != nil {
				b.open -= p.open.Size()
				b.seal(p)
			}
		}
		p.open = recordbatch.NewBuilder(b.maxBytes)
		err = p.open.Add(key, value, headers, timestamp)
	}
	return err
}

func (b *Batches) seal(p *partition) {
	before := len(p.done)
	p.done = p.open.AppendTo(p.done)
	b.bytes += len(p.done) - before
	p.open = nil
}

// Appends seals everything and gives it, partitions in order; the collector is empty then.
func (b *Batches) Appends() []log.Append {
	var out []log.Append
	for i := range b.partitions {
		p := &b.partitions[i]
		if p.open != nil && p.open.Count() > 0 {
			b.seal(p)
		}
		if len(p.done) > 0 {
			out = append(out, log.Append{
				Partition:     log.Partition{Topic: b.topic, Index: int32(i)},
				RecordBatches: p.done,
			})
		}
		p.open, p.done = nil, nil
	}
	b.bytes, b.open = 0, 0
	return out
}

// Size is the bytes of what was added: compressed where record batches are full.
func (b *Batches) Size() int { return b.bytes + b.open }
