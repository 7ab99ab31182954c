package log_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
)

// txnAppend appends one record in a transaction that takes the partition in by itself.
func txnAppend(t *testing.T, db *log.DB, p log.Partition, name string, who log.ProducerIdentity, sequence int32, value string) error {
	t.Helper()
	raw := batchOf(t, value)
	logtest.SetTransactional(raw, who.ID, who.Epoch, sequence)
	pending := db.Append(&log.Entry{Appends: []log.Append{{Partition: p, RecordBatches: raw, TransactionalID: name, Implicit: true}}})
	<-pending.Done()
	_, err := pending.Result()
	return err
}

func initTxn(t *testing.T, db *log.DB, name string, have log.ProducerIdentity) log.ProducerIdentity {
	t.Helper()
	who, err := db.InitTransactions(ctx, name, time.Minute, have)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
}

// TestTxnFencing: what comes late from an owner or a transaction that has ended is refused, in every
// partition, over a restart.
func TestTxnFencing(t *testing.T) {
	m := newMachine(t, log.Limits{})
	db := m.start()
	topic := logtest.CreateTopic(t, db, "t", 2)
	a, b := part(topic, 0), part(topic, 1)
	zombie := initTxn(t, db, "x", log.NoIdentity)
	wantErr(t, "append", txnAppend(t, db, a, "x", zombie, 0, "1"), nil)
	owner := initTxn(t, db, "x", log.NoIdentity) // aborts what the zombie left open
	if owner.ID != zombie.ID || owner.Epoch != zombie.Epoch+1 {
		t.Fatalf("%v after %v", owner, zombie)
	}
	db = m.restart()
	wantErr(t, "zombie in a partition it knows", txnAppend(t, db, a, "x", zombie, 1, "2"), log.ErrInvalidEpoch)
	wantErr(t, "zombie in a partition it never touched", txnAppend(t, db, b, "x", zombie, 0, "2"), log.ErrInvalidEpoch)
	_, err := db.EndTransaction(ctx, "x", zombie, true, true)
	wantErr(t, "end by the zombie", err, log.ErrProducerFenced)
	wantErr(t, "add by the zombie", db.AddToTransaction(ctx, "x", zombie, []log.Partition{b}, nil), log.ErrProducerFenced)
	_, err = db.InitTransactions(ctx, "x", time.Minute, zombie)
	wantErr(t, "the zombie comes back", err, log.ErrProducerFenced)
	wantErr(t, "another id", txnAppend(t, db, b, "y", owner, 0, "2"), log.ErrProducerIDMapping)

	// Late in the next transaction of the same owner.
	wantErr(t, "second record batch before the first", txnAppend(t, db, a, "x", owner, 1, "3"), log.ErrOutOfOrderSequence)
	wantErr(t, "append", txnAppend(t, db, a, "x", owner, 0, "3"), nil)
	next, err := db.EndTransaction(ctx, "x", owner, true, true)
	wantErr(t, "end", err, nil)
	wantErr(t, "append to the next", txnAppend(t, db, a, "x", next, 0, "4"), nil)
	wantErr(t, "late append", txnAppend(t, db, b, "x", owner, 1, "5"), log.ErrInvalidEpoch)
	_, err = db.EndTransaction(ctx, "x", owner, false, true)
	wantErr(t, "late abort", err, log.ErrProducerFenced)
	if got := db.Transactions([]string{"x"}); len(got) != 1 || got[0].State != log.TxnOpen || got[0].Producer != next {
		t.Fatalf("the next transaction was touched: %+v", got)
	}
	// A repeated Init with the identity before gets the same answer, one by its present owner the next.
	again := initTxn(t, db, "x", next)
	if same := initTxn(t, db, "x", next); same != again {
		t.Fatalf("init answered %v, then %v", again, same)
	}
}

// TestTxnTimeout: past its time a transaction is aborted, also after a restart, and its owner may go on.
func TestTxnTimeout(t *testing.T) {
	fake := newManualClock()
	armed := func(least time.Duration) { // until somebody waits for so long
		for <-fake.armed < least {
		}
	}
	m := newMachine(t, log.Limits{})
	m.clock = fake
	db := m.start()
	topic := logtest.CreateTopic(t, db, "t", 1)
	p := part(topic, 0)
	who := initTxn(t, db, "x", log.NoIdentity)
	wantErr(t, "append", txnAppend(t, db, p, "x", who, 0, "1"), nil)
	armed(time.Minute)
	waitState := func(want log.TxnState) log.Transaction {
		t.Helper()
		for {
			v := newest(t, db)
			if x := db.Transactions([]string{"x"})[0]; x.State == want {
				return x
			}
			if _, err := db.Wait(ctx, log.Filter{}, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	fake.advance(59 * time.Second)
	if x := waitState(log.TxnOpen); x.Producer != who {
		t.Fatalf("%+v", x)
	}
	db = m.restart()
	armed(time.Second)
	fake.advance(2 * time.Second)
	x := waitState(log.TxnAborted)
	if x.Producer.Epoch != who.Epoch+1 {
		t.Fatalf("%+v", x)
	}
	wantErr(t, "late append", txnAppend(t, db, p, "x", who, 1, "2"), log.ErrInvalidEpoch)
	_, err := db.EndTransaction(ctx, "x", who, true, true)
	wantErr(t, "late commit", err, log.ErrProducerFenced)
	ends, err := db.Ends(ctx, []log.Partition{p}, true)
	if wantErr(t, "ends", err, nil); ends[0].LastStableOffset != 2 || ends[0].HighWatermark != 2 {
		t.Fatalf("ends %+v", ends[0])
	}
	who = initTxn(t, db, "x", who) // nobody else took it
	wantErr(t, "append", txnAppend(t, db, p, "x", who, 0, "3"), nil)
	next, err := db.EndTransaction(ctx, "x", who, true, true)
	wantErr(t, "commit", err, nil)
	// Unused for a week it is forgotten, by commit times.
	fake.advance(8 * 24 * time.Hour)
	logtest.Values(t, db, p, "4")
	if got := db.Transactions(nil); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	wantErr(t, "append of a forgotten id", txnAppend(t, db, p, "x", next, 0, "5"), log.ErrProducerIDMapping)
	if again := initTxn(t, db, "x", log.NoIdentity); again.ID == next.ID {
		t.Fatalf("the producer id %d was given out twice", again.ID)
	}
}

// TestTxnManyPartitions: the end of a transaction over 10,000 partitions is a small commit record.
func TestTxnManyPartitions(t *testing.T) {
	m := newMachine(t, log.Limits{})
	var biggest int
	m.wrap = func(s meta.Store) meta.Store { return recordSizes{s, &biggest} }
	db := m.start()
	const n = 10_000
	topic := logtest.CreateTopic(t, db, "t", n)
	who := initTxn(t, db, "x", log.NoIdentity)
	pendings := make([]log.Pending, n)
	for i := range pendings {
		raw := batchOf(t, "v")
		logtest.SetTransactional(raw, who.ID, who.Epoch, 0)
		pendings[i] = db.Append(&log.Entry{Appends: []log.Append{{Partition: part(topic, int32(i)), RecordBatches: raw, TransactionalID: "x", Implicit: true}}})
	}
	for _, p := range pendings {
		<-p.Done()
		if _, err := p.Result(); err != nil {
			t.Fatal(err)
		}
	}
	before := newest(t, db)
	if got := changes(t, db, 0, before, 1<<20, topic); len(got) != 0 {
		t.Fatalf("%d records are visible before the end", len(got))
	}
	biggest = 0
	began := time.Now()
	_, err := db.EndTransaction(ctx, "x", who, true, true)
	took := time.Since(began)
	wantErr(t, "end", err, nil)
	t.Logf("the end of a transaction over %d partitions took %v, its commit record has %d bytes", n, took, biggest)
	if biggest == 0 || biggest > 1024 {
		t.Fatalf("commit record of %d bytes", biggest)
	}
	after := newest(t, db)
	if after != before+1 {
		t.Fatalf("commit %d follows %d", after, before)
	}
	for range 2 {
		got := changes(t, db, before, after, 1<<20, topic)
		if len(got) != n {
			t.Fatalf("%d records became visible, want %d", len(got), n)
		}
		for i, c := range got {
			if c.at != after || c.p.Index != int32(i) || c.record != "0=v" {
				t.Fatalf("record %d: %+v", i, c)
			}
		}
		wantErr(t, "roll", db.Roll(ctx), nil)
		db = m.restart()
	}
}

// recordSizes notes the largest commit record.
type recordSizes struct {
	meta.Store
	biggest *int
}

func (s recordSizes) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error)) (meta.CommitSeq, error) {
	return s.Store.AppendLog(ctx, seen, func(next meta.CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
		rec, writes, err := decide(next, missed)
		*s.biggest = max(*s.biggest, len(rec))
		return rec, writes, err
	})
}
