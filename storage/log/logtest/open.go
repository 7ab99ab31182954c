// Package logtest opens a commit log in memory for tests, and makes record batches.
//
//	Open(t) ─► log.DB over a Pebble store and an object store in memory, closed at the test's end
package logtest

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
)

// Option changes the Config that Open uses.
type Option func(*log.Config)

// WithParts registers parts of the fold (the catalog).
func WithParts(parts ...log.Part) Option { return func(c *log.Config) { c.Parts = parts } }

// WithLimits replaces the limits.
func WithLimits(l log.Limits) Option { return func(c *log.Config) { c.Limits = l } }

// Open opens an empty log, all in memory. It is closed at the end of the test.
func Open(t testing.TB, opts ...Option) *log.DB {
	t.Helper()
	cfg := log.Config{
		Objects: objstore.NewMem(), Meta: metatest.OpenMemory(t), Rand: Rand(1),
	}
	for _, o := range opts {
		o(&cfg)
	}
	db, err := log.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Rand is a deterministic source of bytes.
func Rand(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	return rand.NewChaCha8(key)
}

// CreateTopic creates a topic and returns its id.
func CreateTopic(t testing.TB, db log.Log, name string, partitions int32) log.TopicID {
	t.Helper()
	var id log.TopicID
	copy(id[:], "topic:"+name)
	Append(t, db, &log.Entry{Changes: []log.Change{
		log.CreateTopicChange(log.Topic{ID: id, Name: name, Partitions: partitions}),
	}})
	return id
}

// Append appends an entry and waits for it.
func Append(t testing.TB, db log.Log, e *log.Entry) log.Appended {
	t.Helper()
	p := db.Append(e)
	<-p.Done()
	result, err := p.Result()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// RecordBatch encodes values as one record batch; timestamps are from, from+1, …
func RecordBatch(t testing.TB, from int64, values ...string) []byte {
	t.Helper()
	b := recordbatch.NewBuilder(64 << 20)
	for i, v := range values {
		if err := b.Add(nil, []byte(v), nil, from+int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	return b.AppendTo(nil)
}

// Values appends one record batch of values to a partition.
func Values(t testing.TB, db log.Log, p log.Partition, values ...string) log.Appended {
	t.Helper()
	return Append(t, db, &log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: RecordBatch(t, 1000, values...)}}})
}

// SetProducer makes a record batch an idempotent producer's; sequence is its first record's.
func SetProducer(raw []byte, producer int64, epoch int16, sequence int32) {
	binary.BigEndian.PutUint64(raw[43:], uint64(producer))
	binary.BigEndian.PutUint16(raw[51:], uint16(epoch))
	binary.BigEndian.PutUint32(raw[53:], uint32(sequence))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
}

// SetTransactional makes a record batch one of its producer's transaction.
func SetTransactional(raw []byte, producer int64, epoch int16, sequence int32) {
	raw[22] |= byte(recordbatch.AttrTransactional)
	SetProducer(raw, producer, epoch, sequence)
}
