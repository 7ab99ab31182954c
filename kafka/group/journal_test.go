package group

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/meta"
)

// TestJournalPartition: as Kafka's own brokers place these names.
func TestJournalPartition(t *testing.T) {
	for name, hash := range map[string]int32{"": 0, "a": 97, "group": 98629247, "polygenelubricants": 0, "grüße": 98768023} {
		if got := JournalPartition(name); got != hash%JournalPartitions {
			t.Errorf("%q: %d, want %d", name, got, hash%JournalPartitions)
		}
	}
}

type journalKeyOf struct {
	group string
	tp    TopicPartition
}

// journalReader follows the journal, and keeps the newest of each key.
type journalReader struct {
	t    *testing.T
	seed uint64
	next [JournalPartitions]int64
	seen map[journalKeyOf]int64
}

// read up to limit records of each partition, or all with limit 0.
func (r *journalReader) read(m *Machine, limit int) {
	r.t.Helper()
	for part := range int32(JournalPartitions) {
		for more := true; more && r.next[part] < m.JournalEnd(part); more = limit == 0 {
			records, next, err := m.Journal(part, r.next[part], max(limit, 3))
			if err != nil {
				r.t.Fatal(err)
			}
			for _, d := range records {
				if d.Number < r.next[part] || JournalPartition(d.GroupID) != part {
					r.t.Fatalf("seed %d: %+v in partition %d from %d on", r.seed, d, part, r.next[part])
				}
				r.next[part] = d.Number + 1
				key := journalKeyOf{d.GroupID, d.Partition}
				switch {
				case d.OfGroup && d.Group != nil:
					r.seen[key] = int64(d.Group.Generation)
				case d.Offset != nil:
					r.seen[key] = d.Offset.Offset
				default:
					delete(r.seen, key)
				}
			}
			if next < r.next[part] {
				r.t.Fatalf("seed %d: partition %d goes on at %d after %d", r.seed, part, next, r.next[part])
			}
			r.next[part] = next
		}
	}
}

// rowsTold are what the stored rows say.
func (b *bench) rowsTold() map[journalKeyOf]int64 {
	told := map[journalKeyOf]int64{}
	for key, value := range b.rows {
		if _, ok := cutPrefix(key, offsetPrefix); ok {
			id, tp, err := parseOffsetKey([]byte(key))
			o, wrong := decodeOffset(value)
			if err != nil || wrong != nil {
				b.t.Fatal(err, wrong)
			}
			told[journalKeyOf{id, tp}] = o.Offset
		}
		if id, ok := cutPrefix(key, groupPrefix); ok {
			g := b.m.blank(id)
			if err := decodeGroup(value, g); err != nil {
				b.t.Fatal(err)
			}
			if g.generation > 0 {
				told[journalKeyOf{id, noPartition}] = int64(g.generation)
			}
		}
	}
	return told
}

// TestJournal: who follows the journal, stopping anywhere, knows what is stored, whatever groups commit, delete and fail to
// store, and whenever the server is killed; who reads it from the beginning too.
func TestJournal(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 99))
		b := newBench(t, testLimits())
		reader := &journalReader{t: t, seed: seed, seen: map[journalKeyOf]int64{}}
		names := []string{"g", "h", "part-g"}
		tp := func() TopicPartition { return TopicPartition{Topic: log.TopicID{1}, Index: r.Int32N(3)} }
		for offset := range int64(300) {
			name := names[r.IntN(len(names))]
			b.fail, b.auto = nil, r.IntN(3) > 0
			if r.IntN(8) == 0 {
				b.fail = meta.ErrUnknown
			}
			switch r.IntN(10) {
			case 0, 1, 2, 3:
				b.m.Commit(b.now, CommitRequest{GroupID: name, Generation: -1, Offsets: map[TopicPartition]Offset{
					tp(): {Offset: offset}, tp(): {Offset: offset}}}, func(error) {})
			case 4, 5: // its rows are written before it comes
				offsets := []log.GroupOffset{{Partition: log.Partition{Topic: log.TopicID{1}, Index: r.Int32N(3)}, Offset: offset}}
				b.fail = nil
				b.settle() // else nobody knows which row was written last
				for _, w := range OffsetRows(name, offsets, b.now.UnixMilli()) {
					b.rows[string(w.Key)] = w.Value
				}
				b.m.Committed(name, offsets, b.now.UnixMilli())
			case 6:
				b.m.DeleteOffsets(name, []TopicPartition{tp()}, func(error) {})
			case 7:
				b.m.Delete(name, func(error) {})
			case 8:
				if g := b.m.groups[name]; g != nil && g.generation == 0 && g.state == stateEmpty {
					g.protocolType = "consumer"
					g.becomeEmpty()
				}
			case 9:
				if r.IntN(6) == 0 {
					reader.read(b.m, 0) // deletions are not told after a restart
					b = b.restart()
					b.after()
				}
			}
			b.after()
			b.now = b.now.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
			if r.IntN(2) == 0 {
				reader.read(b.m, 1+r.IntN(3))
			}
		}
		b.fail = nil
		b.settle()
		reader.read(b.m, 0)
		b = b.restart() // what failed to be stored is forgotten
		b.settle()
		told := b.rowsTold()
		reader.read(b.m, 0)
		if !maps.Equal(reader.seen, told) {
			t.Fatalf("seed %d: the reader knows %v, stored is %v", seed, reader.seen, told)
		}
		anew := &journalReader{t: t, seed: seed, seen: map[journalKeyOf]int64{}}
		if anew.read(b.m, 0); !maps.Equal(anew.seen, told) {
			t.Fatalf("seed %d: a new reader knows %v, stored is %v", seed, anew.seen, told)
		}
	}
}

// TestJournalIsBounded: a hundred thousand commits of one offset, and thousands of deleted groups, leave little.
func TestJournalIsBounded(t *testing.T) {
	b := newBench(t, testLimits())
	tp := TopicPartition{Topic: log.TopicID{1}}
	for i := range int64(100_000) {
		b.m.Commit(b.now, CommitRequest{GroupID: "g", Generation: -1, Offsets: map[TopicPartition]Offset{tp: {Offset: i}}}, func(error) {})
		b.settle()
	}
	part := JournalPartition("g")
	if n := b.m.JournalEnd(part); n != 100_000 {
		t.Errorf("end %d", n)
	}
	if n := b.m.JournalBytes(part); n > 64<<10 {
		t.Errorf("%d bytes for one offset", n)
	}
	for range 5_000 {
		b.m.Commit(b.now, CommitRequest{GroupID: "g", Generation: -1, Offsets: map[TopicPartition]Offset{tp: {}}}, func(error) {})
		b.settle()
		b.m.Delete("g", func(error) {})
		b.settle()
	}
	if n := b.m.JournalBytes(part); n > 2*maxBuried {
		t.Errorf("%d bytes for deleted groups", n)
	}
	records, _, err := b.m.Journal(part, 0, 1<<20)
	if err != nil || len(records) == 0 || records[len(records)-1].Offset != nil {
		t.Errorf("%d records, %v", len(records), err)
	}
	if !slices.IsSortedFunc(records, func(a, b JournalRecord) int { return int(a.Number - b.Number) }) {
		t.Error("records are not in order")
	}
	if bound := b.rows[string(journalKey(part))]; len(bound) == 0 {
		t.Error("no bound is stored")
	}
}

// TestJournalTime: the first record at or after a time.
func TestJournalTime(t *testing.T) {
	b := newBench(t, testLimits())
	for i := range int32(5) {
		tp := TopicPartition{Topic: log.TopicID{1}, Index: i}
		b.m.Commit(b.now, CommitRequest{GroupID: "g", Generation: -1, Offsets: map[TopicPartition]Offset{tp: {CommitMillis: 1000 * int64(i)}}}, func(error) {})
		b.settle()
	}
	part := JournalPartition("g")
	for millis, want := range map[int64]int64{0: 0, 1: 1, 1000: 1, 3999: 4, 4000: 4} {
		if n, _, ok := b.m.JournalTime(part, millis, false); !ok || n != want {
			t.Errorf("%d: %d, %v", millis, n, ok)
		}
	}
	if n, at, ok := b.m.JournalTime(part, -3, true); !ok || n != 4 || at != 4000 {
		t.Errorf("the newest is %d at %d, %v", n, at, ok)
	}
	if _, _, ok := b.m.JournalTime(part, 4001, false); ok {
		t.Error("there is a record behind the last")
	}
}
