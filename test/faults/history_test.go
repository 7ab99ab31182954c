package faults_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/backup"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
)

// Topics of a history: pairs and transactions, keys, what goes, what is dropped.
var (
	pairs   = log.TopicID{1}
	keyed   = log.TopicID{2}
	going   = log.TopicID{3}
	dropped = log.TopicID{4}
)

const retention = time.Hour

// sent is an entry, or a transaction, whose values lie in both partitions of pairs.
type sent struct {
	values  [2]string
	offsets [2]int64
	acked   bool // there, for good
	never   bool // aborted, or refused
}

// timed is a record of going.
type timed struct {
	value  string
	offset int64
	at     time.Time
	acked  bool
}

// history does things to a database, and keeps a book of what it was told.
type history struct {
	rng *rand.Rand
	w   *world
	x   *process
	n   int

	made     map[log.TopicID]bool
	entries  []*sent
	keys     map[string]string   // last value of each key that was acknowledged; "-" = a tombstone
	maybe    map[string][]string // sent since
	never    map[string]bool     // values that were aborted
	times    []*timed
	start    int64 // of going, acknowledged
	mostGone int64 // start that was asked for at most
	gone     bool  // dropped is, for good
	offsets  map[string]int64
	tried    map[string][]int64 // offsets that were sent since
	points   int                // of the backup, acknowledged
}

func newHistory(seed uint64, w *world) *history {
	return &history{rng: newRand(seed), w: w, made: map[log.TopicID]bool{}, keys: map[string]string{}, maybe: map[string][]string{},
		never: map[string]bool{}, offsets: map[string]int64{}, tried: map[string][]int64{}}
}

// append waits for an entry, or for the end of the process.
func (h *history) append(e *log.Entry) (log.Appended, error) {
	p := h.x.db.Append(e)
	select {
	case <-p.Done():
		return p.Result()
	case <-h.x.power.gone:
		return log.Appended{}, errGone
	}
}

func (h *history) value() string {
	h.n++
	size := 10
	if h.rng.IntN(4) == 0 {
		size = 700 // an object, or two
	}
	return fmt.Sprintf("v%d.%s", h.n, strings.Repeat(string(rune('a'+h.n%26)), size))
}

func batch(keys []string, values ...string) []byte {
	b := recordbatch.NewBuilder(1 << 20)
	for i, v := range values {
		var key, value []byte
		if keys != nil {
			key = []byte(keys[i])
		}
		if v != "-" {
			value = []byte(v)
		}
		if err := b.Add(key, value, nil, 1000); err != nil {
			panic(err) // they are small
		}
	}
	return b.AppendTo(nil)
}

func part(id log.TopicID, index int32) log.Partition { return log.Partition{Topic: id, Index: index} }

// run does n things.
func (h *history) run(n int) {
	h.create(pairs, 2, nil)
	h.create(keyed, 1, map[string]string{"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "1"})
	h.create(going, 1, map[string]string{"retention.ms": fmt.Sprint(retention.Milliseconds())})
	for range n {
		select {
		case <-h.x.power.gone:
			return
		default:
		}
		switch h.rng.IntN(16) {
		case 0, 1:
			h.pair(false)
		case 2:
			h.pair(true)
		case 3:
			h.again()
		case 4, 5:
			h.transaction()
		case 6, 7:
			h.key()
		case 8, 9:
			h.give()
		case 10:
			h.deleteRecords()
		case 11:
			h.commitOffset()
		case 12:
			h.w.clock.pass(retention / 3)
			_ = h.x.db.Retain(h.x.ctx) // like all of upkeep it may fail: the world does
		case 13:
			_ = h.x.db.Roll(h.x.ctx)
			_ = h.x.db.Level(h.x.ctx)
		case 14:
			_ = h.x.db.Clean(h.x.ctx)
			_ = h.x.db.Snapshot(h.x.ctx)
			_ = h.x.db.Retain(h.x.ctx)
		default:
			if h.rng.IntN(2) == 0 {
				h.drop()
			} else {
				h.backup()
			}
		}
	}
}

func (h *history) create(id log.TopicID, partitions int32, configs map[string]string) bool {
	if _, there := h.x.db.TopicByID(id); there {
		return true
	}
	_, err := h.append(&log.Entry{Changes: []log.Change{log.CreateTopicChange(log.Topic{ID: id, Name: fmt.Sprint("t", id[0]), Partitions: partitions, Configs: configs})}})
	h.made[id] = h.made[id] || err == nil
	return err == nil
}

func (h *history) send(s *sent, e *log.Entry) {
	h.entries = append(h.entries, s)
	if r, err := h.append(e); err == nil {
		s.acked = true
		if n := len(r.BaseOffsets); n == 2 {
			s.offsets = [2]int64{r.BaseOffsets[0], r.BaseOffsets[1]}
		} else {
			s.offsets = [2]int64{-1, -1}
		}
	}
}

// pair is an entry of two records; staged: the first is written ahead of it.
func (h *history) pair(staged bool) {
	s := &sent{values: [2]string{h.value(), h.value()}}
	e := &log.Entry{Appends: []log.Append{{Partition: part(pairs, 0), RecordBatches: batch(nil, s.values[0])},
		{Partition: part(pairs, 1), RecordBatches: batch(nil, s.values[1])}}}
	if staged {
		e.Staged = h.x.db.NewStage()
		err := e.Staged.Add(h.x.ctx, e.Appends[:1])
		if err == nil {
			err = e.Staged.Flush(h.x.ctx)
		}
		if err != nil {
			e.Staged.Drop()
			return
		}
		e.Appends = e.Appends[1:]
	}
	h.send(s, e)
}

// again is an idempotent producer that sends what it got no answer for once more.
func (h *history) again() {
	id, err := h.x.db.NewProducerID(h.x.ctx)
	if err != nil {
		return
	}
	s := &sent{values: [2]string{h.value(), h.value()}}
	h.entries = append(h.entries, s)
	for range 3 {
		e := &log.Entry{}
		for i, v := range s.values {
			raw := batch(nil, v)
			logtest.SetProducer(raw, id, 0, 0)
			e.Appends = append(e.Appends, log.Append{Partition: part(pairs, int32(i)), RecordBatches: raw})
		}
		if r, err := h.append(e); err == nil {
			s.acked, s.offsets = true, [2]int64{r.BaseOffsets[0], r.BaseOffsets[1]}
			return
		}
	}
}

// transaction writes to pairs and keys, commits an offset, and ends.
func (h *history) transaction() {
	id, err := h.x.db.InitTransactions(h.x.ctx, "x", time.Hour, log.NoIdentity)
	if err != nil {
		return
	}
	s := &sent{values: [2]string{h.value(), h.value()}, offsets: [2]int64{-1, -1}}
	h.entries = append(h.entries, s)
	k, v := fmt.Sprint("k", h.rng.IntN(5)), h.value()
	offset := h.offsets["txn"] + int64(h.n)
	commit := h.rng.IntN(3) > 0
	for i, p := range []log.Partition{part(pairs, 0), part(pairs, 1), part(keyed, 0)} {
		raw := batch(nil, s.values[min(i, 1)])
		if i == 2 {
			raw = batch([]string{k}, v)
		}
		logtest.SetTransactional(raw, id.ID, id.Epoch, 0)
		if _, err := h.append(&log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: raw, TransactionalID: "x", Implicit: true}}}); err != nil {
			commit = false
		}
	}
	err = h.x.db.AddOffsets(h.x.ctx, "x", id, "txn", []log.GroupOffset{{Partition: part(pairs, 0), Offset: offset, LeaderEpoch: -1}}, true)
	if err != nil {
		commit = false
	}
	if commit {
		h.maybe[k] = append(h.maybe[k], v)
		h.tried["txn"] = append(h.tried["txn"], offset)
	} else { // whatever comes of it, it is not committed
		s.never, h.never[v] = true, true
	}
	for range 2 {
		if _, err = h.x.db.EndTransaction(h.x.ctx, "x", id, commit, false); err == nil {
			break
		}
	}
	if err == nil && commit {
		s.acked = true
		h.keys[k], h.maybe[k] = v, nil
		h.offsets["txn"], h.tried["txn"] = offset, nil
	}
}

// key writes some keys, or removes some.
func (h *history) key() {
	var keys, values []string
	for range 1 + h.rng.IntN(3) {
		k, v := fmt.Sprint("k", h.rng.IntN(5)), h.value()
		if h.rng.IntN(4) == 0 {
			v = "-"
		}
		keys, values = append(keys, k), append(values, v)
		h.maybe[k] = append(h.maybe[k], v)
	}
	if _, err := h.append(&log.Entry{Appends: []log.Append{{Partition: part(keyed, 0), RecordBatches: batch(keys, values...)}}}); err != nil {
		return
	}
	for i, k := range keys {
		h.keys[k], h.maybe[k] = values[i], nil
	}
}

// give writes a record that goes after a time.
func (h *history) give() {
	r := &timed{value: h.value(), at: h.w.clock.Now()}
	h.times = append(h.times, r)
	b := recordbatch.NewBuilder(1 << 20)
	if err := b.Add(nil, []byte(r.value), nil, r.at.UnixMilli()); err != nil {
		panic(err) // it is small
	}
	got, err := h.append(&log.Entry{Appends: []log.Append{{Partition: part(going, 0), RecordBatches: b.AppendTo(nil)}}})
	if err == nil {
		r.acked, r.offset = true, got.BaseOffsets[0]
	}
}

func (h *history) deleteRecords() {
	ends, err := h.x.db.Ends(h.x.ctx, []log.Partition{part(going, 0)}, false)
	if err != nil || ends[0].HighWatermark == 0 {
		return
	}
	to := ends[0].LogStart + h.rng.Int64N(ends[0].HighWatermark-ends[0].LogStart+1)
	h.mostGone = max(h.mostGone, to)
	_, err = h.append(&log.Entry{Changes: []log.Change{log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: part(going, 0), Offset: to}})}})
	if err == nil {
		h.start = max(h.start, to)
	}
}

// commitOffset is an offset of a consumer, which is in no commit of the log.
func (h *history) commitOffset() {
	offset := h.offsets["plain"] + int64(h.n)
	h.n++
	h.tried["plain"] = append(h.tried["plain"], offset)
	if h.x.meta.Commit(h.x.ctx, meta.Txn{Writes: []meta.Write{offsetRow("plain", offset)}}) == nil {
		h.offsets["plain"], h.tried["plain"] = offset, nil
	}
}

// drop makes a topic with a record, and drops it.
func (h *history) drop() {
	if h.gone || !h.create(dropped, 1, nil) {
		return
	}
	_, _ = h.append(&log.Entry{Appends: []log.Append{{Partition: part(dropped, 0), RecordBatches: batch(nil, h.value())}}}) // it goes anyway
	_, err := h.append(&log.Entry{Changes: []log.Change{log.DeleteTopicChange(dropped)}})
	h.gone = err == nil
}

// backup makes a point of what there is.
func (h *history) backup() {
	release := h.x.guarded.Hold()
	defer func() { _ = release(h.x.ctx) }() // what it could not remove a start does
	image, err := h.x.inner.Image(h.x.ctx)
	if err != nil {
		return
	}
	defer image.Close()
	h.w.clock.pass(time.Second) // the newest of two points of one millisecond is either of them
	_, err = backup.Make(h.x.ctx, backup.Source{Objects: h.w.objects, Image: image, Cluster: "ClusterClusterClusterX", Meta: "MetaMetaMetaMetaMetaMe", Rand: h.w.random()},
		h.x.backups, backup.Options{Clock: h.w.clock})
	if err != nil {
		return
	}
	h.points++
	_, _, _ = backup.Prune(h.x.ctx, h.x.backups, 2) // older ones go another time
}
