package log

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// errNoSpare: the request needs a producer id that was never used and brought none.
var errNoSpare = errors.New("a producer id is needed")

// requestTxn commits what r asks.
func (db *DB) requestTxn(ctx context.Context, r *txnRequest) (ProducerIdentity, error) {
	for r.spare = -1; ; {
		p := newPending(&Entry{}, &db.limits)
		p.txn, p.bytes = r, r.bytes()
		db.queue.add(p)
		select {
		case <-p.done:
		case <-ctx.Done():
			return NoIdentity, context.Cause(ctx)
		}
		if !errors.Is(p.err, errNoSpare) {
			return r.identity, p.err
		}
		id, err := db.NewProducerID(ctx)
		if err != nil {
			return NoIdentity, err
		}
		again := *r // the committer may still look at the first one
		again.spare = id
		r = &again
	}
}

// bytes is about what the request takes of a commit record.
func (r *txnRequest) bytes() (n int64) {
	n = int64(64 + len(r.name) + len(r.group) + 24*len(r.parts))
	for _, g := range r.groups {
		n += int64(len(g))
	}
	for i := range r.offsets {
		n += int64(40 + len(r.offsets[i].Metadata))
	}
	return n
}

// InitTransactions implements Transactions.
func (db *DB) InitTransactions(ctx context.Context, name string, timeout time.Duration, have ProducerIdentity) (ProducerIdentity, error) {
	return db.requestTxn(ctx, &txnRequest{op: txnInit, name: name, timeout: timeout.Milliseconds(), who: have})
}

// AddToTransaction implements Transactions.
func (db *DB) AddToTransaction(ctx context.Context, name string, who ProducerIdentity, parts []Partition, groups []string) error {
	parts = slices.SortedFunc(slices.Values(parts), comparePartitions)
	r := &txnRequest{op: txnAdd, name: name, who: who, parts: slices.Compact(parts), groups: groups}
	_, err := db.requestTxn(ctx, r)
	return err
}

// AddOffsets implements Transactions.
func (db *DB) AddOffsets(ctx context.Context, name string, who ProducerIdentity, group string, offsets []GroupOffset, implicit bool) error {
	offsets = slices.SortedStableFunc(slices.Values(offsets), func(a, b GroupOffset) int { return comparePartitions(a.Partition, b.Partition) })
	r := &txnRequest{op: txnOffsets, name: name, who: who, group: group, offsets: offsets, implicit: implicit}
	_, err := db.requestTxn(ctx, r)
	return err
}

// EndTransaction implements Transactions.
func (db *DB) EndTransaction(ctx context.Context, name string, who ProducerIdentity, commit, bump bool) (ProducerIdentity, error) {
	return db.requestTxn(ctx, &txnRequest{op: txnEndOp, name: name, who: who, commit: commit, bump: bump, cause: EndByClient})
}

// Transactions implements Transactions.
func (db *DB) Transactions(names []string) []Transaction {
	db.mu.RLock()
	defer db.mu.RUnlock()
	table := &db.mu.fold.txns
	if names == nil {
		names = slices.Sorted(maps.Keys(table.byName))
	}
	out := make([]Transaction, 0, len(names))
	for _, name := range names {
		x := table.byName[name]
		if x == nil {
			continue
		}
		t := Transaction{Name: name, Producer: x.identity, State: x.state, Timeout: time.Duration(x.timeoutMillis) * time.Millisecond}
		if x.state == TxnOpen {
			t.Start = time.UnixMilli(x.startMillis)
			t.Partitions = slices.SortedFunc(maps.Keys(x.parts), comparePartitions)
			t.Groups = slices.Sorted(maps.Keys(x.groups))
		}
		out = append(out, t)
	}
	return out
}

// Unstable implements Transactions.
func (db *DB) Unstable(group string) map[Partition]bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	var out map[Partition]bool
	for _, x := range db.mu.fold.txns.open {
		for p := range x.groups[group] {
			set(&out, p, true)
		}
	}
	return out
}

// Producers implements Transactions.
func (db *DB) Producers(id Partition) ([]ActiveProducer, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	p := db.mu.fold.partition(id)
	if p == nil {
		return nil, ErrUnknownTopic
	}
	out := make([]ActiveProducer, 0, len(p.producers))
	for id, s := range p.producers {
		if s.count == 0 || s.expired(db.mu.fold.timeMillis) {
			continue
		}
		a := ActiveProducer{
			ProducerIdentity: ProducerIdentity{id, s.epoch}, LastSequence: s.ring[s.count-1].lastSequence,
			LastTime: time.UnixMilli(s.lastMillis), TxnStart: -1,
		}
		for _, x := range p.open {
			if x.producer == id {
				a.TxnStart = x.first
			}
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b ActiveProducer) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}
