package kafkahistory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Topics. Keys of "h" are its partitions, those of "in" come behind them.
const (
	partitions = 4
	inKey      = 100
	inParts    = 2
)

// place of a key.
func topicOf(key int) (topic string, partition int32) {
	if key >= inKey {
		return "in", int32(key - inKey)
	}
	return "h", int32(key)
}

func keyOf(r *kgo.Record) int {
	if r.Topic == "in" {
		return inKey + int(r.Partition)
	}
	return int(r.Partition)
}

// workload is what the workers share.
type workload struct {
	book   book
	addr   string
	group  committed
	linear []*operations // one for each topic of it
}

func (w *workload) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(w.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordDeliveryTimeout(8 * time.Second),
		kgo.RetryTimeout(8 * time.Second), kgo.RequestTimeoutOverhead(2 * time.Second), kgo.MetadataMinAge(50 * time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
		kgo.FetchMaxWait(100 * time.Millisecond), kgo.TransactionTimeout(10 * time.Second), kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.RebalanceTimeout(6 * time.Second), kgo.FetchIsolationLevel(kgo.ReadCommitted())}, opts...)...)
}

// again runs one life of a worker after the other until ctx ends.
func again(ctx context.Context, life func() error) error {
	for ctx.Err() == nil {
		if err := life(); err != nil {
			return err
		}
	}
	return nil
}

// plain sends some values at once to any of the keys.
func (w *workload) plain(ctx context.Context, process int, rng *rand.Rand, keys []int) error {
	return again(ctx, func() error {
		c, err := w.client()
		if err != nil {
			return err
		}
		defer c.Close()
		for ctx.Err() == nil && rng.IntN(200) > 0 {
			var records []*kgo.Record
			var writes []*Write
			for range 1 + rng.IntN(4) {
				one := w.book.write(process, keys[rng.IntN(len(keys))], 0)
				topic, p := topicOf(one.Key)
				writes = append(writes, one)
				records = append(records, &kgo.Record{Topic: topic, Partition: p, Value: []byte(one.Value)})
			}
			failed := false
			for _, r := range c.ProduceSync(context.WithoutCancel(ctx), records...) {
				for i := range records {
					if records[i] == r.Record && r.Err == nil {
						writes[i].Offset, writes[i].Outcome = r.Record.Offset, Committed
					}
				}
				failed = failed || r.Err != nil
			}
			if failed {
				return nil // what became of it is not known
			}
			time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
		}
		return nil
	})
}

// transactions send to several keys, poll between, and end one way or the other.
func (w *workload) transactions(ctx context.Context, process int, rng *rand.Rand) error {
	return again(ctx, func() error {
		c, err := w.client(kgo.TransactionalID(fmt.Sprint("txn", process)))
		if err != nil {
			return err
		}
		defer c.Close()
		reads, err := w.reader(rng)
		if err != nil {
			return err
		}
		defer reads.c.Close()
		for ctx.Err() == nil && rng.IntN(100) > 0 {
			if !w.transaction(ctx, c, reads, process, rng) {
				return nil
			}
		}
		return nil
	})
}

// transaction is one; false = the client has to be made anew.
func (w *workload) transaction(ctx context.Context, c *kgo.Client, reads *reader, process int, rng *rand.Rand) bool {
	if c.BeginTransaction() != nil {
		return false
	}
	unbounded := context.WithoutCancel(ctx)
	txn, writes := int(w.book.txns.Add(1)), []*Write(nil)
	failed := false
	for range 1 + rng.IntN(5) {
		if rng.IntN(4) == 0 {
			reads.poll(ctx, w)
			continue
		}
		one := w.book.write(process, rng.IntN(partitions), txn)
		topic, p := topicOf(one.Key)
		writes = append(writes, one)
		r := c.ProduceSync(unbounded, &kgo.Record{Topic: topic, Partition: p, Value: []byte(one.Value)})[0]
		if r.Err != nil {
			failed = true
			break
		}
		one.Offset = r.Record.Offset
	}
	commit := !failed && rng.IntN(4) > 0
	end, at := kgo.TryAbort, Stamp(0)
	outcome := Aborted // as long as nobody has asked for a commit
	if commit {
		end, at, outcome = kgo.TryCommit, w.book.now(), Unknown
	}
	for _, one := range writes {
		one.Ending, one.Outcome = at, outcome
	}
	bounded, cancel := context.WithTimeout(unbounded, 15*time.Second)
	defer cancel()
	err := c.EndTransaction(bounded, end)
	if err == nil && commit {
		for _, one := range writes {
			one.Outcome = Committed
		}
	}
	return err == nil && !failed
}

// reader polls all keys by hand.
type reader struct {
	c       *kgo.Client
	session int
}

// reader begins where chance has it.
func (w *workload) reader(rng *rand.Rand) (*reader, error) {
	from := map[int32]kgo.Offset{}
	for p := range int32(partitions) {
		from[p] = kgo.NewOffset().AtStart()
		if rng.IntN(3) == 0 {
			from[p] = kgo.NewOffset().AtEnd()
		}
	}
	c, err := w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"h": from}))
	return &reader{c, w.book.session()}, err
}

func (r *reader) poll(ctx context.Context, w *workload) {
	bounded, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	w.polled(r.session, r.c.PollRecords(bounded, 500))
}

func (w *workload) polled(session int, f kgo.Fetches) {
	p := Poll{Session: session}
	f.EachRecord(func(rec *kgo.Record) { p.Reads = append(p.Reads, Read{keyOf(rec), rec.Offset, string(rec.Value)}) })
	if len(p.Reads) > 0 {
		w.book.poll(p)
	}
}

// consumer polls, and is put together anew now and then.
func (w *workload) consumer(ctx context.Context, rng *rand.Rand) error {
	return again(ctx, func() error {
		r, err := w.reader(rng)
		if err != nil {
			return err
		}
		defer r.c.Close()
		for ctx.Err() == nil && rng.IntN(100) > 0 {
			r.poll(ctx, w)
		}
		return nil
	})
}

// member of a group commits what it has polled, and leaves or vanishes now and then.
func (w *workload) member(ctx context.Context, rng *rand.Rand) error {
	return again(ctx, func() error {
		session := w.book.session()
		fresh := func(context.Context, *kgo.Client, map[string][]int32) { session = w.book.session() }
		c, err := w.client(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("h"), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
			kgo.OnPartitionsAssigned(fresh), kgo.OnPartitionsRevoked(fresh), kgo.OnPartitionsLost(fresh))
		if err != nil {
			return err
		}
		defer c.CloseAllowingRebalance()
		for ctx.Err() == nil && rng.IntN(60) > 0 {
			bounded, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			f := c.PollRecords(bounded, 200)
			cancel()
			w.polled(session, f)
			next := map[int]int64{}
			f.EachRecord(func(rec *kgo.Record) { next[keyOf(rec)] = rec.Offset + 1 })
			bounded, cancel = context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			err := c.CommitRecords(bounded, f.Records()...)
			cancel()
			c.AllowRebalance()
			if err != nil {
				return nil // what became of it is not known
			}
			for p, o := range next {
				w.group.acked(p, o)
			}
		}
		return nil
	})
}

// observer looks whether committed offsets go back.
func (w *workload) observer(ctx context.Context) error {
	c, err := w.client()
	if err != nil {
		return err
	}
	defer c.Close()
	for ctx.Err() == nil {
		w.observe(ctx, kadm.NewClient(c))
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

func (w *workload) observe(ctx context.Context, admin *kadm.Client) bool {
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	least := w.group.least()
	got, err := admin.FetchOffsets(bounded, "g")
	if err != nil {
		return false
	}
	now := map[int]int64{}
	failed := false
	got.Each(func(o kadm.OffsetResponse) {
		failed = failed || o.Err != nil
		now[int(o.Partition)] = max(o.At, 0)
	})
	if failed {
		return false
	}
	w.group.seen(least, now)
	return true
}

// copies reads "in" and writes "out" exactly once.
func (w *workload) copies(ctx context.Context, process int, rng *rand.Rand) error {
	return again(ctx, func() error {
		s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(w.addr), kgo.TransactionalID(fmt.Sprint("copy", process)), kgo.ConsumerGroup("copies"), kgo.ConsumeTopics("in"),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(10*time.Second),
			kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(200*time.Millisecond), kgo.RebalanceTimeout(6*time.Second), kgo.RecordDeliveryTimeout(8*time.Second),
			kgo.RetryTimeout(8*time.Second), kgo.FetchMaxWait(100*time.Millisecond))
		if err != nil {
			return err
		}
		defer s.Close()
		for ctx.Err() == nil && rng.IntN(60) > 0 {
			bounded, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			f := s.PollRecords(bounded, 100)
			cancel()
			if f.NumRecords() == 0 {
				continue
			}
			if s.Begin() != nil {
				return nil
			}
			var records []*kgo.Record
			f.EachRecord(func(r *kgo.Record) {
				records = append(records, &kgo.Record{Topic: "out", Partition: r.Partition, Value: fmt.Appendf(nil, "%d/%d", r.Partition, r.Offset)})
			})
			bounded, cancel = context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
			sent := s.ProduceSync(bounded, records...).FirstErr() == nil
			_, err := s.End(bounded, kgo.TransactionEndTry(sent && rng.IntN(5) > 0))
			cancel()
			if err != nil {
				return nil
			}
		}
		return nil
	})
}

// log appends to, and looks at the end of, partitions that are there for a while.
func (w *workload) log(ctx context.Context, process int, rng *rand.Rand, current func() (string, *operations)) error {
	return again(ctx, func() error {
		c, err := w.client()
		if err != nil {
			return err
		}
		defer c.Close()
		admin := kadm.NewClient(c)
		for ctx.Err() == nil {
			topic, ops := current()
			call := time.Now()
			if rng.IntN(3) == 0 {
				bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
				ends, err := admin.ListEndOffsets(bounded, topic)
				cancel()
				if end, ok := ends.Lookup(topic, 0); err == nil && ok && end.Err == nil {
					ops.add(process, logOp{"end", "", end.Offset}, call, time.Now())
				}
				continue
			}
			value := fmt.Sprint("l", w.book.values.Add(1))
			r := c.ProduceSync(context.WithoutCancel(ctx), &kgo.Record{Topic: topic, Value: []byte(value)})[0]
			if r.Err != nil {
				ops.add(process, logOp{"append", value, -1}, call, time.Now())
				return nil
			}
			ops.add(process, logOp{"append", value, r.Record.Offset}, call, time.Now())
			time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
		}
		return nil
	})
}
