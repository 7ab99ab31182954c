package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// txnEntry asks something of a transaction, or appends to one; much of it is refused.
func (s *scribe) txnEntry() *pending {
	limits := Limits{FlushBytes: 500}.withDefaults()
	r := &txnRequest{name: fmt.Sprint("x", s.rng.IntN(3)), spare: -1, who: NoIdentity, timeout: 1000}
	if s.spare+1 < s.f.nextProducer {
		s.spare++
		r.spare = s.spare
	}
	if x := s.f.txns.byName[r.name]; x != nil {
		r.who = x.identity
		if s.rng.IntN(6) == 0 {
			r.who = x.previous
		}
	}
	p := Partition{Topic: TopicID{byte(1 + s.rng.IntN(s.topics+1))}, Index: int32(s.rng.IntN(3))}
	ids := slices.SortedFunc(maps.Keys(s.f.topics), func(a, b TopicID) int { return bytes.Compare(a[:], b[:]) })
	if len(ids) > 0 && s.rng.IntN(8) > 0 {
		p.Topic = ids[s.rng.IntN(len(ids))]
	}
	switch s.rng.IntN(9) {
	case 0:
		r.op = txnInit
		if s.rng.IntN(2) == 0 {
			r.who = NoIdentity
		}
	case 1:
		r.op, r.parts, r.groups = txnAdd, []Partition{p}, []string{"g"}
	case 2:
		r.op, r.group, r.implicit = txnOffsets, fmt.Sprint("g", s.rng.IntN(2)), s.rng.IntN(2) == 0
		r.offsets = []GroupOffset{{p, s.rng.Int64N(9), -1, "m"}}
	case 3, 4:
		r.op, r.commit, r.bump, r.cause = txnEndOp, s.rng.IntN(2) == 0, s.rng.IntN(2) == 0, EndByClient
	default:
		return s.txnAppend(p, r.name, r.who, &limits)
	}
	out := newPending(&Entry{}, &limits)
	out.txn = r
	return out
}

func (s *scribe) txnAppend(p Partition, name string, who ProducerIdentity, limits *Limits) *pending {
	if who.ID < 0 {
		return newPending(&Entry{}, limits)
	}
	e := &Entry{}
	for range 1 + s.rng.IntN(2) {
		raw := s.recordBatch(-1, 0)
		sequence := int32(0)
		if part := s.f.partition(p); part != nil {
			if x := part.producers[who.ID]; x.count > 0 && x.epoch == who.Epoch {
				sequence = nextSequence(x.ring[x.count-1].lastSequence)
			}
		}
		setProducer(raw, who.ID, who.Epoch, sequence)
		attributes := recordbatch.Attributes(0)
		if s.rng.IntN(8) > 0 {
			attributes = recordbatch.AttrTransactional
		}
		binary.BigEndian.PutUint16(raw[21:], uint16(attributes))
		e.Appends = append(e.Appends, Append{Partition: p, RecordBatches: raw, TransactionalID: name, Implicit: s.rng.IntN(4) > 0})
		p.Index = (p.Index + 1) % 3
	}
	return newPending(e, limits)
}

// TestScribeTransacts: the random entries of the fold's tests do end transactions.
func TestScribeTransacts(t *testing.T) {
	var open, ended, markers int
	for seed := range uint64(10) {
		s := newScribe(t, seed)
		for range 200 {
			s.commit(s.group(s.entry(), s.entry(), s.entry()))
		}
		for _, topic := range s.f.topics {
			for _, p := range topic.partitions {
				open += len(p.open)
				for _, e := range p.ended {
					ended++
					if e.committed {
						markers++
					}
				}
			}
		}
	}
	t.Logf("%d open, %d ended, %d of them committed", open, ended, markers)
	if open == 0 || markers == 0 || markers == ended {
		t.Fatal("nothing was tried")
	}
}

// TestTxnEpochsRunOut: behind the last epoch comes a new producer id, and the answer to the end can
// still be asked for again.
func TestTxnEpochsRunOut(t *testing.T) {
	s := newScribe(t, 1)
	s.f.nextProducer = 100
	limits := Limits{}.withDefaults()
	last := ProducerIdentity{7, maxProducerEpoch - 1}
	s.f.txns.put(&txnProducer{name: "x", identity: ProducerIdentity{7, maxProducerEpoch - 2}, previous: NoIdentity})
	ask := func(r txnRequest) (ProducerIdentity, error) {
		p := newPending(&Entry{}, &limits)
		r.name, p.txn = "x", &r
		s.seal++
		s.commit(&flushGroup{seal: s.seal, entries: []*pending{p}, ready: true})
		return r.identity, p.err
	}
	end := func(who ProducerIdentity, spare int64) (ProducerIdentity, error) {
		return ask(txnRequest{op: txnEndOp, who: who, spare: spare, bump: true, cause: EndByClient})
	}
	if got, err := end(ProducerIdentity{7, maxProducerEpoch - 2}, -1); got != last || err != nil {
		t.Fatal(got, err)
	}
	if _, err := end(last, -1); !errors.Is(err, errNoSpare) {
		t.Fatal(err)
	}
	next := ProducerIdentity{ID: 50}
	for range 2 { // the second one asks again
		if got, err := end(last, 50); got != next || err != nil {
			t.Fatal(got, err)
		}
	}
	if _, err := ask(txnRequest{op: txnAdd, who: last}); !errors.Is(err, ErrProducerFenced) {
		t.Fatal(err)
	}
	if _, err := ask(txnRequest{op: txnAdd, who: next, groups: []string{"g"}}); err != nil || s.f.txns.byID[7] != nil || len(s.f.txns.open) != 1 {
		t.Fatal(err, s.f.txns)
	}
	s.f = throughSnapshot(t, s.f, nil)
	if x := s.f.txns.open[50]; x == nil || x.previous != last || x.groups["g"] == nil {
		t.Fatalf("%+v", x)
	}
}
