package log

import (
	"fmt"
	"maps"
)

// overlay is the fold plus what the entries accepted so far in this commit will change. try
// takes one entry whole or not at all, so that entries see those before them and a refused
// one leaves no trace.
type overlay struct {
	f          *fold
	millis     int64 // commit time
	partitions map[Partition]*partitionOverlay
	undo       []undoAppend // of the entry being tried
	txns       map[int64]*txnOverlay
	renamed    map[string]bool // transactional ids that this commit makes

	meta metaOverlay
}

// metaOverlay is the rarely changed rest; an entry that changes it works on a clone.
type metaOverlay struct {
	created      map[TopicID]*Topic
	deleted      map[TopicID]bool
	grown        map[TopicID]int32 // how many partitions there are to be
	names        map[string]bool   // true = taken by created, false = freed by deleted
	progress     map[string]progressState
	nextProducer int64
	catalog      []Change // accepted KindCatalog changes, for Part.Check
	swapped      map[inlineID]bool
	leveled      map[Partition]bool // by a swap of this commit
}

type partitionOverlay struct {
	id        Partition
	base      *partition // nil for a partition made in this commit
	next      int64
	producers map[int64]producerState
}

type undoAppend struct {
	partition *partitionOverlay
	next      int64
	producer  int64 // < 0 = none
	state     producerState
	had       bool
	// Of a transaction: what it was before, see txnOverlay.take.
	txn       *txnOverlay
	txnState  TxnState
	txnNumber uint64
	txnFirst  int64
	txnAdded  bool
	txnTook   bool
}

func newOverlay(f *fold, millis int64) *overlay {
	return &overlay{f: f, millis: millis, partitions: map[Partition]*partitionOverlay{},
		meta: metaOverlay{nextProducer: f.nextProducer}}
}

// try checks the entry and, if it is accepted, sets base and duplicate of its appends.
func (o *overlay) try(p *pending) error {
	o.undo = o.undo[:0]
	before := o.meta
	if len(p.entry.Changes) > 0 {
		o.meta = o.meta.clone()
	}
	err := o.check(p)
	if err == nil {
		return nil
	}
	o.meta = before
	for i := len(o.undo) - 1; i >= 0; i-- {
		o.undo[i].revert()
	}
	return err
}

func (o *overlay) check(p *pending) error {
	for i := range p.entry.Conds {
		if err := o.condition(&p.entry.Conds[i]); err != nil {
			return err
		}
	}
	for i := range p.entry.Changes {
		if err := o.change(&p.entry.Changes[i], p.own); err != nil {
			return err
		}
	}
	if err := o.appendStaged(p.staged); err != nil {
		return err
	}
	for i := range p.appends {
		if err := o.append(&p.appends[i]); err != nil {
			return err
		}
	}
	if p.txn != nil {
		return o.transaction(p.txn)
	}
	return nil
}

func (m *metaOverlay) clone() metaOverlay {
	out := *m
	out.created, out.deleted, out.names = maps.Clone(m.created), maps.Clone(m.deleted), maps.Clone(m.names)
	out.grown = maps.Clone(m.grown)
	out.progress, out.swapped = maps.Clone(m.progress), maps.Clone(m.swapped)
	out.leveled = maps.Clone(m.leveled)
	out.catalog = m.catalog[:len(m.catalog):len(m.catalog)]
	return out
}

func (u *undoAppend) revert() {
	u.partition.next = u.next
	u.revertTxn()
	switch {
	case u.producer < 0:
	case u.had:
		u.partition.producers[u.producer] = u.state
	default:
		delete(u.partition.producers, u.producer)
	}
}

// partition finds the overlay of a partition, nil if there is none.
func (o *overlay) partition(id Partition) *partitionOverlay {
	if o.meta.deleted[id.Topic] {
		return nil
	}
	base := o.f.partition(id)
	if base == nil { // only in this commit, if an entry that was not refused makes it
		if t := o.topic(id.Topic); t == nil || id.Index < 0 || id.Index >= o.partitionCount(t) {
			return nil
		}
	}
	if p := o.partitions[id]; p != nil {
		return p
	}
	p := &partitionOverlay{id: id, base: base}
	if base != nil {
		p.next = base.next
	}
	o.partitions[id] = p
	return p
}

func (o *overlay) append(a *appendState) error {
	p := o.partition(a.partition)
	if p == nil {
		return ErrUnknownTopic
	}
	a.duplicate = false
	u := undoAppend{partition: p, next: p.next, producer: -1}
	if a.producerID >= o.meta.nextProducer {
		return fmt.Errorf("%w: %d was never handed out", ErrUnknownProducer, a.producerID)
	}
	var txn *txnOverlay
	if a.producerID >= 0 {
		var err error
		if txn, err = o.checkTxn(a); err != nil {
			return err
		}
		s, had := p.producers[a.producerID]
		u.producer, u.state, u.had = a.producerID, s, had
		if !had && p.base != nil {
			s = p.base.producers[a.producerID]
		}
		offset, duplicate, err := s.check(a.epoch, a.baseSequence, a.last, o.millis)
		if err != nil {
			return err
		}
		if duplicate {
			a.base, a.duplicate = offset, true
			return nil
		}
		// KIP-890: who begins in a partition begins at 0, so that a record batch whose predecessor failed
		// is not taken for the first.
		if a.transactional && a.implicit && a.baseSequence != 0 && s.fresh(a.epoch, o.millis) {
			return fmt.Errorf("%w: %d, a transaction begins in a partition with 0", ErrOutOfOrderSequence, a.baseSequence)
		}
		s.add(a.epoch, producedBatch{a.baseSequence, a.last, p.next}, o.millis)
		if p.producers == nil {
			p.producers = map[int64]producerState{}
		}
		p.producers[a.producerID] = s
	}
	if txn != nil {
		txn.take(a.partition, p.next, &u)
	}
	o.undo = append(o.undo, u)
	a.base = p.next
	p.next += a.span
	return nil
}

func (o *overlay) condition(c *Condition) error {
	switch c.Kind {
	case CondProgress:
		if got := o.progress(c.Name); got != c.Seq {
			return fmt.Errorf("%w: progress of %q is %d, not %d", ErrCondition, c.Name, got, c.Seq)
		}
	case CondTopicAbsent:
		if o.nameTaken(c.Name) {
			return fmt.Errorf("%w: %q", ErrTopicExists, c.Name)
		}
	case CondPart:
		part := o.f.part(c.Name)
		if part == nil {
			return fmt.Errorf("%w: no part is called %q", ErrCondition, c.Name)
		}
		return part.Check(*c, o.meta.catalog)
	default:
		return fmt.Errorf("%w: unknown condition %d", ErrCondition, c.Kind)
	}
	return nil
}

func (o *overlay) progress(name string) CommitSeq {
	if s, ok := o.meta.progress[name]; ok {
		return s.seq
	}
	return o.f.progress[name].seq
}

func (o *overlay) nameTaken(name string) bool {
	if taken, ok := o.meta.names[name]; ok {
		return taken
	}
	return o.f.names[name] != nil
}
