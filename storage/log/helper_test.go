package log_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/meta/metatest"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/objstore/objstoretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// machine is a place where a log can be stopped, cut off from power and started again.
type machine struct {
	t       *testing.T
	meta    *metatest.Memory
	objects *objstoretest.Faulty
	limits  log.Limits
	wrap    func(meta.Store) meta.Store
	parts   func() []log.Part
	clock   clock.Clock // nil = the machine's
	change  func(*log.Config)
	seed    uint64
	db      *log.DB
}

func newMachine(t *testing.T, limits log.Limits) *machine {
	m := &machine{t: t, meta: metatest.OpenMemory(t), objects: objstoretest.NewFaulty(objstore.NewMem()), limits: limits}
	t.Cleanup(func() {
		if m.db != nil {
			_ = m.db.Close(ctx) // tests that care close it themselves
		}
	})
	return m
}

func (m *machine) start() *log.DB {
	m.t.Helper()
	db, err := m.tryStart()
	if err != nil {
		m.t.Fatal(err)
	}
	return db
}

func (m *machine) tryStart() (*log.DB, error) {
	m.seed++
	cfg := log.Config{Meta: m.meta, Objects: m.objects, Rand: logtest.Rand(m.seed), Limits: m.limits, Clock: m.clock}
	if m.wrap != nil {
		cfg.Meta = m.wrap(m.meta)
	}
	if m.parts != nil {
		cfg.Parts = m.parts()
	}
	if m.change != nil {
		m.change(&cfg)
	}
	db, err := log.Open(ctx, cfg)
	m.db = db
	return db, err
}

// restart closes in order and starts again.
func (m *machine) restart() *log.DB {
	m.t.Helper()
	if err := m.db.Close(ctx); err != nil {
		m.t.Fatal(err)
	}
	m.meta = m.meta.Reopen(m.t)
	return m.start()
}

// powerCut loses what was not synced and starts again. The old log is closed only after its
// store is gone.
func (m *machine) powerCut() *log.DB {
	m.t.Helper()
	old := m.db
	m.meta = m.meta.PowerCut(m.t)
	_ = old.Close(ctx) // its store is closed under it
	m.objects.Heal()
	return m.start()
}

func part(topic log.TopicID, index int32) log.Partition {
	return log.Partition{Topic: topic, Index: index}
}

// decode returns the values of record batches as "offset=value", checking every CRC.
func decode(t *testing.T, src []byte) (out []string) {
	t.Helper()
	var reader recordbatch.Reader
	defer reader.Release()
	for len(src) > 0 {
		_, raw, rest, err := recordbatch.Verify(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Reset(raw, 0); err != nil {
			t.Fatal(err)
		}
		for reader.Next() {
			out = append(out, fmt.Sprintf("%d=%s", reader.Record().Offset, reader.Record().Value))
		}
		if err := reader.Err(); err != nil {
			t.Fatal(err)
		}
		src = rest
	}
	return out
}

// fetchAll reads a partition from the start with small and large fetches.
func fetchAll(t *testing.T, db *log.DB, p log.Partition, maxBytes int) []string {
	t.Helper()
	return fetchFrom(t, db, p, 0, maxBytes)
}

func fetchFrom(t *testing.T, db *log.DB, p log.Partition, from int64, maxBytes int) (out []string) {
	t.Helper()
	var result log.FetchResult
	defer func() { result.Release() }()
	for offset := from; ; offset = from + int64(len(out)) {
		req := []log.PartitionRead{{Partition: p, Offset: offset, MaxBytes: maxBytes}}
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: maxBytes}, &result); err != nil {
			t.Fatal(err)
		}
		if err := result.Partitions[0].Err; err != nil {
			t.Fatalf("fetch from %d: %v", offset, err)
		}
		got := decode(t, result.Partitions[0].RecordBatches)
		// The first record batch may begin before the asked offset.
		for len(got) > 0 && !strings.HasPrefix(got[0], fmt.Sprint(offset, "=")) {
			got = got[1:]
		}
		if len(got) == 0 {
			if hw := result.Partitions[0].HighWatermark; hw != offset {
				t.Fatalf("nothing at offset %d, high watermark %d", offset, hw)
			}
			return out
		}
		out = append(out, got...)
	}
}

// change is one record as Changes showed it.
type change struct {
	at     log.CommitSeq
	millis int64
	p      log.Partition
	record string
}

func changes(t *testing.T, db *log.DB, from, to log.CommitSeq, budget int, topics ...log.TopicID) (out []change) {
	t.Helper()
	var f log.Filter
	for _, id := range topics {
		f.Topics = append(f.Topics, log.TopicFilter{Topic: id})
	}
	r, err := db.Changes(ctx, from, to, f)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // never fails
	var result log.ChangeResult
	for {
		more, err := r.Next(ctx, log.Budget{MaxBytes: budget}, &result)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range result.Runs {
			for _, rec := range decode(t, run.RecordBatch) {
				out = append(out, change{run.VisibleAt, run.CommitTime.UnixMilli(), run.Partition, rec})
			}
		}
		if !more {
			return out
		}
		if len(result.Runs) == 0 {
			t.Fatal("more, but nothing given")
		}
	}
}

func newest(t *testing.T, db *log.DB) log.CommitSeq {
	t.Helper()
	v, err := db.Newest(ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func batchOf(t *testing.T, values ...string) []byte { return logtest.RecordBatch(t, 1000, values...) }

func randomValue(rng *rand.Rand, size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = 'a' + byte(rng.IntN(26))
	}
	return string(b)
}
