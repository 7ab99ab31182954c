package log_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
)

var txnSeeds = flag.Int("txnseeds", 500, "how many random histories of transactions are tried")

// modelBatch is a record batch, or a marker, as the model knows it.
type modelBatch struct {
	base, next int64
	values     []string
	producer   int64 // < 0 = plain
	marker     bool
	commit     bool          // of a marker
	visibleAt  log.CommitSeq // 0 = not, or aborted
	order      int64         // in its commit: the marker's offset, of plain ones their own
	txn        *modelTxn     // of a transaction's
	at         log.CommitSeq // appended
	timestamp  int64
	first      int64 // what lies before it was deleted before it became visible
}

type modelTxn struct {
	ended, committed bool
	first            map[log.Partition]int64
}

type modelProducer struct {
	name     string
	id       log.ProducerIdentity
	sequence map[log.Partition]int32
	open     *modelTxn
}

// txnModel runs a log beside a list of what ought to be in it.
type txnModel struct {
	t         *testing.T
	rng       *rand.Rand
	m         *machine
	db        *log.DB
	topic     log.TopicID
	parts     []log.Partition
	batches   map[log.Partition][]*modelBatch
	starts    map[log.Partition]int64
	producers []*modelProducer
	values    int
	// make and decode are of record batches with keys; nil = batch and decode.
	make   func() (raw []byte, b *modelBatch)
	stable *log.Ends // not nil: what consume reads up to, where nothing else is known
	decode func(t *testing.T, raw []byte) []string
}

func newTxnModel(t *testing.T, seed uint64) *txnModel {
	x := openTxnModel(t, seed, func(*txnModel) {})
	x.begin(logtest.CreateTopic(t, x.db, "t", 2))
	return x
}

// openTxnModel starts the log; begin makes the producers.
func openTxnModel(t *testing.T, seed uint64, change func(*txnModel)) *txnModel {
	limits := log.Limits{InlineBytes: 400, RollInterval: time.Hour, SnapshotCommits: 1 << 30, FlushBytes: 1500, RetentionInterval: time.Hour,
		LevelFan: 3, LevelObjects: 2, LevelInterval: time.Hour, LevelRate: 1 << 40}
	x := &txnModel{t: t, rng: rand.New(rand.NewPCG(seed, 9)), m: newMachine(t, limits),
		batches: map[log.Partition][]*modelBatch{}, starts: map[log.Partition]int64{}}
	if seed%5 == 0 {
		x.m.wrap = func(s meta.Store) meta.Store { return &doubtfulMeta{Store: s, rng: rand.New(rand.NewPCG(seed, 10))} }
	}
	x.make, x.decode = x.batch, decode
	change(x)
	x.db = x.m.start()
	return x
}

func (x *txnModel) begin(topic log.TopicID) {
	x.topic = topic
	x.parts = []log.Partition{part(x.topic, 0), part(x.topic, 1)}
	for i := range 3 {
		p := &modelProducer{name: fmt.Sprint("x", i)}
		x.init(p)
		x.producers = append(x.producers, p)
	}
}

// doubtfulMeta sometimes does not know whether a commit has happened.
type doubtfulMeta struct {
	meta.Store
	rng   *rand.Rand // the committer's
	began bool       // a start that does not know is another test's
}

func (s *doubtfulMeta) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error)) (meta.CommitSeq, error) {
	doubt := s.rng.IntN(30)
	if !s.began {
		doubt, s.began = 2, true
	}
	if doubt == 0 { // it has not
		_, err := s.Store.AppendLog(ctx, seen, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
			if _, _, err := decide(next, missed); err != nil {
				return nil, nil, err
			}
			return nil, nil, meta.ErrUnknown
		})
		return 0, err
	}
	seq, err := s.Store.AppendLog(ctx, seen, decide)
	if doubt == 1 && err == nil {
		return 0, meta.ErrUnknown
	}
	return seq, err
}

func (x *txnModel) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *txnModel) init(p *modelProducer) {
	id, err := x.db.InitTransactions(ctx, p.name, time.Minute, log.NoIdentity)
	x.must(err)
	if p.open != nil {
		x.ended(p, false)
	}
	p.id, p.sequence = id, map[log.Partition]int32{}
}

// batch makes a record batch of some values; a large one goes to an object.
func (x *txnModel) batch() (raw []byte, b *modelBatch) {
	b = &modelBatch{producer: -1, timestamp: 1000 + x.rng.Int64N(50)}
	for range 1 + x.rng.IntN(3) {
		x.values++
		v := fmt.Sprint(x.values)
		if x.rng.IntN(6) == 0 {
			v += randomValue(x.rng, 300)
		}
		b.values = append(b.values, v)
	}
	return logtest.RecordBatch(x.t, b.timestamp, b.values...), b
}

func (x *txnModel) append(p log.Partition, e log.Append, b *modelBatch) {
	e.Partition = p
	res := logtest.Append(x.t, x.db, &log.Entry{Appends: []log.Append{e}})
	b.base, b.at = res.BaseOffsets[0], res.Seq
	b.next = b.base + int64(len(b.values))
	if b.producer < 0 {
		b.visibleAt, b.order = res.Seq, b.base
	}
	x.batches[p] = append(x.batches[p], b)
}

func (x *txnModel) produce(p *modelProducer) {
	at := x.parts[x.rng.IntN(len(x.parts))]
	raw, b := x.make()
	implicit := x.rng.IntN(2) == 0
	if !implicit {
		x.must(x.db.AddToTransaction(ctx, p.name, p.id, []log.Partition{at}, nil))
	}
	if p.open == nil {
		p.open = &modelTxn{first: map[log.Partition]int64{}}
	}
	logtest.SetTransactional(raw, p.id.ID, p.id.Epoch, p.sequence[at])
	p.sequence[at] += int32(len(b.values))
	b.producer, b.txn = p.id.ID, p.open
	x.append(at, log.Append{RecordBatches: raw, TransactionalID: p.name, Implicit: implicit}, b)
	if _, there := p.open.first[at]; !there {
		p.open.first[at] = b.base
	}
}

// ended notes what the end of a transaction made visible, and the markers.
func (x *txnModel) ended(p *modelProducer, commit bool) {
	v := newest(x.t, x.db)
	txn := p.open
	p.open = nil
	txn.ended, txn.committed = true, commit
	for at := range txn.first {
		list := x.batches[at]
		marker := int64(0)
		if n := len(list); n > 0 {
			marker = list[n-1].next
		}
		for _, b := range list {
			if b.txn == txn && commit && b.next > txn.first[at] {
				b.visibleAt, b.order, b.first = v, marker, txn.first[at]
			}
		}
		x.batches[at] = append(list, &modelBatch{base: marker, next: marker + 1, producer: p.id.ID, marker: true, commit: commit, at: v})
	}
}

func (x *txnModel) end(p *modelProducer) {
	commit, bump := x.rng.IntN(2) == 0, x.rng.IntN(2) == 0
	id, err := x.db.EndTransaction(ctx, p.name, p.id, commit, bump)
	x.must(err)
	x.ended(p, commit)
	if again, err := x.db.EndTransaction(ctx, p.name, p.id, commit, bump); err != nil || again != id {
		x.t.Fatalf("the answer to a repeated end is %v, %v, was %v", again, err, id)
	}
	if _, err := x.db.EndTransaction(ctx, p.name, p.id, !commit, bump); bump && !errors.Is(err, log.ErrProducerFenced) || !bump && !errors.Is(err, log.ErrInvalidTxnState) {
		x.t.Fatalf("an end the other way: %v", err)
	}
	if id != p.id {
		p.id, p.sequence = id, map[log.Partition]int32{}
	}
}

func (x *txnModel) step() {
	p := x.producers[x.rng.IntN(len(x.producers))]
	switch n := x.rng.IntN(20); {
	case n < 4:
		raw, b := x.make()
		x.append(x.parts[x.rng.IntN(len(x.parts))], log.Append{RecordBatches: raw}, b)
	case n < 11:
		x.produce(p)
	case n < 15:
		if p.open != nil {
			x.end(p)
		}
	case n == 15:
		x.init(p)
	case n == 16:
		x.must(x.db.Roll(ctx))
	case n == 17 && x.rng.IntN(2) == 0:
		x.must(x.db.Level(ctx))
	case n == 17:
		x.must(x.db.Snapshot(ctx))
	case n == 18:
		x.truncate()
	case x.rng.IntN(2) == 0:
		x.db = x.m.restart()
	default:
		x.db = x.m.powerCut()
	}
}

func (x *txnModel) truncate() {
	p := x.parts[x.rng.IntN(len(x.parts))]
	if x.rng.IntN(3) > 0 || len(x.batches[p]) == 0 {
		return
	}
	end := x.batches[p][len(x.batches[p])-1].next
	to := x.starts[p] + x.rng.Int64N(end-x.starts[p]+1)
	if to == x.starts[p] {
		return
	}
	logtest.Append(x.t, x.db, &log.Entry{Changes: []log.Change{log.TruncateChange(log.TruncateRecords, []log.LogStart{{Partition: p, Offset: to}})}})
	x.starts[p] = to
	for _, q := range x.producers {
		if q.open == nil {
			continue
		}
		if first, there := q.open.first[p]; there {
			q.open.first[p] = max(first, to)
		}
	}
}

type visibleRecord struct {
	at     log.CommitSeq
	index  int32
	order  int64
	plain  bool
	record string
}

// TestTransactionsModel: over random histories of appends, transactions, rolls, snapshots, truncations
// and restarts, consumers of both isolations, readers of changes over every range, searches by time
// and the ends of partitions see what a plain list of record batches says.
func TestTransactionsModel(t *testing.T) {
	for seed := range uint64(*txnSeeds) {
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			x := newTxnModel(t, seed)
			for range 30 {
				x.step()
			}
			v := newest(t, x.db)
			for range 2 {
				for _, p := range x.parts {
					x.checkFetch(p)
					x.checkTimes(p)
				}
				for from := range v {
					x.checkChanges(from, v)
					x.checkChanges(from, from+1+log.CommitSeq(x.rng.Uint64N(uint64(v-from))))
				}
				x.must(x.db.Roll(ctx))
				x.must(x.db.Snapshot(ctx))
				x.db = x.m.restart()
				v = newest(t, x.db)
			}
			x.must(x.db.Close(ctx))
		})
		if !ok {
			return
		}
	}
}
